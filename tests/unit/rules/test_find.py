"""A step of the working leads back to the value it quotes, with its source."""

from datetime import date

from switch.model.decision import Decision
from switch.rules.adjudicate import adjudicate
from switch.rules.book import RuleBook
from tests.unit.rules.fix_rules import (
    PLAIN,
    Person,
    make_claim,
    make_institution,
    make_line,
    make_member,
    shipped_rules,
)

BOOK = """
region = "330200"
[given]
since = 2018-01-01
source = "notice 1"
insurances = ["310"]
kinds = ["11"]
[[rule]]
id = "a.bands"
type = "bands"
[[rule.value]]
fund = [80]
[[rule.value]]
since = 2019-01-01
source = "notice 2"
evidence = "assumed"
note = "nearest known"
fund = [85]
"""


def test_a_quoted_rule_is_found_by_its_day_with_source_and_note() -> None:
    book = RuleBook.parse({"a.toml": BOOK})
    first, second = book.find("a.bands@2018-01-01"), book.find("a.bands@2019-01-01/1")
    assert first is not None
    assert second is not None
    assert (first[0].kind_of_rule, first[1].source, first[1].note) == ("bands", "notice 1", "")
    assert (second[1].source, second[1].evidence) == ("notice 2", "assumed")
    assert second[1].note == "nearest known"
    assert second[1].since == date(2019, 1, 1)


def test_a_rule_that_no_file_holds_is_not_found() -> None:
    book = RuleBook.parse({"a.toml": BOOK})
    for rule in ("default", "a.bands@2018-01-02", "b@2018-01-01", "catalogue/X@2018-01-01", ""):
        assert book.find(rule) is None


def test_every_step_of_a_bill_leads_to_a_value_or_the_catalogue() -> None:
    rules = shipped_rules()
    lines = [make_line(1, 500_000, PLAIN), make_line(2, 3_000, "DEMO-CEFURO-TAB")]
    decision = adjudicate(make_claim(lines), make_member(Person()), make_institution(), rules)
    assert isinstance(decision, Decision)
    for step in decision.working:
        found = rules.books["330299"].find(step.rule)
        assert step.rule.startswith("catalogue/") == (found is None)
        assert found is None or found[1].source
