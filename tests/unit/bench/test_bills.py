"""The benchmark measures what it says: bills that the fund pays, the same mix at any size."""

from collections import Counter

import pytest

from switch.bench import bills
from switch.cli.bench_rules import measure
from switch.cli.cases import shipped_rules
from switch.model.decision import Decision
from switch.rules.adjudicate import Rules, adjudicate
from switch.rules.catalogue import Catalogue, generate_rows


def rules_of(size: int) -> Rules:
    return Rules(shipped_rules().books, {"330000": Catalogue.parse("330000", generate_rows(size))})


@pytest.mark.parametrize("visit", [bills.OUTPATIENT, bills.STAY])
@pytest.mark.parametrize("lines", [5, 50])
def test_every_bill_reaches_the_fund_and_both_accounts_or_the_bands(
    visit: bills.Visit, lines: int
) -> None:
    rules = rules_of(60)
    for claim in bills.claims(visit, lines, 60):
        decision = adjudicate(claim, bills.member(), bills.institution(visit), rules)
        assert isinstance(decision, Decision)
        assert decision.split.fund_fen > 0
        assert decision.split.account_fen > 0
        assert len(decision.lines) == lines


@pytest.mark.parametrize("visit", [bills.OUTPATIENT, bills.STAY])
def test_a_larger_catalogue_gives_lines_of_the_same_ratios(visit: bills.Visit) -> None:
    def ratios(size: int) -> Counter[str]:
        rows = {row["code"]: row["first_pay_bp"] for row in generate_rows(size)}
        claims = bills.claims(visit, 50, size)
        return Counter(rows[line.code] for claim in claims for line in claim.lines)

    assert ratios(60) == ratios(6_000)


def test_each_row_is_measured_in_each_round() -> None:
    rows = measure(2)
    assert {(row.visit.name, row.lines, row.catalogue_items) for row in rows} == {
        (name, lines, size)
        for name in ("outpatient", "stay")
        for lines in (5, 50, 500)
        for size in (60, 100_000)
    }
    assert all(len(row.us) == 2 and min(row.us) > 0 for row in rows)
