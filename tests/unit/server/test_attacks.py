"""A signed settlement in the hands of somebody on the way: whatever is changed, it is refused.

The body is a real one; nothing of it is parsed before its MAC, so what a bit means does not matter.
"""

from collections.abc import Iterator
from datetime import date

import pytest

from clients.bill import bill, item
from medswitch.v1 import common_pb2, settlement_pb2
from switch.security.suite import Suite
from switch.server.authenticate import FAILURES_MAX
from tests.fix_server import Door, Pos
from tests.unit.server.test_authenticate import assert_refused

SETTLE = "/medswitch.v1.SettlementService/Settle"
suites = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)


def settle_body() -> bytes:
    claim = bill("11", "330299", date(2018, 12, 3), [item("DEMO-AMLOD-TAB", "氨氯地平", 2, "1.00")])
    claim.request_id = "H33020100001" + "20181203120000" + "0001"
    request = settlement_pb2.SettleRequest(
        claim=claim,
        expected=settlement_pb2.Expected(fund_fen=172, account_fen=28),
        settle_nonce=bytes(range(16)),
        evidence=common_pb2.Evidence(
            card=common_pb2.CardEvidence(
                scheme="medswitch-1", identifier=bytes(range(16)), number="A12345678", atc=7,
                proof=bytes(range(8)), signed_at="20181203120001",
            )
        ),
    )  # fmt: skip
    return request.SerializeToString()


def flipped(octets: bytes) -> Iterator[bytes]:
    """Yield the octets with each bit changed in turn."""
    for bit in range(len(octets) * 8):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@suites
async def test_each_bit_of_a_signed_settlement_counts(suite: Suite) -> None:
    door = Door()
    pos = Pos(door, suite)
    body = settle_body()
    for number, changed in enumerate(flipped(body)):
        if number % (FAILURES_MAX - 1) == 0:
            await pos.sign_in()
        metadata = pos.metadata(SETTLE, body)
        assert_refused(door, await door.call(SETTLE, metadata, changed))
    await pos.sign_in()
    outcome = await pos.call(SETTLE, body)
    assert outcome.reply is not None
    assert door.codec.decoded == [body]


@suites
async def test_each_bit_beside_the_body_counts(suite: Suite) -> None:
    """Terminal, session, number and MAC: one bit of one of them, and nothing is read further."""
    door = Door()
    pos = Pos(door, suite)
    await pos.sign_in()
    body = settle_body()
    for place in range(4):
        good = pos.metadata(SETTLE, body)
        name, value = good[place]
        octets = value if isinstance(value, bytes) else value.encode()
        for changed in flipped(octets):
            text = changed if isinstance(value, bytes) else changed.decode("latin1")
            metadata = (*good[:place], (name, text), *good[place + 1 :])
            assert_refused(door, await door.call(SETTLE, metadata, body))
    assert (await pos.call(SETTLE, body)).reply is not None
    assert door.codec.decoded == [body]


@suites
async def test_a_longer_or_shorter_message_is_another_one(suite: Suite) -> None:
    """Zero padding must not tell nothing apart: the length is under the MAC."""
    door = Door()
    pos = Pos(door, suite)
    await pos.sign_in()
    body = settle_body()
    others = [body[:size] for size in range(0, len(body), 7)]
    others += [body + b"\0" * more for more in (1, 7, 8, 16)]
    others += [b"\0" + body, body + body, body[1:]]
    for other in others:
        assert_refused(door, await door.call(SETTLE, pos.metadata(SETTLE, body), other))
    good = pos.metadata(SETTLE, body)
    mac = good[3][1]
    assert isinstance(mac, bytes)
    for wrong in (b"", mac[:-1], mac + b"\0", mac * 2):
        metadata = (*good[:3], ("x-mac-bin", wrong))
        assert_refused(door, await door.call(SETTLE, metadata, body))
    assert (await door.call(SETTLE, good, body)).reply is not None


@suites
async def test_a_reply_is_no_request(suite: Suite) -> None:
    door = Door()
    pos = Pos(door, suite)
    await pos.sign_in()
    outcome = await pos.call(SETTLE, settle_body())
    assert outcome.reply is not None
    door.codec.decoded.clear()
    door.counter.asked.clear()
    for seq in (pos.seq, pos.seq + 1):
        for method in (SETTLE, SETTLE.replace("Settle", "Presettle", 1)):
            metadata = (
                ("x-terminal-id", pos.terminal_id), ("x-session-bin", pos.session_id),
                ("x-seq", str(seq)), ("x-mac-bin", outcome.trailing["x-mac-bin"]),
            )  # fmt: skip
            assert_refused(door, await door.call(method, metadata, outcome.reply))


async def test_a_message_of_one_key_version_is_refused_in_the_session_of_another() -> None:
    door = Door()
    pos, other = Pos(door, Suite.SM4), Pos(door, Suite.SM4)
    await pos.sign_in()
    door.vault.add(pos.terminal_id, Suite.SM4, 2)
    other.nonces = 7
    other.session_id, other.seq = pos.session_id, pos.seq
    row = door.store.rows[pos.session_id]
    other.key = door.vault.session_key(
        pos.terminal_id, 2, row.nonce_t, row.nonce_s, row.session_id
    )  # fmt: skip
    body = settle_body()
    assert_refused(door, await other.call(SETTLE, body))
    assert (await pos.call(SETTLE, body)).reply is not None
