"""The tree of keys behind every card: ministry, province, city, card, transaction.

Functions that take and give key bytes are for the vault, for key ceremonies and for a software
card; nothing else calls them. Always three steps down to a card, also for region codes that end
0000.
Must not know: which keys are held, and their versions.
Source: design, section 5; region text and serial as diversifiers follow public PSAM practice.
"""

from collections.abc import Sequence
from functools import lru_cache, reduce

from switch.model.ids import parse_card_identifier
from switch.security.encode import fixed, u64
from switch.security.kcv import tier_key_kcv, verify_kcv
from switch.security.suite import DES_BLOCK_BYTES, KEY_BYTES, BlockCipher, Suite

DIVERSIFIER_BYTES = 8
ATC_MAX = (1 << 63) - 1
COMPONENTS_MIN = 2

REGIONS_MAX = 4_096
"""Codes kept: some 3,200 counties, cities and provinces there are."""

_REGION_DIGITS = 6
_COMPLEMENT = bytes(0xFF - octet for octet in range(256))


@lru_cache(maxsize=REGIONS_MAX)
def province_region(region: str) -> str:
    """Return the code of a region's province: 330299 → 330000.

    Raises: ValueError unless six digits.
    """
    return _six_digits(region)[:2] + "0000"


@lru_cache(maxsize=REGIONS_MAX)
def city_region(region: str) -> str:
    """Return the code of a region's city: a county and a ...99 belong to theirs, 330299 → 330200.

    Raises: ValueError unless six digits.
    """
    return _six_digits(region)[:4] + "00"


def province_text(region: str) -> bytes:
    """Return the 8 bytes that diversify a ministry key: b"330000sx".

    Raises: ValueError unless six digits.
    """
    return province_region(region).encode("ascii") + b"sx"


def city_text(region: str) -> bytes:
    """Return the 8 bytes that diversify a province key: b"330200sx".

    Raises: ValueError unless six digits.
    """
    return city_region(region).encode("ascii") + b"sx"


def diversify(parent: BlockCipher, diversifier: bytes) -> bytes:
    """Return the 16-byte child of a key for 8 bytes of diversifier.

    SM4 and AES take d and its complement as one block, TDES as two: ECB makes both the same call.
    Complementing d exchanges the halves of a TDES child, so the complement of an issued serial is
    never issued.
    Raises: ValueError unless the diversifier has 8 bytes.
    """
    fixed(diversifier, DIVERSIFIER_BYTES, "diversifier")
    return parent.encrypt(diversifier + diversifier.translate(_COMPLEMENT))


def province_key(suite: Suite, ministry_key: bytes, region: str) -> bytes:
    """Return the province key for any region of the province.

    Raises: ValueError for a malformed key or region.
    """
    return diversify(BlockCipher(suite, ministry_key), province_text(region))


def city_key(suite: Suite, province_key: bytes, region: str) -> bytes:
    """Return the city key for any region of the city.

    Raises: ValueError for a malformed key or region.
    """
    return diversify(BlockCipher(suite, province_key), city_text(region))


def card_key(suite: Suite, city_key: bytes, card_identifier: bytes) -> bytes:
    """Return the card key: what personalisation writes into one chip.

    Raises: ValueError for a malformed key or card identifier.
    """
    serial = parse_card_identifier(card_identifier)[-DIVERSIFIER_BYTES:]
    return diversify(BlockCipher(suite, city_key), serial)


def transaction_key(suite: Suite, card_key: bytes, atc: int) -> bytes:
    """Return the key of one card operation. `atc` is the card's own counter, 0..2^63-1.

    Raises: ValueError for a malformed key or a counter out of range.
    """
    if not 0 <= atc <= ATC_MAX:
        raise ValueError("the card's transaction counter is outside 0..2^63-1")
    return diversify(BlockCipher(suite, card_key), u64(atc))


def xor_components(components: Sequence[bytes]) -> bytes:
    """Return the key its custodians' components make together: at least two, 16 bytes each.

    Raises: ValueError for fewer, for another length, and for components that cancel out to zero.
    """
    if len(components) < COMPONENTS_MIN:
        raise ValueError("one component alone is the key: at least two custodians are needed")
    for component in components:
        fixed(component, KEY_BYTES, "component")
    key = reduce(int.__xor__, (int.from_bytes(component, "big") for component in components))
    if key == 0:
        raise ValueError("the components cancel out: was one entered twice?")
    return key.to_bytes(KEY_BYTES, "big")


def combine_components(
    suite: Suite, components: Sequence[tuple[bytes, bytes]], kcv: bytes
) -> bytes:
    """Return the key of components, each given with its check value, and checked by its own.

    Raises: KcvMismatch; ValueError as `xor_components` and `require_strong`.
    """
    for component, component_kcv in components:
        verify_kcv(tier_key_kcv(suite, component), component_kcv)
    key = xor_components([component for component, _ in components])
    require_strong(suite, key)
    verify_kcv(tier_key_kcv(suite, key), kcv)
    return key


def require_strong(suite: Suite, key: bytes) -> None:
    """Refuse a key that is none: all zero, or triple DES with equal halves, which is single DES.

    Raises: ValueError, also unless the key has 16 bytes.
    """
    fixed(key, KEY_BYTES, "key")
    if not any(key):
        raise ValueError("the key is all zero")
    halves = {_without_parity(key[:DES_BLOCK_BYTES]), _without_parity(key[DES_BLOCK_BYTES:])}
    if suite is Suite.TDES and len(halves) == 1:
        raise ValueError("both halves of the DES key are equal: that is single DES")


def _without_parity(half: bytes) -> bytes:
    return bytes(octet & 0xFE for octet in half)


def _six_digits(region: str) -> str:
    if len(region) != _REGION_DIGITS or not (region.isascii() and region.isdigit()):
        raise ValueError(f"region code {region[:16]!r} is not six digits")
    return region
