"""A province with a history and two officers who clear; days pass by the closing of windows."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.clearing.answer import Answer, Result
from switch.clearing.period import Kind, Period
from switch.clearing.policy import ClearingPolicy
from switch.model.call import Authenticated, Received
from switch.model.ids import RegionCode, SessionId, TerminalId, make_request_id
from switch.model.journal import INTERCITY
from switch.office.change import Change, Verb
from switch.office.change import Kind as ChangeKind
from switch.office.clearing import Reopening
from switch.office.officer import Role
from switch.store.closing import Outlook, close, look
from switch.store.flows import shipped_clearing_policy
from switch.store.office import Registrar
from switch.store.statement_desk import StatementDesk
from switch.store.windows import close_window
from tests.fix_ledger import Ledger
from tests.fix_office import key_of, opened, signer_of
from tests.fix_province import ManualClock

HOME, AWAY = RegionCode("330299"), RegionCode("330199")


@dataclass
class Clearing:
    """A ledger, and the office that clears it."""

    ledger: Ledger
    registrar: Registrar
    now: datetime

    @property
    def conn(self) -> Connection[TupleRow]:
        return self.registrar.connection

    @property
    def policy(self) -> ClearingPolicy:
        return shipped_clearing_policy()

    def first_day(self) -> date:
        day: date = self.ledger.province.one(
            "SELECT min(day) FROM clearing_window WHERE book = %s", HOME
        )[0]
        return day

    def pass_days(self, until: date, *books: str) -> None:
        """Close the windows of books through a day."""
        for book in books or (HOME, AWAY, INTERCITY):
            while (day := self.open_day(book)) <= until:
                assert close_window(self.conn, book, day, self.now)
        ends = datetime.combine(until + timedelta(days=1), datetime.min.time(), UTC)
        self.now = max(self.now, ends)

    def open_day(self, book: str) -> date:
        day: date = self.ledger.province.one(
            "SELECT day FROM clearing_window WHERE book = %s AND closed_at IS NULL", book
        )[0]
        return day

    def look(self, period: Period, region: RegionCode = HOME) -> Outlook:
        return look(self.conn, region, period, self.policy, self.now)

    def close(
        self, period: Period, region: RegionCode = HOME, *, by: str = "li", accept: bool = False
    ) -> Outlook:
        return close(
            self.conn, self.registrar.sealer, region, period, self.policy, signer_of(by),
            self.now, accept_differences=accept,
        )  # fmt: skip

    def close_month(self, region: RegionCode = HOME) -> Period:
        """Let the month of the history pass, and close its days and itself."""
        month = Period.month_of(self.first_day())
        self.pass_days(month.until)
        for day in month.parts():
            if day.since >= self.first_day():
                self.close(day, region)
        self.close(month, region)
        return month

    def confirm(self, month: Period) -> None:
        """Let every institution of the home region that is owed something confirm."""
        desk = StatementDesk(self.ledger.province.url, self.registrar.sealer, ManualClock())
        rows = self.conn.execute(
            "SELECT institution, version, digest FROM medswitch.statement"
            " WHERE region = %s AND payable_fen > 0 AND state <> 'confirmed'", (HOME,),
        ).fetchall()  # fmt: skip
        for number, (code, version, digest) in enumerate(rows):
            request_id = make_request_id(code, self.now, number)
            answer = Answer(request_id, month, version, digest, dispute=False, line=0, reason="")
            received = Received(
                "/medswitch.v1.ClearingService/ConfirmStatement", TerminalId("T1"),
                SessionId(bytes(16)), number, bytes(16), b"", self.now,
            )  # fmt: skip
            call = Authenticated(received, code)
            assert asyncio.run(desk.answer(code, answer, call))[0] is Result.TAKEN

    def reopen(self, period: Period, version: int = 1, region: RegionCode = HOME) -> Change:
        content = Reopening(region, period.name, version).content()
        change = self.registrar.propose(
            signer_of("li"), ChangeKind.REOPEN_PERIOD, content, "a late paper", self.now
        )
        return self.registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", self.now)


@contextmanager
def clearing(ledger: Ledger) -> Iterator[Clearing]:
    """Yield the office of a ledger with li and wang, who clear, and zhao, who does not."""
    with opened(ledger.province.url) as registrar:
        now = datetime.now(UTC)
        for name in ("li", "wang"):
            roles = frozenset({Role.OFFICERS, Role.CLEARING})
            registrar.enrol(signer_of(name), key_of(name).public_key, roles, now)
        yield Clearing(ledger, registrar, now)


def day(on: date) -> Period:
    """The period of one day."""
    return Period(Kind.DAY, on)
