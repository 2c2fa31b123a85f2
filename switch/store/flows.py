"""What payers gave institutions over a span of business days, as the postings have it."""

from datetime import date
from importlib.resources import files
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.clearing.policy import ClearingPolicy, parse_policy
from switch.clearing.statement import Flow
from switch.security.seal import sm3

_FLOWS: Final = """
SELECT institution, region_care, region_insured, insurance, clearing_type, payer,
    count(DISTINCT id) FILTER (WHERE counted AND NOT undone)
        - count(DISTINCT id) FILTER (WHERE counted AND undone),
    sum(amount_fen)::bigint
FROM medswitch.flow WHERE day BETWEEN %s AND %s AND (%s = '' OR region_care = %s)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""
_MOVED: Final = """
SELECT coalesce(sum(CASE WHEN p.credit LIKE 'INSTITUTION:%%' THEN p.amount_fen
                         ELSE -p.amount_fen END), 0)::bigint
FROM medswitch.posting p JOIN medswitch.journal j
    ON j.day = p.day AND j.id = p.journal_id AND j.bucket = p.bucket
WHERE p.day BETWEEN %s AND %s AND p.book = %s AND j.kind <> 'opening'
    AND (p.credit LIKE 'INSTITUTION:%%' OR p.debit LIKE 'INSTITUTION:%%')
"""
_COUNT: Final = """
SELECT count(*) FILTER (WHERE NOT a.undone) - count(*) FILTER (WHERE a.undone)
FROM medswitch.act a
JOIN medswitch.journal j ON j.day = a.day AND j.id = a.id AND j.bucket = a.bucket
WHERE a.day BETWEEN %s AND %s AND j.region_care = %s
"""
_HEADS: Final = """
SELECT h.lane, h.batch, encode(b.seal, 'hex')
FROM (SELECT id >> 39 AS lane, max(id >> 11 & 268435455) AS batch FROM medswitch.journal
      WHERE day BETWEEN %s AND %s AND (region_care = %s OR region_insured = %s)
          AND kind <> 'opening'
      GROUP BY 1) h
JOIN medswitch.batch b ON b.lane = h.lane AND b.batch = h.batch ORDER BY 1
"""


def load_flows(
    conn: Connection[TupleRow], since: date, until: date, region: str = ""
) -> list[Flow]:
    """Return the flows of a region of care, or of all."""
    rows = conn.execute(_FLOWS, (since, until, region, region))
    return [Flow(*row) for row in rows]


def moved_fen(conn: Connection[TupleRow], since: date, until: date, region: str) -> int:
    """Return what all INSTITUTION accounts of a book have gained: the flows, by another way."""
    return _one(conn.execute(_MOVED, (since, until, region)).fetchone())


def settled(conn: Connection[TupleRow], since: date, until: date, region: str) -> int:
    """Return the settlements of a region of care, less undoings."""
    return _one(conn.execute(_COUNT, (since, until, region)).fetchone())


def heads_digest(conn: Connection[TupleRow], since: date, until: date, region: str) -> str:
    """Return SM3 over the last seal of each lane that wrote into a region's span of days.

    The seals cover every batch before, so whoever keeps this keeps them all.
    """
    rows = conn.execute(_HEADS, (since, until, region, region)).fetchall()
    text = "\n".join(f"{lane} {batch} {seal}" for lane, batch, seal in rows)
    return sm3(text.encode("ascii")).hex()


def shipped_clearing_policy() -> ClearingPolicy:
    """Return the clearing policy in the package."""
    place = files("switch.clearing") / "parameters.toml"
    return parse_policy(place.read_text(encoding="utf-8"))


def _one(row: TupleRow | None) -> int:
    return 0 if row is None else int(row[0])
