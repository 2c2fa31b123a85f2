"""What rules that name groups of items, or both forms of a reduction, are refused for."""

import re

import pytest

from tests.unit.rules.test_read import BANDS, parse, plan_of, rule

PAYER = 'payer = "330100"\norder = 1\npays = 1\n'
APART = rule("flat", 'groups = ["a", "b"]\nfund = 1').replace('"x"', '"apart"')


@pytest.mark.parametrize(
    ("kind_of_rule", "body", "wrong"),
    [
        ("payer", PAYER + 'above = "y"\ngroups = ["a"]', "exclude each other"),
        ("payer", PAYER + 'above = "y"\nwithout_groups = ["a"]', "exclude each other"),
        (
            "payer",
            PAYER + 'base = ["share"]\ngroups = ["a"]\nwithout_groups = ["b"]',
            "exclude each other; write one of them",
        ),
        ("payer", PAYER + 'base = ["share"]\ngroups = "a"', "groups is 'a'; write a list of words"),
        (
            "cross_city",
            'rows = [{ form = "first_pay", rate = 1, times = 2, minus_points = 3 }]',
            "rows 1: minus_points and times stand side by side",
        ),
        (
            "cross_city",
            'rows = [{ form = "first_pay", rate = 1, times = 0 }]',
            "times of 0 reduces nothing; leave it out",
        ),
        (
            "cross_city",
            'rows = [{ form = "times", rate = 1, minus_points = 3 }]',
            "unknown fields .'minus_points'.",
        ),
        ("cross_city", 'rows = [{ form = "times", rate = 1, flat = "a" }]', "flat is 'a'"),
    ],
)
def test_a_wrong_value_is_refused_by_file_line_and_rule(
    kind_of_rule: str, body: str, wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse(BANDS, rule(kind_of_rule, body))
    assert str(refused.value).startswith("p.toml:11: rule x from 2020-01-01")


@pytest.mark.parametrize(
    ("kind_of_rule", "body", "wrong"),
    [
        (
            "payer",
            PAYER + 'base = ["own_expense", "share"]\ngroups = ["c"]',
            r"x@2020-01-01: \['share'\] of \['c'\] are not known, for no flat rule",
        ),
        (
            "payer",
            PAYER + 'base = ["deductible"]\nwithout_groups = ["a", "b", "c"]',
            r"x@2020-01-01: \['deductible'\] of \['c'\] are not known",
        ),
        (
            "payer",
            PAYER + 'base = ["share"]\ngroups = ["b"]',
            r"x@2020-01-01: apart@2020-01-01 settles \['a', 'b'\] together: name \['a'\] too",
        ),
        (
            "cross_city",
            'rows = [{ form = "times", rate = 1, flat = ["a"] }]',
            r"x@2020-01-01/1: apart@2020-01-01 settles .* together: name \['b'\] too",
        ),
        (
            "cross_city",
            'rows = [{ form = "times", rate = 1, flat = ["c"] }]',
            r"x@2020-01-01/1: no flat rule settles \['c'\] apart",
        ),
    ],
)
def test_groups_that_no_flat_rule_settles_so_are_refused(
    kind_of_rule: str, body: str, wrong: str
) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        parse(BANDS, APART, rule(kind_of_rule, body))
    assert re.match(r"p\.toml:7: rule b", str(refused.value))


def test_what_lies_outside_the_scope_is_known_of_any_group() -> None:
    body = PAYER + 'base = ["own_expense", "over_limit", "first_self_pay"]\ngroups = ["c", "d"]'
    assert plan_of(parse(BANDS, APART, rule("payer", body))).payer_groups == {"c", "d"}
