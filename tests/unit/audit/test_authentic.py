"""Invariant 8 without a database: a call's MAC, and a frame's with its number behind it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from switch.audit.authentic import check_authentic
from switch.audit.rows import Case, RequestRow, SessionRow
from switch.security.encode import stored_mac
from switch.security.mac import MacKey, frame_message, request_message
from switch.security.suite import Suite
from switch.wire.frames import SETTLE_STREAM, frame_body
from switch.wire.methods import PATHS

NOW = datetime(2018, 12, 3, 2, tzinfo=UTC)
SESSION = bytes(range(16))
suites = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)


def _row(mac: bytes, method: str = "Cancel") -> RequestRow:
    return RequestRow(
        month=date(2018, 12, 1), request_id="H33020000001201812031000000001", bucket=1,
        position=0, method=method, terminal_id="T1", session_id=SESSION, seq=7, mac=mac,
        body=b"a request", code=0, reply=b"", member_id="", member_version=None, atc=None,
        journal_day=None, journal_id=None, snapshot=b"", rule_book="", received_at=NOW, lane=1,
        batch=1, posted_at=NOW, writes=None,
    )  # fmt: skip


def _clean(row: RequestRow, suite: Suite) -> bool:
    key = MacKey(suite, bytes(range(1, 17)))
    session = SessionRow(
        session_id=SESSION, terminal_id="T1", institution="H33020000001",
        key_version=1, nonce_t=bytes(16), nonce_s=bytes(16), opened_at=NOW,
        expires_at=NOW + timedelta(hours=1), ended_at=None,
    )  # fmt: skip
    return not list(
        check_authentic(
            Case(row, None, None, None, None, None, session),
            lambda _: key,
        )
    )


def _frame_mac(suite: Suite, n: int, method: str = "Cancel") -> bytes:
    key = MacKey(suite, bytes(range(1, 17)))
    body = frame_body(method, b"a request")
    return key.compute(frame_message(SETTLE_STREAM, "T1", SESSION, 7, n, body))


@suites
def test_a_call_bears_the_mac_of_its_bytes(suite: Suite) -> None:
    key = MacKey(suite, bytes(range(1, 17)))
    message = request_message(PATHS["Cancel"], "T1", SESSION, 7, b"a request")
    row = _row(stored_mac(key.compute(message), 0))
    assert _clean(row, suite)
    assert not _clean(replace(row, body=b"another"), suite)
    assert not _clean(replace(row, mac=row.mac + bytes(8)), suite), "it is no frame's"


@suites
def test_a_frame_bears_the_mac_of_its_number_method_and_bytes(suite: Suite) -> None:
    row = _row(stored_mac(_frame_mac(suite, 3), 3))
    assert _clean(row, suite)
    assert not _clean(replace(row, mac=stored_mac(row.mac[:-8], 4)), suite)
    assert not _clean(replace(row, method="Reverse"), suite)
    assert not _clean(replace(row, seq=8), suite)
    assert not _clean(replace(row, body=b"another"), suite)


def test_a_mac_with_anything_else_behind_it_is_none() -> None:
    assert not _clean(_row(_frame_mac(Suite.SM4, 3) + b"\x03"), Suite.SM4)
