"""A gateway's stream over a real channel: order, faults, bad frames, what a break leaves open."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

import pytest

from clients.link import Link, Reply, Unproven
from clients.outbox import Entry
from clients.settle_stream import SettleStream
from clients.terminal import TerminalClient, original_of
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.model.fault import Fault, FaultReason
from switch.model.stages import Recorded
from switch.security.suite import Suite
from switch.wire import frames
from tests.fix_live import BILL, PATIENT, LiveServer, once

WAIT_S = 20.0


def entries(client: TerminalClient, count: int) -> list[Entry]:
    """Return stored settlements, presettled by calls."""
    return [client.prepare(BILL, PATIENT, client.presettle(BILL, PATIENT)) for _ in range(count)]


def link_of(client: TerminalClient) -> Link:
    return client._link


def code(answer: "Future[Reply]") -> int:
    reply = answer.result(WAIT_S)
    assert reply.status == 0
    return settlement_pb2.SettleResponse.FromString(reply.body).outcome.code


@pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)
def test_a_stream_settles_in_every_suite(live: LiveServer, suite: Suite) -> None:
    client = live.client(live.start(), suite)
    stored = entries(client, 5)
    with SettleStream(link_of(client)) as stream:
        answers = [stream.send("Settle", entry.body) for entry in stored]
        assert {code(answer) for answer in answers} == {reply_pb2.REPLY_CODE_OK}
        asked = settlement_pb2.GetSettlementRequest(original=original_of(stored[0]))
        found = stream.send("GetSettlement", asked.SerializeToString()).result(WAIT_S)
        state = settlement_pb2.GetSettlementResponse.FromString(found.body).state
        assert state == settlement_pb2.SETTLEMENT_STATE_POSTED
    assert sorted(live.counter.posted) == sorted(entry.request_id for entry in stored)


def test_a_request_is_the_same_by_stream_and_by_call(live: LiveServer) -> None:
    client = live.client(live.start())
    (entry,) = entries(client, 1)
    with SettleStream(link_of(client)) as stream:
        streamed = stream.send("Settle", entry.body).result(WAIT_S)
    assert client.send(entry) == streamed.body
    assert len(live.counter.posted) == 1


def test_answers_come_in_the_order_they_are_ready(live: LiveServer) -> None:
    client = live.client(live.start())
    first, second = entries(client, 2)
    held = asyncio.Event()

    async def hold(operation: Recorded) -> None:
        if operation.request_id == first.request_id:
            await held.wait()

    live.counter.before = hold
    with SettleStream(link_of(client)) as stream:
        slow, quick = (stream.send("Settle", entry.body) for entry in (first, second))
        assert code(quick) == reply_pb2.REPLY_CODE_OK
        assert not slow.done()
        live._loop.call_soon_threadsafe(held.set)
        assert code(slow) == reply_pb2.REPLY_CODE_OK


def test_a_fault_answers_its_frame_alone(live: LiveServer) -> None:
    client = live.client(live.start())
    first, second = entries(client, 2)
    live.counter.before = once(Fault(FaultReason.OVERLOADED, "full"))
    with SettleStream(link_of(client)) as stream:
        refused = stream.send("Settle", first.body).result(WAIT_S)
        malformed = stream.send("Settle", b"\xff").result(WAIT_S)
        assert (refused.status, malformed.status) == (8, 3)
        assert code(stream.send("Settle", second.body)) == reply_pb2.REPLY_CODE_OK


def _other_mac(frame: frames.Frame) -> bytes:
    mac = bytes((frame.mac[0] ^ 1, *frame.mac[1:]))
    return frames.write_frame(frame._replace(mac=mac))


def _out_of_turn(frame: frames.Frame) -> bytes:
    return frames.write_frame(frame._replace(n=frame.n + 1))


def _as_another_method(frame: frames.Frame) -> bytes:
    """Return the frame with a Settle's bytes called a Presettle, as somebody on the way might."""
    body = b"\x12" + frame.body[1:]
    return frames.write_frame(frame._replace(body=body))


def _no_frame(_: frames.Frame) -> bytes:
    return b"\xff"


@pytest.mark.parametrize("spoil", [_other_mac, _out_of_turn, _as_another_method, _no_frame])
def test_a_bad_frame_ends_the_stream_and_accepted_ones_complete(
    live: LiveServer, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[frames.Frame], bytes]
) -> None:
    client = live.client(live.start())
    first, second, third = entries(client, 3)
    write = frames.write_frame
    monkeypatch.setattr(
        "clients.settle_stream.write_frame", lambda one: spoil(one) if one.n == 2 else write(one)
    )
    with SettleStream(link_of(client)) as stream:
        good = stream.send("Settle", first.body)
        bad = stream.send("Settle", second.body)
        assert code(good) == reply_pb2.REPLY_CODE_OK
        with pytest.raises(Unproven, match="UNAUTHENTICATED"):
            bad.result(WAIT_S)
        with pytest.raises(Unproven, match="UNAUTHENTICATED"):
            stream.send("Settle", third.body)
    assert list(live.counter.posted) == [first.request_id]
    with SettleStream(link_of(client)) as again:
        assert code(again.send("Settle", second.body)) == reply_pb2.REPLY_CODE_OK


def test_an_answer_somebody_changed_is_none(
    live: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = live.client(live.start())
    (entry,) = entries(client, 1)
    read = frames.read_answered

    def changed(message: bytes) -> frames.Answered | None:
        answered = read(message)
        return None if answered is None else answered._replace(status=0, body=b"")

    monkeypatch.setattr("clients.settle_stream.read_answered", changed)
    with SettleStream(link_of(client)) as stream:
        answer = stream.send("Settle", entry.body)
    with pytest.raises(Unproven):
        answer.result(WAIT_S)
    assert list(live.counter.posted) == [entry.request_id], "it was carried out all the same"


def test_a_draining_process_answers_what_it_accepted_and_refuses_what_comes(
    live: LiveServer,
) -> None:
    server = live.start()
    client = live.client(server)
    first, second = entries(client, 2)
    held, begun = asyncio.Event(), asyncio.Event()

    async def hold(_: Recorded) -> None:
        begun.set()
        await held.wait()

    live.counter.before = hold
    with SettleStream(link_of(client)) as stream:
        accepted = stream.send("Settle", first.body)
        live.run(_within(begun))
        draining = live.spawn(server.drain())
        late = stream.send("Settle", second.body).result(WAIT_S)
        assert late.status == 14
        live._loop.call_soon_threadsafe(held.set)
        assert code(accepted) == reply_pb2.REPLY_CODE_OK
    draining.result(WAIT_S)  # type: ignore[call-arg] # a concurrent future in all but its type
    assert list(live.counter.posted) == [first.request_id]


async def _within(event: asyncio.Event) -> None:
    await asyncio.wait_for(event.wait(), WAIT_S)
