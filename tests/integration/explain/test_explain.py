"""`medswitch explain` over a real ledger: what is stored is what the rules give again."""

from pathlib import Path

import psycopg
import pytest

from medswitch.v1 import settlement_pb2
from switch.cli.explain import explain
from switch.config import Settings
from switch.model.ids import JournalId, settlement_id
from switch.pages.words import money_text
from tests.fix_ledger import Ledger


@pytest.fixture
def settings(ledger: Ledger, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=ledger.province.url)


def settled(ledger: Ledger) -> list[tuple[str, str, settlement_pb2.SettleResponse]]:
    """(settlement id, request id, stored reply) of every settlement."""
    with psycopg.connect(ledger.province.url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT journal_day, journal_id, request_id, reply FROM medswitch.request"
            " WHERE method = 'Settle' AND journal_id IS NOT NULL ORDER BY request_id"
        ).fetchall()
    return [
        (settlement_id(day, JournalId(number)), request_id,
         settlement_pb2.SettleResponse.FromString(reply))
        for day, number, request_id, reply in rows
    ]  # fmt: skip


def test_every_settlement_is_explained_by_either_number(
    ledger: Ledger, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = settled(ledger)
    assert len(found) >= 8
    people = ledger.province.people["people"].values()
    for number, request_id, reply in found:
        page = tmp_path / "page.html"
        assert explain(settings, request_id, page) == 0
        by_request = capsys.readouterr().out
        assert explain(settings, number, None) == 0
        assert (
            capsys.readouterr().out
            == "\n".join(line for line in by_request.splitlines() if "written" not in line) + "\n"
        )
        html = page.read_text("utf-8")
        split = reply.decision.split
        for said in (html, by_request):
            assert number in said
            for step in reply.decision.working:
                rule = step.rule.removeprefix("catalogue/").partition("/")[0]
                assert rule.partition("@")[0] in said
                assert money_text(step.result_fen) in said
            for amount in (split.total_fen, *(one.amount_fen for one in split.payers)):
                assert money_text(amount) in said
            assert reply.member_name not in said
            for person in people:
                assert person["card"]["number"] not in said
                assert person["member_id"] not in said
                assert person["social_security_number"] not in said


def test_what_was_undone_says_so(
    ledger: Ledger, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(ledger.province.url, autocommit=True) as connection:
        undone = connection.execute(
            "SELECT original_id, kind, by_request_id FROM medswitch.undo WHERE kind <> 'tombstone'"
        ).fetchall()
    assert {kind for _, kind, _ in undone} == {"cancellation", "reversal"}
    for original, kind, by in undone:
        assert explain(settings, original, None) == 0
        said = capsys.readouterr().out
        assert {"cancellation": "已撤销", "reversal": "已冲正"}[kind] in said
        assert by in said


def test_a_stored_reply_that_the_rules_do_not_give_is_named_with_status_1(
    ledger: Ledger, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, request_id, reply = settled(ledger)[0]
    reply.decision.split.cash_fen += 1
    ledger.break_it(
        "UPDATE request SET reply = %s WHERE request_id = %s",
        reply.SerializeToString(), request_id,
    )  # fmt: skip
    page = tmp_path / "page.html"
    assert explain(settings, request_id, page) == 1
    assert "decision.split.cash_fen" in capsys.readouterr().out
    assert "decision.split.cash_fen" in page.read_text("utf-8")


def test_a_claim_that_is_declined_when_computed_again_is_named_with_status_1(
    ledger: Ledger, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    _, request_id, _ = settled(ledger)[0]
    row = ledger.province.one(
        "SELECT body FROM medswitch.request WHERE request_id = %s", request_id
    )
    asked = settlement_pb2.SettleRequest.FromString(row[0])
    asked.claim.insurance = "390"
    ledger.break_it(
        "UPDATE request SET body = %s WHERE request_id = %s",
        asked.SerializeToString(), request_id,
    )  # fmt: skip
    assert explain(settings, request_id, None) == 1
    assert "is now declined" in capsys.readouterr().err


def test_what_is_no_settlement_ends_with_2_and_says_what_it_is(
    ledger: Ledger, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    declined = next(
        answer.reply.outcome.request_id
        for answer in ledger.answers
        if answer.method == "Settle" and answer.reply.outcome.code != 1
        and not answer.reply.settlement_id and "REVERSED" not in str(answer.reply.outcome.code)
    )  # fmt: skip
    cancel = next(a.reply for a in ledger.answers if a.method == "Cancel")
    with psycopg.connect(ledger.province.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT day, id FROM medswitch.journal WHERE kind = 'opening' LIMIT 1"
        ).fetchone()
    assert row is not None
    for number, says in (
        (declined, "was declined and moved nothing"),
        (cancel.outcome.request_id, "is a Cancel"),
        (cancel.undone.undo_settlement_id, "is of kind cancellation"),
        (settlement_id(row[0], JournalId(row[1])), "is of kind opening"),
        ("9" * 27, "9" * 27),
        ("20181201" + "7" * 19, "no settlement"),
        ("H33029900001201812010800000099", "no request"),
        ("nonsense", "no request nonsense"),
    ):
        assert explain(settings, number, None) == 2
        assert says in capsys.readouterr().err
