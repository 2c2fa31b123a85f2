"""Both algorithms behind one interface, against a second implementation; a token's shape."""

import pickle
from dataclasses import replace

import gmalg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.voucher import Algorithm
from switch.security import public_signature
from switch.security.errors import SignatureMismatch
from switch.security.public_signature import PublicSigner, held, verify_public
from switch.security.voucher import TOKEN_BYTES_MAX, Token, read_token

NUMBER = "330203195001011238"
MESSAGE = b"medswitch/e-voucher/v1\0"
TOKEN = Token("demonstration", NUMBER, bytes(range(16)), 1_000, 301_000, bytes(64))
needs_sm2 = pytest.mark.skipif(
    not held(Algorithm.SM2), reason="gmssl-pyx has no wheel for this machine"
)


def signer_of(algorithm: Algorithm) -> PublicSigner:
    if algorithm is Algorithm.SM2:
        return PublicSigner.new_sm2()
    return PublicSigner.p256(bytes(31) + b"\x05")


BOTH = [
    pytest.param(Algorithm.SM2, marks=needs_sm2, id="SM2"),
    pytest.param(Algorithm.P256, id="P-256"),
]


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_signature_is_accepted_and_no_flipped_bit_of_it(algorithm: Algorithm) -> None:
    signer = signer_of(algorithm)
    signature = signer.sign(MESSAGE)
    verify_public(algorithm, signer.public_key, MESSAGE, signature)
    for place in range(0, 512, 7):
        flipped = bytearray(signature)
        flipped[place >> 3] ^= 1 << (place & 7)
        with pytest.raises(SignatureMismatch):
            verify_public(algorithm, signer.public_key, MESSAGE, bytes(flipped))
    for message in (MESSAGE + b"x", MESSAGE[:-1], b""):
        with pytest.raises(SignatureMismatch):
            verify_public(algorithm, signer.public_key, message, signature)


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize(
    "signature", [b"", bytes(63), bytes(64), b"\xff" * 64, bytes(65)],
    ids=["none", "short", "zero", "above the order", "long"],
)  # fmt: skip
def test_what_is_no_signature_is_refused(algorithm: Algorithm, signature: bytes) -> None:
    signer = signer_of(algorithm)
    with pytest.raises(SignatureMismatch):
        verify_public(algorithm, signer.public_key, MESSAGE, signature)
    with pytest.raises(SignatureMismatch):
        verify_public(algorithm, bytes(64), MESSAGE, signer.sign(MESSAGE))
    with pytest.raises(SignatureMismatch):
        verify_public(algorithm, signer.public_key[:-1], MESSAGE, signer.sign(MESSAGE))


@needs_sm2
def test_sm2_agrees_with_a_second_implementation_both_ways() -> None:
    """`gmalg`, pure Python; the default signer id of GM/T 0009."""
    signer = PublicSigner.new_sm2()
    other = gmalg.SM2(pk=b"\x04" + signer.public_key, uid=b"1234567812345678")
    signature = signer.sign(MESSAGE)
    assert other.verify(MESSAGE, signature[:32], signature[32:])
    private, public = gmalg.SM2().generate_keypair()
    theirs = gmalg.SM2(sk=private, pk=public, uid=b"1234567812345678")
    r, s = theirs.sign(MESSAGE)
    verify_public(Algorithm.SM2, public[1:], MESSAGE, r + s)


def test_one_algorithms_signature_is_not_the_others() -> None:
    signer = signer_of(Algorithm.P256)
    with pytest.raises(SignatureMismatch):
        verify_public(Algorithm.SM2, signer.public_key, MESSAGE, signer.sign(MESSAGE))


def test_without_the_library_sm2_is_not_held_and_p256_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_signature, "_SM2", None)
    assert not held(Algorithm.SM2)
    assert held(Algorithm.P256)
    with pytest.raises(SignatureMismatch):
        verify_public(Algorithm.SM2, bytes(64), MESSAGE, b"\x01" * 64)
    with pytest.raises(ModuleNotFoundError, match="no wheel"):
        PublicSigner.new_sm2()


def test_a_signer_shows_nothing_of_its_key() -> None:
    signer = PublicSigner.p256(bytes(range(1, 33)))
    assert bytes(range(1, 33)).hex() not in repr(signer)
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_a_token_is_read_as_it_was_written() -> None:
    assert read_token(TOKEN.encoded) == TOKEN
    assert NUMBER not in repr(TOKEN)
    assert TOKEN.message.endswith(TOKEN.encoded[:-64])


@pytest.mark.parametrize(
    ("encoded", "says"),
    [
        (b"", "version"),
        (b"\x02" + TOKEN.encoded[1:], "version"),
        (TOKEN.encoded[:20], "ends within"),
        (TOKEN.encoded[:-1], "ends with nonce"),
        (TOKEN.encoded + b"x", "ends with nonce"),
        (bytes(TOKEN_BYTES_MAX + 1), "at most"),
        (replace(TOKEN, number="330203195001011239").encoded, "check digit"),
        (replace(TOKEN, issuer="").encoded, "1..32"),
        (replace(TOKEN, issuer="x" * 33).encoded, "1..32"),
        (replace(TOKEN, issuer="a\nb").encoded, "1..32"),
        (b"\x01\x00\x01\xff" + TOKEN.encoded[16:], "not ASCII"),
    ],
)
def test_what_is_no_token_is_named(encoded: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_token(encoded)
    assert NUMBER not in str(caught.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_token_or_an_error_of_their_shape(encoded: bytes) -> None:
    try:
        token = read_token(encoded)
    except ValueError:
        return
    assert token.encoded == encoded
