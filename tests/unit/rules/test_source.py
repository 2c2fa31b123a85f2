"""What a policy file is refused for as a file: structure, days; with file, line and rule."""

from datetime import date

import pytest

from switch.rules.book import RuleBook
from switch.rules.source import read_files
from tests.unit.rules.fix_rules import region_texts

REGION = 'region = "330299"\n'
HEAD = '[[rule]]\nid = "x"\ntype = "ceiling"\ninsurances = ["310"]\nkinds = ["11"]\n'
VALUE = (
    '[[rule.value]]\nsince = 2018-01-01\nunit = "none"\nevidence = "stated"\n'
    'source = "s"\nlimit_on = "none"\n'
)
LATER = VALUE.replace("2018-01-01", "2020-01-01")
REPEAT = '[[rule.value]]\nsince = 2019-01-01\nas_before = true\nevidence = "stated"\nsource = "s"\n'
SMALL = (
    '[given]\nsince = 2018-01-01\nsource = "s"\ninsurances = ["310"]\nkinds = ["11"]\n'
    '[[rule]]\nid = "b"\ntype = "bands"\nfund = 80\n'
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("region = 1 2", r"^other\.toml: not TOML: "),
        ('region = "33"', r"^other\.toml: region: .*six digits"),
        ("", r"^other\.toml: region: .*six digits"),
        ('region = "330300"', "one book is of one region"),
        (REGION + 'regoin = "x"', r"^other\.toml: unknown fields \['regoin'\]"),
        (REGION + "given = 1", r"^other\.toml: write \[given\] as a table"),
        (REGION + '[given]\ntype = "bands"', r"^other\.toml: \[given\] holds \['type'\]"),
        (REGION + "rule = 1", r"^other\.toml: write \[\[rule\]\] tables"),
        (REGION + "rule = [1]", r"^other\.toml: write \[\[rule\]\] tables"),
        (REGION + "item = [1]", r"^other\.toml: write \[\[item\]\] tables"),
        (REGION + '[[rule]]\ntype = "ceiling"', r"^other\.toml:2: a rule has no id"),
        (REGION + "[[rule]]\nid = 7", r"^other\.toml:2: a rule has no id"),
        (REGION + 'rule = [{ id = "y" }]', r"^other\.toml:0: rule y: type is missing"),
        (REGION + HEAD.replace("ceiling", "roof") + VALUE, "^other.toml:2: rule x: type is 'roof'"),
        (REGION + HEAD, r"^other\.toml:2: rule x: since is None"),
        (REGION + HEAD + "value = []", r"^other\.toml:2: rule x: no \[\[rule.value\]\]"),
        (REGION + HEAD + "value = 1", r"^other\.toml:2: rule x: write \[\[rule.value\]\] tables"),
        (REGION + HEAD + "rank = 1\n" + VALUE, r"^other\.toml:2: rule x: \['rank'\] stand beside"),
        (REGION + HEAD + 'area = "home"\n' + VALUE, "rule x: only cross_city rules name an area"),
        (REGION + HEAD.replace("ceiling", "cross_city") + 'area = "x"\n' + VALUE, "area is 'x'"),
        (REGION + HEAD.replace("310", "999") + VALUE, "rule x: insurances names"),
        (REGION + HEAD.replace("11", "99") + VALUE, "rule x: kinds names"),
        (REGION + HEAD.replace('["11"]', "[]") + VALUE, "rule x: .* at least one insurance"),
        (REGION + HEAD.replace('["310"]', "[]") + VALUE, "rule x: .* at least one insurance"),
        (REGION + HEAD.replace('["11"]', '["11", "11"]') + VALUE, "rule x: kinds names .* twice"),
        (REGION + HEAD.replace('["11"]', "11") + VALUE, "rule x: kinds .* list of words"),
        (REGION + HEAD.replace('["11"]', "[11]") + VALUE, "rule x: kinds .* list of words"),
        (REGION + HEAD + VALUE + HEAD + VALUE, r"^other\.toml:13: rule x: the id stands twice"),
        (REGION + HEAD + VALUE.replace("2018-01-01", "1"), "^other.toml:7: rule x: .*write a day"),
        (REGION + HEAD + VALUE.replace("2018-01-01", "2018-01-01T00:00:00"), "write a day"),
        (REGION + HEAD + VALUE.replace("2018-01-01", '"2018-01-01"'), "write a day"),
        (REGION + HEAD + VALUE.replace('"none"\nev', '"cent"\nev'), "x from 2018-01-01: unit is"),
        (REGION + HEAD + VALUE.replace("unit", "units"), r"unknown fields \['units'\]"),
        (REGION + HEAD + VALUE.replace("stated", "sure"), "evidence is 'sure'"),
        (REGION + HEAD + VALUE.replace("stated", "assumed"), "note is missing"),
        (REGION + HEAD + VALUE.replace('source = "s"', ""), "source is missing"),
        (REGION + HEAD + VALUE.replace('source = "s"', 'source = ""'), "source is ''"),
        (REGION + HEAD + VALUE + "until = 2017-12-31\n", "before its first day"),
        (REGION + HEAD + VALUE + 'until = "2019"\n', "until is '2019'; write a day"),
        (REGION + HEAD + VALUE + "colour = 1\n", "unknown fields"),
        (REGION + HEAD + VALUE + VALUE, r"^other\.toml:13: rule x: .* does not follow"),
        (REGION + HEAD + LATER + VALUE, r"^other\.toml:13: rule x: .* does not follow"),
        (REGION + HEAD + VALUE + "until = 2020-01-01\n" + LATER, "overlaps the one from 2020"),
        (REGION + HEAD + VALUE + "until = 2019-12-30\n" + LATER, "no value from 2019-12-31 to"),
        (REGION + HEAD + VALUE + "as_before = true\n", "no value before it"),
        (REGION + HEAD + VALUE + REPEAT + 'limit_on = "scope"\n', "stands beside"),
        (REGION + HEAD + VALUE + REPEAT.replace("true", '"no"'), "as_before is 'no'"),
    ],
)
def test_a_malformed_file_is_refused_by_name(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        RuleBook.parse({**region_texts("330299"), "other.toml": text})
    assert "other.toml" in str(refused.value)


def test_a_rule_with_one_value_may_hold_it_itself_and_given_stands_for_all() -> None:
    source = read_files({"p.toml": 'region = "339901"\n' + SMALL})
    (rule,) = source.rules
    (term,) = rule.terms
    assert (rule.where, rule.rule_id, rule.insurance) == ("p.toml:7: rule b", "b", "310")
    assert (term.where, term.evidence) == ("p.toml:7: rule b from 2018-01-01", "seen_on")
    assert term.until is None


def test_each_value_is_named_by_its_own_line() -> None:
    text = REGION + HEAD + VALUE + "\n" + LATER.replace('"none"\n', '"none"\n', 1)
    (rule,) = read_files({"p.toml": text}).rules
    assert [term.where for term in rule.terms] == [
        "p.toml:7: rule x from 2018-01-01",
        "p.toml:14: rule x from 2020-01-01",
    ]


def test_a_repeated_value_takes_the_terms_and_not_the_days_of_the_one_before() -> None:
    text = REGION + HEAD + VALUE + 'note = "n"\nuntil = 2018-12-31\n' + REPEAT
    (rule,) = read_files({"p.toml": text}).rules
    first, second = rule.terms
    assert (first.until, second.until) == (date(2018, 12, 31), None)
    assert first.term is second.term is None


def test_a_comment_is_no_heading() -> None:
    (rule,) = read_files({"p.toml": "# [[rule]]\n" + REGION + SMALL}).rules
    assert rule.where == "p.toml:8: rule b"
