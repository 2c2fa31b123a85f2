"""The vault's port: what a key can be asked to do, wherever its bytes stand.

Two back ends stand behind it: `SoftwareTierKey`, in this process, and the device of `switch.device`
(PKCS#11). An SDF device (GM/T 0018) fits: it names keys by index and password, derives by one
block of SM4-ECB into a session key, and computes CMAC from its CBC-MAC steps. So no verb gives or
takes key bytes, a handle or a session.
"""

from hmac import compare_digest
from typing import Protocol

from switch.security.card_proof import verify_card_proof
from switch.security.custody import KeyRecord, KeySlot, KeyWrapper, wrap
from switch.security.errors import MacMismatch
from switch.security.kcv import tier_key_kcv
from switch.security.keys import diversify, transaction_key
from switch.security.suite import BlockCipher, Suite, mac_function, never_pickled


class TierKey(Protocol):
    """A ministry, province or city key, by reference."""

    @property
    def suite(self) -> Suite:
        """Return the cipher of the key and of all below it."""
        ...

    def derive(self, diversifier: bytes) -> "TierKey":
        """Return the child for 8 bytes, standing where its parent stands."""
        ...

    def mac(self, message: bytes) -> bytes:
        """Return the suite's whole MAC under this key itself: two keys that agree are one key."""
        ...

    def verify(self, serial: bytes, atc: int, message: bytes, proof: bytes) -> None:
        """Accept exactly what the card with this serial of 8 bytes answers at this counter.

        Card key and transaction key are derived for this one call. Raises: MacMismatch.
        """
        ...

    def kcv(self) -> bytes:
        """Return the key check value, 3 bytes."""
        ...

    def wrap(self, wrapper: KeyWrapper, slot: KeySlot, nonce: bytes) -> KeyRecord:
        """Return the key's record under a transport key: the only way out."""
        ...


class KeyHome(KeyWrapper, Protocol):
    """Where a deployment's keys live: its key-encryption key, and a device if it has one."""

    def held(self, record: KeyRecord) -> TierKey | None:
        """Return a key that the device holds; None for one that rests wrapped in its record.

        Raises: KeyUnwrapFailed when the device should hold it and does not.
        """
        ...

    def housed(self, record: KeyRecord) -> KeyRecord:
        """Take an approved key in and return its record: without its bytes if the device has them.

        Raises: KeyUnwrapFailed.
        """
        ...


class SoftwareTierKey:
    """A tier key in this process, scheduled. Shows none, is not pickled."""

    __slots__ = ("_cipher", "_key", "suite")

    def __init__(self, suite: Suite, key: bytes) -> None:
        """Schedule the key. Raises: ValueError unless it has 16 bytes."""
        self.suite = suite
        self._key = key
        self._cipher = BlockCipher(suite, key)

    def derive(self, diversifier: bytes) -> "SoftwareTierKey":
        """Return the child. Raises: ValueError unless the diversifier has 8 bytes."""
        return SoftwareTierKey(self.suite, diversify(self._cipher, diversifier))

    def mac(self, message: bytes) -> bytes:
        """Return the MAC of a message under this key itself."""
        return mac_function(self.suite, self._key)(message)

    def verify(self, serial: bytes, atc: int, message: bytes, proof: bytes) -> None:
        """Accept exactly a card's proof.

        Raises: MacMismatch; ValueError for a counter that is none.
        """
        key = transaction_key(self.suite, diversify(self._cipher, serial), atc)
        verify_card_proof(self.suite, key, message, proof)

    def kcv(self) -> bytes:
        """Return the check value."""
        return tier_key_kcv(self.suite, self._key)

    def wrap(self, wrapper: KeyWrapper, slot: KeySlot, nonce: bytes) -> KeyRecord:
        """Return the key's record under a transport key."""
        return wrap(wrapper, slot, self._key, nonce)

    def __repr__(self) -> str:
        """Return the suite only."""
        return f"SoftwareTierKey({self.suite.name}, key hidden)"

    __reduce__ = never_pickled


def same_key(one: TierKey, other: TierKey) -> bool:
    """Say whether two references are to one key: no bytes are compared, only what they make."""
    question = b"are these two one key?"
    return one.suite is other.suite and compare_digest(one.mac(question), other.mac(question))


def verify_leading(mac: bytes, proof: bytes, size_bytes: int) -> None:
    """Accept exactly the first bytes of a MAC, in constant time. Raises: MacMismatch."""
    if not compare_digest(mac[:size_bytes], proof):
        raise MacMismatch
