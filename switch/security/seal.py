"""SM3, HMAC-SM3, and the seal that chains the ledger's batches and the audit's records.

Must not know: what a batch is or where its seal is stored.
Source: GB/T 32905-2016 (SM3); GM/T 0042-2015 (HMAC-SM3); design, section 7 (Seals).
"""

from collections.abc import Sequence
from hmac import compare_digest

from cryptography.hazmat.primitives.hashes import SM3, Hash
from cryptography.hazmat.primitives.hmac import HMAC

from switch.security.encode import lp, u64
from switch.security.errors import MacMismatch
from switch.security.suite import never_pickled


class Sm3:
    """A running SM3 digest."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        """Start with no input."""
        self._hash = Hash(SM3())

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(chunk)

    def digest(self) -> bytes:
        """Return the 32 bytes for the input so far; more input may follow."""
        return self._hash.copy().finalize()


def sm3(message: bytes) -> bytes:
    """Return the 32-byte SM3 digest."""
    state = Hash(SM3())
    state.update(message)
    return state.finalize()


def hmac_sm3(key: bytes, message: bytes) -> bytes:
    """Return the 32-byte HMAC-SM3 under a key used once."""
    state = HMAC(key, SM3())
    state.update(message)
    return state.finalize()


class SealKey:
    """A key that seals, scheduled once. Shows no key and is not pickled."""

    __slots__ = ("_base",)

    def __init__(self, key: bytes) -> None:
        """Schedule the key."""
        self._base = HMAC(key, SM3())

    def seal(self, number: int, previous: bytes, digests: Sequence[bytes]) -> bytes:
        """Return the 32-byte seal of one link over its number, the seal before it and its digests.

        `number` is the link's place among *all* chains of this key, as lane and batch together: by
        batch number alone the links of two lanes could be exchanged. `previous` is empty for the
        first link.
        Raises: OverflowError when the number is outside 0..2^64-1.
        """
        state = self._base.copy()
        state.update(_seal_message(number, previous, digests))
        return state.finalize()

    def verify(self, number: int, previous: bytes, digests: Sequence[bytes], seal: bytes) -> None:
        """Accept exactly the seal of this link, in constant time. Raises: MacMismatch."""
        if not compare_digest(self.seal(number, previous, digests), seal):
            raise MacMismatch

    def __repr__(self) -> str:
        """Return the name only."""
        return "SealKey(key hidden)"

    __reduce__ = never_pickled


def seal(key: bytes, number: int, previous: bytes, digests: Sequence[bytes]) -> bytes:
    """Return the seal of one link under a key used once; see `SealKey.seal`."""
    return SealKey(key).seal(number, previous, digests)


def _seal_message(number: int, previous: bytes, digests: Sequence[bytes]) -> bytes:
    # Each part carries its length and the digests their count, so no two links encode alike.
    parts = [b"medswitch/seal/v1\0", u64(number), lp(previous), u64(len(digests))]
    parts.extend(map(lp, digests))
    return b"".join(parts)
