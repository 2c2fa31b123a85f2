"""A real ledger, broken as only a superuser can break it, and the audit that names what broke.

A change of a posted row breaks its seal, too, and often more: each case says which invariants must
be named, and what the audit must say of the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from switch.audit import reader
from tests.fix_ledger import Ledger

HOME_FUND = "FUND:330299:310100"
UNDO = "kind IN ('cancellation', 'reversal')"
ONE_SETTLEMENT = "(SELECT min(id) FROM journal WHERE kind = 'settlement')"


@dataclass(frozen=True)
class Break:
    """What is done to a ledger, which invariants must then be named, and with what words."""

    name: str
    statements: Sequence[str]
    named: frozenset[int]
    says: str


def _break(name: str, named: Sequence[int], says: str, *statements: str) -> Any:
    return pytest.param(Break(name, statements, frozenset(named), says), id=f"{named[0]}-{name}")


BREAKS = [
    _break("a member row is gone", [0], "member ",
           "DELETE FROM member WHERE version > 1"),
    _break("a posting has no journal", [0], "has no journal",
           "INSERT INTO posting SELECT day, 1, number, bucket, book, debit, credit, amount_fen"
           " FROM posting LIMIT 1"),
    _break("a last posting has no journal", [0], "has no journal",
           "INSERT INTO posting SELECT day + 3, 9223372036854775807, number, bucket, book, debit,"
           " credit, amount_fen FROM posting LIMIT 1"),
    _break("an institution is gone", [0], "names institution",
           "DELETE FROM institution WHERE code LIKE 'H3302%%'"),
    _break("a journal lies in another bucket", [0, 5], "lies in bucket",
           f"UPDATE journal SET bucket = (bucket + 1) %% 1024 WHERE id = {ONE_SETTLEMENT}"),
    _break("a posting lies in another bucket", [0], "in another bucket",
           "UPDATE posting SET bucket = (bucket + 1) %% 1024 WHERE debit LIKE 'FUND:%%'"),
    _break("postings are numbered anew", [0], "not numbered",
           "UPDATE posting SET number = number + 7"),
    _break("a journal lost its postings", [0, 3, 5, 13], "by no posting",
           "DELETE FROM posting WHERE journal_id ="
           " (SELECT max(id) FROM journal WHERE account_current_delta_fen < 0)"),
    _break("a lane was never born", [0], "never born", "DELETE FROM lane WHERE lane = 2"),
    _break("a column of money is no integer", [1], "holds numeric",
           "ALTER TABLE member ALTER COLUMN account_current_fen TYPE numeric"),
    _break("an amount beyond any claim", [1, 5], "total_fen is 1000000000000000",
           f"UPDATE journal SET total_fen = 1000000000000000 WHERE id = {ONE_SETTLEMENT}"),
    _break("half a fen in an accumulator", [1, 11], "is 1.5",
           "UPDATE member SET accumulators = '{\"330299/310/2018\": {\"x\": 1.5}}'"
           " WHERE version = 1"),
    _break("half a fen in a batch's sums", [1, 2], "is 0.5",
           "UPDATE batch SET sums = sums || '{\"330299 CASH:X\": 0.5}' WHERE lane = 2"),
    _break("a posting of nothing", [2, 3, 5], "moves 0 fen",
           "ALTER TABLE posting DROP CONSTRAINT posting_positive",
           "UPDATE posting SET amount_fen = 0 WHERE credit LIKE 'CASH:%%'"),
    _break("one account on both sides", [2, 5], "debits and credits",
           "ALTER TABLE posting DROP CONSTRAINT posting_two_accounts",
           "UPDATE posting SET credit = debit WHERE debit LIKE 'FUND:%%'"),
    _break("another region's fund", [2, 3, 5], "is no account of book",
           "UPDATE posting SET debit = 'FUND:330199:310100' WHERE debit LIKE 'FUND:330299:%%'"),
    _break("another institution", [2, 3], "is no account of book",
           "UPDATE posting SET credit = 'INSTITUTION:H33020100003'"
           " WHERE credit LIKE 'INSTITUTION:%%'"),
    _break("another person's account", [2, 3, 13], "is no account of book",
           "UPDATE posting SET debit = 'MEMBER:00010001:current' WHERE debit LIKE 'MEMBER:%%'"),
    _break("an account of no chart", [2], "is no account of book",
           "UPDATE posting SET credit = 'SLUSH' WHERE credit LIKE 'CASH:%%'"),
    _break("another book", [2, 5], "which the journal has no part in",
           "UPDATE posting SET book = '330399' WHERE debit LIKE 'FUND:%%'"),
    _break("a batch's sums", [2], "the batch says",
           f"UPDATE batch SET sums = sums || '{{\"330299 {HOME_FUND}\": 1}}' WHERE lane = 2"),
    _break("a posting is larger", [2, 3, 5], "its reply says",
           "UPDATE posting SET amount_fen = amount_fen + 1 WHERE credit LIKE 'CASH:%%'"),
    _break("a journal's total", [3, 5, 10], "its split is of",
           f"UPDATE journal SET total_fen = total_fen + 1 WHERE id = {ONE_SETTLEMENT}"),
    _break("a journal's account delta", [3, 5, 10], "on the person's accounts",
           "UPDATE journal SET account_current_delta_fen = account_current_delta_fen - 1"
           f" WHERE id = {ONE_SETTLEMENT}"),
    _break("a reply is no message", [3, 5, 10], "cannot be read",
           "UPDATE request SET reply = '\\xffffff' WHERE method = 'Settle'"),
    _break("a request is gone", [4, 5, 15], "which is not there",
           "DELETE FROM request WHERE journal_id IS NOT NULL AND method = 'Settle'"),
    _break("a request is another's journal", [4, 5], "are not of one act",
           f"UPDATE request SET journal_id = {ONE_SETTLEMENT} WHERE method = 'Settle' AND lane = 2"
           f" AND journal_id <> {ONE_SETTLEMENT}"),
    _break("a request has a second journal", [4, 5], "whose journal is",
           "INSERT INTO journal (SELECT (jsonb_populate_record(j, '{\"id\": 1099511629999}')).*"
           f" FROM journal j WHERE id = {ONE_SETTLEMENT})"),
    _break("a decline names a journal", [4, 5], "was answered code 400",
           f"UPDATE request SET journal_id = {ONE_SETTLEMENT}, journal_day ="
           " (SELECT min(day) FROM journal) WHERE code = 400"),
    _break("an outcome is turned", [4, 5], "its reply is code 400",
           "UPDATE request SET code = 1 WHERE code = 400"),
    _break("a journal is gone", [4, 5], "which is not there",
           f"DELETE FROM journal WHERE id = {ONE_SETTLEMENT}"),
    _break("a tombstone without its undo", [4], "is a tombstone without its undo row",
           "DELETE FROM undo WHERE kind = 'tombstone'"),
    _break("a tombstone without its Reverse", [4, 5], "is a tombstone without its Reverse",
           "DELETE FROM request USING undo WHERE undo.kind = 'tombstone'"
           " AND request.request_id = undo.by_request_id"),
    _break("a method that is never recorded", [4, 5], "which is never recorded",
           "UPDATE request SET method = 'Presettle' WHERE code = 400"),
    _break("a seal", [5], "its seal is not that of its rows",
           "UPDATE batch SET seal = sha256(seal) WHERE lane = 2 AND batch = 3"),
    _break("a seal of an unknown key", [5], "cannot be verified",
           "UPDATE batch SET seal_version = 9 WHERE lane = 2 AND batch = 3"),
    _break("a batch of another time", [5], "posted_at is not the batch",
           "UPDATE request SET posted_at = posted_at - interval '1 hour' WHERE code = 400"),
    _break("a decline is removed", [5, 15], "stand",
           "DELETE FROM request WHERE code = 400"),
    _break("a tail is cut off", [5], "its own row does not",
           "DELETE FROM batch WHERE lane = 2 AND batch = (SELECT max(batch) FROM batch b"
           " WHERE b.lane = 2)"),
    _break("an undo row is gone", [7], "which has no undo row",
           "DELETE FROM undo WHERE kind = 'cancellation'"),
    _break("an undo of another kind", [7], "by",
           "UPDATE undo SET kind = 'reversal' WHERE kind = 'cancellation'"),
    _break("an undo by nobody", [7], "was answered OK",
           "UPDATE undo SET by_request_id = original_id WHERE kind = 'reversal'"),
    _break("a second undo", [7, 4], "whose one undo is",
           "INSERT INTO journal (SELECT (jsonb_populate_record(j,"
           " '{\"id\": 1099511640999, \"request_id\": \"H33020100001201812010000009999\"}')).*"
           f" FROM journal j WHERE {UNDO} LIMIT 1)"),
    _break("an undo that gives back less", [7, 5], "leaves",
           "UPDATE posting SET amount_fen = amount_fen - 1 WHERE credit LIKE 'FUND:%%'"),
    _break("an undo that keeps an accumulator", [7, 5, 11], "accumulator deltas",
           f"UPDATE journal SET deltas = '{{}}' WHERE {UNDO} AND deltas <> '{{}}'"),
    _break("an undo of another total", [7, 5], "is not the original's negated",
           f"UPDATE journal SET total_fen = total_fen - 1 WHERE {UNDO}"),
    _break("an undone journal is gone", [7, 4], "which is not there",
           f"DELETE FROM journal WHERE id IN (SELECT undoes_id FROM journal WHERE {UNDO})"),
    _break("an undo row for what never came", [7], "is not in the register",
           "INSERT INTO undo SELECT month, 'H33020100001201812010000009999', bucket, kind,"
           " by_request_id, at FROM undo WHERE kind = 'cancellation'"),
    _break("an undo of an undo", [7, 5], "which is a reversal",
           "UPDATE journal SET undoes_id = (SELECT max(id) FROM journal WHERE kind = 'reversal')"
           " WHERE kind = 'cancellation'"),
    _break("an undo at another institution", [7, 5], "its institution is not",
           f"UPDATE journal SET institution = 'H33020100003' WHERE {UNDO}"),
    _break("a tombstone for what came", [7], "and its original is a Settle",
           "UPDATE undo SET kind = 'tombstone' WHERE kind = 'reversal'"),
    _break("a tombstone that posted", [4, 5], "is a tombstone and names",
           f"UPDATE request SET journal_id = {ONE_SETTLEMENT}, journal_day ="
           " (SELECT min(day) FROM journal) WHERE method = 'Tombstone'"),
    _break("a MAC", [8, 5], "its MAC is not that of its bytes",
           "UPDATE request SET mac = decode(repeat('00', 16), 'hex') WHERE method = 'Cancel'"),
    _break("a body", [8, 5], "its MAC is not that of its bytes",
           "UPDATE request SET body = body || '\\x'::bytea || '\\x00'::bytea"
           " WHERE method = 'Cancel'"),
    _break("a session is gone", [8], "is not there", "DELETE FROM session"),
    _break("a session opened later", [8], "was open from",
           "UPDATE session SET opened_at = opened_at + interval '1 hour'"),
    _break("a session ended before", [8], "was open from",
           "UPDATE session SET ended_at = opened_at - interval '1 hour'"),
    _break("another institution's session", [8], "was sent by a terminal of",
           "UPDATE session SET institution = 'H33020100009'"),
    _break("another terminal's session", [8], "its session is terminal",
           "UPDATE session SET terminal_id = 'T' || terminal_id"),
    _break("a terminal without its key", [8], "has no key version",
           "DELETE FROM vault_key WHERE kind = 'terminal'"),
    _break("a window is gone", [9], "has no window",
           "DELETE FROM clearing_window WHERE closed_at IS NOT NULL"),
    _break("a window is moved", [9], "follows",
           "UPDATE clearing_window SET day = day + 2 WHERE closed_at IS NULL"),
    _break("a window closed before its postings", [9], "was closed",
           "UPDATE clearing_window SET closed_at = closed_at - interval '1 day'"),
    _break("two windows of a book are open", [9], "is open although",
           "DROP INDEX clearing_window_open",
           "UPDATE clearing_window SET closed_at = NULL"),
    _break("a book without an open window", [9], "has no open window",
           "UPDATE clearing_window SET closed_at = opened_at WHERE closed_at IS NULL"),
    _break("a window opened too early", [9], "before the day before it",
           "UPDATE clearing_window SET opened_at = opened_at - interval '9 days'"
           " WHERE closed_at IS NULL"),
    _break("a journal in another book's window", [9, 5], "not INTERCITY",
           "UPDATE journal SET window_book = '330299' WHERE window_book = 'INTERCITY'"),
    _break("a snapshot", [10, 5], "computed again",
           "UPDATE request SET snapshot = convert_to(replace(convert_from(snapshot, 'UTF8'),"
           " '\"retired\"', '\"in_service\"'), 'UTF8')"
           " WHERE convert_from(snapshot, 'UTF8') LIKE '%%\"retired\"%%'"),
    _break("a snapshot that is none", [10, 5], "cannot be computed again",
           "UPDATE request SET snapshot = '' WHERE snapshot <> ''"),
    _break("a rule book is gone", [10], "no rule book", "DELETE FROM rule_book"),
    _break("a rule book rewritten", [10], "now hash to",
           "UPDATE rule_book SET texts = replace(texts::text, '86', '87')::jsonb"
           " WHERE region = '330299'"),
    _break("a catalogue rewritten", [10], "computed again",
           "UPDATE catalogue_item SET item = item || '{\"first_pay_bp\": \"1000\","
           " \"class\": \"B\"}' WHERE code = 'DEMO-CEFTRI-INJ'"),
    _break("a journal's deltas", [10, 5, 11], "computed again, deltas",
           f"UPDATE journal SET deltas = '{{}}' WHERE id = {ONE_SETTLEMENT}"),
    _break("an accumulator", [11], "its journals come to",
           "UPDATE member SET accumulators = '{}' WHERE accumulators <> '{}'"),
    _break("an earlier year", [11], "its journals come to",
           "INSERT INTO member_year SELECT bucket, member_id, '330299/310/2011', '{\"a\": 5}'"
           " FROM member LIMIT 1"),
    _break("a DUE leg", [12, 5], "does not mirror",
           "UPDATE posting SET amount_fen = amount_fen + 1 WHERE debit LIKE 'DUE:%%'"),
    _break("a member row's balance", [13], "in the ledger at",
           "UPDATE member SET account_current_fen = account_current_fen + 1 WHERE version > 1"),
    _break("a balance below zero", [13], "stands at -1 fen",
           "ALTER TABLE member DROP CONSTRAINT member_earlier_not_negative",
           "UPDATE member SET account_earlier_fen = -1 WHERE account_earlier_fen = 0"),
    _break("an account spent before it was filled", [13, 5], "fen on an account",
           "DELETE FROM journal WHERE kind = 'opening'"),
    _break("a counter set back", [14], "the row's counter is",
           "UPDATE member SET atc = atc - 1 WHERE atc > 1"),
    _break("a stored counter set back", [14, 5], "its card signed",
           "UPDATE request SET atc = 1 WHERE atc = 4"),
    _break("a version nobody made", [15], "no row made version",
           "UPDATE member SET version = version + 1"),
    _break("a version taken back", [15], "beyond the row's version",
           "UPDATE member SET version = version - 1 WHERE version > 1"),
    _break("an event is gone", [15], "no row made version 1",
           "DELETE FROM member_event WHERE kind = 'opening'"),
    _break("a version made twice", [15, 5], "more than one row made version",
           "UPDATE request SET member_version = 2 WHERE member_version = 3"),
    _break("a batch is gone", [15, 5], "follows batch 2",
           "DELETE FROM batch WHERE lane = 2 AND batch = 3"),
    _break("the genesis is gone", [16], "has a row and no record",
           "DELETE FROM audit_record"),
    _break("a book put in force by nobody", [16], "which no record had put in force",
           "UPDATE request SET rule_book = repeat('ab', 32) WHERE rule_book <> ''"),
]  # fmt: skip


def test_a_ledger_that_nobody_touched_is_clean(ledger: Ledger) -> None:
    report = ledger.audit()
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
    assert report.clean
    assert report.read["requests"] == 16


@pytest.mark.parametrize("case", BREAKS)
def test_a_broken_invariant_is_named(ledger: Ledger, case: Break) -> None:
    for statement in case.statements:
        ledger.break_it(statement)
    report = ledger.audit()
    assert case.named <= report.broken
    said = [f"{v.key}: {v.detail}" for n in sorted(case.named) for v in report.violations(n)]
    assert any(case.says in one for one in said), said


def test_every_invariant_but_the_answers_is_broken_by_some_case() -> None:
    """Invariant 6 is broken in `test_answered`."""
    cases: list[Break] = [parameter.values[0] for parameter in BREAKS]
    assert {number for case in cases for number in case.named} == set(range(17)) - {6}


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_the_size_of_a_chunk_changes_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(reader, "CHUNK_ROWS", rows)
    whole = ledger.audit()
    assert whole.clean
    assert whole.read["requests"] == 16
    ledger.break_it("DELETE FROM journal WHERE kind = 'opening'")
    assert ledger.audit().broken >= {0, 5, 13}


SEALED = {
    "request": ("month", "request_id", "bucket", "position", "method", "terminal_id", "session_id",
                "seq", "mac", "body", "code", "reply", "member_id", "member_version", "atc",
                "journal_day", "journal_id", "snapshot", "rule_book", "received_at", "lane",
                "batch"),
    "journal": ("day", "id", "bucket", "window_book", "kind", "request_id", "institution",
                "member_id", "member_version", "region_insured", "region_care", "insurance",
                "clearing_type", "total_fen", "account_current_delta_fen",
                "account_earlier_delta_fen", "deltas", "consulted", "undoes_day", "undoes_id",
                "posted_at"),
    "posting": ("journal_id", "book", "debit", "credit", "amount_fen"),
}  # fmt: skip
CHANGES = {
    "integer": "{} + 1", "bigint": "{} + 1", "text": "{} || 'X'", "bytea": "{} || '\\x00'",
    "date": "{} + 1", "timestamp with time zone": "{} + interval '1 microsecond'",
    "jsonb": "'{{\"330299/310/2018\": {{\"x\": 1}}}}'", "ARRAY": "array['x']",
}  # fmt: skip
ANOTHER = {
    ("request", "month"): "month + interval '1 month'",
    ("journal", "kind"): "CASE kind WHEN 'settlement' THEN 'opening' ELSE 'reversal' END",
}
WHICH = {
    "request": "request_id = (SELECT max(request_id) FROM request WHERE method = 'Settle'"
    " AND atc IS NOT NULL AND code = 1)",
    "journal": "id = (SELECT max(id) FROM journal WHERE kind = '{}')",
    "posting": "journal_id = (SELECT max(journal_id) FROM posting) AND number = 0",
}


@pytest.mark.parametrize("table", sorted(SEALED))
def test_a_seal_covers_every_column(ledger: Ledger, table: str) -> None:
    """Each column in turn is changed, the audit names invariant 5, and all is put back."""
    ledger.break_it(f"CREATE TABLE kept AS SELECT * FROM {table}")
    for column in SEALED[table]:
        kind = "cancellation" if column.startswith("undoes") else "settlement"
        where = WHICH[table].format(kind)
        change = ANOTHER.get((table, column)) or CHANGES[ledger.type_of(table, column)]
        ledger.break_it(f"UPDATE {table} SET {column} = {change.format(column)} WHERE {where}")
        assert 5 in ledger.audit().broken, column
        ledger.break_it(f"DELETE FROM {table}")
        ledger.break_it(f"INSERT INTO {table} SELECT * FROM kept")
    assert ledger.audit().clean
