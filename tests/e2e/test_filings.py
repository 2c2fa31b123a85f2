"""Filings over gRPC to PostgreSQL: real MACs, answers that get lost, a clean audit after all."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from datetime import date, timedelta
from pathlib import Path

import pytest

from clients.bill import inpatient, item
from clients.faults import OutcomeUnknown, SwitchFault
from clients.filing import FilingClient
from clients.outbox import EntryState
from clients.province import Province as Files
from clients.terminal import TerminalClient
from medswitch.v1 import common_pb2, filing_pb2, reply_pb2, settlement_pb2
from switch.app import SystemClock, switch
from switch.audit import audit_database
from switch.config import Settings
from switch.model.fault import FaultReason
from switch.server.authenticate import Proven
from tests.fix_filings import allow_filings_of_the_past
from tests.fix_province import KEK, Province

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_without_filing"


class Served:
    """The whole switch on a socket, in a thread of its own, over the demonstration province."""

    def __init__(self, province: Province, folder: Path) -> None:
        self.province = province
        self.files = Files(province.folder)
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self._clients: list[TerminalClient] = []
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(30)

    async def _start(self) -> int:
        key_file = self._folder / "kek"
        key_file.write_text(f"{KEK.kek_id}:{bytes(range(16)).hex()}", "ascii")
        settings = Settings(listen="127.0.0.1:0", kek_file=key_file, data_dir=self._folder)
        server = await self._stack.enter_async_context(
            switch(settings, self.province.url, SystemClock(), durable=False)
        )
        return int(server.port)

    def counter(self, name: str) -> TerminalClient:
        """Return the client of a terminal; its outbox is a file of this test's."""
        self.files.folder = self._folder
        made = self.files.counter(name, f"127.0.0.1:{self.port}")
        self._clients.append(made)
        return made

    def close(self) -> None:
        """Close clients and switch."""
        for client in self._clients:
            client.close()
        asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def served(province: Province, tmp_path: Path) -> Iterator[Served]:
    """A running switch."""
    made = Served(province, tmp_path)
    yield made
    made.close()


def wanted(served: Served, **fields: str) -> filing_pb2.FileRequest:
    """A referral to Hangzhou from today on."""
    today = served.province.one("SELECT max(day)::text FROM clearing_window")[0]
    stated = {"kind": settlement_pb2.FILING_KIND_REFERRAL, "place": "330100", "since": today}
    return filing_pb2.FileRequest(**{**stated, **fields})


def lost(method: str, times: int) -> Callable[[Proven, int, bytes], bytes]:
    """Return a `sign` under which the first replies of a method are no replies."""
    right, left = Proven.sign, [None] * times

    def sign(proven: Proven, status: int, body: bytes) -> bytes:
        mac = right(proven, status, body)
        if proven.call.received.method.endswith(method) and left:
            left.pop()
            return bytes([mac[0] ^ 1]) + mac[1:]
        return mac

    return sign


def test_a_filing_goes_round_and_every_lost_answer_is_found_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = served.counter("ningbo_agency_1")
    filings, member = FilingClient(agency), served.province.member_id(WHO)
    monkeypatch.setattr(Proven, "sign", lost("/File", 1))
    taken = filings.file(member, wanted(served), operator="王一", why="转上级医院")
    assert taken.outcome.code == OK, taken.outcome.message_en
    monkeypatch.setattr(Proven, "sign", lost("/Withdraw", 1))
    filing_id = taken.record.filing.filing_id
    ended = filings.withdraw(member, filing_id, operator="王一", why="已返回")
    assert ended.outcome.code == OK
    assert [one.filing.filing_id for one in filings.list(member).records] == [filing_id]
    assert served.province.one("SELECT count(*) FROM filing WHERE member_id = %s", member) == (1,)
    assert agency.outbox.pending() == []
    assert audit_database(served.province.url, KEK).clean


def test_a_filing_of_unknown_outcome_stays_in_the_outbox_until_it_is_resolved(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital = served.counter("ningbo_tertiary_1")
    filings, member = FilingClient(hospital), served.province.member_id(WHO)
    monkeypatch.setattr(Proven, "sign", lost("/File", 5))
    with pytest.raises(OutcomeUnknown):
        filings.file(member, wanted(served), operator="王一", why="转上级医院")
    [pending] = hospital.outbox.pending()
    [found] = hospital.resolve()
    assert (found.entry.request_id, found.entry.state) == (
        pending.request_id,
        EntryState.ANSWERED,
    )
    assert found.entry.reply is not None
    reply = filing_pb2.FileResponse.FromString(found.entry.reply)
    assert reply.record.granted.request_id == pending.request_id
    assert hospital.resolve() == []
    # In force: the next one overlaps it.
    again = filings.file(member, wanted(served), operator="王一", why="转上级医院")
    assert again.outcome.code == reply_pb2.REPLY_CODE_FILING_OVERLAPS
    assert audit_database(served.province.url, KEK).clean


def test_a_stay_begun_within_a_filing_is_settled_under_it(served: Served) -> None:
    """Taken for the past as policy allows, ended or withdrawn in the middle of the stay."""
    province = served.province
    allow_filings_of_the_past(province, 10)
    agency, hospital = served.counter("ningbo_agency_1"), served.counter("hangzhou_tertiary_1")
    filings, member = FilingClient(agency), province.member_id(WHO)
    card = province.card(WHO)
    today = date.fromisoformat(province.one("SELECT max(day)::text FROM clearing_window")[0])

    def ago(days: int) -> date:
        return today - timedelta(days=days)

    def file(since: date, until: str = "", place: str = "330100") -> filing_pb2.FileResponse:
        asked = filing_pb2.FileRequest(
            kind=settlement_pb2.FILING_KIND_RESIDENCE, place=place, since=since.isoformat(),
            until=until,
        )  # fmt: skip
        return filings.file(member, asked, operator="王一", why="长期居住")

    def stay(admitted: date) -> common_pb2.Decision:
        lines = [item("DEMO-CEFTRI-INJ", "头孢曲松", 200, "40.00")]
        claim = inpatient("330199", admitted, today, lines)
        settled = hospital.settle(claim, card, hospital.presettle(claim, card))
        assert settled.outcome.code == OK, settled.outcome.message_en
        return settled.decision

    early = file(ago(11))
    assert early.outcome.code == reply_pb2.REPLY_CODE_FILING_TOO_EARLY
    assert {one.key: one.value for one in early.outcome.facts}["earliest"] == ago(10).isoformat()
    taken = file(ago(10), ago(4).isoformat())
    assert taken.outcome.code == OK, taken.outcome.message_en
    ended = taken.record.filing.filing_id
    assert stay(ago(4)).filing_id == ended
    assert stay(ago(3)).filing_id == ""
    again = file(ago(2)).record.filing.filing_id
    assert stay(ago(2)).filing_id == again
    assert filings.withdraw(member, again, operator="王一", why="已返回").outcome.code == OK
    assert stay(ago(1)).filing_id == again, "begun before it was withdrawn"
    assert stay(today).filing_id == ""
    assert audit_database(province.url, KEK).clean


def test_a_message_that_breaks_the_contract_is_refused_at_its_field(served: Served) -> None:
    agency = served.counter("ningbo_agency_1")
    filings, member = FilingClient(agency), served.province.member_id(WHO)
    with pytest.raises(SwitchFault) as caught:
        filings.file(member, wanted(served, disease_code="M00500"), operator="王一", why="x")
    assert (caught.value.reason, caught.value.field) == (FaultReason.MALFORMED, "disease_code")
    assert agency.outbox.pending() == []
    assert served.province.one("SELECT count(*) FROM request") == (0,)
