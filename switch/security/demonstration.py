"""Terminal keys of the demonstration province. TEST USE: no real terminal's key is derived so.

A real terminal master key is random and loaded by an operator. Here the terminal loader and the
terminal's software derive it alike from one seed, so that thousands of terminals need no list.
Must not know: where the seed is kept.
"""

from switch.security.encode import u8
from switch.security.kdf import DerivationKey, signin_context
from switch.security.public_signature import PublicSigner
from switch.security.suite import Suite

_LABEL = b"demonstration-terminal"


def terminal_master_key(seed: bytes, terminal_id: str, suite: Suite, version: int) -> bytes:
    """Return the 16-byte master key of a demonstration terminal. Test use.

    Raises: ValueError unless the seed has 16 bytes; UnicodeEncodeError for an id that is not ASCII.
    """
    context = signin_context(suite, version, terminal_id)
    return DerivationKey(Suite.SM4, seed).derive(_LABEL, context)


def voucher_signer(seed: bytes) -> PublicSigner:
    """Return the key of the demonstration's issuer of e-vouchers: P-256, on every machine."""
    first, second = (
        DerivationKey(Suite.SM4, seed).derive(b"demonstration-voucher", u8(half)) for half in (1, 2)
    )
    return PublicSigner.p256(first + second)
