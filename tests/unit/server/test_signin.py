"""Sign-in (9001), in every suite."""

from datetime import date, timedelta

import pytest
from grpc import StatusCode

from switch.security.mac import signin_message, signin_reply_message, verify_session_check
from switch.security.suite import Suite
from switch.server import rights
from switch.server.sessions import AGAIN_AFTER
from tests.fix_server import NOW, Door, Pos
from tests.unit.server.test_authenticate import assert_refused

suites = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)


@suites
async def test_both_ends_derive_one_key_and_the_reply_is_bound_to_the_request(suite: Suite) -> None:
    door = Door()
    pos = Pos(door, suite)
    body = pos.signin_body()
    metadata = pos.signin_metadata(body)
    outcome = await door.call(rights.SIGN_IN, metadata, body)
    assert outcome.reply is not None
    mac = dict(metadata)["x-mac-bin"]
    assert isinstance(mac, bytes)
    message = signin_reply_message(pos.terminal_id, mac, 0, outcome.reply)
    assert outcome.trailing == {"x-mac-bin": pos.signin_key().compute(message)}
    told = door.codec.signed_in[0]
    row = door.store.rows[told.session_id]
    key = door.vault.session_key(pos.terminal_id, 1, body[:16], row.nonce_s, row.session_id)
    verify_session_check(key, row.session_id, told.check)
    assert told.expires_at == NOW + timedelta(hours=24)
    assert told.server_time == NOW
    assert (row.suite, row.key_version) == (suite, 1)


@suites
async def test_each_flipped_bit_of_a_signin_is_refused(suite: Suite) -> None:
    door = Door()
    pos = Pos(door, suite)
    body = pos.signin_body()
    metadata = pos.signin_metadata(body)
    for bit in range(len(body) * 8):
        wrong = bytearray(body)
        wrong[bit // 8] ^= 1 << bit % 8
        assert_refused(door, await door.call(rights.SIGN_IN, metadata, bytes(wrong)))
    assert door.store.rows == {}


async def test_signin_under_another_terminals_suite_or_version_is_refused() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    body = pos.signin_body()
    terminal, version, mac = pos.signin_metadata(body)
    for metadata in (
        (("x-terminal-id", "T2"), version, mac),
        (terminal, ("x-key-version", "2"), mac),
        (("x-terminal-id", "NOBODY"), version, mac),
    ):
        assert_refused(door, await door.call(rights.SIGN_IN, metadata, body))


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_skewed_clock_is_told_the_servers_time_under_a_mac(minutes: int) -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    door.clock.move(timedelta(minutes=minutes))
    body = pos.signin_body()
    door.clock.move(timedelta(minutes=-minutes))
    metadata = pos.signin_metadata(body)
    outcome = await door.call(rights.SIGN_IN, metadata, body)
    assert outcome.code is StatusCode.FAILED_PRECONDITION
    details = outcome.trailing["grpc-status-details-bin"]
    assert details == f"CLOCK_SKEW||stop|{NOW.isoformat()}".encode()
    mac = dict(metadata)["x-mac-bin"]
    assert isinstance(mac, bytes)
    message = signin_reply_message(pos.terminal_id, mac, 9, details)
    assert outcome.trailing["x-mac-bin"] == pos.signin_key().compute(message)
    assert door.store.rows == {}


async def test_five_minutes_of_skew_are_allowed() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    body = pos.signin_body()
    metadata = pos.signin_metadata(body)
    door.clock.move(timedelta(minutes=5))
    assert (await door.call(rights.SIGN_IN, metadata, body)).reply is not None


async def test_nonce_is_refused_twice_without_a_mac() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    body = pos.signin_body()
    metadata = pos.signin_metadata(body)
    assert (await door.call(rights.SIGN_IN, metadata, body)).reply is not None
    opened = door.store.opened
    assert_refused(door, await door.call(rights.SIGN_IN, metadata, body))
    assert door.store.opened == opened, "a replay does not reach the store twice"
    door.handlers = door.another_process()
    assert_refused(door, await door.call(rights.SIGN_IN, metadata, body))
    assert door.store.opened == opened + 1


async def test_malformed_but_genuine_signin_is_told_so_under_a_mac() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    outcome = await door.call(rights.SIGN_IN, pos.signin_metadata(b"short"), b"short")
    assert outcome.code is StatusCode.INVALID_ARGUMENT
    assert outcome.trailing["grpc-status-details-bin"].startswith(b"MALFORMED|nonce_t|stop|")
    assert len(outcome.trailing["x-mac-bin"]) == 16


async def test_suite_is_refused_after_its_last_day_and_no_session_outlives_it() -> None:
    door = Door()
    door.store.register("T3", Suite.TDES, last_day=date(2018, 12, 1))
    pos = Pos(door, Suite.TDES)
    assert (await pos.sign_in()).reply is not None
    # Midnight in Beijing, 14 hours after NOW.
    assert door.codec.signed_in[0].expires_at == NOW + timedelta(hours=14)
    door.clock.move(timedelta(hours=14))
    assert_refused(door, await pos.sign_in())


async def test_flood_on_a_known_terminal_reads_its_row_once() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    await pos.sign_in()
    looked_up = door.store.looked_up
    body = pos.signin_body()
    metadata = (*pos.signin_metadata(body)[:2], ("x-mac-bin", b"m" * 16))
    for _ in range(1_000):
        assert_refused(door, await door.call(rights.SIGN_IN, metadata, body))
    assert door.store.looked_up == looked_up
    assert (await pos.sign_in()).reply is not None


async def test_ninth_session_ends_the_oldest() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    await pos.sign_in()
    oldest = pos.session_id
    for _ in range(8):
        door.clock.move(timedelta(seconds=1))
        await pos.sign_in()
    live = [row for row in door.store.rows.values() if row.ended_at is None]
    assert len(live) == 8
    assert door.store.rows[oldest].ended_at is not None


async def test_flood_of_unknown_terminals_costs_few_look_ups_and_locks_nobody_known() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    await pos.sign_in()
    looked_up = door.store.looked_up
    body = pos.signin_body()
    for n in range(1_000):
        metadata = (("x-terminal-id", f"X{n}"), *pos.signin_metadata(body)[1:])
        assert (await door.call(rights.SIGN_IN, metadata, body)).code is StatusCode.UNAUTHENTICATED
    assert door.store.looked_up - looked_up <= 200
    assert (await pos.sign_in()).reply is not None


@suites
async def test_a_genuine_signin_under_an_ended_key_is_told_so_and_gets_no_session(
    suite: Suite,
) -> None:
    """Signed under that very key: nobody else can ask, and nobody else could have answered."""
    door = Door()
    pos = Pos(door, suite)
    door.store.end_key(pos.terminal_id)
    body = pos.signin_body()
    metadata = pos.signin_metadata(body)
    outcome = await door.call(rights.SIGN_IN, metadata, body)
    assert outcome.code is StatusCode.NOT_FOUND
    details = outcome.trailing["grpc-status-details-bin"]
    assert isinstance(details, bytes)
    assert b"TERMINAL_KEY_ENDED" in details
    assert "version 1 has ended; live versions: 2" in outcome.text
    mac = dict(metadata)["x-mac-bin"]
    assert isinstance(mac, bytes)
    message = signin_reply_message(pos.terminal_id, mac, 5, details)
    assert outcome.trailing["x-mac-bin"] == pos.signin_key().compute(message)
    assert door.store.rows == {}


async def test_an_unproven_signin_under_an_ended_key_learns_nothing() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    door.store.end_key(pos.terminal_id)
    body = pos.signin_body()
    terminal, version, _ = pos.signin_metadata(body)
    forged = (terminal, version, ("x-mac-bin", bytes(16)))
    assert_refused(door, await door.call(rights.SIGN_IN, forged, body))


async def test_a_key_put_in_use_a_moment_ago_is_met_though_its_terminal_was_read_before() -> None:
    door = Door()
    pos = Pos(door, Suite.SM4)
    await pos.sign_in()
    body = pos.signin_body()
    door.vault.add(pos.terminal_id, Suite.SM4, 2)
    door.store.end_key(pos.terminal_id)
    key = door.vault.signin_key(pos.terminal_id, 2)
    metadata = (
        ("x-terminal-id", pos.terminal_id), ("x-key-version", "2"),
        ("x-mac-bin", key.compute(signin_message(pos.terminal_id, Suite.SM4, 2, body))),
    )  # fmt: skip
    before = door.store.looked_up
    assert_refused(door, await door.call(rights.SIGN_IN, metadata, body))  # read this second
    assert door.store.looked_up == before
    door.clock.move(AGAIN_AFTER)
    outcome = await door.call(rights.SIGN_IN, metadata, body)
    assert outcome.reply is not None
