"""Attacks on the way between terminal and switch, and across replicas: nothing moves by any.

The wire is tapped below the client: what it sends can be kept, what it receives exchanged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import grpc
import pytest

from clients.bill import bill, item
from clients.faults import OutcomeUnknown, SwitchFault
from clients.link import Link
from clients.terminal import TerminalClient
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.audit import audit_database
from tests.fix_province import KEK, Province
from tests.fix_switch import Town, replica

SERVICE = "/medswitch.v1.SettlementService/"
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED.value[0]
Sent = tuple[str, bytes, tuple[tuple[str, str | bytes], ...]]
Got = tuple[int, bytes, bytes]
_MOVED = """
SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM journal),
    (SELECT sum(version) FROM member), (SELECT sum(atc) FROM member)
"""


@dataclass
class Tap:
    """Who listens on the way: keeps every exchange, and may answer something else."""

    link: Link
    exchanges: list[tuple[Sent, Got]] = field(default_factory=list)
    tamper: Callable[[Got], Got] = lambda got: got

    def __post_init__(self) -> None:
        passed = self.link._send

        def send(method: str, body: bytes, metadata: Any, timeout_s: float) -> Got:
            got = passed(method, body, metadata, timeout_s)
            self.exchanges.append(((method, body, metadata), got))
            return self.tamper(got)

        self.send = passed
        self.link._send = send  # type: ignore[method-assign] # the wire, tapped

    def again(self, sent: Sent, **other: Any) -> Got:
        """Send what was sent before, but for what is named."""
        method, body, metadata = sent
        known = dict(metadata) | other.get("metadata", {})
        return self.send(
            other.get("method", method), other.get("body", body), tuple(known.items()), 10
        )  # fmt: skip


@dataclass
class Scene:
    """A province, its people, and a switch with a tapped terminal before it."""

    province: Province
    town: Town
    address: str
    client: TerminalClient
    tap: Tap

    def moved(self) -> tuple[Any, ...]:
        return self.province.one(_MOVED)

    def claim(self) -> Any:
        return bill(
            "11", "330299", date(2018, 12, 3), [item("DEMO-AMLOD-TAB", "氨氯地平", 1, "1.00")]
        )  # fmt: skip

    def settle(self) -> settlement_pb2.SettleResponse:
        claim, card = self.claim(), self.town.card("employee_in_service")
        return self.client.settle(claim, card, self.client.presettle(claim, card))

    def last(self, method: str) -> tuple[Sent, Got]:
        return next(one for one in reversed(self.tap.exchanges) if one[0][0] == SERVICE + method)


def tapped(client: TerminalClient) -> Tap:
    return Tap(client._link)


@pytest.fixture
def scene(province: Province, tmp_path: Path) -> Iterator[Scene]:
    town = Town(province, tmp_path)
    with (
        replica(province, tmp_path) as address,
        town.client(town.identity("ningbo_community_1"), address, attempts_max=1) as client,
    ):
        yield Scene(province, town, address, client, tapped(client))


def assert_refused(got: Got) -> None:
    """A security refusal: one status, no MAC, no details."""
    assert got == (UNAUTHENTICATED, b"", b"")


def test_what_is_changed_on_the_way_moves_nothing(scene: Scene) -> None:
    """Bits, lengths, methods, sessions, terminals: of a settlement that was never delivered."""
    claim, card = scene.claim(), scene.town.card("employee_in_service")
    shown = scene.client.presettle(claim, card)
    entry = scene.client.prepare(claim, card, shown)
    session = scene.client._link._session
    assert session is not None
    before = scene.moved()
    sent = _signed(scene, "Settle", entry.body)
    body = sent[1]
    for bit in range(0, len(body) * 8, 61):
        changed = bytearray(body)
        changed[bit // 8] ^= 1 << bit % 8
        assert_refused(scene.tap.again(sent, body=bytes(changed)))
    for longer_or_shorter in (body[:-1], body + b"\0", body[1:], b"", body * 2):
        assert_refused(scene.tap.again(sent, body=longer_or_shorter))
    for method in ("Presettle", "Cancel", "Reverse", "ReadMember", "GetSettlement"):
        assert_refused(scene.tap.again(sent, method=SERVICE + method))
    with scene.town.client(scene.town.identity("ningbo_secondary_1"), scene.address) as other:
        other.read_member(scene.town.card("employee_retired"))
        foreign = other._link._session
        assert foreign is not None
        for metadata in (
            {"x-session-bin": foreign.session_id},
            {"x-terminal-id": other.identity.terminal_id},
            {"x-session-bin": foreign.session_id, "x-terminal-id": other.identity.terminal_id},
            {"x-seq": "999"},
        ):
            assert_refused(scene.tap.again(sent, metadata=metadata))
    assert scene.moved() == before
    status, _, mac = scene.tap.again(sent)  # unchanged, it is what the terminal signed
    assert (status, len(mac)) == (0, 16)
    assert scene.moved() != before


def _signed(scene: Scene, method: str, body: bytes) -> Sent:
    """Sign a request as the terminal would, and keep it back."""
    kept: list[Sent] = []

    def keep(name: str, octets: bytes, metadata: Any, _: float) -> Got:
        kept.append((name, octets, metadata))
        return 14, b"", b""

    link = scene.client._link
    passed = link._send
    link._send = keep  # type: ignore[method-assign, assignment] # the wire, cut
    try:
        with pytest.raises(Exception, match="without a valid MAC"):
            link.call(SERVICE + method, body, 10)
    finally:
        link._send = passed  # type: ignore[method-assign] # mended
    return kept[0]


def test_a_reply_given_to_another_request_is_not_believed(scene: Scene) -> None:
    scene.settle()
    _, earlier = scene.last("Settle")
    before = scene.moved()
    for tamper in (
        lambda _: earlier,  # the reply to another settlement
        lambda got: (got[0], got[1][:-1], got[2]),
        lambda got: (got[0], got[1] + b"\0", got[2]),
        lambda got: (got[0], got[1], b""),
        lambda got: (got[0], got[1], got[2][:-1]),
        lambda got: (13, got[1], got[2]),  # the same bytes as a fault's details
        lambda got: (0, b"", got[2]),
    ):
        scene.tap.tamper = lambda got: got
        claim, card = scene.claim(), scene.town.card("employee_in_service")
        shown = scene.client.presettle(claim, card)
        scene.tap.tamper = tamper
        with pytest.raises(OutcomeUnknown):
            scene.client.settle(claim, card, shown)
    scene.tap.tamper = lambda got: got
    # Each had posted once, whatever the terminal was told; now it finds that out.
    assert scene.moved()[0] == before[0] + 7
    found = scene.client.resolve()
    assert [one.error for one in found] == [None] * 7
    assert scene.moved()[:2] == (before[0] + 7, before[1] + 7)


def test_a_reply_is_no_request_at_any_method(scene: Scene) -> None:
    scene.settle()
    sent, (_, reply, mac) = scene.last("Settle")
    before = scene.moved()
    for method in ("Presettle", "Settle", "Cancel", "Reverse", "ReadMember", "GetSettlement"):
        for seq in ("2", "3", "77"):
            assert_refused(
                scene.tap.again(
                    sent, method=SERVICE + method, body=reply,
                    metadata={"x-mac-bin": mac, "x-seq": seq},
                )
            )  # fmt: skip
    assert scene.moved() == before


def test_a_settlement_kept_and_sent_again_posts_nowhere_twice(scene: Scene, tmp_path: Path) -> None:
    """To the same process, to a second replica, and to one started later; after sign-out, nowhere.

    A second process has a replay window of its own: there the request id answers with the recorded
    reply, under a MAC that is bound to the very same request.
    """
    settled = scene.settle()
    assert reply_pb2.ReplyCode.Name(settled.outcome.code) == "REPLY_CODE_OK"
    sent, first = scene.last("Settle")
    before = scene.moved()
    assert_refused(scene.tap.again(sent))
    with replica(scene.province, tmp_path) as second:
        assert _send(second, sent) == first
        assert_refused(_send(second, sent))
    with replica(scene.province, tmp_path) as started_later:
        assert _send(started_later, sent) == first
        scene.client.sign_out()
        with replica(scene.province, tmp_path) as last:
            assert_refused(_send(last, sent))
    assert scene.moved() == before
    report = audit_database(scene.province.url, KEK)
    assert report.clean, report.broken


def _send(address: str, sent: Sent) -> Got:
    """Send kept bytes to another process."""
    method, body, metadata = sent
    with grpc.insecure_channel(address) as channel:
        stub: Any = channel.unary_unary(method)
        try:
            reply, call = stub.with_call(body, timeout=10, metadata=metadata)
        except grpc.RpcError as error:
            told: dict[str, Any] = dict(error.trailing_metadata())  # type: ignore[arg-type] # pairs
            status: int = error.code().value[0]
            return status, told.get("grpc-status-details-bin", b""), told.get("x-mac-bin", b"")
        return 0, reply, dict(call.trailing_metadata())["x-mac-bin"]


def test_a_terminal_claims_for_its_own_institution_only(scene: Scene) -> None:
    """A genuine terminal that writes another's number is told so, and nothing is recorded."""
    settled = scene.settle()
    before = scene.moved()
    with scene.town.client(scene.town.identity("ningbo_secondary_1"), scene.address) as other:
        outbox = other.outbox
        own = other.identity.institution
        victim = scene.client.identity.institution
        original = scene.client.outbox.replied()[-1]
        named = settlement_pb2.Original(
            request_id=original.request_id, method="Settle", member_id=settled.member_id,
            total_fen=100,
        )  # fmt: skip
        with pytest.raises(SwitchFault, match="NOT_PERMITTED"):
            other.get_settlement(named)
        with pytest.raises((SwitchFault, OutcomeUnknown)):
            other.reverse(named)
        made = outbox.make_id
        outbox.make_id = lambda: made().replace(own, victim)  # type: ignore[method-assign, return-value, assignment]
        with pytest.raises(SwitchFault, match="NOT_PERMITTED"):
            other.read_member(scene.town.card("employee_retired"))
    assert scene.moved() == before
