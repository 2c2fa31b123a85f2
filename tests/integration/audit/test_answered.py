"""Invariant 6: what callers were told, held against the register."""

import json
from pathlib import Path
from typing import Any

import pytest

from switch.audit import Report
from switch.audit.answered import NotAnAnswer
from tests.fix_ledger import Ledger


def _audit(ledger: Ledger, folder: Path, lines: list[dict[str, Any]]) -> Report:
    file = folder / "answers.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return ledger.audit(answers=file)


def test_every_answer_of_a_history_stands_in_the_register(ledger: Ledger, tmp_path: Path) -> None:
    lines = [answer.line() for answer in ledger.answers]
    report = _audit(ledger, tmp_path, [*lines, *lines])  # a repeat is told the same
    assert report.clean, report.violations(6)
    assert report.read["answers"] == 2 * len(lines)
    assert report.read["answers missing"] == 0
    assert {r.state for r in report.results} == {"held"}


def test_an_answer_that_was_never_committed_is_counted_missing(
    ledger: Ledger, tmp_path: Path
) -> None:
    lines = [answer.line() for answer in ledger.answers]
    lines[0] |= {"request_id": lines[0]["request_id"][:-4] + "9999"}
    lines[1] |= {"request_id": "no request id"}
    report = _audit(ledger, tmp_path, lines)
    assert report.broken == {6}
    assert report.read["answers missing"] == 2
    assert [v.key for v in report.violations(6)] == [
        f"answer {n} to {lines[n - 1]['request_id']}" for n in (1, 2)
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"code": "CARD_LOST"}, "Settle CARD_LOST was answered; Settle 1 stands"),
        ({"code": 215}, "Settle CARD_LOST was answered"),
        ({"method": "Cancel"}, "Cancel OK was answered"),
        ({"settlement_id": "2" * 27}, "was answered;"),
        ({"settlement_id": ""}, "no settlement was answered"),
        ({"fund_fen": 1}, "fund_fen 1 was answered"),
        ({"account_fen": 1}, "account_fen 1 was answered"),
        ({"cash_fen": 1}, "cash_fen 1 was answered"),
        ({"total_fen": 1}, "total_fen 1 was answered"),
    ],
)
def test_another_answer_than_the_registers_is_named(
    ledger: Ledger, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    report = _audit(ledger, tmp_path, [ledger.answers[0].line() | change])
    assert report.broken == {6}
    assert says in report.violations(6)[0].detail


def test_what_a_line_leaves_out_is_not_compared(ledger: Ledger, tmp_path: Path) -> None:
    line = ledger.answers[0].line()
    kept = {name: line[name] for name in ("request_id", "method", "code")}
    path = {**kept, "method": "/medswitch.v1.SettlementService/Settle"}
    assert _audit(ledger, tmp_path, [kept, path]).clean


def test_answers_that_follow_from_the_id_or_post_nothing_need_no_row(
    ledger: Ledger, tmp_path: Path
) -> None:
    unknown = {"request_id": ledger.answers[0].line()["request_id"][:-4] + "9999"}
    lines = [
        unknown | {"method": "Settle", "code": "REQUEST_TOO_OLD"},
        unknown | {"method": "Settle", "code": "REQUEST_AHEAD"},
        unknown | {"method": "Presettle", "code": "OK"},
    ]
    report = _audit(ledger, tmp_path, lines)
    assert report.clean
    assert report.read["answers"] == 2


def test_a_settlement_undone_since_may_be_answered_so(ledger: Ledger, tmp_path: Path) -> None:
    cancelled = next(a.reply.undone.original for a in ledger.answers if a.method == "Cancel")
    told = {"method": "Settle", "code": "CANCELLED"}
    assert _audit(ledger, tmp_path, [told | {"request_id": cancelled.request_id}]).clean
    live = ledger.answers[0].line()["request_id"]
    assert _audit(ledger, tmp_path, [told | {"request_id": live}]).broken == {6}


def test_a_reply_that_cannot_be_read_is_named(ledger: Ledger, tmp_path: Path) -> None:
    ledger.break_it("UPDATE request SET reply = '\\xffff' WHERE method = 'Settle'")
    assert 6 in _audit(ledger, tmp_path, [ledger.answers[0].line()]).broken


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"method": "Settle"}', '{"request_id":"a","method":"Settle","code":"NO"}']
)
def test_a_line_that_is_no_answer_stops_the_audit(
    ledger: Ledger, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(NotAnAnswer, match="line 2"):
        ledger.audit(answers=file)


def test_a_last_line_that_was_never_finished_is_no_answer(ledger: Ledger, tmp_path: Path) -> None:
    """Whoever kept the answers may have been killed while writing one."""
    file = tmp_path / "answers.jsonl"
    file.write_text(json.dumps(ledger.answers[0].line()) + '\n{"request_id":"H33', "utf-8")
    report = ledger.audit(answers=file)
    assert report.clean
    assert report.read["answers"] == 1
