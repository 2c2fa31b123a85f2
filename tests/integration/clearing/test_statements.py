"""Institutions list, confirm and dispute their statements over a real channel."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clients.clearing import Desk, main
from clients.faults import SwitchFault
from clients.province import Province
from clients.terminal import TerminalClient
from medswitch.v1 import clearing_pb2 as pb
from switch.app import switch
from switch.audit.findings import CLEARED
from switch.clearing.period import Period
from switch.config import Settings
from tests.fix_province import KEK, ManualClock
from tests.integration.clearing.fix_clearing import AWAY, HOME, Clearing

TERMINAL = "ningbo_community_1"


@contextmanager
def serving(office: Clearing, folder: Path) -> Iterator[str]:
    """Yield the address of a switch in this process, over the history's database."""
    kek = folder / "kek"
    kek.write_text(f"{KEK.kek_id}:{bytes(range(16)).hex()}\n", "ascii")
    settings = Settings(data_dir=folder, kek_file=kek, listen="127.0.0.1:0")
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    ports: list[int] = []

    async def run() -> None:
        async with switch(
            settings, office.ledger.province.url, ManualClock(), durable=False
        ) as server:
            ports.append(server.port)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield f"127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture
def served(office: Clearing, tmp_path: Path) -> Iterator[tuple[Clearing, str, Province]]:
    office.close_month()
    with serving(office, tmp_path) as address:
        yield office, address, Province(office.ledger.province.folder)


@pytest.fixture
def client(served: tuple[Clearing, str, Province]) -> Iterator[TerminalClient]:
    _, address, province = served
    with province.counter(TERMINAL, address) as made:
        yield made


def test_a_statement_is_listed_disputed_and_confirmed(
    served: tuple[Clearing, str, Province], client: TerminalClient
) -> None:
    office, _, _ = served
    month, desk = office.first_day().strftime("%Y-%m"), Desk(client.link)
    statement = desk.statement(month)
    assert statement is not None
    head = statement.head
    assert sum(one.amount_fen for one in statement.lines) == head.fund_fen + head.account_fen
    assert head.fund_fen + head.account_fen == head.withheld_fen + head.payable_fen
    assert [one.number for one in statement.lines] == list(range(1, head.lines + 1))
    assert head.state == pb.STATEMENT_STATE_OPEN

    def answer(line: int = 0, reason: str = "", **other: object) -> tuple[int, int]:
        given = pb.StatementHead()
        given.CopyFrom(head)
        for name, value in other.items():
            setattr(given, name, value)
        reply = desk.answer(client.outbox.make_id(), given, line, reason)
        return reply.result, reply.state

    opened, disputed, confirmed = (
        pb.STATEMENT_STATE_OPEN, pb.STATEMENT_STATE_DISPUTED, pb.STATEMENT_STATE_CONFIRMED,
    )  # fmt: skip
    assert answer(digest=bytes(32)) == (pb.CONFIRM_RESULT_OTHER_DIGEST, opened)
    assert answer(version=2) == (pb.CONFIRM_RESULT_NO_STATEMENT, opened)
    assert answer(head.lines + 1, "x") == (pb.CONFIRM_RESULT_NO_LINE, opened)
    assert answer(1, "少一笔") == (pb.CONFIRM_RESULT_TAKEN, disputed)
    assert answer(1, "少一笔") == (pb.CONFIRM_RESULT_TAKEN, disputed)
    again = desk.statement(month)
    assert again is not None
    assert (again.head.disputed_line, again.head.reason) == (1, "少一笔")
    assert answer() == (pb.CONFIRM_RESULT_TAKEN, confirmed)
    assert answer() == (pb.CONFIRM_RESULT_TAKEN, confirmed)
    assert answer(1, "too late") == (pb.CONFIRM_RESULT_CONFIRMED_BEFORE, confirmed)
    # Two acts for four answers that were taken: what changes nothing is no act.
    acts = office.ledger.province.one(
        'SELECT count(*) FROM clearing_act WHERE body LIKE \'%%"act":"answer"%%\''
    )
    assert acts == (2,)
    assert CLEARED not in office.ledger.audit().broken
    office.ledger.break_it("UPDATE statement SET state = 'disputed' WHERE state = 'confirmed'")
    report = office.ledger.audit()
    assert "which no act says" in report.violations(CLEARED)[0].detail


def test_a_reopened_months_statement_is_answered_no_more(
    served: tuple[Clearing, str, Province], client: TerminalClient
) -> None:
    office, _, _ = served
    month, desk = office.first_day().strftime("%Y-%m"), Desk(client.link)
    statement = desk.statement(month)
    assert statement is not None
    period = Period.parse(month)
    office.reopen(period)
    assert desk.statement(month) is None
    reply = desk.answer(client.outbox.make_id(), statement.head)
    assert reply.result == pb.CONFIRM_RESULT_NO_STATEMENT
    office.close(period)
    assert desk.answer(client.outbox.make_id(), statement.head).result == (
        pb.CONFIRM_RESULT_NO_STATEMENT
    )


def test_an_institution_sees_its_window_and_its_own_statement_only(
    served: tuple[Clearing, str, Province], client: TerminalClient
) -> None:
    office, address, province = served
    first, desk = office.first_day(), Desk(client.link)
    view = desk.window(first.isoformat())
    assert (view.region, view.known, view.day_closed, view.month_closed) == (HOME, True, True, True)
    assert view.closed_at_ms > 0
    now = desk.window()
    assert (now.known, now.closed_at_ms, now.day_closed) == (True, 0, False)
    assert not desk.window("2018-01-01").known
    with province.counter("hangzhou_tertiary_1", address) as other:
        theirs = Desk(other.link)
        assert theirs.window(first.isoformat()).region == AWAY
        # Hangzhou's month is not closed.
        assert theirs.statement(first.strftime("%Y-%m")) is None
        with pytest.raises(SwitchFault, match="NOT_PERMITTED"):
            theirs.positions(first.strftime("%Y-%m"))
    for month in ("2026", "2026-11-25", "soon"):
        with pytest.raises(SwitchFault, match="MALFORMED"):
            desk.statement(month)


def test_the_command_lists_and_answers(
    served: tuple[Clearing, str, Province], capsys: pytest.CaptureFixture[str]
) -> None:
    office, address, province = served
    month = office.first_day().strftime("%Y-%m")
    where = ["--address", address, "--folder", str(province.folder), "--terminal", TERMINAL]
    assert main(["list", month, *where]) == 0
    assert main(["dispute", month, "--line", "1", "--reason", "少一笔", *where]) == 0
    assert main(["confirm", month, *where]) == 0
    assert main(["dispute", month, "--reason", "late", *where]) == 1
    assert main(["list", "2018-01", *where]) == 1
    assert main(["window", *where]) == 0
    shown = capsys.readouterr().out
    for told in (
        "待确认 open",
        "有异议 disputed",
        "已确认 confirmed",
        "confirmed_before",
        "无清算单",
    ):
        assert told in shown
