"""The generated and the named people: plausible, consistent, and always the same."""

from collections import Counter
from datetime import date, timedelta
from itertools import islice

import pytest

from switch.model.codes import CardStatus, Insurance, MemberClass
from switch.model.ids import (
    RegionCode,
    bucket_of_person,
    city_of,
    parse_member_id,
    parse_social_security_number,
)
from switch.security.suite import Suite
from switch.seed.demonstration import PEOPLE, institutions, people, terminals
from switch.seed.identity import CardFactory
from switch.seed.people import INSURANCE_OF, Population, generate
from switch.seed.places import (
    HOME,
    INSTITUTIONS_MAX,
    generate_institutions,
    generate_terminals,
    institution_code,
)

TODAY = date(2026, 11, 24)
CITIES = [RegionCode("330199"), HOME, RegionCode("330399")]
POPULATION = Population.of(1, TODAY, CITIES)
CROWD = list(generate(POPULATION, 4_000, 10_001))


def test_a_smaller_province_is_the_beginning_of_a_larger_one() -> None:
    again = generate(Population.of(1, TODAY, CITIES), 50, 10_001)
    assert list(again) == CROWD[:50]


def test_another_number_is_another_province() -> None:
    other = list(generate(Population.of(2, TODAY, CITIES), 50, 10_001))
    assert not {one.social_security_number for one in other} & {
        one.social_security_number for one in CROWD[:50]
    }


def test_people_are_well_formed() -> None:
    for one in CROWD:
        number = parse_social_security_number(one.social_security_number)
        assert parse_member_id(one.member_id) == one.member_id
        assert one.bucket == bucket_of_person(number) == int(one.member_id[:4])
        assert number[6:14] == f"{one.born_on:%Y%m%d}"
        assert one.version == 1
        assert one.name.startswith("测试")
        assert one.born_on < TODAY
        assert one.card.issued_on < TODAY


def test_nothing_is_given_out_twice() -> None:
    for values in (
        [one.member_id for one in CROWD],
        [one.social_security_number for one in CROWD],
        [one.card.identifier for one in CROWD],
        [one.card.number for one in CROWD],
    ):
        assert len(set(values)) == len(CROWD)


def test_the_mix_is_realistic() -> None:
    classes = Counter(one.enrolments[-1].member_class for one in CROWD)
    assert set(classes) == {
        MemberClass.IN_SERVICE, MemberClass.RETIRED, MemberClass.ADULT, MemberClass.MINOR,
    }  # fmt: skip
    assert {Insurance.EMPLOYEE, Insurance.RESIDENT} == {
        one.insurance for person in CROWD for one in person.enrolments
    }
    statuses = Counter(one.card_status for one in CROWD)
    assert statuses[CardStatus.NORMAL] > 3_800
    assert set(statuses) >= {CardStatus.TEMPORARILY_LOST, CardStatus.LOST}
    assert {one.card.suite for one in CROWD} == set(Suite)
    assert any(one.card.expires_on < TODAY for one in CROWD)
    assert any(one.filings for one in CROWD)
    assert {f.kind for one in CROWD for f in one.filings} >= {"special_disease", "referral"}
    two = [one for one in CROWD if len({e.insurance for e in one.enrolments}) > 1]
    assert two
    at_home = sum(one.enrolments[0].region == HOME for one in CROWD)
    assert at_home > 3_700


def test_residents_have_no_account_and_spells_do_not_overlap() -> None:
    for one in CROWD:
        first = one.enrolments[0]
        if first.insurance is Insurance.RESIDENT:
            assert one.account_current_fen == one.account_earlier_fen == 0
        for spell in one.enrolments:
            assert spell.insurance is INSURANCE_OF[spell.member_class]
            assert spell.until is None or spell.since <= spell.until
        if len(one.enrolments) == 2 and one.enrolments[1].region == first.region:
            assert first.until is not None
            assert first.until + timedelta(days=1) == one.enrolments[1].since


def test_generated_places_are_of_every_level_and_some_lie_elsewhere() -> None:
    places = list(generate_institutions(40, CITIES))
    assert len({one.code for one in places}) == 40
    assert {one.level for one in places} == {
        "community", "primary", "secondary", "tertiary", "pharmacy",
    }  # fmt: skip
    away = [one for one in places if one.region != HOME]
    assert len(away) == 8
    assert all(one.cross_city_since is not None for one in away)
    assert all((one.code[0] == "P") == (one.level == "pharmacy") for one in places)


def test_a_province_has_no_more_places_than_codes() -> None:
    with pytest.raises(ValueError, match="institutions"):
        list(islice(generate_institutions(INSTITUTIONS_MAX + 1, CITIES), 1))


def test_generated_terminals_are_of_every_suite_and_tdes_ends() -> None:
    code = institution_code(HOME, 10_001, "tertiary")
    found = list(generate_terminals(code, 40, TODAY))
    assert {one.suite for one in found} == set(Suite)
    assert Counter(one.suite for one in found)[Suite.SM4] > 30
    assert all((one.ends_on is not None) == (one.suite is Suite.TDES) for one in found)


def test_everybody_of_the_demonstration_is_present() -> None:
    found = {one.name: one for one in people(CardFactory.of(1), TODAY)}
    assert set(found) == set(PEOPLE)
    assert found["employee_in_service"].member.account_current_fen == 30_000
    assert found["wenzhou_card_holder"].member.card.identifier.hex().startswith("330300")
    assert found["shanghai_card_holder"].member.card.identifier.hex().startswith("310000")
    assert found["card_loser"].replacement is not None
    assert found["two_insurances"].member.enrolments[1].region == "330399"
    cards = [one.member.card for one in found.values()]
    cards += [one.replacement for one in found.values() if one.replacement is not None]
    assert len({card.identifier for card in cards}) == len(cards)
    for one in found.values():
        assert parse_social_security_number(one.member.social_security_number)
        assert one.member.social_security_number[16] in "89"  # no generated number's digit
        expired = one.member.card.expires_on < TODAY
        assert expired == (one.name == "card_expired")


def test_the_demonstration_is_insured_and_young_enough_for_its_cases() -> None:
    """Cases of 2018: self segment below 45, insured on the day, filings in force on it."""
    found = {one.name: one.member for one in people(CardFactory.of(1), TODAY)}
    on = date(2018, 12, 3)
    for name, member in found.items():
        assert any(e.covers(on) for e in member.enrolments) == (name != "insurance_ended"), name
        if member.enrolments[0].member_class is MemberClass.IN_SERVICE:
            assert on.year - member.born_on.year < 45, name
    assert found["referral_patient"].filings[0].covers(date(2018, 12, 1))
    assert not found["employee_filing_ended"].filings[0].covers(on)
    assert not found["historical_forms_patient"].filings[0].covers(date(2021, 7, 5))


def test_the_demonstrations_places() -> None:
    found = institutions()
    assert found["hangzhou_tertiary"].cross_city_since == date(2014, 11, 16)
    assert found["hangzhou_not_opened"].cross_city_since is None
    assert found["ningbo_pharmacy"].code == "P33020100004"
    cities = {f"{n}" for n in (*range(3301, 3312), 3399)}
    assert {city_of(one.region) for one in found.values()} == cities
    placed = terminals(found, TODAY)
    assert {one.suite for one in placed.values()} == set(Suite)
    assert [name for name, one in placed.items() if not one.active] == ["ningbo_tertiary_blocked"]
    assert len({one.terminal_id for one in placed.values()}) == len(placed)
