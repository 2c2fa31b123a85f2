"""Suspicions at the office: listed, and resolved under maker and checker.

A resolution changes no person: a card that policy locked with the suspicion may be unlocked by the
agency from then on, by a request of its own. So every change of a person stays a recorded request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.ids import MemberId, bucket_of_member
from switch.office.change import Change, Decision
from switch.office.refusal import Refusal, Refused
from switch.office.suspicion import SuspicionResolution

_ALL: Final = """
SELECT s.member_id, s.version, s.method, s.use, s.stored_atc, s.earlier, s.locked, r.verdict
FROM medswitch.suspicion s
LEFT JOIN medswitch.suspicion_resolution r ON r.bucket = s.bucket AND r.member_id = s.member_id
    AND r.version = s.version
WHERE %s OR r.verdict IS NULL
ORDER BY s.use ->> 'at', s.member_id, s.version
"""
_RESOLVE: Final = """
INSERT INTO medswitch.suspicion_resolution (bucket, member_id, version, verdict, record, change)
SELECT s.bucket, s.member_id, s.version, %s, %s, %s FROM medswitch.suspicion s
WHERE s.bucket = %s AND s.member_id = %s AND s.version = %s
ON CONFLICT DO NOTHING
"""
# Of a settlement that was declined no index leads to the person, so this reads a month whole: for
# an operator, who waits.
_EARLIER: Final = """
SELECT request_id, terminal_id, posted_at, atc FROM medswitch.request
WHERE month >= date_trunc('month', %s::date - 31)::date AND member_id = %s AND atc >= %s
    AND posted_at < %s
ORDER BY atc, posted_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A suspicion as operators see it; `verdict` "": nobody has resolved it."""

    member_id: str
    version: int
    method: str
    use: Mapping[str, Any]
    stored_atc: int
    earlier: Mapping[str, Any] | None
    locked: bool
    verdict: str


def listed(conn: Connection[TupleRow], *, resolved: bool) -> list[Listed]:
    """Return suspicions by the time of the use that showed them; `resolved`: those, too."""
    found = []
    for row in conn.execute(_ALL, (resolved,)):
        member_id, version, method, use, stored_atc, earlier, locked, verdict = row
        one = Listed(
            member_id, version, method, use, stored_atc, earlier, locked, verdict or ""
        )  # fmt: skip
        found.append(one if one.earlier is not None else _with_earlier(conn, one))
    return found


def resolve(conn: Connection[TupleRow], change: Change, decision: Decision) -> None:
    """Write down what was found: the effect of `resolve-suspicion`. Raises: Refused."""
    wanted = SuspicionResolution.read(change.content)
    bucket = bucket_of_member(MemberId(wanted.member_id))
    values = (
        wanted.verdict.value, decision.record, change.number, bucket, wanted.member_id,
        wanted.version,
    )  # fmt: skip
    if conn.execute(_RESOLVE, values).rowcount != 1:
        name = f"{wanted.member_id}/{wanted.version}"
        raise Refused(
            Refusal.NO_SUCH_SUSPICION, f"there is no suspicion {name}, or it has been resolved"
        )


def _with_earlier(conn: Connection[TupleRow], one: Listed) -> Listed:
    at = one.use["at"]
    row = conn.execute(_EARLIER, (at, one.member_id, one.use["atc"], at)).fetchone()
    if row is None:
        return one
    earlier = {
        "request_id": row[0], "institution": row[0][:12], "terminal_id": row[1],
        "at": row[2].isoformat(), "atc": row[3],
    }  # fmt: skip
    return replace(one, earlier=earlier)
