"""The demonstration: twenty-one cases whose stated parts add up, and a table that tells."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from switch.demo.cases import Amounts, Case, Step, fen, load_cases
from switch.demo.steps import differences
from switch.demo.table import CaseTable, Row
from switch.demo.verbs import VERBS

CASES = load_cases()
STEPS = [pytest.param(s, id=f"{c.number}-{n}") for c in CASES for n, s in enumerate(c.steps, 1)]


def test_the_cases_are_the_twenty_one_in_their_order() -> None:
    assert [case.number for case in CASES] == list(range(1, 22))
    assert all(case.steps and case.zh and case.en for case in CASES)


@pytest.mark.parametrize("step", STEPS)
def test_what_a_step_expects_adds_up(step: Step) -> None:
    """Payers make the total, and so do the parts of the bill; a bill's lines make it, too."""
    assert step.do in VERBS
    stated = step.amounts
    if stated is None or step.code not in {"", "AMOUNTS_CHANGED"}:
        return
    paid = sum(part for _, part in stated.fund) + stated.hospital + stated.account + stated.cash
    scoped = stated.own_expense + stated.over_limit + stated.first_self_pay + stated.in_scope
    lines = sum(fen(price) * int(quantity) for _, quantity, price in step.lines)
    assert stated.total == paid == scoped == lines


def test_a_difference_of_one_fen_is_told_with_both_amounts() -> None:
    step = next(s for c in CASES for s in c.steps if s.amounts is not None and s.balance)
    assert step.amounts is not None
    assert differences(step, step.amounts, step.balance) == ""
    other = replace(step.amounts, cash=step.amounts.cash + 1)
    assert differences(step, other) == "cash: 0.01, expected 0.00"
    assert differences(step, step.amounts, 4_999) == "balance: 49.99, expected 50.00"


@pytest.mark.parametrize("width", [80, 104, 200])
def test_the_table_keeps_every_amount_whole_and_marks_what_is_wrong(width: int) -> None:
    out = StringIO()
    amounts = Amounts(total=1_860_000, fund=(("310100", 982_760),), account=-100, cash=877_240)
    row = Row("测试甲子\nemployee", "示例甬江社区卫生服务中心", amounts, "OK", "理由", "reason")
    wrong = replace(row, decision="SPECIAL_DISEASE_EXCLUDED_CROSS_CITY", wrong="cash: 0.01")
    case = Case(1, "案例", "case", ())
    CaseTable(Console(file=out, width=width)).show(case, [row, wrong])
    said = out.getvalue()
    for text in ("18,600.00", "310100 9,827.60", "-1.00", "8,772.40", "✓", "✗ cash: 0.01"):
        assert text in said
    assert "SPECIAL_DISEASE_EXCLUDED_CROSS_CITY" in said


def test_an_amount_of_half_a_fen_is_no_amount() -> None:
    with pytest.raises(ValueError, match="parts of a fen"):
        fen("0.005")
