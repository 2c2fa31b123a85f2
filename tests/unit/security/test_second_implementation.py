"""Our suites against a second implementation, or the library's own, over random inputs."""

import gmalg
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128, SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.security.kdf import DerivationKey
from switch.security.mac import compute_mac
from switch.security.seal import SealKey, hmac_sm3, sm3
from switch.security.suite import BlockCipher, Suite

key_bytes = st.binary(min_size=16, max_size=16)
few = settings(max_examples=40, deadline=None)  # the second implementation is slow: 55 us a block


def xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def sm4_cmac(key: bytes, message: bytes) -> bytes:
    """SP 800-38B, 6.1 and 6.2, over the second implementation's block."""
    block = gmalg.SM4(key).encrypt

    def double(value: int) -> int:
        return (value << 1 & (1 << 128) - 1) ^ (0x87 if value >> 127 else 0)

    k1 = double(int.from_bytes(block(bytes(16)), "big"))
    whole = len(message) > 0 and len(message) % 16 == 0
    last_key = (k1 if whole else double(k1)).to_bytes(16, "big")
    padded = message if whole else message + b"\x80" + bytes(-(len(message) + 1) % 16)
    state = bytes(16)
    for at in range(0, len(padded) - 16, 16):
        state = block(xor(state, padded[at : at + 16]))
    return bytes(block(xor(xor(state, padded[-16:]), last_key)))


@few
@given(key_bytes, key_bytes)
def test_sm4_block_agrees(key: bytes, plain: bytes) -> None:
    assert BlockCipher(Suite.SM4, key).encrypt(plain) == gmalg.SM4(key).encrypt(plain)


@few
@given(key_bytes, st.binary(max_size=120))
def test_sm4_cmac_agrees(key: bytes, message: bytes) -> None:
    assert compute_mac(Suite.SM4, key, message) == sm4_cmac(key, message)


@few
@given(st.binary(max_size=200))
def test_sm3_agrees(message: bytes) -> None:
    digest = gmalg.SM3()
    digest.update(message)
    assert sm3(message) == digest.value()


@few
@given(key_bytes, st.binary(max_size=100))
def test_hmac_sm3_agrees(key: bytes, message: bytes) -> None:
    """RFC 2104 over the second implementation's digest."""

    def digest(part: bytes) -> bytes:
        state = gmalg.SM3()
        state.update(part)
        return bytes(state.value())

    padded = key.ljust(64, b"\0")
    inner = digest(xor(padded, b"\x36" * 64) + message)
    assert hmac_sm3(key, message) == digest(xor(padded, b"\x5c" * 64) + inner)


def des(key: bytes, block: bytes, *, decrypt: bool = False) -> bytes:
    cipher = Cipher(TripleDES(key * 3), ECB())
    return (cipher.decryptor() if decrypt else cipher.encryptor()).update(block)


@given(key_bytes, st.binary(max_size=64))
def test_retail_mac_is_a_des_chain_and_a_triple_end(key: bytes, message: bytes) -> None:
    """ISO/IEC 9797-1 algorithm 3 step by step: a chain of DES, then D under K', E under K."""
    padded = message + bytes(-len(message) % 8) or bytes(8)
    state = bytes(8)
    for at in range(0, len(padded), 8):
        state = des(key[:8], xor(state, padded[at : at + 8]))
    expected = des(key[:8], des(key[8:], state, decrypt=True))
    assert compute_mac(Suite.TDES, key, message) == expected


@given(
    key_bytes, st.sampled_from(Suite), st.binary(min_size=1, max_size=20), st.binary(max_size=90)
)
def test_kdf_agrees_with_the_librarys_own(
    key: bytes, suite: Suite, label: bytes, context: bytes
) -> None:
    algorithm = {Suite.SM4: SM4, Suite.AES_128: AES128, Suite.TDES: TripleDES}[suite]
    theirs = KBKDFCMAC(
        algorithm,
        Mode.CounterMode,
        length=16,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=label,
        context=context,
        fixed=None,
    )
    full = key + key[:8] if suite is Suite.TDES else key
    assert DerivationKey(suite, key).derive(label, context) == theirs.derive(full)


@given(
    key_bytes, st.integers(0, 2**64 - 1), st.binary(max_size=32), st.lists(st.binary(max_size=32))
)
def test_seal_is_hmac_over_lengths_and_parts(
    key: bytes, number: int, previous: bytes, digests: list[bytes]
) -> None:
    message = b"medswitch/seal/v1\0" + number.to_bytes(8, "big")
    message += len(previous).to_bytes(2, "big") + previous + len(digests).to_bytes(8, "big")
    for digest in digests:
        message += len(digest).to_bytes(2, "big") + digest
    assert SealKey(key).seal(number, previous, digests) == hmac_sm3(key, message)
