"""Invariant 8: no unauthenticated byte reaches a card or a rule. Every MAC is verified again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from switch.audit.findings import Violation
from switch.audit.replies import ADJUST
from switch.audit.rows import Case, RequestRow, SessionRow
from switch.pipeline.undo import TOMBSTONE
from switch.security.encode import fixed
from switch.security.errors import MacMismatch
from switch.security.mac import MacKey, frame_message, request_message
from switch.wire.frames import SETTLE_STREAM, frame_body
from switch.wire.methods import PATHS

CLOCKS_APART: Final = timedelta(seconds=5)
"""Replicas write their own clocks: one may open a session that another receives a call of."""

SessionKey = Callable[[SessionRow], MacKey | None]


def check_authentic(case: Case, session_key: SessionKey) -> Iterator[Violation]:
    """A recorded request bears the MAC of a session that was open, of its own institution.

    A tombstone bears its Reverse's, which is verified there; an adjustment none, but two officers
    signed it: invariant 16 holds it to what they signed.
    """
    row, session = case.row, case.session
    if row.method in {TOMBSTONE, ADJUST}:
        return
    if session is None:
        yield Violation(8, row.key, f"its session {row.session_id.hex()} is not there")
        return
    if session.terminal_id != row.terminal_id:
        yield Violation(8, row.key, f"its session is terminal {session.terminal_id}'s")
    if session.institution != row.request_id[:12]:
        yield Violation(8, row.key, f"was sent by a terminal of {session.institution}")
    yield from _check_open(row, session)
    key = session_key(session)
    if key is None:
        yield Violation(
            8, row.key, f"terminal {session.terminal_id} has no key version {session.key_version}"
        )
        return
    try:
        mac = row.mac[: key.suite.mac_bytes]
        key.verify(_signed(row, row.mac[len(mac) :]), mac)
    except (MacMismatch, KeyError, ValueError, OverflowError):
        yield Violation(8, row.key, "its MAC is not that of its bytes")


def _signed(row: RequestRow, number: bytes) -> bytes:
    """Return what was signed: a call, or the frame whose number stands behind its MAC."""
    if not number:
        path = PATHS[row.method]
        return request_message(path, row.terminal_id, row.session_id, row.seq, row.body)
    n = int.from_bytes(fixed(number, 8, "frame number"))
    body = frame_body(row.method, row.body)
    return frame_message(SETTLE_STREAM, row.terminal_id, row.session_id, row.seq, n, body)


def _check_open(row: RequestRow, session: SessionRow) -> Iterator[Violation]:
    end = session.expires_at
    if session.ended_at is not None:
        end = min(end, session.ended_at)
    if not session.opened_at - CLOCKS_APART <= row.received_at <= end + CLOCKS_APART:
        yield Violation(
            8, row.key,
            f"was received {row.received_at.isoformat()}; its session was open from "
            f"{session.opened_at.isoformat()} to {end.isoformat()}",
        )  # fmt: skip
