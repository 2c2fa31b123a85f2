"""Misuse of a session, in every suite: refused without a word, and nothing is parsed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from grpc import StatusCode

from switch.security.mac import reply_message
from switch.security.suite import Suite
from switch.server import rights
from switch.server.authenticate import FAILURES_MAX
from switch.server.sessions import FRESH_FOR, TDES_BODY_BYTES_MAX
from switch.server.throttle import GUESSES_AT_ONCE
from tests.fix_server import NOW, Door, Outcome, Pos

ASK = rights.GET_SETTLEMENT
UNDO = rights.REVERSE

suites = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)


async def signed_in(door: Door, suite: Suite) -> Pos:
    pos = Pos(door, suite)
    assert (await pos.sign_in()).reply is not None
    return pos


def assert_refused(door: Door, outcome: Outcome) -> None:
    """Every refusal looks alike: one status, one text, no MAC, no details; nothing was parsed."""
    assert outcome.reply is None
    assert outcome.code is StatusCode.UNAUTHENTICATED
    assert outcome.text == "refused: sign in again; if this goes on, ask the operator"
    assert outcome.trailing == {}
    assert door.codec.decoded == []
    assert door.counter.asked == []


@suites
async def test_reply_is_bound_to_its_request(suite: Suite) -> None:
    door = Door()
    pos = await signed_in(door, suite)
    metadata = pos.metadata(ASK, b"q1")
    outcome = await door.call(ASK, metadata, b"q1")
    assert outcome.reply == b"answer to q1"
    request_mac = dict(metadata)["x-mac-bin"]
    assert isinstance(request_mac, bytes)
    signed = (ASK, pos.terminal_id, pos.session_id, 1, request_mac, 0, b"answer to q1")
    assert outcome.trailing == {"x-mac-bin": pos.key.compute(reply_message(*signed))}


@suites
async def test_each_flipped_bit_of_body_or_mac_is_refused(suite: Suite) -> None:
    door = Door()
    pos = await signed_in(door, suite)
    body = b"q1"
    metadata = pos.metadata(ASK, body)
    for bit in range(len(body) * 8):
        wrong = bytearray(body)
        wrong[bit // 8] ^= 1 << bit % 8
        assert_refused(door, await door.call(ASK, metadata, bytes(wrong)))
    mac = dict(metadata)["x-mac-bin"]
    assert isinstance(mac, bytes)
    for bit in range(len(mac) * 8):
        wrong = bytearray(mac)
        wrong[bit // 8] ^= 1 << bit % 8
        assert_refused(
            door, await door.call(ASK, (*metadata[:3], ("x-mac-bin", bytes(wrong))), body)
        )
    assert (await door.call(ASK, metadata, body)).reply == b"answer to q1"


@suites
async def test_message_is_taken_once_and_only_on_its_own_path(suite: Suite) -> None:
    door = Door()
    pos = await signed_in(door, suite)
    metadata = pos.metadata(ASK, b"q1")
    assert_refused(door, await door.call(UNDO, metadata, b"q1"))
    assert (await door.call(ASK, metadata, b"q1")).reply is not None
    door.codec.decoded.clear()
    door.counter.asked.clear()
    assert_refused(door, await door.call(ASK, metadata, b"q1"))


@suites
async def test_message_of_one_session_is_refused_in_another(suite: Suite) -> None:
    door = Door()
    first, second = await signed_in(door, suite), Pos(door, suite)
    second.nonces = 100
    await second.sign_in()
    metadata = first.metadata(ASK, b"q1")
    swapped = tuple((k, second.session_id if k == "x-session-bin" else v) for k, v in metadata)
    assert_refused(door, await door.call(ASK, swapped, b"q1"))


async def test_message_of_one_suite_is_refused_under_another() -> None:
    door = Door()
    sm4, aes = await signed_in(door, Suite.SM4), await signed_in(door, Suite.AES_128)
    aes.session_id, aes.terminal_id = sm4.session_id, sm4.terminal_id
    assert_refused(door, await aes.call(ASK, b"q1"))
    sm4.terminal_id = "T2"
    assert_refused(door, await sm4.call(ASK, b"q1"))


@suites
async def test_session_ends_at_its_expiry_and_when_signed_out(suite: Suite) -> None:
    door = Door()
    pos = await signed_in(door, suite)
    assert (await pos.call(rights.HEARTBEAT, b"")).reply == b"beat"
    assert (await pos.call(rights.SIGN_OUT, b"")).reply == b"out"
    assert_refused(door, await pos.call(ASK, b"q1"))
    await pos.sign_in()
    door.clock.move(timedelta(hours=24))
    assert_refused(door, await pos.call(ASK, b"q1"))


async def test_sign_out_elsewhere_is_seen_when_the_row_is_read_again() -> None:
    door = Door()
    pos = await signed_in(door, Suite.SM4)
    assert (await pos.call(ASK, b"q1")).reply is not None
    row = door.store.rows[pos.session_id]
    door.store.rows[pos.session_id] = replace(row, ended_at=NOW)
    door.codec.decoded.clear()
    door.counter.asked.clear()
    door.clock.move(FRESH_FOR)
    assert_refused(door, await pos.call(ASK, b"q2"))


async def test_blocked_terminal_is_refused_when_its_row_is_read_again() -> None:
    door = Door()
    pos = await signed_in(door, Suite.SM4)
    door.store.terminals["T1"] = replace(door.store.terminals["T1"], active=False)
    door.clock.move(FRESH_FOR)
    assert_refused(door, await pos.call(ASK, b"q1"))
    assert_refused(door, await pos.sign_in())


async def test_session_serves_on_every_process_with_a_window_of_its_own() -> None:
    door = Door()
    pos = await signed_in(door, Suite.SM4)
    metadata = pos.metadata(ASK, b"q1")
    assert (await door.call(ASK, metadata, b"q1")).reply is not None
    door.handlers = door.another_process()
    assert (await door.call(ASK, metadata, b"q1")).reply is not None, (
        "the request id is the net here"
    )
    looked_up = door.store.looked_up
    assert (await pos.call(ASK, b"q2")).reply is not None
    assert door.store.looked_up == looked_up, "kept"


async def test_window_outlives_the_reading_again() -> None:
    door = Door()
    pos = await signed_in(door, Suite.SM4)
    metadata = pos.metadata(ASK, b"q1")
    await door.call(ASK, metadata, b"q1")
    door.clock.move(FRESH_FOR)
    await pos.call(ASK, b"q2")
    outcome = await door.call(ASK, metadata, b"q1")
    assert outcome.code is StatusCode.UNAUTHENTICATED


async def test_unknown_session_is_looked_up_once_and_guesses_run_out() -> None:
    door = Door()
    pos = await signed_in(door, Suite.SM4)
    stranger = Pos(door, Suite.SM4)
    stranger.session_id = b"?" * 16
    looked_up = door.store.looked_up
    for _ in range(3):
        assert_refused(door, await stranger.call(ASK, b"q1"))
    assert door.store.looked_up == looked_up + 1
    for guess in range(2 * GUESSES_AT_ONCE):
        stranger.session_id = guess.to_bytes(16, "big")
        assert_refused(door, await stranger.call(ASK, b"q1"))
    assert door.store.looked_up <= looked_up + GUESSES_AT_ONCE
    assert (await pos.call(ASK, b"q1")).reply is not None, "its neighbour is served"
    assert (await pos.sign_in()).reply is not None, "and signs in"


async def test_session_ends_after_a_thousand_failures_and_its_terminal_is_not_locked() -> None:
    door = Door()
    pos = await signed_in(door, Suite.SM4)
    right, pos.key = pos.key, Pos(door, Suite.SM4).key
    for _ in range(FAILURES_MAX - 1):
        await pos.call(ASK, b"q1")
    wrong, pos.key = pos.key, right
    assert (await pos.call(ASK, b"q1")).reply is not None
    pos.key = wrong
    await pos.call(ASK, b"q1")
    pos.key = right
    assert (await pos.call(ASK, b"q1")).code is StatusCode.UNAUTHENTICATED
    assert (await pos.sign_in()).reply is not None


async def test_tdes_body_is_at_most_64_kib_and_larger_ones_are_not_read() -> None:
    door = Door()
    pos = await signed_in(door, Suite.TDES)
    assert (await pos.call(ASK, b"q" * TDES_BODY_BYTES_MAX)).reply is not None
    outcome = await pos.call(ASK, b"q" * (TDES_BODY_BYTES_MAX + 1))
    assert outcome.code is StatusCode.RESOURCE_EXHAUSTED
    assert outcome.trailing == {}


async def test_tdes_session_ends_when_its_messages_are_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("switch.server.sessions.TDES_MESSAGES_MAX", 3)
    door = Door()
    pos = await signed_in(door, Suite.TDES)
    for _ in range(3):
        assert (await pos.call(ASK, b"q")).reply is not None
    assert (await pos.call(ASK, b"q")).code is StatusCode.UNAUTHENTICATED
    assert door.store.rows[pos.session_id].ended_at is not None


async def test_key_that_the_vault_does_not_hold_is_a_refusal() -> None:
    door = Door()
    door.store.register("T9", Suite.SM4)
    pos = Pos(door, Suite.SM4)
    pos.terminal_id = "T9"
    body = pos.signin_body()
    metadata = (("x-terminal-id", "T9"), ("x-key-version", "1"), ("x-mac-bin", b"m" * 16))
    assert_refused(door, await door.call(rights.SIGN_IN, metadata, body))
