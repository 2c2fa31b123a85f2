"""The token of an e-voucher (电子凭证): who, a nonce, when, and the issuer's signature over them.

    u8(1) ‖ lp(issuer) ‖ lp(social security number) ‖ nonce (16) ‖ u64(issued ms) ‖ u64(expiry ms)
    ‖ signature (64) over "medswitch/e-voucher/v1" ‖ 0x00 ‖ all that stands before it

The switch verifies it offline, with the public key it holds of the issuer. Must not know: the
clock, which issuers are trusted, which tokens were used.
"""

from dataclasses import dataclass
from typing import Final

from switch.model.ids import parse_social_security_number
from switch.security.encode import fixed, lp, text, u8, u64
from switch.security.public_signature import SIGNATURE_BYTES

VERSION: Final = 1
NONCE_BYTES: Final = 16
LIFE_MS_MAX: Final = 300_000
"""A token lives five minutes at most (design section 5)."""
TOKEN_BYTES_MAX: Final = 256
ISSUER_CHARACTERS_MAX: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A token taken apart; nothing of it is believed before its signature is verified."""

    issuer: str
    number: str
    nonce: bytes
    issued_ms: int
    expires_ms: int
    signature: bytes

    @property
    def message(self) -> bytes:
        """Return what is signed."""
        return b"medswitch/e-voucher/v1\0" + _body(self)

    @property
    def encoded(self) -> bytes:
        """Return the whole token."""
        return _body(self) + self.signature

    def __repr__(self) -> str:
        return f"Token({self.issuer}, …)"


def read_token(encoded: bytes) -> Token:
    """Return a token's parts. Raises: ValueError naming what is wrong, never the number."""
    if len(encoded) > TOKEN_BYTES_MAX:
        raise ValueError(f"a token has at most {TOKEN_BYTES_MAX} bytes")
    at = 1
    if encoded[:1] != u8(VERSION):
        raise ValueError("a token begins with its version, 1")
    issuer, at = _text(encoded, at, "issuer")
    number, at = _text(encoded, at, "social security number")
    rest = encoded[at:]
    if len(rest) != NONCE_BYTES + 16 + SIGNATURE_BYTES:
        raise ValueError("a token ends with nonce, two times and a signature")
    if not 1 <= len(issuer) <= ISSUER_CHARACTERS_MAX or not issuer.isprintable():
        raise ValueError(f"an issuer is named by 1..{ISSUER_CHARACTERS_MAX} characters")
    return Token(
        issuer,
        parse_social_security_number(number),
        rest[:NONCE_BYTES],
        int.from_bytes(rest[16:24], "big"),
        int.from_bytes(rest[24:32], "big"),
        rest[32:],
    )


def _body(token: Token) -> bytes:
    nonce = fixed(token.nonce, NONCE_BYTES, "nonce")
    times = u64(token.issued_ms) + u64(token.expires_ms)
    return u8(VERSION) + lp(text(token.issuer)) + lp(text(token.number)) + nonce + times


def _text(encoded: bytes, at: int, what: str) -> tuple[str, int]:
    end = at + 2 + int.from_bytes(encoded[at : at + 2], "big")
    if end > len(encoded):
        raise ValueError(f"a token ends within its {what}")
    try:
        return encoded[at + 2 : end].decode("ascii"), end
    except UnicodeDecodeError:
        raise ValueError(f"a token's {what} is not ASCII") from None
