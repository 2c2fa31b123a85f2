"""The demonstration province in a fresh database, and a counter room before the real lane.

No wire and no socket between test and store: requests are signed by the software card, encoded and
decoded by the real codec, and given to real lanes. The terminal's MAC is another test's subject.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clients.bill import bill, item
from clients.card import CardFace, Credential, IdentityNumber, SoftwareCard
from clients.issuer import read_issuer
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.model.call import Authenticated, Received
from switch.model.ids import (
    BEIJING,
    CardIdentifier,
    InstitutionCode,
    RequestId,
    SessionId,
    TerminalId,
    make_request_id,
)
from switch.model.terminal import TerminalClass
from switch.pipeline.desk import Desk
from switch.security.card_proof import CardOperation
from switch.security.custody import KekAlgorithm, KeyEncryptionKey
from switch.security.port import KeyHome
from switch.security.suite import Suite
from switch.security.vault import SoftwareVault
from switch.seed import demonstration
from switch.store.inquiry import InquiryWindow
from switch.store.keys import load_keys
from switch.store.lane import Lane
from switch.store.postman import Postman
from switch.store.reference import ReferenceCache
from switch.wire.codec import WireCodec
from switch.wire.methods import PATHS
from tests.fix_db import _database, _run, _url_of

SEEDED = "medswitch_seeded"
KEK = KeyEncryptionKey("kek-test", KekAlgorithm.SM4_GCM, bytes(range(16)))
NONCE = b"n" * 16


class ManualClock:
    """A clock that stands until it is moved; it starts at the present second."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.at

    def advance(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@dataclass
class Province:
    """The people file and the URL of a database that holds the demonstration province."""

    url: str
    people: dict[str, Any]
    folder: Path

    def card(self, who: str) -> SoftwareCard:
        stated = self.people["people"][who]
        card = stated["card"]
        face = CardFace(
            CardIdentifier(bytes.fromhex(card["identifier"])),
            card["number"],
            stated["social_security_number"],
            card["specification"],
            datetime.fromisoformat(card["issued_on"]).date(),
            datetime.fromisoformat(card["expires_on"]).date(),
        )
        return read_issuer(self.folder / "issuer.json").personalise(face, Suite(card["suite"]))

    def identity(self, who: str) -> IdentityNumber:
        return IdentityNumber(self.people["people"][who]["social_security_number"])

    def member_id(self, who: str) -> str:
        return str(self.people["people"][who]["member_id"])

    def one(self, query: str, *values: Any) -> tuple[Any, ...]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET search_path = medswitch")
            row = connection.execute(query, values).fetchone()
            assert row is not None
            return row


@dataclass
class Room:
    """A terminal of one institution before one lane and one inquiry window."""

    province: Province
    clock: ManualClock
    lane: Lane
    inquiries: InquiryWindow
    institution: InstitutionCode
    terminal: TerminalId
    terminal_class: TerminalClass = TerminalClass.INSTITUTION
    codec: WireCodec = field(default_factory=WireCodec)
    sequence: int = 0
    seq: int = 0

    async def close(self) -> None:
        """Drain, as on SIGTERM."""
        try:
            await self.lane.stop()
        finally:
            await self.inquiries.stop()

    async def crash(self) -> None:
        """Stop dead, as on SIGKILL: nothing is finished and nobody is told."""
        tasks = [task for task in (self.lane._task, self.inquiries._task) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self.lane._postman.close()
        await self.inquiries._postman.close()

    def request_id(self) -> RequestId:
        """Make the next id, never one again: a room has a thousand of them in each second.

        When they are used up the standing clock moves on, as it would have by then.
        """
        thousand, made = divmod(self.sequence, 1_000)
        if made == 999:
            self.clock.advance(seconds=1)
        self.sequence = thousand * 1_000 + (made + 1) % 1_000
        return make_request_id(self.institution, self.clock.now(), self.sequence)

    def call(self, method: str, body: bytes) -> Authenticated:
        self.seq += 1
        received = Received(
            PATHS[method], self.terminal, session_of(self.terminal), self.seq, bytes(16),
            body, self.clock.now(),
        )  # fmt: skip
        return Authenticated(received, self.institution, self.terminal_class)

    def claim(self, kind: str = "11", **fields: Any) -> common_pb2.Claim:
        lines = fields.pop("lines", [item("DEMO-CEFTRI-INJ", "头孢曲松", 5, "40.00")])
        on = fields.pop("on", date(2018, 12, 3))
        return bill(kind, "330299", on, lines, **fields)

    async def presettle(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        replaces: settlement_pb2.Original | None = None,
    ) -> settlement_pb2.PresettleResponse:
        request_id = self.request_id()
        request = settlement_pb2.PresettleRequest(claim=claim, replaces=replaces)
        request.claim.request_id = request_id
        request.evidence.CopyFrom(
            credential.prove(CardOperation.PRESETTLE, self.terminal, request_id, claim.total_fen)
        )
        body = request.SerializeToString()
        operation = self.codec.decode(PATHS["Presettle"], self.call("Presettle", body))
        reply = await self.inquiries.ask(operation)  # type: ignore[arg-type] # a presettlement
        return settlement_pb2.PresettleResponse.FromString(reply)

    def settle_body(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        shown: settlement_pb2.PresettleResponse,
        request_id: RequestId | None = None,
        replaces: settlement_pb2.Original | None = None,
    ) -> bytes:
        split = shown.decision.split
        request_id = request_id or self.request_id()
        request = settlement_pb2.SettleRequest(
            claim=claim,
            expected=settlement_pb2.Expected(
                fund_fen=split.fund_fen,
                account_fen=split.account_fen,
                account_relative_fen=split.account_relative_fen,
            ),
            settle_nonce=shown.settle_nonce,
            replaces=replaces,
        )
        request.claim.request_id = request_id
        request.evidence.CopyFrom(
            credential.sign(
                self.terminal, request_id, claim.total_fen, split.fund_fen + split.account_fen,
                self.clock.now(), shown.settle_nonce,
            )
        )  # fmt: skip
        return request.SerializeToString()

    async def send(self, method: str, body: bytes) -> bytes:
        operation = self.codec.decode(PATHS[method], self.call(method, body))
        return await self.lane.post(operation)  # type: ignore[arg-type] # a recorded one

    async def settle(self, body: bytes) -> settlement_pb2.SettleResponse:
        return settlement_pb2.SettleResponse.FromString(await self.send("Settle", body))

    async def buy(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        replaces: settlement_pb2.Original | None = None,
    ) -> settlement_pb2.SettleResponse:
        """Presettle and settle."""
        body = await self.bill_body(claim, credential, replaces)
        return await self.settle(body)

    async def bill_body(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        replaces: settlement_pb2.Original | None = None,
    ) -> bytes:
        """Presettle, and return the settlement to be sent."""
        shown = await self.presettle(claim, credential, replaces)
        assert shown.outcome.code == reply_pb2.REPLY_CODE_OK, shown.outcome.message_en
        return self.settle_body(claim, credential, shown, replaces=replaces)

    def undo_body(self, kind: Any, original: settlement_pb2.Original) -> bytes:
        message = kind(request_id=self.request_id(), original=original)
        return bytes(message.SerializeToString())

    async def cancel(self, original: settlement_pb2.Original) -> settlement_pb2.CancelResponse:
        body = self.undo_body(settlement_pb2.CancelRequest, original)
        return settlement_pb2.CancelResponse.FromString(await self.send("Cancel", body))

    async def reverse(self, original: settlement_pb2.Original) -> settlement_pb2.ReverseResponse:
        body = self.undo_body(settlement_pb2.ReverseRequest, original)
        return settlement_pb2.ReverseResponse.FromString(await self.send("Reverse", body))

    async def query(
        self, original: settlement_pb2.Original
    ) -> settlement_pb2.GetSettlementResponse:
        body = settlement_pb2.GetSettlementRequest(original=original).SerializeToString()
        path = PATHS["GetSettlement"]
        operation = self.codec.decode(path, self.call("GetSettlement", body))
        reply = await self.inquiries.ask(operation)  # type: ignore[arg-type] # a query
        return settlement_pb2.GetSettlementResponse.FromString(reply)


def original_of(body: bytes, member_id: str) -> settlement_pb2.Original:
    """Name a settlement by the request that made it."""
    claim = settlement_pb2.SettleRequest.FromString(body).claim
    return settlement_pb2.Original(
        request_id=claim.request_id, method="Settle", member_id=member_id,
        total_fen=claim.total_fen,
    )  # fmt: skip


def open_room(
    province: Province,
    at: str = "ningbo_community",
    clock: ManualClock | None = None,
    number: int = 1,
    home: KeyHome = KEK,
) -> Room:
    """Open a counter before a lane of its own: two rooms are two replicas of the switch."""
    clock = clock or ManualClock()
    url = province.url
    with psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(home, load_keys(connection))
    desk = Desk(vault, WireCodec())
    reference = ReferenceCache(url, clock)
    lane = Lane(Postman(url, vault, clock, durable=False), desk, clock, reference.fresh)
    window = Postman(url, vault, clock, durable=False)
    inquiries = InquiryWindow(window, desk, clock, reference.recent)
    lane.start()
    inquiries.start()
    stated = province.people["terminals"][f"{at}_{number}"]
    return Room(
        province, clock, lane, inquiries, InstitutionCode(stated["institution"]),
        TerminalId(stated["terminal_id"]), TerminalClass(stated["class"]), sequence=number * 1_000,
    )  # fmt: skip


@asynccontextmanager
async def room(
    province: Province,
    at: str = "ningbo_community",
    clock: ManualClock | None = None,
    number: int = 1,
    home: KeyHome = KEK,
) -> AsyncIterator[Room]:
    """Yield an open room, and drain it; whatever happens, nothing of it is left open."""
    opened = open_room(province, at, clock, number, home)
    try:
        yield opened
    finally:
        try:
            await asyncio.wait_for(opened.close(), 20)
        finally:
            await opened.crash()


@pytest.fixture(scope="session")
def seeded_template(
    server_url: str, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """A database with the demonstration province and a live session for each terminal."""
    folder = tmp_path_factory.mktemp("province")
    _run(server_url, "create database {} template {}", SEEDED, migrated_template)
    url = _url_of(server_url, SEEDED)
    today = datetime.now(UTC).astimezone(BEIJING).date()
    demonstration(url, random_seed=7, data_dir=folder, kek=KEK, today=today)
    return SEEDED, folder


@pytest.fixture
def province(provinces: Callable[[], AbstractContextManager[Province]]) -> Iterator[Province]:
    """The demonstration province, fresh for each test."""
    with provinces() as fresh:
        yield fresh


@pytest.fixture
def provinces(
    server_url: str, seeded_template: tuple[str, Path]
) -> Callable[[], AbstractContextManager[Province]]:
    """Make a fresh province as often as a test asks: for state machines, one a run."""
    name, folder = seeded_template
    people = json.loads((folder / "people.json").read_text("utf-8"))

    @contextmanager
    def fresh() -> Iterator[Province]:
        for url in _database(server_url, name):
            with psycopg.connect(url, autocommit=True) as connection:
                for terminal in people["terminals"].values():
                    if terminal["active"]:
                        open_session(connection, terminal)
            yield Province(url, people, folder)

    return fresh


def open_session(connection: psycopg.Connection, terminal: dict[str, Any]) -> None:
    """Insert the terminal's session row, as a sign-in an hour ago would have."""
    connection.execute(
        "INSERT INTO medswitch.session (session_id, terminal_id, institution, class, suite,"
        " key_version, nonce_t, nonce_s, opened_at, expires_at)"
        " VALUES (%s, %s, %s, %s, 1, 1, %s, %s, now() - interval '1 hour',"
        " now() + interval '1 day')"
        " ON CONFLICT DO NOTHING",
        (
            session_of(terminal["terminal_id"]),
            terminal["terminal_id"],
            terminal["institution"],
            terminal["class"],
            NONCE,
            NONCE,
        ),
    )


def session_of(terminal_id: str) -> SessionId:
    """The id of the one session a terminal has in these tests."""
    return SessionId(terminal_id.encode()[-16:].rjust(16, b"0"))
