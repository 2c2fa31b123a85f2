"""What can go wrong in the security package: one flat list, theirs before ours.

The peer is told none of it: a refusal carries no reason. Messages here are for our own log and name
ids, never key bytes, cryptograms or card identifiers.
"""


class MacMismatch(Exception):
    """A MAC, cryptogram or TAC is not the one its key gives for these bytes. Theirs; no detail."""


class NonceMismatch(Exception):
    """A settle nonce was not made here for this card, terminal and amount. Theirs."""


class NonceExpired(Exception):
    """A settle nonce is ours, but its ten minutes are over. Theirs: presettle again."""


class RegionNotServed(Exception):
    """No key held covers the card's region for this function and suite, at any version. Theirs."""


class KeyNotLive(Exception):
    """The named version of a key is unknown, not yet activated, or retired.

    Theirs, unless it is a vault key of our own.
    """


class TerminalKeyNotHeld(Exception):
    """The vault was not given this terminal's key: load its record, `add` it, and ask again."""


class KcvMismatch(Exception):
    """A key check value is not that of the key entered: it was mistyped, or is another key's."""


class KeyUnwrapFailed(Exception):
    """A wrapped key does not open: wrong key-encryption key, or a moved or altered record. Ours."""


class VaultInconsistent(Exception):
    """A held child is not its parent's, or one key has two records. Ours; names ids only."""


class SignatureMismatch(Exception):
    """A signature is not the one this public key's owner makes for these bytes. Theirs."""


class KeyFileRefused(Exception):
    """A private key's file cannot be read: another passphrase, or not an Ed25519 key of ours."""
