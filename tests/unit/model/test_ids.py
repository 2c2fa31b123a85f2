from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model import ids
from switch.model.ids import InstitutionCode

AT = datetime(2018, 12, 1, 0, 30, tzinfo=UTC)


def test_request_id_round_trips_institution_and_time() -> None:
    request_id = ids.make_request_id(InstitutionCode("H33020100001"), AT, 7)
    assert request_id == "H33020100001201812010830000007"
    assert ids.request_institution(request_id) == "H33020100001"
    assert ids.request_time(request_id) == AT
    assert ids.request_day(request_id) == date(2018, 12, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H33020100001201812010830000",
        "h33020100001201812010830000007",
        "H33020100001201813010830000007",  # month 13
        "H33020100001201812012530000007",  # hour 25
        "H33020100001000101010000000007",  # before time begins, in UTC
        "H330201000012018120108300000０7",  # a full-width zero
    ],
)
def test_malformed_request_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        ids.parse_request_id(text)


@given(st.integers(1, ids.LANE_MAX), st.integers(1, ids.BATCH_MAX), st.integers(0, 2047))
def test_journal_id_round_trips_and_fits_bigint(lane: int, batch: int, position: int) -> None:
    journal = ids.journal_id(lane, batch, position)
    assert ids.journal_lane(journal) == (lane, batch, position)
    assert 0 < journal < 2**63
    day = date(2018, 12, 1)
    assert ids.parse_settlement_id(ids.settlement_id(day, journal)) == (day, journal)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_within_a_lane_journal_ids_rise_with_commits(batch: int, more: int) -> None:
    assert ids.journal_id(1, batch, 2047) < ids.journal_id(1, batch + more, 0)


@pytest.mark.parametrize("parts", [(0, 1, 0), (2**24, 1, 0), (1, 2**28, 0), (1, 1, 2048)])
def test_journal_id_refuses_parts_out_of_their_bits(parts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="bits"):
        ids.journal_id(*parts)


def test_check_digit_of_a_known_number() -> None:
    # GB 11643-1999, the standard's own example.
    assert ids.parse_social_security_number("11010519491231002X")
    with pytest.raises(ValueError, match="check digit") as caught:
        ids.parse_social_security_number("110105194912310021")
    assert "110105" not in str(caught.value)


def test_person_number_carries_its_bucket() -> None:
    assert ids.bucket_of_member(ids.parse_member_id("10230001")) == 1023
    for text in ("10240001", "1023", "abcd0001", ""):
        with pytest.raises(ValueError, match="person number"):
            ids.parse_member_id(text)


@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True))
def test_bucket_of_a_person_is_in_range_and_fixed(first_17: str) -> None:
    number = ids.parse_social_security_number(first_17 + ids.social_security_check_digit(first_17))
    assert 0 <= ids.bucket_of_person(number) < ids.BUCKET_COUNT
    assert ids.bucket_of_person(number) == ids.bucket_of_person(number)


def test_card_identifier_names_its_region() -> None:
    # The fictitious card used throughout the industry.
    card = ids.parse_card_identifier(bytes.fromhex("639900D15600000500BF7C7A48FB4966"))
    assert ids.card_region(card) == "639900"
    for wrong in (b"", bytes(16), bytes.fromhex("639900D15600000600BF7C7A48FB4966")):
        with pytest.raises(ValueError, match="card identifier"):
            ids.parse_card_identifier(wrong)


def test_ids_are_masked_for_logs() -> None:
    assert ids.masked("330201198001011234") == "3302************34"
    assert ids.masked("12") == "12"


def test_regions_and_terminals_are_checked() -> None:
    assert ids.city_of("330299") == "3302"
    assert ids.city_of("500229") == ids.city_of("500112") == ids.city_of("50") == "5001"
    assert ids.city_of("429004") != ids.city_of("429005")
    for wrong in ("", "33029", "033029", "33029a"):
        with pytest.raises(ValueError, match="six digits"):
            ids.parse_region(wrong)
    for wrong in ("", "a", "A" * 33, "T-1"):
        with pytest.raises(ValueError, match="terminal id"):
            ids.parse_terminal_id(wrong)
