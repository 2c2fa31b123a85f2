"""The three cipher suites and their primitives: one block, one CMAC, one retail MAC.

Keys are 16 bytes in every suite. Must not know: what is encrypted or signed.

Two costs shape this module. The key schedule is the larger half of the price of a short message, so
a kept ECB encryptor takes whole blocks for as long as its key lives, and a kept CMAC is copied for
each message. Both give the same answers from several threads.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import NoReturn, assert_never

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

from switch.security.encode import fixed

KEY_BYTES = 16
DES_BLOCK_BYTES = 8


class Suite(IntEnum):
    """A cipher and its MAC: registered with a key version, never negotiated.

    The number is the one that is signed.
    """

    SM4 = 1
    """SM4 (GB/T 32907) and SM4-CMAC (GB/T 15852.1 algorithm 5), 16 bytes. The default."""
    AES_128 = 2
    """AES-128 (FIPS 197) and AES-CMAC (NIST SP 800-38B), 16 bytes."""
    TDES = 3
    """Two-key triple DES and the ANSI X9.19 retail MAC, 8 bytes. For older terminals only."""

    @property
    def mac_bytes(self) -> int:
        """Length of a MAC of this suite, in bytes."""
        return DES_BLOCK_BYTES if self is Suite.TDES else 16

    @property
    def block_bytes(self) -> int:
        """Length of the cipher's block, in bytes."""
        return DES_BLOCK_BYTES if self is Suite.TDES else 16


def never_pickled(holder: object) -> NoReturn:
    """Stand as `__reduce__` in every class that holds a key: it is neither pickled nor copied.

    Raises: TypeError, always.
    """
    raise TypeError(f"{type(holder).__name__} holds a key: it is not pickled or copied")


class BlockCipher:
    """A key's block encryptor, kept as long as the key lives. Shows no key and is not pickled."""

    __slots__ = ("_encrypt", "suite")

    def __init__(self, suite: Suite, key: bytes) -> None:
        """Schedule the key. Raises: ValueError unless it has 16 bytes."""
        self.suite = suite
        # ECB is the bare block cipher that the constructions above it ask for. Over whole blocks it
        # has no state, so one encryptor serves its key for ever.
        self._encrypt = Cipher(_algorithm(suite, key), ECB()).encryptor().update  # noqa: S305

    def encrypt(self, blocks: bytes) -> bytes:
        """Return each block encrypted on its own.

        Raises: ValueError unless these are whole blocks: a part of one would stay in the encryptor
        and spoil the next call.
        """
        if len(blocks) % self.suite.block_bytes:
            raise ValueError(f"{len(blocks)} bytes are not whole blocks of {self.suite.name}")
        return self._encrypt(blocks)

    def __repr__(self) -> str:
        """Return the suite only."""
        return f"BlockCipher({self.suite.name}, key hidden)"

    __reduce__ = never_pickled


def cmac_function(suite: Suite, key: bytes) -> Callable[[bytes], bytes]:
    """Return the CMAC of a key as a function of the message, with the key scheduled once.

    For TDES this is TDES-CMAC, 8 bytes, inside the KDF only: its messages take the retail MAC.
    Raises: ValueError unless the key has 16 bytes.
    Source: NIST SP 800-38B; GB/T 15852.1-2020 algorithm 5.
    """
    base = CMAC(_algorithm(suite, key))

    def cmac(message: bytes) -> bytes:
        state = base.copy()
        state.update(message)
        return state.finalize()

    return cmac


def retail_mac_function(key: bytes) -> Callable[[bytes], bytes]:
    """Return the retail MAC of a double-length DES key as a function of the message: 8 bytes.

    Its zero padding does not tell a message from the same with a zero byte more; every message
    signed here carries its lengths, so none is another's.
    Raises: ValueError unless the key has 16 bytes.
    Source: ANSI X9.19; ISO/IEC 9797-1 algorithm 3 with padding method 1.
    """
    whole = _algorithm(Suite.TDES, key)
    # DES alone is triple DES under the same key three times.
    left = TripleDES(key[:DES_BLOCK_BYTES] * 3)

    def retail_mac(message: bytes) -> bytes:
        # Padding method 1: zeros up to a whole block; an empty message becomes one block.
        size_bytes = max(-(-len(message) // DES_BLOCK_BYTES), 1) * DES_BLOCK_BYTES
        padded = message.ljust(size_bytes, b"\0")
        chain = bytes(DES_BLOCK_BYTES)
        if size_bytes > DES_BLOCK_BYTES:
            chain = _cbc(left, chain, padded[:-DES_BLOCK_BYTES])[-DES_BLOCK_BYTES:]
        # Output transformation 3: the last block goes through encrypt, decrypt, encrypt.
        return _cbc(whole, chain, padded[-DES_BLOCK_BYTES:])

    return retail_mac


def mac_function(suite: Suite, key: bytes) -> Callable[[bytes], bytes]:
    """Return the suite's message MAC under a key as a function of the message.

    Raises: ValueError unless the key has 16 bytes.
    Source: design, section 4 (suites).
    """
    match suite:
        case Suite.SM4 | Suite.AES_128:
            return cmac_function(suite, key)
        case Suite.TDES:
            return retail_mac_function(key)
        case _:
            assert_never(suite)


def _algorithm(suite: Suite, key: bytes) -> BlockCipherAlgorithm:
    fixed(key, KEY_BYTES, "key")
    match suite:
        case Suite.SM4:
            return SM4(key)
        case Suite.AES_128:
            return AES128(key)
        case Suite.TDES:
            # Always three parts, k1 k2 k1: the library is giving up shorter keys.
            return TripleDES(key + key[:DES_BLOCK_BYTES])
        case _:
            assert_never(suite)


def _cbc(algorithm: BlockCipherAlgorithm, chain: bytes, blocks: bytes) -> bytes:
    return Cipher(algorithm, CBC(chain)).encryptor().update(blocks)
