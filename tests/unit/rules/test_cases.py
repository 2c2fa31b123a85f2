"""Runs every case of tests/cases: each expected amount was derived by hand, beside the case."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from switch.model.claim import FeeLine
from switch.model.codes import Insurance, MemberClass
from switch.model.decision import Decision, Decline
from switch.model.ids import RegionCode
from switch.model.member import Enrolment, year_key
from switch.rules.adjudicate import adjudicate
from tests.unit.rules.fix_rules import (
    OWN,
    PLAIN,
    Person,
    make_claim,
    make_filing,
    make_institution,
    make_line,
    make_member,
    shipped_rules,
)

CASES = Path(__file__).parents[2] / "cases"
Case = Mapping[str, Any]

FIELDS = frozenset(
    {
        "name", "source", "on", "region", "insurance", "class", "born", "since", "until", "kind",
        "level", "deductible_level", "care", "kinds", "designated", "designated_until", "opened",
        "closed", "current", "earlier", "use_account", "history", "history_year", "filings",
        "lines", "in_scope", "own", "admitted", "discharged", "injury", "disease", "identity",
        "prescriber_level", "more_enrolments", "name_insurance", "name_region", "expect",
    }
)  # fmt: skip


def fen(text: str) -> int:
    """Return an amount written in yuan with two decimals, or a bare count, as an integer."""
    sign = -1 if text.startswith("-") else 1
    yuan, _, rest = text.lstrip("-").replace(",", "").partition(".")
    assert len(rest) in {0, 2}, text
    return sign * (int(yuan) * 100 + int(rest or "0"))


def amount(value: str | int) -> int:
    """Return an accumulator's value: yuan as text, a count as a number."""
    return value if isinstance(value, int) else fen(value)


def load_cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("**/*.toml")):
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in document["case"]:
            merged = {**document.get("given", {}), **case}
            assert set(merged) <= FIELDS, (path.name, case["name"], set(merged) - FIELDS)
            found.append(pytest.param(merged, id=f"{path.stem}: {case['name']}"))
    return found


def case_lines(case: Case) -> list[FeeLine]:
    if "lines" not in case:
        totals = ((PLAIN, case.get("in_scope", "0")), (OWN, case.get("own", "0")))
        return [
            make_line(number, fen(text), code, on=case["on"])
            for number, (code, text) in enumerate(totals, start=1)
            if fen(text)
        ]
    return [
        make_line(
            line.get("number", number),
            fen(line["amount"]),
            line["code"],
            on=line.get("on", case["on"]),
            quantity_e4=line.get("quantity", 1) * 10_000,
            disease=line.get("disease", ""),
            withdraws=line.get("withdraws", 0),
        )
        for number, line in enumerate(case["lines"], start=1)
    ]


def case_person(case: Case) -> Person:
    region, insurance = case["region"], case["insurance"]
    key = year_key(region, insurance, case.get("history_year", case["on"].year))
    history = {name: amount(value) for name, value in case.get("history", {}).items()}
    return Person(
        region=region,
        insurance=insurance,
        member_class=case["class"],
        born_on=case.get("born", date(1968, 1, 1)),
        since=case.get("since", date(2010, 1, 1)),
        until=case.get("until"),
        current_fen=fen(case.get("current", "0")),
        earlier_fen=fen(case.get("earlier", "0")),
        history={key: history},
        filings=[make_filing(**{"region": region, **item}) for item in case.get("filings", [])],
        more_enrolments=[
            Enrolment(
                RegionCode(item["region"]),
                Insurance(item["insurance"]),
                MemberClass(item["class"]),
                item["since"],
                item.get("until"),
            )
            for item in case.get("more_enrolments", [])
        ],
    )


def run_case(case: Case) -> Decision | Decline:
    claim = make_claim(
        case_lines(case),
        case["kind"],
        on=case["on"],
        care=case.get("care", case["region"]),
        region=case.get("name_region", ""),
        insurance=case.get("name_insurance", ""),
        use_account=case.get("use_account", True),
        admitted=case.get("admitted"),
        discharged=case.get("discharged"),
        injury=case.get("injury", "none"),
        disease=case.get("disease", ""),
        prescription="prescriber_level" in case,
    )
    institution = make_institution(
        case.get("care", case["region"]),
        case["level"],
        case.get("deductible_level", ""),
        kinds=case.get("kinds", ["11", "12", "13", "14", "21", "28", "41"]),
        since=case.get("designated", date(2000, 1, 1)),
        until=case.get("designated_until"),
        opened=case.get("opened", date(2012, 1, 1)) or None,
        closed=case.get("closed"),
    )
    prescriber = (
        make_institution(case["region"], case["prescriber_level"])
        if "prescriber_level" in case
        else None
    )
    return adjudicate(
        claim,
        make_member(case_person(case)),
        institution,
        shipped_rules(),
        prescriber=prescriber,
        by_identity=case.get("identity", False),
    )


def compare(decision: Decision, expect: Case) -> None:
    split = decision.split
    payers = {payer.fund: payer.amount_fen for payer in split.payers}
    found = {
        "total": split.total_fen,
        "own": split.own_expense_fen,
        "over": split.over_limit_fen,
        "first": split.first_self_pay_fen,
        "in_scope": split.in_scope_fen,
        "deductible": split.deductible_fen,
        "fund": split.fund_fen,
        "current": split.account_current_fen,
        "earlier": split.account_earlier_fen,
        "cash": split.cash_fen,
    }
    moved = next(iter(decision.deltas.values()), {})
    for name, value in expect.items():
        if name == "payers":
            assert payers == {fund: fen(text) for fund, text in value.items()}
        elif name == "moved":
            assert {key: moved.get(key, 0) for key in value} == {
                key: amount(item) for key, item in value.items()
            }
        elif name == "year":
            assert list(decision.deltas) == [value]
        elif name == "filing":
            assert decision.filing_id == value
        elif name == "ruled_on":
            assert decision.ruled_on == value
        else:
            assert (name, found[name]) == (name, fen(value))


@pytest.mark.parametrize("case", load_cases())
def test_case_gives_the_amounts_derived_by_hand(case: Case) -> None:
    assert case["source"]
    expect = case["expect"]
    found = run_case(case)
    if "decline" in expect:
        assert isinstance(found, Decline), found.split
        assert found.code.name == expect["decline"]
        facts = expect.get("facts", {})
        assert {key: found.facts[key] for key in facts} == facts
        return
    assert isinstance(found, Decision), found
    assert {"fund", "cash"} <= set(expect), "a case names at least fund and cash"
    compare(found, expect)


def test_there_are_enough_cases() -> None:
    assert len(load_cases()) >= 60
