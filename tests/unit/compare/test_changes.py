"""What differs between two policies is named with its days; what does not is not."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from switch.cli.cases import shipped_rules
from switch.compare.changes import Change, compare
from switch.compare.facets import facets
from switch.rules.book import RuleBook
from switch.rules.terms import Term

HEAD = """
region = "330200"
[given]
since = 2018-01-01
source = "notice 1"
insurances = ["310"]
kinds = ["11", "21"]
"""
BANDS = """
[[rule]]
id = "bands"
type = "bands"
rates = [{ levels = ["tertiary"], fund = [75, 80], edges = [1000] }, { fund = [85] }]
"""
DEDUCTIBLE = """
[[rule]]
id = "deductible"
type = "deductible"
kinds = ["21"]
[[rule.value]]
amount = 900
[[rule.value]]
since = 2020-01-01
amount = 1000
"""


def book(*parts: str) -> RuleBook:
    return RuleBook.parse({"a.toml": "\n".join((HEAD, *parts))})


def values(change: Change) -> list[tuple[str, str | None, str | None]]:
    return [(d.name, d.before, d.after) for d in change.differences]


def amounts(change: Change) -> list[tuple[str | None, str | None]]:
    assert all(name.startswith("金额 amount") for name, _, _ in values(change))
    return [(before, after) for _, before, after in values(change)]


def test_a_policy_does_not_differ_from_itself() -> None:
    for region in shipped_rules().books.values():
        assert compare(region, region) == ()


def test_the_order_of_rules_and_comments_change_nothing() -> None:
    assert compare(book(BANDS, DEDUCTIBLE), book("# note", DEDUCTIBLE, BANDS)) == ()


def test_a_changed_value_is_named_with_its_row_and_days() -> None:
    after = DEDUCTIBLE.replace("amount = 1000", "amount = 1200").replace("2020-01-01", "2019-07-01")
    first, second = compare(book(BANDS, DEDUCTIBLE), book(BANDS, after))
    assert (first.since, first.until) == (date(2019, 7, 1), date(2019, 12, 31))
    assert amounts(first) == [("900.00", "1,200.00")]
    assert (second.since, second.until) == (date(2020, 1, 1), None)
    assert amounts(second) == [("1,000.00", "1,200.00")]
    assert {first.kinds, second.kinds} == {("21",)}
    assert (first.insurance, first.before, first.after) == ("310", "deductible", "deductible")


def test_a_change_of_several_kinds_stands_once() -> None:
    (change,) = compare(book(BANDS), book(BANDS.replace("[75, 80]", "[75, 82]")))
    assert change.kinds == ("11", "21")
    ((name, before, after),) = values(change)
    assert name == "支付比例 ratio [三级 Tertiary] 第 2 段 band"
    assert (before, after) == ("1,000.00–: 80%", "1,000.00–: 82%")


def test_a_rule_that_is_new_or_gone_is_told_whole() -> None:
    (added, later) = compare(book(BANDS), book(BANDS, DEDUCTIBLE))
    assert (added.before, added.after, added.until) == ("", "deductible", date(2019, 12, 31))
    assert all(d.before is None for d in (*added.differences, *later.differences))
    gone = compare(book(BANDS, DEDUCTIBLE), book(BANDS))
    assert all(d.after is None for change in gone for d in change.differences)


def test_a_source_alone_is_a_change_of_source() -> None:
    (change,) = compare(book(BANDS), book(BANDS + 'source = "notice 2"'))
    assert [d.of_source for d in change.differences] == [True]
    assert values(change) == [("依据 source", "notice 1", "notice 2")]


def test_rows_in_another_order_are_a_change() -> None:
    rows = '{ standings = ["a"], fund = [75] }', '{ standings = ["b"], fund = [85] }'
    text = '[[rule]]\nid = "bands"\ntype = "bands"\nrates = [{}, {}, {{ fund = [50] }}]'
    (change,) = compare(book(text.format(*rows)), book(text.format(*reversed(rows))))
    ((name, before, after),) = values(change)
    assert name.endswith("先后 order")
    assert before is not None
    assert after is not None
    assert sorted(before) == sorted(after)


def test_items_are_compared_by_code_and_days() -> None:
    item = '[[item]]\ncode = "X1"\nzh = "甲"\nclass = "B"\nfirst_pay = {}\n'
    (change,) = compare(book(BANDS, item.format(10)), book(BANDS, item.format(20)))
    assert (change.insurance, change.key, change.kinds) == ("", "item X1", ())
    assert values(change) == [("先行自付 first self-pay", "10%", "20%")]
    (gone,) = compare(book(BANDS, item.format(10)), book(BANDS))
    assert gone.after == ""


def terms() -> list[Term]:
    found: dict[str, Term] = {}
    for region in shipped_rules().books.values():
        for rule in region.rules:
            for dated in rule.terms:
                if dated.term is not None:
                    found[repr(dated.term)] = dated.term
    return list(found.values())


def unnamed(thing: Any) -> Any:
    """The same without the rule ids that say where it stands."""
    if isinstance(thing, tuple):
        return tuple(unnamed(one) for one in thing)
    if not is_dataclass(thing) or isinstance(thing, type):
        return thing
    changes = {
        field.name: "" if field.name == "rule" else unnamed(getattr(thing, field.name))
        for field in fields(thing)
        if field.init
    }
    if type(thing).__name__ == "Ceiling":
        changes["name"] = ""
    return replace(thing, **changes)


def test_facets_are_the_same_exactly_when_terms_are() -> None:
    """Over all pairs of shipped terms of one type: nothing of a term is left out."""
    kinds = {type(term) for term in terms()}
    assert len(kinds) >= 15
    for kind in kinds:
        alike = [term for term in terms() if type(term) is kind]
        for one, other in product(alike, alike):
            assert (facets(one) == facets(other)) == (unnamed(one) == unnamed(other)), (one, other)


def changed(thing: Any) -> Iterator[Any]:
    """Every term that differs from a term in one plain field, at its top."""
    for field in fields(thing):
        value = getattr(thing, field.name)
        if field.name in {"rule", "name"} or not field.init:
            continue
        if isinstance(value, bool):
            yield replace(thing, **{field.name: not value})
        elif isinstance(value, int):
            yield replace(thing, **{field.name: value + 1})
        elif type(value) is str:
            yield replace(thing, **{field.name: f"{value}x"})
        elif isinstance(value, frozenset):
            yield replace(thing, **{field.name: value | {"99x"}})


@pytest.mark.parametrize("term", terms(), ids=lambda term: term.rule)
def test_no_field_of_a_term_can_change_unseen(term: Term) -> None:
    for other in changed(term):
        assert facets(other) != facets(term), other


ITEM = """
[[item]]
code = "X1"
class = "B"
ceiling = "360"
first_pay = 10
ratios = [{ insurances = ["390"], first_pay = 20 }]
ceilings = [{ levels = ["tertiary"], ceiling = "400" }]
only = [{ levels = ["secondary", "tertiary"], reason_zh = "限二级以上", reason_en = "2 up" }]
split = [{ share = 70, first_pay = 0 }, { share = 30, first_pay = 100 }]
"""
WHOLE = """
[[rule]]
id = "entitlement"
type = "entitlement"
waiting = [{ classes = ["flexible"], months = 6 }]
[[rule]]
id = "more"
type = "bands"
kinds = ["61"]
fund = [80, 85]
edges = [10000]
others = [{ payer = "330100", pays = [0, 10] }]
[[rule]]
id = "modes"
type = "special_disease_modes"
kinds = ["11"]
elsewhere = { "*" = "refuse", M1 = "open" }
"""


@pytest.mark.parametrize(
    ("before", "after", "name", "old", "new"),
    [
        ('"360"', '"370"', "价格上限 price ceiling", "360", "370"),
        (
            "first_pay = 20",
            "first_pay = 25",
            "先行自付 first self-pay [险种 insurance 390]",
            "20%",
            "25%",
        ),
        ('"400"', '"410"', "价格上限 price ceiling [三级 Tertiary]", "400", "410"),
        ("限二级以上", "限三级", "› zh", "限二级以上", "限三级"),
        ("share = 70", "share = 60", "› share_bp", "70%", "60%"),
        ("months = 6", "months = 3", "等待期 waiting [灵活就业 Flexible work] › ", "6", "3"),
        ("pays = [0, 10]", "pays = [0, 5]", "第 2 段 band", "+ 330100 10%", "+ 330100 5%"),
        ('M1 = "open"', 'M1 = "split"', "[province] [M1]", "open", "split"),
    ],
)
def test_every_kind_of_value_is_told_in_its_unit(
    before: str, after: str, name: str, old: str, new: str
) -> None:
    text = BANDS + WHOLE + ITEM
    assert before in text
    changed_text = text.replace(before, after)
    if before == "share = 70":
        changed_text = changed_text.replace("share = 30", "share = 40")
    changes = compare(book(text), book(changed_text))
    told = [one for change in changes for one in values(change)]
    assert any(name in n and old in str(o) and new in str(w) for n, o, w in told), told


def test_an_item_that_ends_sooner_is_gone_from_then_on() -> None:
    item = ITEM.replace('class = "B"', 'class = "B"\nsince = 2018-01-01')
    ended = item.replace("2018-01-01", "2018-01-01\nuntil = 2019-12-31")
    (change,) = compare(book(BANDS, item), book(BANDS, ended))
    assert (change.since, change.until, change.after) == (date(2020, 1, 1), None, "")
