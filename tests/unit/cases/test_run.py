"""A case that is written wrong is told so, by name; one that fails says where and by how much."""

import re
from pathlib import Path
from typing import Any

import pytest

from switch.cases.files import read_policies, run_file
from switch.cases.run import CaseResult
from switch.model.decision import Decision
from switch.rules.adjudicate import Rules

POLICY = """
region = "339950"
[given]
since = 2020-01-01
source = "s"
insurances = ["310"]
kinds = ["11", "21"]
[[rule]]
id = "bands"
type = "bands"
fund = 80
[[rule]]
id = "deductible"
type = "deductible"
amount = 100
per = "year"
used = "taken"
[[rule]]
id = "visits"
type = "accumulator"
name = "visits"
counts = ["visits"]
[[item]]
code = "A"
first_pay = 0
"""
HEAD = 'policy = "p.toml"\n[given]\non = 2020-05-01\nkind = "11"\n'
CASE = '[[case]]\nname = "c"\n'


def none_shipped() -> Rules:
    """Fail: a file that names its policies needs none of the package's."""
    raise AssertionError("the shipped rules were asked for")


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run the text of a case file beside the policy."""
    (tmp_path / "p.toml").write_text(POLICY, encoding="utf-8")

    def run_text(text: str) -> list[CaseResult]:
        path = tmp_path / "cases.toml"
        path.write_text(text, encoding="utf-8")
        return list(run_file(path, none_shipped))

    return run_text


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("in_scope = 1", "cases.toml: c: nothing is expected"),
        ("in_scope = 1\nexpect = {}", "cases.toml: c, expect: nothing is expected"),
        ("in_scope = 1\nexpect = { fonds = 1 }", "unknown fields .'fonds'.; known here"),
        ("in_scope = 1\nexpect = 1", "expect is 1; write a table"),
        ("in_scope = 1\nexpect = { fund = 0.001 }", "fund is '0.001'; write yuan with at most two"),
        ("in_scope = 1\nexpect = { parts = { shares = 1 } }", "parts names 'shares'; known are"),
        ("in_scope = 1\nexpect = { moved = { took = 1 } }", "moved names 'took', which no rule"),
        ("in_scope = 1\nexpect = { moved = { visits = 1.5 } }", "it is counted in times"),
        ("in_scope = 1\nexpect = { moved = { visits = true } }", "it is counted in times"),
        ("in_scope = 1\nexpect = { accumulators = { x = 1 } }", "kept are taken, visits"),
        ("in_scope = 1\nexpect = { lines = [{ number = 2, own = 1 }] }", "the bill has no line 2"),
        ("in_scope = 1\nexpect = { lines = [{ own = 0, o = 1 }] }", "lines 1: unknown fields"),
        ("in_scope = 1\nexpect = { decline = 'NOT_INSURED', fund = 1 }", "beside decline"),
        ("in_scope = 1\nexpect = { decline = 'NOPE' }", "decline is 'NOPE'; write"),
        ("in_scope = 1\nclour = 1\nexpect = { fund = 0 }", "unknown fields .'clour'."),
        ("on = '2020-05-01'\nin_scope = 1\nexpect = { fund = 0 }", "on is '2020-05-01'; write a"),
        ("on = ''\nin_scope = 1\nexpect = { fund = 0 }", "on is missing; write the day of service"),
        ("in_scope = 1.005\nexpect = { fund = 0 }", "in_scope is '1.005'; write yuan"),
        ("in_scope = 'many'\nexpect = { fund = 0 }", "in_scope is 'many'; write yuan"),
        ("in_scope = nan\nexpect = { fund = 0 }", "in_scope is 'nan'; write yuan"),
        ("in_scope = true\nexpect = { fund = 0 }", "in_scope is 'True'; write yuan"),
        ("in_scope = 1\ntotal = 2\nown = 0\nexpect = { fund = 0 }", "is 100 fen, total 200"),
        ("own = 3\ntotal = 2\nexpect = { fund = 0 }", "own . over . first exceed the total"),
        ("in_scope = 1\nlines = [{ code = 'A', amount = 1 }]\nexpect = { fund = 0 }", "the one or"),
        ("lines = [{ code = 'A' }]\nexpect = { fund = 0 }", "lines 1: amount is missing"),
        ("lines = [{ code = 'A', price = inf }]\nexpect = { fund = 0 }", "price is 'inf'; write"),
        ("lines = [{ code = 'A', price = 1, quantity = 0.00001 }]\nexpect = { fund = 0 }", "four"),
        ("lines = [{ code = 'a', amount = 1, first_pay = 2 }]\nexpect = { fund = 0 }", "code 'a'"),
        ("lines = [{ amount = 1, clas = 'A' }]\nexpect = { fund = 0 }", "unknown fields .'clas'."),
        ("lines = [1]\nexpect = { fund = 0 }", "lines is .1.; write a list of tables"),
        (
            (
                "lines = [{ code = 'Z', amount = 1, first_pay = 1 },"
                " { code = 'Z', amount = 1, first_pay = 2 }]\nexpect = { fund = 0 }"
            ),
            "lines 2: Z stands on an earlier line with other terms",
        ),
        (
            (
                "lines = [{ code = 'A', amount = 1, number = 2 }, { code = 'A', amount = 1 }]\n"
                "expect = { fund = 0 }"
            ),
            "two lines have one number",
        ),
        (
            (
                "lines = [{ code = 'A', amount = 1 }, { code = 'A', amount = -2, withdraws = 1 }]\n"
                "expect = { fund = 0 }"
            ),
            "more is withdrawn than was charged",
        ),
        ("lines = [{ code = 'A', amount = -1 }]\nexpect = { fund = 0 }", "not on the bill"),
        ("in_scope = 1\nkind = '99'\nexpect = { fund = 0 }", "kind is '99'; write one of 11, 12"),
        ("in_scope = 1\nkind = 11\nexpect = { fund = 0 }", "kind is 11; write a text in quotes"),
        ("in_scope = 1\nclass = 'worker'\nexpect = { fund = 0 }", "class is 'worker'"),
        ("in_scope = 1\nsex = 'x'\nexpect = { fund = 0 }", "sex is 'x'; write one of female, male"),
        ("in_scope = 1\nage = -1\nexpect = { fund = 0 }", "age is -1; write full years"),
        ("in_scope = 1\nage = 200\nexpect = { fund = 0 }", "age is 200; write full years"),
        ("in_scope = 1\nage = 4.5\nexpect = { fund = 0 }", "write a whole number"),
        ("in_scope = 1\nage = true\nexpect = { fund = 0 }", "write a whole number"),
        ("in_scope = 1\nlevel = 'best'\nexpect = { fund = 0 }", "level is 'best'"),
        ("in_scope = 1\ncare = '33'\nexpect = { fund = 0 }", "six digits"),
        ("in_scope = 1\nuse_account = 'no'\nexpect = { fund = 0 }", "write true or false"),
        ("in_scope = 1\ntags = 1\nexpect = { fund = 0 }", "tags is 1; write a list of wo"),
        ("in_scope = 1\nstandings = 1\nexpect = { fund = 0 }", "standings is 1; write a"),
        ("in_scope = 1\nstandings = [1]\nexpect = { fund = 0 }", "standings is .1.; write a list"),
        ("in_scope = 1\nstandings = [{ wort = 'a' }]\nexpect = { fund = 0 }", "unknown fields"),
        ("in_scope = 1\nfilings = [{ kind = 'visa' }]\nexpect = { fund = 0 }", "kind is 'visa'"),
        ("in_scope = 1\nfilings = [{ plaice = '33' }]\nexpect = { fund = 0 }", "unknown fields"),
        ("in_scope = 1\nmore_enrolments = [{ region = '1' }]\nexpect = { fund = 0 }", "six digits"),
        ("in_scope = 1\nhistory = { took = 1 }\nexpect = { fund = 0 }", "history names 'took'"),
        ("in_scope = 1\nhistory = { visits = '1' }\nexpect = { fund = 0 }", "counted in times"),
        ("in_scope = 1\nhistory_of_years = { 2019 = 1 }\nexpect = { fund = 0 }", "by year, such"),
        ("in_scope = 1\nhistory_of_years = { x = {} }\nexpect = { fund = 0 }", "by year, such as"),
        ("in_scope = 1\ninjury = 'war'\nexpect = { fund = 0 }", "injury is 'war'"),
        ("settlements = 1\nexpect = { fund = 0 }", "write settlements as a list of tables"),
        ("settlements = [1]\nexpect = { fund = 0 }", "write settlements as a list of tables"),
        ("settlements = [{ in_scope = 1 }]", "nothing is expected"),
        (
            "settlements = [{ in_scope = 1, expect = { fund = 0 } }, { cancel = 2 }]",
            "settlement 2: cancel names settlement 2, which settled nothing",
        ),
        (
            (
                "settlements = [{ in_scope = 1, expect = { fund = 0 } }, { cancel = 1 }, "
                "{ cancel = 1 }]"
            ),
            "settlement 3: cancel names settlement 1, which settled nothing",
        ),
        (
            "settlements = [{ in_scope = 1, expect = { fund = 0 } }, { credit = 1 }]",
            "cancel names settlement 0",
        ),
        (
            (
                "settlements = [{ in_scope = 1, expect = { fund = 0 } }, "
                "{ cancel = 1, expect = { fund = 0 } }]"
            ),
            "'expect'. stand beside an event between bills",
        ),
        ("settlements = [{ cancel = 1 }]\nin_scope = 1\nexpect = { fund = 0 }", "unknown fields"),
    ],
)
def test_a_case_that_is_written_wrong_is_told_so(run: Any, body: str, wrong: str) -> None:
    (result,) = run(HEAD + CASE + body)
    assert not result.holds
    assert result.outcomes == ()
    with pytest.raises(ValueError, match=wrong):
        raise ValueError(result.fault)
    assert result.fault.startswith("cases.toml: c")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[[case]", "cases.toml: not TOML"),
        ('policy = "p.toml"', r"no \[\[case\]\]"),
        ('policy = "p.toml"\ncase = 1', r"no \[\[case\]\]"),
        ('policy = "p.toml"\ncase = [1]', r"no \[\[case\]\]"),
        ('policy = "p.toml"\ngiven = 1\n' + CASE, r"write \[given\] as a table"),
        ('policy = "p.toml"\ncases = 1\n' + CASE, r"unknown fields \['cases'\]"),
        ("policy = 1\n" + CASE, "policy is 1; write the paths of policy files"),
        ("policy = [1]\n" + CASE, r"policy is \[1\]; write the paths"),
    ],
)
def test_a_file_that_is_no_case_file_is_refused(run: Any, text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        run(text)


def test_a_policy_that_is_not_there_is_an_error_of_its_file(run: Any) -> None:
    with pytest.raises(OSError, match=r"other\.toml"):
        run('policy = ["other.toml"]\n' + CASE)


def test_a_policy_in_another_encoding_is_told_so(run: Any, tmp_path: Path) -> None:
    (tmp_path / "gb.toml").write_text("# 政策" + POLICY, encoding="gb18030")
    with pytest.raises(ValueError, match=r"gb\.toml: not UTF-8; save"):
        run('policy = "gb.toml"\n' + CASE)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("in_scope = -1\nexpect = { fund = 0 }", "'in_scope'. lie below 0"),
        ("in_scope = 1\nage = 9\nborn = 2000-01-01\nexpect = { fund = 0 }", "age and born stand"),
        ("in_scope = 1\nexpect = { fnd = 0 }", "'fulamt_ownpay_amt', 'fund'"),
    ],
)
def test_a_message_names_what_is_wrong_and_what_is_known(run: Any, body: str, wrong: str) -> None:
    (result,) = run(HEAD + CASE + body)
    assert re.search(wrong, result.fault)


def test_a_case_without_a_kind_is_told_so(run: Any) -> None:
    (result,) = run(
        HEAD.replace('kind = "11"\n', "") + CASE + "in_scope = 1\nexpect = { fund = 0 }"
    )
    assert "kind is missing" in result.fault


def differences(run: Any, body: str) -> dict[str, tuple[str, str]]:
    (result,) = run(HEAD + CASE + body)
    assert not result.fault, result.fault
    return {
        one.field: (one.expected, one.found)
        for outcome in result.outcomes
        for one in outcome.differences
    }


@pytest.mark.parametrize(
    ("expect", "field", "texts"),
    [
        ("fund = 81", "fund", ("81.00", "80.00")),
        ("cash = '1,119.99'", "cash", ("1,119.99", "120.00")),
        ("hifp_pay = 79.99", "hifp_pay", ("79.99", "80.00")),
        ("balc = 1", "balc", ("1.00", "0.00")),
        ("parts = { deductible = 1 }", "parts.deductible", ("1.00", "100.00")),
        ("payers = { 330100 = 1, 310100 = 80 }", "payers.330100", ("1.00", "0.00")),
        ("payers = {}", "payers.310100", ("0.00", "80.00")),
        ("moved = { taken = 1 }", "moved.taken", ("1.00 (100)", "100.00 (10000)")),
        ("moved = { visits = 2 }", "moved.visits", ("0.02 (2)", "0.01 (1)")),
        ("accumulators = { visits = 2 }", "accumulators.visits", ("0.02 (2)", "0.01 (1)")),
        ("lines = [{ in_scope = 1 }]", "lines.1.in_scope", ("1.00", "200.00")),
        ("year = '2019'", "year", ("2019", "339950/310/2020")),
        ("filing = 'F'", "filing", ("F", "")),
        ("ruled_on = 2020-05-02", "ruled_on", ("2020-05-02", "2020-05-01")),
        ("clearing_type = '21'", "clearing_type", ("21", "11")),
        ("working = ['ceiling']", "working", ("ceiling", "no step of this rule")),
        ("decline = 'NOT_INSURED'", "decline", ("NOT_INSURED", "settled")),
    ],
)
def test_a_case_that_fails_says_where_and_what_was_found(
    run: Any, expect: str, field: str, texts: tuple[str, str]
) -> None:
    found = differences(run, f"in_scope = 200\nexpect = {{ {expect} }}")
    assert found == {field: texts}


def test_a_bill_that_is_declined_instead_says_for_what(run: Any) -> None:
    body = "in_scope = 1\nuntil = 2020-04-30\n"
    facts = "(on 2020-05-01, region 339950)"
    assert differences(run, body + "expect = { fund = 0 }") == {
        "decline": ("settled", f"NOT_INSURED {facts}")
    }
    assert differences(run, body + "expect = { decline = 'COVER_WAITING' }") == {
        "decline": ("COVER_WAITING", f"NOT_INSURED {facts}")
    }
    expect = (
        "expect = { decline = 'NOT_INSURED', facts = { on = 2020-05-01, region = '1', x = 1 } }"
    )
    assert differences(run, body + expect) == {
        "facts.region": ("1", "339950"),
        "facts.x": ("1", "-"),
    }


def test_a_case_that_holds_and_one_that_does_not_stand_beside_each_other(run: Any) -> None:
    body = "in_scope = 200\nexpect = {{ fund = {} }}\n"
    first, second, third = run(
        HEAD + CASE + body.format(80) + "[[case]]\n" + body.format(81) + CASE + "x = 1\nexpect = 1"
    )
    assert [one.holds for one in (first, second, third)] == [True, False, False]
    assert [one.name for one in (first, second, third)] == ["c", "case 2", "c"]
    (outcome,) = first.outcomes
    assert isinstance(outcome.decision, Decision)
    assert outcome.label == ""


def test_settlements_build_on_each_other_and_events_lie_between_them(run: Any) -> None:
    (result,) = run(
        HEAD + CASE + "current = 10\nin_scope = 50\nsettlements = [\n"
        "{ in_scope = 60, expect = { deductible = 60 } },\n"
        "{ in_scope = 60, expect = { deductible = 40, fund = 16 } },\n"
        "{ cancel = 1, note = 'the wrong person' },\n"
        "{ year_end = true, credit = 5 },\n"
        "{ on = 2020-12-31, in_scope = 60, expect = { deductible = 60, balance_current = 5, "
        "balance_earlier = 10, accumulators = { taken = 100, visits = 2 } } },\n"
        "]\nexpect = { deductible = 0, fund = 40 }"
    )
    assert result.fault == ""
    assert [one.label for one in result.outcomes] == [
        "settlement 1", "settlement 2", "settlement 5", "settlement 6",
    ]  # fmt: skip
    assert result.holds


def test_a_cancelled_bill_gives_back_what_each_account_paid(run: Any, tmp_path: Path) -> None:
    account = (
        '[[rule]]\nid = "account"\ntype = "account"\nuses = [\n'
        '{ account = "current", parts = ["deductible"] },'
        '{ account = "earlier", parts = ["deductible"] },'
        '{ account = "relative", parts = ["deductible"] }]\n'
    )
    policy = POLICY.replace("[[item]]", account + "[[item]]")
    (tmp_path / "p.toml").write_text(policy, encoding="utf-8")
    (result,) = run(
        HEAD + CASE + "current = 10\nearlier = 20\nrelative = 30\nsettlements = [\n"
        "{ in_scope = 90, expect = { current = 10, earlier = 20, relative = 30, cash = 30 } },\n"
        "{ cancel = 1 },\n"
        "{ in_scope = 90, expect = { current = 10, earlier = 20, relative = 30, balance = 0 } },\n"
        "]"
    )
    assert result.holds, result


def test_policies_of_several_regions_make_a_book_each(tmp_path: Path) -> None:
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text("\ufeff" + POLICY, encoding="utf-8")
    other.write_text(POLICY.replace("339950", "339951"), encoding="utf-8")
    assert sorted(read_policies([one, other]).books) == ["339950", "339951"]


def test_two_regions_with_rules_need_one_to_be_named(run: Any, tmp_path: Path) -> None:
    other = POLICY.replace("339950", "339951").replace("310", "390")
    (tmp_path / "q.toml").write_text(other, encoding="utf-8")
    head = HEAD.replace('"p.toml"', '["p.toml", "q.toml"]')
    (result,) = run(head + CASE + "in_scope = 1\nexpect = { fund = 0 }")
    assert "region is missing; the policies are of 339950, 339951" in result.fault
    (result,) = run(head + CASE + "region = '339951'\nin_scope = 200\nexpect = { basic = 80 }")
    assert result.holds, result


def test_without_a_policy_of_its_own_a_file_runs_on_the_rules_given(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(POLICY, encoding="utf-8")
    rules = read_policies([tmp_path / "p.toml"])
    path = tmp_path / "cases.toml"
    path.write_text(HEAD.partition("\n")[2] + CASE + "in_scope = 200\nexpect = { fund = 80 }")
    (result,) = run_file(path, lambda: rules)
    assert result.holds
    (result,) = run_file(path, lambda: Rules({}, {}))
    assert "region is missing; the policies are of " in result.fault
