"""Stored messages changed field by field: what was asked and answered, held against what posted."""

from typing import Any

import psycopg
import pytest

from medswitch.v1 import settlement_pb2
from tests.fix_ledger import Ledger


def _rewrite(ledger: Ledger, column: str, method: str, change: Any) -> str:
    """Change the stored message of the first settled request of a method; return its id."""
    kinds: dict[tuple[str, str], Any] = {
        ("body", "Settle"): settlement_pb2.SettleRequest,
        ("reply", "Settle"): settlement_pb2.SettleResponse,
        ("reply", "Cancel"): settlement_pb2.CancelResponse,
        ("reply", "Reverse"): settlement_pb2.ReverseResponse,
    }
    with psycopg.connect(ledger.province.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT request_id, body, reply FROM medswitch.request"
            " WHERE method = %s AND journal_id IS NOT NULL ORDER BY journal_id LIMIT 1",
            (method,),
        ).fetchone()
    assert row is not None
    message = kinds[column, method].FromString(row[1] if column == "body" else row[2])
    change(message)
    stored = message.SerializeToString()
    if column == "body":
        ledger.break_it("UPDATE request SET body = %s WHERE request_id = %s", stored, row[0])
    else:
        ledger.break_it("UPDATE request SET reply = %s WHERE request_id = %s", stored, row[0])
    return str(row[0])


@pytest.mark.parametrize(
    "part",
    [
        "total_fen", "own_expense_fen", "over_limit_fen", "first_self_pay_fen", "in_scope_fen",
        "fund_fen", "hospital_fen", "person_fen", "account_fen", "account_current_fen",
        "account_earlier_fen", "account_relative_fen", "cash_fen",
    ],
)  # fmt: skip
def test_a_split_whose_parts_do_not_add_up_is_named(ledger: Ledger, part: str) -> None:
    def change(reply: Any) -> None:
        split = reply.decision.split
        setattr(split, part, getattr(split, part) + 1)

    request_id = _rewrite(ledger, "reply", "Settle", change)
    report = ledger.audit()
    assert report.broken >= {3, 5, 10}
    assert {v.key for v in report.violations(3)} == {f"request {request_id}"}
    assert f"decision.split.{part}" in report.violations(10)[0].detail


def test_a_split_that_adds_up_and_is_not_what_posted_is_named(ledger: Ledger) -> None:
    def change(reply: Any) -> None:
        split = reply.decision.split
        split.payers[0].amount_fen += 1
        split.fund_fen += 1
        split.cash_fen -= 1
        split.person_fen -= 1

    _rewrite(ledger, "reply", "Settle", change)
    said = [v.detail for v in ledger.audit().violations(3)]
    assert {one.partition(":")[0] for one in said} >= {"FUND", "INSTITUTION", "CASH"}


def test_a_claim_of_another_total_is_named(ledger: Ledger) -> None:
    def change(request: Any) -> None:
        line = request.claim.lines[0]
        line.amount_fen += 1
        request.claim.total_fen += 1

    _rewrite(ledger, "body", "Settle", change)
    report = ledger.audit()
    assert report.broken >= {3, 5, 8, 10}
    assert "its lines come to" in report.violations(3)[0].detail


def test_another_step_of_the_working_is_named(ledger: Ledger) -> None:
    def change(reply: Any) -> None:
        reply.decision.working[0].note_zh += "！"

    _rewrite(ledger, "reply", "Settle", change)
    report = ledger.audit()
    assert report.broken == {5, 10}
    assert "working[0].note_zh" in report.violations(10)[0].detail


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("settled_at_ms", 1), ("business_day", "2018-12-01"), ("member_id", "00010001"),
        ("balance_current_fen", 1), ("balance_earlier_fen", 1), ("balance_fen", 1),
    ],
)  # fmt: skip
def test_a_receipt_that_says_otherwise_is_named(
    ledger: Ledger, part: str, value: int | str
) -> None:
    _rewrite(ledger, "reply", "Settle", lambda reply: setattr(reply, part, value))
    report = ledger.audit()
    assert report.broken == {5, 10}
    assert part in report.violations(10)[0].detail


def test_a_step_taken_out_of_the_working_is_named(ledger: Ledger) -> None:
    def change(reply: Any) -> None:
        del reply.decision.working[0]

    _rewrite(ledger, "reply", "Settle", change)
    assert "working has" in ledger.audit().violations(10)[0].detail


def test_a_claim_that_would_now_be_declined_is_named(ledger: Ledger) -> None:
    def change(request: Any) -> None:
        request.claim.insurance = "390"

    _rewrite(ledger, "body", "Settle", change)
    assert "is now declined" in ledger.audit().violations(10)[0].detail


def test_a_claim_that_cannot_be_read_is_named(ledger: Ledger) -> None:
    def change(request: Any) -> None:
        request.claim.request_id = "?"

    _rewrite(ledger, "body", "Settle", change)
    assert "claim cannot be read" in ledger.audit().violations(10)[0].detail


@pytest.mark.parametrize(
    "part", ["total_fen", "fund_fen", "account_fen", "cash_fen", "hospital_fen"]
)
@pytest.mark.parametrize("method", ["Cancel", "Reverse"])
def test_an_undo_that_said_other_amounts_is_named(ledger: Ledger, method: str, part: str) -> None:
    def change(reply: Any) -> None:
        setattr(reply.undone, part, getattr(reply.undone, part) + 1)

    _rewrite(ledger, "reply", method, change)
    report = ledger.audit()
    assert report.broken == {3, 5}
    assert report.violations(3)[0].detail.startswith(part.removesuffix("_fen"))


@pytest.mark.parametrize("method", ["Settle", "Cancel"])
def test_another_settlement_id_than_the_journals_is_named(ledger: Ledger, method: str) -> None:
    def change(reply: Any) -> None:
        if method == "Settle":
            reply.settlement_id = ""
        else:
            reply.undone.undo_settlement_id = "2" * 27

    _rewrite(ledger, "reply", method, change)
    report = ledger.audit()
    assert report.broken >= {4, 5}
    assert "was answered" in report.violations(4)[0].detail
