"""A switchboard: real lanes over the demonstration province, and terminals that really sign.

As `fix_province`, whose rooms sign with zeros; here each request bears its session's MAC, so that
what is posted can be audited to the last byte. `history` posts a few of everything there is.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clients.bill import inpatient, item
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.audit import Report, audit_database
from switch.model.call import Authenticated, Received
from switch.security.mac import MacKey, request_message
from switch.security.vault import SoftwareVault
from switch.store.keys import terminal_records
from switch.store.windows import close_window
from switch.wire.methods import PATHS
from tests.fix_cards import Office
from tests.fix_db import _database, _run, _url_of
from tests.fix_province import (
    KEK,
    NONCE,
    ManualClock,
    Province,
    Room,
    open_session,
    original_of,
    room,
    session_of,
)

OK = reply_pb2.REPLY_CODE_OK
HOME = "330299"
HISTORY = "medswitch_history"


@dataclass
class SignedRoom(Room):
    """A room whose terminal signs under the key of its session."""

    held: MacKey | None = None

    def call(self, method: str, body: bytes) -> Authenticated:
        self.seq += 1
        session = session_of(self.terminal)
        path = PATHS[method]
        message = request_message(path, self.terminal, session, self.seq, body)
        received = Received(
            path, self.terminal, session, self.seq, self.key().compute(message), body,
            self.clock.now(),
        )  # fmt: skip
        return Authenticated(received, self.institution, self.terminal_class)

    def key(self) -> MacKey:
        """The key of the terminal's one session."""
        if self.held is not None:
            return self.held
        with psycopg.connect(self.province.url, autocommit=True) as connection:
            vault = SoftwareVault(KEK, terminal_records(connection, self.terminal))
        self.held = vault.session_key(self.terminal, 1, NONCE, NONCE, session_of(self.terminal))
        return self.held


@asynccontextmanager
async def signed_room(
    province: Province,
    at: str = "ningbo_community",
    clock: ManualClock | None = None,
    number: int = 1,
) -> AsyncIterator[SignedRoom]:
    """Yield a room of `fix_province` whose terminal signs."""
    async with room(province, at, clock, number) as plain:
        yield SignedRoom(**vars(plain))


@dataclass(frozen=True)
class Answered:
    """What a caller was told, as a client keeps it."""

    method: str
    reply: Any

    def line(self) -> dict[str, Any]:
        """The answer as a line of the file that the audit reads."""
        if self.method not in {"Settle", "Cancel", "Reverse"}:
            return {
                "request_id": self.reply.outcome.request_id,
                "method": self.method,
                "code": self.reply.outcome.code,
            }
        said = self.reply.decision.split if self.method == "Settle" else self.reply.undone
        settled = (
            self.reply.settlement_id
            if self.method == "Settle"
            else self.reply.undone.undo_settlement_id
        )
        return {
            "request_id": self.reply.outcome.request_id,
            "method": self.method,
            "code": reply_pb2.ReplyCode.Name(self.reply.outcome.code).removeprefix("REPLY_CODE_"),
            "settlement_id": settled,
            "fund_fen": said.fund_fen,
            "account_fen": said.account_fen,
            "cash_fen": said.cash_fen,
            "total_fen": said.total_fen,
        }


@dataclass
class Ledger:
    """A province with a history, to be broken by a superuser and audited."""

    province: Province
    answers: list[Answered]

    def audit(self, **options: Any) -> Report:
        """Audit the database as it stands."""
        return audit_database(self.province.url, KEK, **options)

    def break_it(self, statement: str, *values: Any) -> int:
        """Change rows as only a superuser can; return how many. At least one."""
        with psycopg.connect(self.province.url, autocommit=True) as connection:
            connection.execute("SET search_path = medswitch")
            changed = connection.execute(statement, values).rowcount
        assert changed, "nothing was broken"
        return changed

    def type_of(self, table: str, column: str) -> str:
        """The type of a column, by its long name."""
        return str(
            self.province.one(
                "SELECT data_type FROM information_schema.columns"
                " WHERE table_schema = 'medswitch' AND table_name = %s AND column_name = %s",
                table,
                column,
            )[0]
        )


async def play(province: Province) -> list[Answered]:
    """Post a few of everything: both books, every undo, a decline, a cut-off, a card replaced."""
    clock, answers = ManualClock(), []
    # A test that goes on with the history begins at the present second: after all of this.
    clock.advance(minutes=-1)

    def keep(method: str, reply: Any, code: int = OK) -> Any:
        assert reply.outcome.code == code, reply.outcome.message_en
        answers.append(Answered(method, reply))
        return reply

    async with signed_room(province, clock=clock) as here:
        await _at_home(here, keep)
        async with signed_room(province, "hangzhou_tertiary", clock) as there:
            await _away(there, keep)
        _cut_off(province, clock)
        clock.advance(seconds=1)
        await _next_day(here, keep)
    return answers


async def _at_home(here: SignedRoom, keep: Any) -> None:
    province = here.province
    who = "employee_in_service"
    card = province.card(who)
    claim = here.claim(lines=[item("DEMO-CEFTRI-INJ", "头孢曲松", 40, "40.00")])
    keep("Settle", await here.buy(claim, card))
    keep("Settle", await here.buy(here.claim(), card))
    stale = await here.presettle(here.claim(), card)
    stale.decision.split.fund_fen += 1
    body = here.settle_body(here.claim(), card, stale)
    keep("Settle", await here.settle(body), reply_pb2.REPLY_CODE_AMOUNTS_CHANGED)
    # Several people in one batch.
    others = [province.card(one) for one in ("employee_retired", "pharmacy_buyer")]
    bodies = [
        here.settle_body(here.claim(), one, await here.presettle(here.claim(), one))
        for one in others
    ]
    for reply in await asyncio.gather(*map(here.settle, bodies)):
        keep("Settle", reply)
    await _undone(here, keep)


async def _undone(here: SignedRoom, keep: Any) -> None:
    province = here.province
    for who, undo, method in (
        ("cancel_patient", here.cancel, "Cancel"),
        ("lost_answer_patient", here.reverse, "Reverse"),
    ):
        card = province.card(who)
        claim = here.claim(lines=[item("DEMO-CEFTRI-INJ", "头孢曲松", 40, "40.00")])
        body = here.settle_body(claim, card, await here.presettle(claim, card))
        keep("Settle", await here.settle(body))
        keep(method, await undo(original_of(body, province.member_id(who))))
    who = "moving_balance_patient"
    card = province.card(who)
    body = here.settle_body(here.claim(), card, await here.presettle(here.claim(), card))
    original = original_of(body, province.member_id(who))
    assert keep("Reverse", await here.reverse(original)).undone.tombstone
    keep("Settle", await here.settle(body), reply_pb2.REPLY_CODE_REVERSED)


async def _away(there: SignedRoom, keep: Any) -> None:
    card = there.province.card("referral_patient")
    claim = inpatient(
        "330199",
        date(2018, 11, 26),
        date(2018, 12, 1),
        [item("DEMO-CEFTRI-INJ", "头孢曲松", 200, "40.00")],
    )
    keep("Settle", await there.buy(claim, card))


def _cut_off(province: Province, clock: ManualClock) -> None:
    with psycopg.connect(province.url, autocommit=True) as connection:
        windows = connection.execute(
            "SELECT book, day FROM medswitch.clearing_window WHERE book IN ('330299', 'INTERCITY')"
        ).fetchall()
        for book, day in windows:
            assert close_window(connection, book, day, clock.now())


async def _next_day(here: SignedRoom, keep: Any) -> None:
    province, who = here.province, "card_loser"
    old = province.card(who)
    keep("Settle", await here.buy(here.claim(), old))
    async with signed_room(province, "ningbo_agency", here.clock) as agency:
        keep("Replace", await Office(agency).replace(who))
    stated = province.people["people"][who]
    stated["card"] = stated["replacement"]
    keep("Settle", await here.buy(here.claim(), province.card(who)))
    reply = keep("Settle", await here.buy(here.claim(), province.identity("ceiling_patient")))
    assert isinstance(reply, settlement_pb2.SettleResponse)


@pytest.fixture(scope="session")
def history_template(
    server_url: str, seeded_template: tuple[str, Path]
) -> tuple[str, list[Answered], Path]:
    """A database with the demonstration province and its history, to be copied; what was said."""
    name, folder = seeded_template
    _run(server_url, "create database {} template {}", HISTORY, name)
    people = json.loads((folder / "people.json").read_text("utf-8"))
    province = Province(_url_of(server_url, HISTORY), people, folder)
    with psycopg.connect(province.url, autocommit=True) as connection:
        for terminal in people["terminals"].values():
            if terminal["active"]:
                open_session(connection, terminal)
    return HISTORY, asyncio.run(play(province)), folder


@pytest.fixture
def ledger(server_url: str, history_template: tuple[str, list[Answered], Path]) -> Iterator[Ledger]:
    """A ledger with a history, fresh for each test."""
    name, answers, folder = history_template
    people = json.loads((folder / "people.json").read_text("utf-8"))
    for url in _database(server_url, name):
        yield Ledger(Province(url, people, folder), answers)
