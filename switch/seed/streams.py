"""Bytes and random streams that follow from the province's number and a label, and nothing else.

A label of its own for each use: one more terminal changes no other terminal's key, and one more
member no other member. TEST USE: none of this is secret from somebody who knows the number.
"""

import hashlib
from random import Random


def bytes_of(random_seed: int, label: str, size_bytes: int) -> bytes:
    """Return the bytes of a label: SHAKE-256 over number and label, the same in every process."""
    return hashlib.shake_256(f"medswitch/seed/{random_seed}/{label}".encode()).digest(size_bytes)


def stream_of(random_seed: int, label: str) -> Random:
    """Return the random stream of a label, at its beginning."""
    return Random(int.from_bytes(bytes_of(random_seed, label, 32), "big"))


def number_of(random_seed: int, label: str, below: int) -> int:
    """Return one number of a label, 0..below-1."""
    return int.from_bytes(bytes_of(random_seed, label, 16), "big") % below
