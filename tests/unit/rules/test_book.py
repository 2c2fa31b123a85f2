"""What a rule book refuses, naming file and rule; and what its hash does not see."""

import re
import tomllib
from datetime import date

import pytest

from switch.rules.book import NotCovered, RuleBook
from switch.rules.plan import Plan
from tests.unit.rules.fix_rules import REGIONS, region_texts, shipped_rules

EMPLOYEE = region_texts("330299")["employee.toml"]


def parse_with(old: str, new: str, name: str = "employee.toml") -> RuleBook:
    """Parse Ningbo's book with one text changed; the first occurrence must exist."""
    texts = region_texts("330299")
    assert old in texts[name], old
    texts[name] = texts[name].replace(old, new, 1)
    return RuleBook.parse(texts)


@pytest.mark.parametrize("region", REGIONS)
def test_shipped_books_load(region: str) -> None:
    book = RuleBook.parse(region_texts(region))
    assert book.region == region
    assert len(book.hash) == 64


def test_every_value_says_its_evidence_and_assumptions_say_why() -> None:
    for region in REGIONS:
        for name, text in region_texts(region).items():
            document = tomllib.loads(text)
            for rule in document["rule"]:
                for value in rule.get("value", [rule]):
                    said = {**document.get("given", {}), **value}
                    evidence = said.get("evidence", "seen_on")
                    assert evidence in {"stated", "seen_on", "assumed"}, (name, rule["id"])
                    assert said["source"]
                    assert evidence != "assumed" or said["note"]


def test_demonstration_file_opens_the_identity_number_and_nothing_else() -> None:
    texts = region_texts("330299")
    del texts["demonstration.toml"]
    shut, opened = RuleBook.parse(texts), shipped_rules().books["330299"]
    before = shut.held("310", "11", date(2018, 12, 1))
    after = opened.held("310", "11", date(2018, 12, 1))
    assert isinstance(before, Plan)
    assert isinstance(after, Plan)
    assert not before.identity_accepted
    assert after.identity_accepted
    assert shut.hash != opened.hash


def test_hash_does_not_see_files_order_or_layout() -> None:
    texts = region_texts("330299")
    head, *rules = texts["employee.toml"].split("[[rule]]")
    moved = {**texts, "employee.toml": "[[rule]]".join([head, *reversed(rules[:-1]), rules[-1]])}
    moved["a.toml"] = "# a comment\n" + moved.pop("resident.toml")
    assert RuleBook.parse(moved).hash == RuleBook.parse(texts).hash


def test_hash_sees_every_value() -> None:
    assert parse_with("width = 900", "width = 901").hash != shipped_rules().books["330299"].hash


def test_nothing_is_held_before_between_and_beside() -> None:
    book = shipped_rules().books["330299"]
    assert book.held("310", "11", date(1999, 1, 1)) is None
    assert book.held("310", "11", date(2017, 12, 31)) is None
    assert book.held("399", "11", date(2018, 12, 1)) is None
    assert isinstance(book.held("390", "41", date(2018, 12, 1)), NotCovered)
    assert shipped_rules().books["339900"].held("310", "11", date(2030, 1, 1)) is None


ACCOUNT = '{ part = "account_segment", without_account = "cash" },'
BANDS = 'id = "employee.inpatient.bands"\ntype = "bands"\nkinds = '


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("width = 900", "width = 9.555", "write a number, 0 or more, to 2 decimals"),
        ("width = 900", "width = -1", "write a number, 0 or more"),
        ("width = 900", "width = true", "write a number"),
        ("fund = [86]", "fund = [101]", "within 0..100 percent"),
        ("fund = [86]", "fund = [86, 87]", "0 edges make 1 bands"),
        ("edges = [35000, 70000]", "edges = [35000, 35000]", "never reached"),
        ("edges = [35000, 70000]", "edges = [0, 70000]", "never reached"),
        ("[given]", '[given]\nunit = "yuan"', "exactly one unit of bp, percent"),
        ("[given]", '[given]\nunit = "yuan, fen, percent"', "exactly one unit of fen, yuan"),
        ("rates = [", 'payer = "123456"\nrates = [', "payer is '123456'"),
        ("age_below = 45", "age_below = 44", "no row for .*age 44"),
        ("age_from = 45,", "age_from = 45, age_below = 99,", "no row for .*age 99"),
        ('{ classes = ["retired"], width = 300 },', "", "no row for member_class retired"),
        (
            '{ levels = ["tertiary"], fund = [75] }',
            "{ fund = [75] }",
            "rates 4: never reached, for the row at .* rates 3 holds first",
        ),
        ('part = "self_segment"', 'part = "account_segment"', "unknown fields"),
        (ACCOUNT, ACCOUNT + "\n" + ACCOUNT, "a segment stands twice"),
        ("rates = [", "rank = 2\nrates = [", "unknown fields"),
        ("segments = [", "segments = [1, ", "write tables"),
        (
            BANDS + '["21", "28", "9901"]',
            BANDS + '["21", "9901"]',
            r"kind 28 on 2018-01-01: covered, but no bands",
        ),
        (BANDS + '["21", "28", "9901"]', BANDS + '["14", "21"]', "overlaps"),
    ],
)
def test_a_wrong_value_is_refused_by_file_line_and_rule(old: str, new: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse_with(old, new)
    assert re.match(r"[a-z_]+\.toml:[1-9][0-9]*: rule [a-z._]+", str(refused.value))


@pytest.mark.parametrize(
    ("name", "old", "new", "wrong"),
    [
        ("resident.toml", "amount = 300000", "amount = 40000", "never reached"),
        ("cross_city.toml", "rate = 5", "rate = 0", "reduces nothing"),
        (
            "cross_city.toml",
            '  { filing = "residence", form = "none" },\n  { filing = "student"',
            '  { filing = "none", form = "none" },\n  { filing = "student"',
            "never reached",
        ),
        ("special_diseases.toml", 'home = { "*" = "open" }', 'home = { M1 = "open" }', "for '[*]'"),
        (
            "special_diseases.toml",
            'home = { "*" = "open" }',
            'home = { "*" = "refuse" }',
            "home is",
        ),
        ("special_diseases.toml", 'code = "M00500"', 'code = "m 5"', "no disease code"),
        ("special_diseases.toml", 'code = "M07800"', 'code = "M00500"', "listed twice"),
        ("entitlement.toml", 'first_day = "01-01"', 'first_day = "13-01"', "month and day"),
        (
            "special_diseases.toml",
            'kinds = ["11", "12", "13", "14", "21", "28", "41"]',
            'kinds = ["11", "12", "13", "21", "28", "41"]',
            "kind 14 on 2018-01-01: covered, but no special_disease_list",
        ),
        ("special_diseases.toml", "rates = [{ fund = [92] }]", "rates = []", "rates is empty"),
    ],
)
def test_a_wrong_value_elsewhere_is_refused(name: str, old: str, new: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse_with(old, new, name)
    assert re.match(r"[a-z_]+\.toml:[1-9][0-9]*: rule [a-z._]+", str(refused.value))


def test_ordinals_name_at_least_the_first_admission() -> None:
    texts = region_texts("339900")
    text = texts["example.toml"].replace("ordinals = [100, 75, 50]", "ordinals = []")
    with pytest.raises(ValueError, match="ordinals is empty"):
        RuleBook.parse({"example.toml": text})
