"""The key tree, components and check values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.security import kdf, keys
from switch.security.errors import KcvMismatch
from switch.security.kcv import mac_key_kcv, tier_key_kcv, verify_kcv
from switch.security.suite import BlockCipher, Suite

KEY = bytes.fromhex("9f1e9afb6772d025ded627e7da592e59")
CARD = bytes.fromhex("639900d15600000500bf7c7a48fb4966")

key_bytes = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize(
    ("region", "province", "city"),
    [
        ("330200", b"330000sx", b"330200sx"),
        ("330299", b"330000sx", b"330200sx"),
        ("330281", b"330000sx", b"330200sx"),
        ("330000", b"330000sx", b"330000sx"),
        ("339900", b"330000sx", b"339900sx"),
        ("110105", b"110000sx", b"110100sx"),
    ],
)
def test_region_text(region: str, province: bytes, city: bytes) -> None:
    """Counties and ...99 codes belong to their city; a code ending 0000 takes three steps too."""
    assert keys.province_text(region) == province
    assert keys.city_text(region) == city


@pytest.mark.parametrize("region", ["", "33020", "3302000", "33O200", "33020٣", "330 00"])
def test_a_malformed_region_is_refused(region: str) -> None:
    for function in (keys.province_text, keys.city_text):
        with pytest.raises(ValueError, match="not six digits"):
            function(region)


@given(key_bytes, st.binary(min_size=8, max_size=8))
def test_complementing_a_serial_exchanges_the_halves_of_a_tdes_child(
    key: bytes, serial: bytes
) -> None:
    """Why the complement of an issued serial is never issued."""
    parent = BlockCipher(Suite.TDES, key)
    child = keys.diversify(parent, serial)
    other = keys.diversify(parent, bytes(0xFF - octet for octet in serial))
    assert other == child[8:] + child[:8]


def test_a_diversifier_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="diversifier has 7 bytes"):
        keys.diversify(BlockCipher(Suite.SM4, KEY), bytes(7))


@pytest.mark.parametrize(
    "identifier",
    [b"", CARD[:15], CARD + b"\0", b"\xaa" + CARD[1:], CARD[:3] + b"\0" + CARD[4:]],
)
def test_a_malformed_card_identifier_is_refused_unshown(identifier: bytes) -> None:
    with pytest.raises(ValueError, match="card identifier") as caught:
        keys.card_key(Suite.SM4, KEY, identifier)
    assert not identifier or identifier.hex() not in str(caught.value)


@pytest.mark.parametrize("atc", [-1, 1 << 63])
def test_a_counter_out_of_range_is_refused(atc: int) -> None:
    with pytest.raises(ValueError, match="counter"):
        keys.transaction_key(Suite.SM4, KEY, atc)


def test_every_counter_gives_another_key() -> None:
    made = {keys.transaction_key(Suite.SM4, KEY, atc) for atc in (0, 1, 2, keys.ATC_MAX)}
    assert len(made) == 4


@given(st.lists(key_bytes, min_size=2, max_size=5))
def test_components_add_up_in_any_order(components: list[bytes]) -> None:
    total = 0
    for component in components:
        total ^= int.from_bytes(component, "big")
    if total == 0:
        with pytest.raises(ValueError, match="cancel out"):
            keys.xor_components(components)
        return
    assert keys.xor_components(components) == total.to_bytes(16, "big")
    assert keys.xor_components(components[::-1]) == total.to_bytes(16, "big")


def test_one_component_or_a_short_one_is_refused() -> None:
    with pytest.raises(ValueError, match="two custodians"):
        keys.xor_components([KEY])
    with pytest.raises(ValueError, match="component has 15 bytes"):
        keys.xor_components([KEY, KEY[:15]])
    with pytest.raises(ValueError, match="cancel out"):
        keys.xor_components([KEY, KEY])


def test_components_are_checked_one_by_one_and_together() -> None:
    parts = [(part, tier_key_kcv(Suite.SM4, part)) for part in (KEY, CARD)]
    whole = keys.xor_components([KEY, CARD])
    kcv = tier_key_kcv(Suite.SM4, whole)
    assert keys.combine_components(Suite.SM4, parts, kcv) == whole
    mistyped = [(KEY, parts[0][1]), (KEY, parts[1][1])]
    for components, total in ((mistyped, kcv), (parts, b"\0\0\0")):
        with pytest.raises(KcvMismatch) as caught:
            keys.combine_components(Suite.SM4, components, total)
        assert kcv.hex() not in str(caught.value)


def test_a_weak_key_is_refused() -> None:
    with pytest.raises(ValueError, match="all zero"):
        keys.require_strong(Suite.SM4, bytes(16))
    half = bytes.fromhex("0123456789abcdef")
    other_parity = bytes(octet ^ 1 for octet in half)
    for right in (half, other_parity):
        with pytest.raises(ValueError, match="single DES"):
            keys.require_strong(Suite.TDES, half + right)
    keys.require_strong(Suite.SM4, half + half)


@pytest.mark.parametrize("suite", [Suite.SM4, Suite.AES_128])
def test_a_terminal_keys_check_value_is_no_part_of_the_block(suite: Suite) -> None:
    assert mac_key_kcv(suite, KEY) != tier_key_kcv(suite, KEY)


def test_under_tdes_both_rules_are_one() -> None:
    assert mac_key_kcv(Suite.TDES, KEY) == tier_key_kcv(Suite.TDES, KEY)


def test_a_check_value_is_compared_whole() -> None:
    kcv = tier_key_kcv(Suite.SM4, KEY)
    verify_kcv(kcv, kcv)
    for wrong in (b"", kcv[:2], kcv + b"\0", bytes(3)):
        with pytest.raises(KcvMismatch):
            verify_kcv(kcv, wrong)


def test_a_session_key_needs_whole_nonces() -> None:
    tmk = kdf.DerivationKey(Suite.SM4, KEY)
    context = kdf.signin_context(Suite.SM4, 1, "T1")
    good = (bytes(16), bytes(16), bytes(16))
    made = {kdf.session_key(tmk, context, *good), kdf.signin_key(tmk, context)}
    assert len(made) == 2
    for at in range(3):
        wrong = list(good)
        wrong[at] = bytes(15)
        with pytest.raises(ValueError, match="has 15 bytes"):
            kdf.session_key(tmk, context, *wrong)


def test_each_part_of_the_context_changes_the_key() -> None:
    tmk = kdf.DerivationKey(Suite.SM4, KEY)
    contexts = (
        kdf.signin_context(Suite.SM4, 1, "T1"),
        kdf.signin_context(Suite.AES_128, 1, "T1"),
        kdf.signin_context(Suite.SM4, 2, "T1"),
        kdf.signin_context(Suite.SM4, 1, "T2"),
    )
    assert len({kdf.signin_key(tmk, context) for context in contexts}) == 4
    assert KEY.hex() not in repr(tmk)
