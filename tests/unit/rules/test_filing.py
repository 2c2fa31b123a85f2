"""Who may take a filing, from when and for how long; which two are one; how it is written."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.codes import FilingKind
from switch.model.decision import Decline
from switch.model.ids import RegionCode
from switch.model.member import Filing
from switch.model.reply import ReplyCode
from switch.rules.book import RuleBook
from switch.rules.filing import FilingTerms, overlapping, period, place_of, takes_in
from switch.rules.regions import known_place

TODAY = date(2019, 1, 31)
PLAIN = FilingTerms("r", frozenset(), back_days=0, months=0, longest_months=0)
REGIONS = frozenset({"330000", "330100", "330199", "330200", "330203"})
POLICY = """
region = "320100"
[given]
since = 2018-01-01
source = "市政府令第 1 号"
insurances = ["310"]
kinds = ["21"]
[[rule]]
id = "bands"
type = "bands"
fund = [85]
[[rule]]
id = "filing.referral"
type = "filing"
filings = ["referral", "temporary"]
[[rule.value]]
institutions = ["home"]
months = 6
[[rule.value]]
since = 2020-01-01
until = 2020-12-31
back_days = 3
"""


def days_of(terms: FilingTerms, since: date, until: date | None = None) -> object:
    found = period(terms, since, until, TODAY)
    return found.code if isinstance(found, Decline) else found


@pytest.mark.parametrize(
    ("terms", "since", "until", "expected"),
    [
        (PLAIN, TODAY, None, (TODAY, None)),
        (PLAIN, TODAY - timedelta(1), None, ReplyCode.FILING_TOO_EARLY),
        (replace(PLAIN, back_days=1), TODAY - timedelta(1), None, (TODAY - timedelta(1), None)),
        (replace(PLAIN, back_days=1), TODAY - timedelta(2), None, ReplyCode.FILING_TOO_EARLY),
        (replace(PLAIN, months=1), TODAY, None, (TODAY, date(2019, 2, 28))),
        (replace(PLAIN, months=1), TODAY, date(2030, 1, 1), (TODAY, date(2030, 1, 1))),
        (replace(PLAIN, longest_months=12), TODAY, None, (TODAY, date(2020, 1, 30))),
        (replace(PLAIN, longest_months=12), TODAY, date(2020, 1, 30), (TODAY, date(2020, 1, 30))),
        (replace(PLAIN, longest_months=12), TODAY, date(2020, 1, 31), ReplyCode.FILING_TOO_LONG),
        (
            replace(PLAIN, months=6, longest_months=12),
            date(2019, 3, 1),
            None,
            (date(2019, 3, 1), date(2019, 8, 31)),
        ),
    ],
)
def test_a_filing_runs_as_policy_gives(
    terms: FilingTerms, since: date, until: date | None, expected: object
) -> None:
    assert days_of(terms, since, until) == expected


def filing(kind: str = "referral", **fields: object) -> Filing:
    plain = Filing(
        "F", FilingKind(kind), RegionCode("330299"), "330100", "", TODAY, TODAY + timedelta(9)
    )
    return replace(plain, **fields)  # type: ignore[arg-type] # fields of a filing


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (filing(), filing(), True),
        (filing(), filing(place="330106"), True),
        (filing(), filing(place="33"), True),
        (filing(place=""), filing(), True),
        (filing(), filing(place="330300"), False),
        (filing(), filing("residence"), False),
        (filing(), filing(region="330203"), True),
        (filing(), filing(region="330399"), False),
        (filing(), filing(since=TODAY + timedelta(9), until=None), True),
        (filing(), filing(since=TODAY + timedelta(10)), False),
        (filing(until=None), filing(since=TODAY + timedelta(999), until=None), True),
        (filing(until=TODAY - timedelta(1)), filing(), False),
        (filing(until=TODAY - timedelta(1)), filing(since=date(2018, 1, 1)), False),
        (
            filing("special_disease", place="", disease_code="M1"),
            filing("special_disease", place="", disease_code="M1"),
            True,
        ),
        (
            filing("special_disease", place="", disease_code="M1"),
            filing("special_disease", place="", disease_code="M2"),
            False,
        ),
        (filing("designated", institution="H1"), filing("designated", institution="H1"), True),
        (filing("designated", institution="H1"), filing("designated", institution="H2"), False),
    ],
)
def test_two_filings_for_the_same_do_not_share_a_day(
    one: Filing, other: Filing, same: bool
) -> None:
    assert (overlapping(one, [other]) is other) == same
    assert (overlapping(other, [one]) is one) == same


DAYS = st.dates(date(2018, 1, 1), date(2018, 3, 1))


@given(DAYS, st.none() | DAYS, DAYS, st.none() | DAYS)
def test_filings_overlap_exactly_when_a_day_is_covered_by_both(
    since: date, until: date | None, since_2: date, until_2: date | None
) -> None:
    one, other = filing(since=since, until=until), filing(since=since_2, until=until_2)
    both = any(
        one.covers(on) and other.covers(on)
        for on in (date(2018, 1, 1) + timedelta(n) for n in range(61))
    )
    assert (overlapping(one, [other]) is not None) == both


def test_a_place_is_a_province_or_a_region_that_is_known() -> None:
    assert [place_of(text) for text in ("330000", "33", "330100")] == ["33", "33", "330100"]
    known = {
        place: known_place(place, REGIONS)
        for place in ("33", "330000", "330106", "330203", "339900", "310100", "31", "99", "990000")
    }
    assert [place for place, yes in known.items() if not yes] == ["339900", "99", "990000"]
    assert takes_in("33", "330199")
    assert not takes_in("330100", "330299")


def test_a_filing_rule_is_read_by_kind_of_filing_and_day() -> None:
    book = RuleBook.parse({"p.toml": POLICY})
    first = book.filing_terms("310", "referral", date(2019, 12, 31))
    assert first == FilingTerms("filing.referral@2018-01-01", frozenset({"home"}), 0, 6, 0)
    second = book.filing_terms("310", "temporary", date(2020, 1, 1))
    assert second is not None
    assert (second.back_days, second.months, second.institutions) == (3, 0, frozenset())
    for insurance, kind, on in (
        ("310", "referral", date(2021, 1, 1)),
        ("310", "referral", date(2017, 12, 31)),
        ("390", "referral", date(2019, 1, 1)),
        ("310", "residence", date(2019, 1, 1)),
    ):
        assert book.filing_terms(insurance, kind, on) is None
    assert book.held("310", "referral", date(2019, 1, 1)) is None


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('filings = ["referral", "temporary"]', 'kinds = ["21"]', "kind of filing"),
        ('filings = ["referral", "temporary"]', 'filings = ["long"]', "filings names"),
        ('filings = ["referral", "temporary"]\n', 'filings = ["referral"]\nkinds = ["21"]\n',
         "names `filings`"),
        ('type = "bands"\n', 'type = "bands"\nfilings = ["referral"]\n', "names `filings`"),
        ('institutions = ["home"]', 'institutions = ["abroad"]', "institutions names"),
        ("months = 6", "months = 6\nlongest_months = 5", "above longest_months"),
        ("back_days = 3", "back_days = -3", "back_days"),
        ("back_days = 3", "forward_days = 3", "unknown fields"),
        ("since = 2020-01-01", "since = 2018-01-01", "does not follow"),
    ],
)  # fmt: skip
def test_a_filing_rule_that_is_none_is_refused(was: str, becomes: str, says: str) -> None:
    assert POLICY.count(was) == 1
    with pytest.raises(ValueError, match=says):
        RuleBook.parse({"p.toml": POLICY.replace(was, becomes)})


def test_two_rules_for_one_kind_of_filing_on_one_day_are_refused() -> None:
    second = POLICY[POLICY.index('[[rule]]\nid = "filing.referral"') :].replace(
        'id = "filing.referral"', 'id = "again"'
    )
    with pytest.raises(ValueError, match="overlaps"):
        RuleBook.parse({"p.toml": POLICY + second})


def test_the_lists_of_special_diseases_are_joined_over_their_kinds() -> None:
    lists = """
[[rule]]
id = "list"
type = "special_disease_list"
kinds = ["{kind}"]
diseases = [{{ code = "{code}" }}]
[[rule]]
id = "bands.{kind}"
type = "bands"
kinds = ["{kind}"]
fund = [90]
"""
    text = POLICY + lists.format(kind="14", code="M1").replace('"list"', '"list.1"')
    text += lists.format(kind="140104", code="M2").replace('"list"', '"list.2"')
    book = RuleBook.parse({"p.toml": text})
    assert book.diseases("310", date(2019, 1, 1)) == frozenset({"M1", "M2"})
    assert book.diseases("390", date(2019, 1, 1)) is None
