"""What a terminal does when an answer is lost, false or a fault: it finds out, and pays once."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clients.faults import OutcomeUnknown, SwitchFault
from clients.outbox import EntryState, Outbox
from clients.terminal import SettleState, TerminalClient, original_of
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RequestId
from switch.model.stages import Recorded
from switch.server.authenticate import Proven
from tests.fix_live import BILL, PATIENT, LiveServer, identity_of, once
from tests.fix_server import INSTITUTION

ROOT = Path(__file__).parents[2]


def shown_to(client: TerminalClient) -> settlement_pb2.PresettleResponse:
    return client.presettle(BILL, PATIENT)


def only_settle(client: TerminalClient) -> EntryState:
    """Return the state of the one Settle in an outbox."""
    entries = client.outbox._select("where method = 'Settle'")
    assert len(entries) == 1
    return entries[0].state


def falsely_signed(method: str, times: int) -> Callable[[Proven, int, bytes], bytes]:
    """Return a `sign` that gives a wrong MAC for the first replies of a method."""
    right = Proven.sign
    left = [None] * times

    def sign(proven: Proven, status: int, body: bytes) -> bytes:
        mac = right(proven, status, body)
        if proven.call.received.method.endswith(method) and left:
            left.pop()
            return bytes([mac[0] ^ 1]) + mac[1:]
        return mac

    return sign


def test_reply_with_a_bad_mac_is_no_reply_and_the_repeat_finds_it_posted(
    live: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = live.client(live.start())
    shown = shown_to(client)
    monkeypatch.setattr(Proven, "sign", falsely_signed("/Settle", 1))
    assert client.settle(BILL, PATIENT, shown).outcome.code == reply_pb2.REPLY_CODE_OK
    assert live.counter.posts == 2, "sent again under the same id"
    assert len(live.counter.posted) == 1
    assert only_settle(client) is EntryState.ANSWERED


def test_replies_with_bad_macs_only_are_an_unknown_outcome_that_a_query_settles(
    live: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = live.client(live.start(), attempts_max=2)
    shown = shown_to(client)
    monkeypatch.setattr(Proven, "sign", falsely_signed("/Settle", 2))
    with pytest.raises(OutcomeUnknown) as caught:
        client.settle(BILL, PATIENT, shown)
    assert only_settle(client) is EntryState.PENDING
    [found] = client.resolve()
    assert found.error is None
    assert found.entry.state is EntryState.ANSWERED
    assert found.entry.reply == live.counter.posted[caught.value.request_id]
    assert client.resolve() == []


def test_fault_with_a_bad_mac_is_not_believed(
    live: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forged "malformed, nothing was done" must not close a settlement."""
    client = live.client(live.start(), attempts_max=1)
    shown = shown_to(client)
    live.counter.after = once(Fault(FaultReason.MALFORMED, "forged"))
    monkeypatch.setattr(Proven, "sign", falsely_signed("/Settle", 1))
    with pytest.raises(OutcomeUnknown):
        client.settle(BILL, PATIENT, shown)
    assert only_settle(client) is EntryState.PENDING
    assert client.settle_or_reverse(BILL, PATIENT, shown).state is SettleState.POSTED


@pytest.mark.parametrize(
    "reason", [FaultReason.OVERLOADED, FaultReason.CONTENTION, FaultReason.TOO_LATE]
)
def test_fault_that_did_nothing_is_retried(live: LiveServer, reason: FaultReason) -> None:
    client = live.client(live.start())
    shown = shown_to(client)
    live.counter.before = once(Fault(reason, "later"))
    assert client.settle(BILL, PATIENT, shown).outcome.code == reply_pb2.REPLY_CODE_OK
    assert live.counter.posts == 2


def test_undecided_request_is_repeated_and_posts_once(live: LiveServer) -> None:
    client = live.client(live.start())
    shown = shown_to(client)
    live.counter.after = once(Fault(FaultReason.UNDECIDED, "query or reverse"))
    assert client.settle(BILL, PATIENT, shown).outcome.code == reply_pb2.REPLY_CODE_OK
    assert len(live.counter.posted) == 1


def test_refused_message_is_closed_and_names_its_field(live: LiveServer) -> None:
    client = live.client(live.start())
    shown = shown_to(client)
    wrong = common_pb2.Claim()
    wrong.CopyFrom(BILL)
    wrong.total_fen = 101
    with pytest.raises(SwitchFault) as caught:
        client.settle(wrong, PATIENT, shown)
    assert (caught.value.reason, caught.value.action) == ("MALFORMED", "stop")
    assert caught.value.field
    assert only_settle(client) is EntryState.REFUSED
    assert client.resolve() == []


def test_fault_that_is_not_about_the_message_leaves_it_pending(live: LiveServer) -> None:
    """No fault is final about money: what was overloaded here may be replayed elsewhere."""
    client = live.client(live.start(), attempts_max=1)
    shown = shown_to(client)
    live.counter.before = once(Fault(FaultReason.OVERLOADED, "full"))
    with pytest.raises(SwitchFault, match="OVERLOADED"):
        client.settle(BILL, PATIENT, shown)
    assert only_settle(client) is EntryState.PENDING


def test_settlement_that_stays_overloaded_is_reversed(live: LiveServer) -> None:
    client = live.client(live.start(), attempts_max=1)
    shown = shown_to(client)
    live.counter.before = once(Fault(FaultReason.OVERLOADED, "full"))
    assert client.settle_or_reverse(BILL, PATIENT, shown).state is SettleState.UNDONE
    assert only_settle(client) is EntryState.UNDONE


def test_refused_message_is_no_matter_to_reverse(live: LiveServer) -> None:
    client = live.client(live.start())
    shown = shown_to(client)
    live.counter.before = once(Fault(FaultReason.MALFORMED, "a total is positive", "claim"))
    with pytest.raises(SwitchFault, match="MALFORMED"):
        client.settle_or_reverse(BILL, PATIENT, shown)
    assert live.counter.undone == {}


def test_settlement_undone_by_another_terminal_is_found_undone(live: LiveServer) -> None:
    """The reply is lost and a colleague reverses it: nothing is owed, nothing is undone twice."""
    client = live.client(live.start(), attempts_max=1)
    shown = shown_to(client)

    async def undo_and_lose(operation: Recorded) -> None:
        live.counter.after = None
        live.counter.undone[operation.request_id] = "another"
        raise Fault(FaultReason.UNDECIDED, "lost")

    live.counter.after = undo_and_lose
    result = client.settle_or_reverse(BILL, PATIENT, shown)
    assert (result.state, result.reversal) == (SettleState.UNDONE, None)
    kept = client.outbox.entry(result.request_id)
    assert kept is not None
    assert (kept.state, kept.note) == (EntryState.UNDONE, "another")


def test_cancel_of_unknown_outcome_is_repeated_under_its_own_id(live: LiveServer) -> None:
    client = live.client(live.start(), attempts_max=1)
    settled = client.settle(BILL, PATIENT, shown_to(client))
    live.counter.after = once(Fault(FaultReason.UNDECIDED, "lost"))
    with pytest.raises(OutcomeUnknown) as caught:
        client.cancel(original_of(settled))
    [found] = client.resolve()
    assert found.error is None
    assert (found.entry.method, found.entry.state) == ("Cancel", EntryState.ANSWERED)
    assert live.counter.undone == {settled.outcome.request_id: caught.value.request_id}


def test_settlement_never_seen_is_reversed_and_its_late_original_refused(
    live: LiveServer,
) -> None:
    client = live.client(live.start(), attempts_max=1)
    shown = shown_to(client)

    async def lose(operation: Recorded) -> None:
        live.counter.before = None
        raise Fault(FaultReason.UNDECIDED, "lost on the way")

    live.counter.before = lose
    result = client.settle_or_reverse(BILL, PATIENT, shown)
    assert result.state is SettleState.UNDONE
    assert result.reversal is not None
    assert result.reversal.undone.tombstone
    assert only_settle(client) is EntryState.UNDONE
    late = settlement_pb2.SettleResponse.FromString(client.repeat(result.request_id))
    assert late.outcome.code == reply_pb2.REPLY_CODE_REVERSED
    assert live.counter.posted == {}


def test_unreachable_switch_leaves_everything_pending_until_it_is_back(
    live: LiveServer, tmp_path: Path
) -> None:
    client = live.client(live.start(), outbox=tmp_path / "outbox", attempts_max=1)
    shown = shown_to(client)

    async def hang(_: Recorded) -> None:
        await asyncio.sleep(60)

    live.counter.before = hang
    client._repeater._timeout_s = 0.3
    with pytest.raises(OutcomeUnknown):
        client.settle(BILL, PATIENT, shown)
    with pytest.raises(OutcomeUnknown):
        client.reverse(original_of(client.outbox.pending()[0]))
    found = client.resolve()
    assert [r.entry.method for r in found if r.error] == ["Reverse", "Settle"]
    live.counter.before = None
    client.close()
    later = live.client(live._servers[0], outbox=tmp_path / "outbox")
    assert all(r.error is None for r in later.resolve())
    assert only_settle(later) is EntryState.UNDONE
    assert later.outbox.pending() == []


def test_cancel_of_a_reply_names_it_fully(live: LiveServer) -> None:
    client = live.client(live.start())
    settled = client.settle(BILL, PATIENT, shown_to(client))
    cancelled = client.cancel(original_of(settled))
    assert cancelled.outcome.code == reply_pb2.REPLY_CODE_OK
    assert live.counter.undone == {settled.outcome.request_id: cancelled.outcome.request_id}
    found = client.get_settlement(original_of(settled))
    assert found.state == settlement_pb2.SETTLEMENT_STATE_REVERSED


@pytest.mark.parametrize("sent", [False, True], ids=["before sending", "after posting"])
def test_crash_around_sending_is_resolved_by_the_next_process(
    live: LiveServer, tmp_path: Path, sent: bool
) -> None:
    """Killed between storing and sending: reversed. Killed after the switch posted: found."""
    server = live.start()
    program = (
        (
            "import os, signal, sys\n"
            "from tests.e2e.test_terminal_outcomes import *\n"
            "from tests.fix_server import NOW\n"
            "from clients.link import Link\n"
            "real = Link.call\n"
            "def call(self, method, body, timeout_s):\n"
            "    if method.endswith('/Settle'):\n"
            "        if sys.argv[3] == 'True': real(self, method, body, timeout_s)\n"
            "        os.kill(os.getpid(), signal.SIGKILL)\n"
            "    return real(self, method, body, timeout_s)\n"
            "Link.call = call\n"
            "box = Outbox(sys.argv[2], INSTITUTION, lambda: NOW)\n"
            "client = TerminalClient(sys.argv[1], identity_of(1), box, now=lambda: NOW)\n"
            "client.settle(BILL, PATIENT, shown_to(client))\n"
        )
        .replace("identity_of(1)", "identity_of(Suite.SM4)")
        .replace("import os,", "from switch.security.suite import Suite\nimport os,")
    )
    path = tmp_path / "outbox"
    ended = subprocess.run(
        [sys.executable, "-c", program, f"localhost:{server.port}", str(path), str(sent)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert len(live.counter.posted) == sent
    client = live.client(server, outbox=path)
    [found] = client.resolve()
    assert found.error is None
    assert found.entry.state is (EntryState.ANSWERED if sent else EntryState.UNDONE)
    assert len(live.counter.undone) == (not sent)


def test_call_in_flight_is_answered_while_the_server_drains(live: LiveServer) -> None:
    server = live.start()
    client, other = live.client(server, timeout_s=20), live.client(server, attempts_max=1)
    shown = shown_to(client)
    other.sign_in()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_: Recorded) -> None:
        begun.set()
        await go_on.wait()

    live.counter.before = wait
    with_pool = live._loop.run_in_executor(None, client.settle, BILL, PATIENT, shown)
    live.run(begun.wait())
    drained = live.spawn(server.drain())
    live.run(asyncio.sleep(0))
    with pytest.raises((SwitchFault, OutcomeUnknown)) as refused:
        other.read_member(PATIENT)
    assert "SHUTTING_DOWN" in str(refused.value)
    live._loop.call_soon_threadsafe(go_on.set)

    async def answer() -> settlement_pb2.SettleResponse:
        return await with_pool

    assert live.run(answer()).outcome.code == reply_pb2.REPLY_CODE_OK
    drained.result()
    with pytest.raises(OutcomeUnknown):
        other.read_member(PATIENT)


def test_request_of_another_institution_is_refused_and_proven(live: LiveServer) -> None:
    server = live.start()
    client = live.client(server)
    foreign = replace(identity_of(client.identity.suite), institution=INSTITUTION)
    box = Outbox(":memory:", type(INSTITUTION)("H33010099999"), live.clock.now)
    stranger = TerminalClient(
        f"localhost:{server.port}", foreign, box, now=live.clock.now, attempts_max=1
    )
    with pytest.raises(SwitchFault, match="NOT_PERMITTED"):
        stranger.presettle(BILL, PATIENT)
    stranger.close()


def test_request_that_is_not_in_the_outbox_cannot_be_repeated(live: LiveServer) -> None:
    client = live.client(live.start())
    with pytest.raises(KeyError):
        client.repeat(RequestId("H33020000001201812011000009999"))
