"""The count check finds what is missing from either end; answers say what the audit compares."""

from pathlib import Path

import pytest

from clients.answers import AnswerFile
from loadtest.check import Amounts, differences, read_answered
from loadtest.options import read_options
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2

POSTED: Amounts = {("settlement", "A"): 100, ("cancellation", "B"): 100}


def outcome(
    request_id: str, code: reply_pb2.ReplyCode.ValueType = reply_pb2.REPLY_CODE_OK
) -> reply_pb2.Outcome:
    return reply_pb2.Outcome(code=code, request_id=request_id)


def settled(request_id: str) -> settlement_pb2.SettleResponse:
    split = common_pb2.Split(total_fen=100, fund_fen=60, account_fen=30, cash_fen=10)
    return settlement_pb2.SettleResponse(
        outcome=outcome(request_id),
        settlement_id="9",
        decision=common_pb2.Decision(split=split),
    )


def test_a_run_that_balances_has_no_differences() -> None:
    assert differences(POSTED, [], dict(POSTED), []) == []


@pytest.mark.parametrize(
    ("posted", "twice", "answered", "word"),
    [
        (POSTED, ["A"], POSTED, "twice"),
        ({}, [], POSTED, "not posted"),
        (POSTED, [], {}, "never answered"),
        (POSTED, [], {**POSTED, ("settlement", "A"): 101}, "another total"),
    ],
)
def test_what_does_not_balance_is_named(
    posted: Amounts, twice: list[str], answered: Amounts, word: str
) -> None:
    (sentence,) = differences(posted, twice, answered, [])
    assert word in sentence


def test_a_settlement_reversed_unseen_may_have_posted() -> None:
    assert differences({("settlement", "A"): 100}, [], {}, ["A"]) == []


def test_answers_are_lines_at_once_and_read_back_as_what_posted(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    answers = AnswerFile(path)
    answers.write("Settle", settled("A"))
    undone = settlement_pb2.Undone(undo_settlement_id="10", total_fen=100)
    answers.write("Cancel", settlement_pb2.CancelResponse(outcome=outcome("B"), undone=undone))
    tombstone = settlement_pb2.Undone(tombstone=True)
    answers.write_bytes(
        "Reverse",
        settlement_pb2.ReverseResponse(outcome=outcome("C"), undone=tombstone).SerializeToString(),
    )
    declined = outcome("D", reply_pb2.REPLY_CODE_AMOUNTS_CHANGED)
    answers.write("Settle", settlement_pb2.SettleResponse(outcome=declined))
    # Not closed: what was written is there even if this process ends now.
    assert len(path.read_text("utf-8").splitlines()) == 4
    assert read_answered(path) == POSTED
    answers.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seconds", "1"],
        ["--users", "0"],
        ["--users", "300"],
        ["--members", "100"],
        ["--rate", "-1"],
        ["--kill-after", "60"],
    ],
)
def test_options_that_cannot_be_used_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read_options(arguments)
    assert "error:" in capsys.readouterr().err


def test_kill_falls_in_the_middle_of_the_load() -> None:
    assert read_options(["kill", "--seconds", "20"]).kill_after == 8.0
    assert not read_options([]).kills
