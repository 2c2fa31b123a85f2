"""Signatures that anybody verifies offline: one interface, SM2 with SM3, and ECDSA P-256.

A public key is x ‖ y, a signature r ‖ s, each number 32 bytes big-endian, whatever the algorithm.
SM2 is GmSSL's, through `gmssl-pyx`; it has no wheel for some machines, and there SM2 is not held:
an issuer then signs with P-256. Must not know: what is signed.
Source: GB/T 32918.2 (SM2), with the default signer id of GM/T 0009; FIPS 186-5 (ECDSA).
"""

from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from switch.model.voucher import PUBLIC_KEY_BYTES, Algorithm
from switch.security.errors import SignatureMismatch
from switch.security.suite import never_pickled

SIGNATURE_BYTES: Final = 64
PRIVATE_KEY_BYTES: Final = 32

try:
    import gmssl_pyx
except ImportError:  # no wheel for this machine
    gmssl_pyx = None
_SM2: Any = gmssl_pyx
_SM2_ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


def held(algorithm: Algorithm) -> bool:
    """Say whether this machine can verify an algorithm's signatures."""
    return algorithm is Algorithm.P256 or _SM2 is not None


def verify_public(
    algorithm: Algorithm, public_key: bytes, message: bytes, signature: bytes
) -> None:
    """Accept exactly a signature by this key. Raises: SignatureMismatch, whatever is wrong."""
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise SignatureMismatch
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if algorithm is Algorithm.SM2:
        # Checked here: GmSSL tells of numbers out of range on standard error.
        if not (0 < r < _SM2_ORDER and 0 < s < _SM2_ORDER) or not held(algorithm):
            raise SignatureMismatch
        _verify_sm2(public_key, message, encode_dss_signature(r, s))
        return
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public_key)
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        raise SignatureMismatch from None


class PublicSigner:
    """A private key of either algorithm. Shows nothing of it and is not pickled."""

    __slots__ = ("_private", "algorithm", "public_key")

    def __init__(self, algorithm: Algorithm, private: bytes, public_key: bytes) -> None:
        """Take a key pair as bytes: the private number, and x ‖ y."""
        self.algorithm = algorithm
        self.public_key = public_key
        self._private = private

    @classmethod
    def p256(cls, private: bytes) -> Self:
        """Return the P-256 key of 32 bytes. Raises: ValueError when they are no such number."""
        numbers = ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1())
        point = numbers.public_key().public_numbers()
        return cls(
            Algorithm.P256, private, point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        )

    @classmethod
    def new_sm2(cls) -> Self:
        """Return a fresh SM2 key. Raises: ModuleNotFoundError where SM2 is not held."""
        public_key, private = _sm2().sm2_key_generate()
        return cls(Algorithm.SM2, private, public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature, r ‖ s."""
        if self.algorithm is Algorithm.SM2:
            der = _sm2().sm2_sign(self._private, self.public_key, message)
        else:
            number = int.from_bytes(self._private, "big")
            der = ec.derive_private_key(number, ec.SECP256R1()).sign(message, ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def __repr__(self) -> str:
        """Return the public half only."""
        return f"PublicSigner({self.algorithm.name}, {self.public_key.hex()[:16]}…, private hidden)"

    __reduce__ = never_pickled


def _verify_sm2(public_key: bytes, message: bytes, der: bytes) -> None:
    library = _sm2()
    try:
        genuine = library.sm2_verify(public_key, message, der)
    except library.GmsslInnerError:  # a key that is no point, for one
        genuine = False
    if not genuine:
        raise SignatureMismatch


def _sm2() -> Any:
    if _SM2 is None:
        raise ModuleNotFoundError("SM2 is not held here: gmssl-pyx has no wheel for this machine")
    return _SM2
