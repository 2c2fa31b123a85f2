"""Ed25519 signatures of officers: a key pair, its file under a passphrase, and verification.

Must not know: who an officer is, what is signed, where files lie, where random bytes come from.
Source: RFC 8032 (Ed25519); RFC 5958 and RFC 8018 (PKCS #8 under PBES2).
"""

from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from switch.security.errors import KeyFileRefused, SignatureMismatch
from switch.security.suite import never_pickled

SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
PASSPHRASE_CHARACTERS_MIN: Final = 12
"""Whoever copies the file may try passphrases as fast as his machine can."""


class SigningKey:
    """An officer's private key. Shows nothing of it and is not pickled."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Take a key as the library holds it."""
        self._key = key

    @classmethod
    def of(cls, seed: bytes) -> Self:
        """Return the key of 32 fresh random bytes. Raises: ValueError for another length."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: str) -> Self:
        """Return the key in a file's bytes. Raises: KeyFileRefused, whatever is wrong."""
        try:
            key = load_pem_private_key(pem, passphrase.encode())
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # `from None`: the cause would tell a wrong passphrase from a broken file.
            raise KeyFileRefused("wrong passphrase, or not a key file of ours") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileRefused("wrong passphrase, or not a key file of ours")
        return cls(key)

    def to_pem(self, passphrase: str) -> bytes:
        """Return the key as PKCS #8, encrypted. Raises: ValueError for a short passphrase."""
        if len(passphrase) < PASSPHRASE_CHARACTERS_MIN:
            raise ValueError(f"a passphrase has {PASSPHRASE_CHARACTERS_MIN} characters or more")
        return self._key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
        )

    @property
    def public_key(self) -> bytes:
        """Return the 32 bytes that verify what this key signs."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        """Return the public half only."""
        return f"SigningKey({self.public_key.hex()}, private key hidden)"

    __reduce__ = never_pickled


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Accept exactly a signature by this key. Raises: SignatureMismatch, whatever is wrong."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureMismatch from None
