"""Key check values: three bytes by which two people know that they entered the same key.

Two rules, because a check value must not give away what the key's own use keeps secret.
Source: design, section 4 (KCV).
"""

from hmac import compare_digest

from switch.security.errors import KcvMismatch
from switch.security.suite import BlockCipher, Suite, cmac_function

KCV_BYTES = 3


def tier_key_kcv(suite: Suite, key: bytes) -> bytes:
    """Return the check value of a tier key or a component: the first 3 bytes of E_K(0…0).

    Raises: ValueError unless the key has 16 bytes.
    """
    return BlockCipher(suite, key).encrypt(bytes(suite.block_bytes))[:KCV_BYTES]


def mac_key_kcv(suite: Suite, key: bytes) -> bytes:
    """Return the check value of a terminal or vault key: first 3 bytes of CMAC_K(16 zero bytes).

    E_K(0) is CMAC's own secret, so no part of it is shown. Under TDES it is E_K(0…0) all the same,
    as terminals of that age show it.
    Raises: ValueError unless the key has 16 bytes.
    """
    if suite is Suite.TDES:
        return tier_key_kcv(suite, key)
    return cmac_function(suite, key)(bytes(16))[:KCV_BYTES]


def verify_kcv(computed: bytes, expected: bytes) -> None:
    """Accept exactly the expected check value. Raises: KcvMismatch, showing neither."""
    if not compare_digest(computed, expected):
        raise KcvMismatch("the key check value is another: compare key, suite and order of entry")
