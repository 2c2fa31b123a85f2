"""What a proven call gets: an answer, or a fault under a MAC that says no more than it should."""

from datetime import timedelta

import pytest
from grpc import StatusCode

from switch.model.fault import Fault, FaultReason
from switch.model.terminal import TerminalClass
from switch.security.mac import reply_message
from switch.security.suite import Suite
from switch.server import rights
from switch.server.rights import FREE_MISUSES
from switch.server.status import STATUS, status_number
from tests.fix_server import Door, Outcome, PlainContext, Pos

ASK = rights.GET_SETTLEMENT


async def opened(
    terminal_class: TerminalClass = TerminalClass.INSTITUTION,
) -> tuple[Door, Pos]:
    door = Door()
    door.store.register("T1", Suite.SM4, terminal_class=terminal_class)
    pos = Pos(door, Suite.SM4)
    await pos.sign_in()
    return door, pos


async def ask(
    pos: Pos, body: bytes, method: str = ASK, context: PlainContext | None = None
) -> tuple[Outcome, str]:
    """Make a call and return its outcome with the fault's details, their MAC verified."""
    metadata = pos.metadata(method, body)
    outcome = await pos.door.call(method, metadata, body, context)
    details = outcome.trailing.get("grpc-status-details-bin", b"")
    signed = outcome.reply if outcome.reply is not None else details
    mac = dict(metadata)["x-mac-bin"]
    assert isinstance(mac, bytes)
    status = status_number(outcome.code)
    message = reply_message(method, "T1", pos.session_id, pos.seq, mac, status, signed)
    assert outcome.trailing["x-mac-bin"] == pos.key.compute(message)
    return outcome, details.decode()


@pytest.mark.parametrize("reason", FaultReason)
async def test_fault_has_its_status_and_action_under_a_mac(reason: FaultReason) -> None:
    door, pos = await opened()
    door.counter.fails = Fault(reason, "what to do", "a.field")
    outcome, details = await ask(pos, b"q")
    code, action = STATUS[reason]
    assert outcome.code is code
    assert outcome.text == "what to do"
    assert details.startswith(f"{reason}|a.field|{action}|")


async def test_catch_all_tells_nothing_of_the_error() -> None:
    door, pos = await opened()
    door.counter.fails = RuntimeError("insert (330106199001010018, 张三) failed at /srv/x.py")
    outcome, details = await ask(pos, b"q")
    assert outcome.code is StatusCode.INTERNAL
    assert details.startswith("INTERNAL||query_or_reverse|")
    for leaked in ("3301", "张三", "/srv", "RuntimeError"):
        assert leaked not in outcome.text + details


async def test_error_before_the_proof_has_a_fixed_text_and_no_mac(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door, pos = await opened()
    door.handlers = door.another_process()

    async def down(_: object) -> None:
        raise OSError("connection to 10.1.2.3 refused")

    monkeypatch.setattr(door.store, "session", down)
    outcome = await pos.call(ASK, b"q")
    assert outcome.code is StatusCode.INTERNAL
    assert "10.1.2.3" not in outcome.text
    assert outcome.trailing == {}


async def test_malformed_message_names_its_field() -> None:
    _, pos = await opened()
    outcome, details = await ask(pos, b"malformed")
    assert outcome.code is StatusCode.INVALID_ARGUMENT
    assert details.startswith("MALFORMED|claim.total_fen|stop|")


async def test_class_without_the_right_is_told_so_and_nothing_is_parsed() -> None:
    door, pos = await opened(TerminalClass.AGENCY)
    outcome, _ = await ask(pos, b"q", rights.REVERSE)
    assert outcome.code is StatusCode.PERMISSION_DENIED
    assert door.codec.decoded == []


async def test_proven_misuse_locks_for_a_while() -> None:
    door, pos = await opened(TerminalClass.AGENCY)
    for _ in range(FREE_MISUSES + 1):
        await ask(pos, b"q", rights.REVERSE)
    outcome, _ = await ask(pos, b"", rights.HEARTBEAT)
    assert outcome.code is StatusCode.PERMISSION_DENIED
    door.clock.move(timedelta(seconds=2))
    outcome, _ = await ask(pos, b"", rights.HEARTBEAT)
    assert outcome.reply == b"beat"


async def test_foreign_institution_counts_as_misuse() -> None:
    _, pos = await opened()
    for _ in range(FREE_MISUSES + 1):
        await ask(pos, b"foreign")
    outcome, _ = await ask(pos, b"q")
    assert outcome.code is StatusCode.PERMISSION_DENIED


async def test_method_of_a_later_version_is_told_so_under_a_mac() -> None:
    door, pos = await opened()
    outcome, _ = await ask(pos, b"q", "/medswitch.v1.LaterService/Ask")
    assert outcome.code is StatusCode.UNIMPLEMENTED
    assert door.codec.decoded == []


async def test_passed_deadline_is_not_worked_on() -> None:
    door, pos = await opened()
    outcome, _ = await ask(pos, b"q", context=PlainContext(remaining_s=0.0))
    assert outcome.code is StatusCode.DEADLINE_EXCEEDED
    assert door.counter.asked == []
    outcome, _ = await ask(pos, b"q", context=PlainContext(remaining_s=None))
    assert outcome.reply is not None


async def test_draining_refuses_what_is_new_under_a_mac() -> None:
    door, pos = await opened()
    door.handlers.refuse_new()
    outcome, _ = await ask(pos, b"q")
    assert outcome.code is StatusCode.UNAVAILABLE
    assert (await pos.sign_in()).code is StatusCode.UNAVAILABLE
    assert await door.handlers.finish(1)


async def test_paths_of_others_are_left_to_grpc_and_echo_touches_nothing() -> None:
    door, _ = await opened()
    looked_up = door.store.looked_up
    echoed = await door.call(rights.ECHO, (), b"\n\x05hello")
    assert echoed.reply == b"\n\x05hello"
    large = await door.call(rights.ECHO, (), b"x" * 5_000)
    assert large.code is StatusCode.INVALID_ARGUMENT
    assert door.store.looked_up == looked_up
    with pytest.raises(AssertionError):
        await door.call("/elsewhere.Service/Method", (), b"")
