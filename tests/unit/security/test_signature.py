"""Officers' signatures: the standard's own vectors, misuse, and the file under a passphrase."""

import copy
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from switch.security.errors import KeyFileRefused, SignatureMismatch
from switch.security.signature import PASSPHRASE_CHARACTERS_MIN, SigningKey, verify_signature

# RFC 8032, section 7.1, tests 1 to 3: secret key, public key, message, signature.
RFC_8032 = [
    tuple("".join(part.split()) for part in case.split("|"))
    for case in (
        """9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
        |d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
        |
        |e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
         5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b""",
        """4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb
        |3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
        |72
        |92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00""",
        """c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7
        |fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025
        |af82
        |6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
         18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a""",
    )
]
PASSPHRASE = "four random words"
KEY = SigningKey.of(bytes(range(32)))


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_rfc_8032(seed: str, public: str, message: str, signature: str) -> None:
    key = SigningKey.of(bytes.fromhex(seed))
    assert key.public_key.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    verify_signature(key.public_key, bytes.fromhex(message), bytes.fromhex(signature))


def test_no_bit_of_message_signature_or_key_may_differ() -> None:
    message, signature = b"message", KEY.sign(b"message")
    for place, value in (("message", message), ("signature", signature), ("key", KEY.public_key)):
        for bit in range(8 * len(value)):
            turned = bytearray(value)
            turned[bit // 8] ^= 1 << bit % 8
            parts = {"message": message, "signature": signature, "key": KEY.public_key}
            parts[place] = bytes(turned)
            with pytest.raises(SignatureMismatch):
                verify_signature(parts["key"], parts["message"], parts["signature"])


@pytest.mark.parametrize("cut", [b"", b"x", bytes(63), bytes(65)])
def test_other_lengths_are_refused_alike(cut: bytes) -> None:
    with pytest.raises(SignatureMismatch):
        verify_signature(KEY.public_key, b"message", cut)
    with pytest.raises(SignatureMismatch):
        verify_signature(cut, b"message", KEY.sign(b"message"))


def test_a_key_comes_back_from_its_file_and_only_under_its_passphrase() -> None:
    pem = KEY.to_pem(PASSPHRASE)
    assert pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert SigningKey.from_pem(pem, PASSPHRASE).public_key == KEY.public_key
    for wrong in ("", "four random word", PASSPHRASE + " "):
        with pytest.raises(KeyFileRefused):
            SigningKey.from_pem(pem, wrong)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(ValueError, match="12 characters"):
        KEY.to_pem("x" * (PASSPHRASE_CHARACTERS_MIN - 1))
    KEY.to_pem("x" * PASSPHRASE_CHARACTERS_MIN)


def test_a_file_that_is_none_of_ours_is_refused() -> None:
    curve = generate_private_key(SECP256R1())
    encrypted = BestAvailableEncryption(PASSPHRASE.encode())
    plain = KEY._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for pem in (
        b"",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        KEY.to_pem(PASSPHRASE)[:-40],
        curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encrypted),
        plain,
    ):
        with pytest.raises(KeyFileRefused):
            SigningKey.from_pem(pem, PASSPHRASE)


def test_a_key_shows_nothing_and_is_not_copied() -> None:
    assert repr(KEY) == f"SigningKey({KEY.public_key.hex()}, private key hidden)"
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            copied(KEY)
    with pytest.raises(ValueError, match="32"):
        SigningKey.of(bytes(31))
