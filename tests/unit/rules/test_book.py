"""What a rule book refuses, naming file and rule; and what its hash does not see."""

import tomllib
from datetime import date

import pytest

from switch.rules.book import NotCovered, RuleBook
from switch.rules.terms import Plan
from tests.unit.rules.fix_rules import region_texts, shipped_rules

EMPLOYEE = region_texts("330299")["employee.toml"]


def parse_with(old: str, new: str, name: str = "employee.toml") -> RuleBook:
    """Parse Ningbo's book with one text changed; the first occurrence must exist."""
    texts = region_texts("330299")
    assert old in texts[name], old
    texts[name] = texts[name].replace(old, new, 1)
    return RuleBook.parse(texts)


@pytest.mark.parametrize("region", ["330299", "339900"])
def test_shipped_books_load(region: str) -> None:
    book = RuleBook.parse(region_texts(region))
    assert book.region == region
    assert len(book.hash) == 64


def test_every_value_says_its_evidence_and_assumptions_say_why() -> None:
    for region in ("330299", "339900"):
        for name, text in region_texts(region).items():
            for rule in tomllib.loads(text)["rule"]:
                for value in rule["value"]:
                    assert value["evidence"] in {"stated", "seen_on", "assumed"}, (name, rule["id"])
                    assert value["source"]
                    assert value["evidence"] != "assumed" or value["note"]


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


REGION = 'region = "330299"\n'
HEAD = '[[rule]]\nid = "x"\ntype = "ceiling"\ninsurances = ["310"]\nkinds = ["11"]\n'
VALUE = (
    '[[rule.value]]\nsince = 2018-01-01\nunit = "none"\nevidence = "stated"\n'
    'source = "s"\nlimit_on = "none"\n'
)
LATER = VALUE.replace("2018-01-01", "2020-01-01")
REPEAT = '[[rule.value]]\nsince = 2019-01-01\nas_before = true\nevidence = "stated"\nsource = "s"\n'


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("region = 1 2", "not TOML"),
        ('region = "33"', "six digits"),
        ('region = "330300"', "one book is of one region"),
        (REGION + 'regoin = "x"', "unknown fields"),
        (REGION + '[[rule]]\ntype = "ceiling"', "a rule has no id"),
        (REGION + HEAD.replace("ceiling", "roof") + VALUE, "is none of"),
        (REGION + HEAD, r"no \[\[rule.value\]\]"),
        (REGION + HEAD + "rank = 1\n" + VALUE, "unknown fields"),
        (REGION + HEAD + 'area = "home"\n' + VALUE, "and only they, name an area"),
        (REGION + HEAD.replace("ceiling", "cross_city") + 'area = "x"\n' + VALUE, "area 'x'"),
        (REGION + HEAD.replace("310", "999") + VALUE, "insurances names"),
        (REGION + HEAD.replace("11", "99") + VALUE, "kinds names"),
        (REGION + HEAD.replace('["11"]', "[]") + VALUE, "at least one insurance"),
        (REGION + HEAD.replace('["11"]', '["11", "11"]') + VALUE, "twice"),
        (REGION + HEAD.replace('["11"]', "11") + VALUE, "list of words"),
        (REGION + HEAD + VALUE + HEAD + VALUE, "the id stands twice"),
        (REGION + HEAD + VALUE.replace("2018-01-01", "1"), "write a day"),
        (REGION + HEAD + VALUE.replace("2018-01-01", "2018-01-01T00:00:00"), "write a day"),
        (REGION + HEAD + VALUE.replace("unit", "units"), "unit is missing"),
        (REGION + HEAD + VALUE.replace("stated", "sure"), "evidence is 'sure'"),
        (REGION + HEAD + VALUE.replace("stated", "assumed"), "note is missing"),
        (REGION + HEAD + VALUE + "until = 2017-12-31\n", "before its first day"),
        (REGION + HEAD + VALUE + "colour = 1\n", "unknown fields"),
        (REGION + HEAD + VALUE + VALUE, "does not follow"),
        (REGION + HEAD + VALUE + "until = 2020-01-01\n" + LATER, "overlaps the one from 2020"),
        (REGION + HEAD + VALUE + "until = 2019-12-30\n" + LATER, "no value from 2019-12-31 to"),
        (REGION + HEAD + VALUE + "as_before = true\n", "no value before it"),
        (REGION + HEAD + VALUE + REPEAT + 'limit_on = "scope"\n', "stands beside"),
    ],
)
def test_a_malformed_file_is_refused_by_name(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        RuleBook.parse({**region_texts("330299"), "other.toml": text})
    assert "other.toml" in str(refused.value)


ACCOUNT = '{ part = "account_segment", without_account = "cash" },'
BANDS = 'id = "employee.inpatient.bands"\ntype = "bands"\ninsurances = ["310"]\nkinds = '


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("width = 900", "width = 9.5", "whole number"),
        ("width = 900", "width = -1", "whole number"),
        ("width = 900", "width = true", "whole number"),
        ("fund = [86]", "fund = [101]", "within 0..100 percent"),
        ("fund = [86]", "fund = 86", "write a list"),
        ("fund = [86]", "fund = [86, 87]", "0 edges make 1 bands"),
        ("edges = [35000, 70000]", "edges = [35000, 35000]", "never reached"),
        ("edges = [35000, 70000]", "edges = [0, 70000]", "never reached"),
        ('unit = "yuan, percent"', 'unit = "yuan"', "exactly one unit of bp, percent"),
        ('unit = "yuan, percent"', 'unit = "yuan, fen, percent"', "exactly one unit"),
        ('unit = "percent"', 'unit = "percent, yuan"', "nothing is counted"),
        ('mode = "none"', 'mode = "some"', "mode is 'some'"),
        ('mode = "none"', 'mode = ""', "write a word"),
        ('payer = "310100"', 'payer = "123456"', "payer is '123456'"),
        ("age_below = 45", "age_below = 44", "leave a gap or overlap at 44"),
        ("age_below = 45", "age_below = 46", "leave a gap or overlap at 46"),
        ("age_from = 45,", "age_from = 45, age_below = 99,", "no row from age 99"),
        ('{ classes = ["retired"], width = 300 },', "", "leaves out class retired"),
        (
            '{ levels = ["tertiary"], fund = [75] }',
            "{ fund = [75] }",
            "rows for any level stand beside",
        ),
        ('position = "inpatient.in_scope"', 'position = "nobody"', "needs an accumulator nobody"),
        (
            'position = "inpatient.in_scope"',
            'position = "inpatient.deductible"',
            "that counts after_deductible or in_scope|that counts in_scope or after_deductible",
        ),
        ('counts = "self_segment"', 'counts = "admissions"', "not counted in fen"),
        ("waived_by_special_disease = true", "waived_by_special_disease = 1", "true or false"),
        ('part = "self_segment"', 'part = "account_segment"', "without_account is missing"),
        (ACCOUNT, ACCOUNT + "\n" + ACCOUNT, "a segment stands twice"),
        ("order = 1", "order = 1\nrank = 2", "unknown fields"),
        ("segments = []", "segments = [1]", "write tables"),
        (BANDS + '["21", "28"]', BANDS + '["21"]', r"kind 28 on 2018-01-01: covered, but no bands"),
        (BANDS + '["21", "28"]', BANDS + '["14", "21"]', "overlaps"),
    ],
)
def test_a_wrong_value_is_refused_by_file_and_rule(old: str, new: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse_with(old, new)
    assert "toml: rule " in str(refused.value)


@pytest.mark.parametrize(
    ("name", "old", "new", "wrong"),
    [
        ("resident.toml", "amount = 4000", "amount = 0", "pays nothing"),
        ("resident.toml", "amount = 300000", "amount = 40000", "never reached"),
        ("cross_city.toml", "rate = 5", "rate = 0", "reduces nothing"),
        ("cross_city.toml", "filing_required = true", "filing_required = false", "the last row"),
        (
            "cross_city.toml",
            '  { filing = "residence", form = "none" },\n  { filing = "student"',
            '  { filing = "none", form = "none" },\n  { filing = "student"',
            "never reached",
        ),
        ("special_diseases.toml", 'home = { "*" = "open" }', 'home = { M1 = "open" }', "each need"),
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
            'kinds = ["11", "12", "13", "14", "28", "41"]',
            "kind 21 on 2018-01-01: covered, but no special_disease_list",
        ),
        (
            "special_diseases.toml",
            'kinds = ["11", "12", "13", "14", "41"]',
            'kinds = ["11", "12", "14", "41"]',
            "kind 13 on 2018-01-01: covered, but no special_disease_modes",
        ),
    ],
)
def test_a_wrong_value_elsewhere_is_refused(name: str, old: str, new: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse_with(old, new, name)


def test_ordinals_name_at_least_the_first_admission() -> None:
    texts = region_texts("339900")
    text = texts["example.toml"].replace("ordinals = [100, 75, 50]", "ordinals = []")
    with pytest.raises(ValueError, match="ordinals is empty"):
        RuleBook.parse({"example.toml": text})


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        parse_with("rates = [{ fund = [92] }]", "rates = []", "special_diseases.toml")
