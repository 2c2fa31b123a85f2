"""Invented numbers: well formed, never twice, the same every time."""

from datetime import date

import pytest

from clients.issuer import terminal_key
from switch.model.ids import parse_card_identifier, parse_member_id, parse_social_security_number
from switch.security.demonstration import terminal_master_key
from switch.security.suite import Suite
from switch.seed.identity import (
    COUNTIES,
    FEMALE,
    MALE,
    Birth,
    CardFactory,
    Numbers,
    identity_number,
    person_number,
    years_after,
)
from switch.seed.streams import bytes_of, number_of, stream_of

SMALL = Numbers(date(2000, 2, 28), date(2000, 3, 1), 1, 12_345)


def test_every_number_of_a_class_is_given_once_and_well_formed() -> None:
    found = [SMALL.number(serial) for serial in range(SMALL.count)]
    assert SMALL.count == 3 * len(COUNTIES) * 99 * 2
    assert len({number for number, _ in found}) == SMALL.count
    for number, birth in found:
        assert parse_social_security_number(number) == number
        assert number[:6] == birth.county
        assert number[6:14] == f"{birth.born_on:%Y%m%d}"
        assert int(number[16]) % 2 == (birth.sex == MALE)
        assert number[14:16] != "00"


def test_leap_day_is_a_birthday() -> None:
    born = {SMALL.number(serial)[1].born_on for serial in range(1_000)}
    assert born == {date(2000, 2, 28), date(2000, 2, 29), date(2000, 3, 1)}


@pytest.mark.parametrize("serial", [-1, SMALL.count])
def test_a_class_runs_out_of_numbers_loudly(serial: int) -> None:
    with pytest.raises(ValueError, match="identity numbers"):
        SMALL.number(serial)


def test_classes_of_another_mark_share_no_number() -> None:
    other = Numbers(SMALL.first, SMALL.last, 2, 12_345)
    ours = {SMALL.number(serial)[0] for serial in range(SMALL.count)}
    assert not ours & {other.number(serial)[0] for serial in range(other.count)}


@pytest.mark.parametrize(("sex", "order"), [(MALE, 12), (FEMALE, 13), (FEMALE, 0), (MALE, 1_001)])
def test_an_order_number_suits_its_sex(sex: str, order: int) -> None:
    with pytest.raises(ValueError, match="order"):
        identity_number(Birth("330203", date(1990, 1, 1), sex), order)


def test_a_known_identity_number() -> None:
    """The published example of GB 11643: 11010519491231002X."""
    birth = Birth("110105", date(1949, 12, 31), FEMALE)
    assert identity_number(birth, 2) == "11010519491231002X"


def test_person_number_begins_with_the_bucket() -> None:
    number, _ = SMALL.number(7)
    member_id = person_number(number, 7)
    assert parse_member_id(member_id) == member_id
    assert member_id.endswith("00000007")


def test_cards_have_serials_of_their_own_whose_complement_is_never_issued() -> None:
    factory = CardFactory.of(1)
    cards = [factory.card(n, "330200", Suite.SM4, date(2020, 2, 29)) for n in range(5_000)]
    chips = {card.identifier[-8:] for card in cards}
    assert len(chips) == len(cards) == len({card.number for card in cards})
    assert not chips & {bytes(0xFF - octet for octet in chip) for chip in chips}
    assert all(chip[0] < 0x40 for chip in chips)
    for card in cards:
        assert parse_card_identifier(card.identifier).hex().startswith("330200d156000005")
        assert len(card.number) == 9
        assert card.expires_on == date(2030, 2, 28)


def test_years_after_a_leap_day() -> None:
    assert years_after(date(2020, 2, 29), 4) == date(2024, 2, 28)
    assert years_after(date(2020, 3, 1), -11) == date(2009, 3, 1)


def test_streams_follow_from_number_and_label_alone() -> None:
    assert bytes_of(1, "a", 16) == bytes_of(1, "a", 16)
    assert len({bytes_of(1, "a", 16), bytes_of(2, "a", 16), bytes_of(1, "b", 16)}) == 3
    # Known answers: another release of Python must not change a province.
    assert bytes_of(1, "a", 8).hex() == "a2c73ff8d52b1e6b"
    assert stream_of(1, "people").random() == stream_of(1, "people").random()
    assert 0 <= number_of(1, "x", 10) < 10


@pytest.mark.parametrize("suite", list(Suite))
def test_terminal_and_switch_derive_the_same_master_key(suite: Suite) -> None:
    seed = bytes(range(16))
    ours = terminal_master_key(seed, "H330201000010001", suite, 1)
    assert ours == terminal_key(seed, "H330201000010001", suite, 1)
    assert ours != terminal_master_key(seed, "H330201000010002", suite, 1)
    assert ours != terminal_master_key(seed, "H330201000010001", suite, 2)
    assert len(ours) == 16
