from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.ledger import accumulators, chart, entries
from switch.model.codes import FundPayType, Insurance, MemberClass
from switch.model.decision import Decision, Payer, Split
from switch.model.ids import Account, InstitutionCode, MemberId, RegionCode
from switch.model.journal import Posting
from switch.model.money import Fen

HOSPITAL = InstitutionCode("H33020100001")
MEMBER = MemberId("00010001")
parts = st.integers(0, 10**9)


def decision(home: str, care: str, *amounts: int) -> Decision:
    fund, large, current, earlier, cash, hospital = map(Fen, amounts)
    total = Fen(sum(amounts))
    split = Split(
        total_fen=total,
        own_expense_fen=Fen(0),
        over_limit_fen=Fen(0),
        first_self_pay_fen=Fen(0),
        in_scope_fen=total,
        deductible_fen=Fen(0),
        payers=(
            Payer(FundPayType.EMPLOYEE_POOLED, fund),
            Payer(FundPayType.LARGE_AMOUNT, large),
        ),
        hospital_fen=hospital,
        account_current_fen=current,
        account_earlier_fen=earlier,
        account_relative_fen=Fen(0),
        cash_fen=cash,
    )
    return Decision(
        region_insured=RegionCode(home), region_care=RegionCode(care),
        insurance=Insurance.EMPLOYEE, member_class=MemberClass.IN_SERVICE, clearing_type="11",
        filing_id="", split=split, working=(), deltas={}, consulted=frozenset(), year_to_date=(),
        rule_book="", ruled_on=date(2018, 12, 1), parts={}, lines=(),
    )  # fmt: skip


def balances(postings: tuple[Posting, ...]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for posting in postings:
        found[posting.book, posting.debit] -= posting.amount_fen
        found[posting.book, posting.credit] += posting.amount_fen
    return found


@given(st.tuples(parts, parts, parts, parts, parts, parts), st.sampled_from(["330299", "330199"]))
def test_a_journal_carries_the_whole_bill_and_each_book_balances(
    amounts: tuple[int, ...], care: str
) -> None:
    found = balances(entries.postings_of(decision("330299", care, *amounts), MEMBER, HOSPITAL))
    fund, large, current, earlier, cash, hospital = amounts
    assert found[care, chart.institution(HOSPITAL)] == fund + large + current + earlier
    assert found[care, chart.cash(HOSPITAL)] == cash
    assert found[care, chart.borne(HOSPITAL)] == hospital
    assert found["330299", chart.member_current(MEMBER)] == -current
    for book in ("330299", care):
        assert sum(fen for (where, _), fen in found.items() if where == book) == 0


@given(st.tuples(parts, parts, parts, parts, parts, parts))
def test_due_accounts_mirror(amounts: tuple[int, ...]) -> None:
    found = balances(entries.postings_of(decision("330299", "330199", *amounts), MEMBER, HOSPITAL))
    due = chart.due("330299", "330199")
    assert found["330299", due] == -found["330199", due] == sum(amounts[:4])


@given(st.tuples(parts, parts, parts, parts, parts, parts))
def test_a_journal_and_its_undoing_sum_to_zero(amounts: tuple[int, ...]) -> None:
    postings = entries.postings_of(decision("330299", "330199", *amounts), MEMBER, HOSPITAL)
    assert not +balances(postings + entries.undone(postings))
    assert all(value == 0 for value in entries.sums(postings + entries.undone(postings)).values())


def test_zero_amounts_post_nothing() -> None:
    assert (
        entries.postings_of(decision("330299", "330299", 0, 0, 0, 0, 0, 0), MEMBER, HOSPITAL) == ()
    )
    region = RegionCode("330299")
    assert entries.opening_postings(region, MEMBER, Fen(0), Fen(0)) == ()
    opened = entries.opening_postings(region, MEMBER, Fen(5), Fen(7))
    assert [posting.amount_fen for posting in opened] == [5, 7]


@pytest.mark.parametrize(
    ("debit", "credit", "amount"), [("A", "B", 0), ("A", "B", -1), ("A", "A", 1)]
)
def test_a_posting_moves_something_somewhere(debit: str, credit: str, amount: int) -> None:
    with pytest.raises(ValueError, match="posting"):
        Posting(RegionCode("330299"), Account(debit), Account(credit), Fen(amount))


names = st.sampled_from(["inpatient.in_scope", "outpatient.in_scope", "special.fund"])
years = st.sampled_from(["330299/310/2017", "330299/310/2018", "330299/390/2018"])
deltas = st.dictionaries(years, st.dictionaries(names, st.integers(-100, 100)))
held = st.dictionaries(years, st.dictionaries(names, st.integers(1, 10**9), min_size=1))


@given(held, deltas)
def test_settle_then_undo_restores_the_accumulators(
    before: dict[str, dict[str, int]], change: dict[str, dict[str, int]]
) -> None:
    after = accumulators.applied(before, change)
    assert accumulators.applied(after, accumulators.negated(change)) == before


@given(held)
def test_the_latest_year_of_each_scheme_stands_on_the_row(
    values: dict[str, dict[str, int]],
) -> None:
    row, earlier = accumulators.latest_years(values)
    assert set(row) | earlier == set(values)
    for key in earlier:
        scheme, _, year = key.rpartition("/")
        assert any(k.rpartition("/")[0] == scheme and k > key for k in row), year


def test_moved_names_only_what_changed() -> None:
    assert entries.moved({"y": {"a": 0, "b": 1}}) == {"y#b"}
