"""Closing days, months and years of a region, and opening one again.

One closing is one transaction: stopped anywhere, it has not happened, and run again it comes to the
same. A day that is closed takes no posting (its windows are closed); closing says that somebody has
looked at it. A month's closing makes the statements.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.clearing.period import Kind, Period, cut_off_of
from switch.clearing.policy import ClearingPolicy
from switch.clearing.statement import ACCOUNTS, Statement, statements
from switch.model.ids import BEIJING, RegionCode
from switch.model.journal import INTERCITY
from switch.office.change import Change, Decision
from switch.office.clearing import Reopening
from switch.office.refusal import Refusal, Refused
from switch.store import clearing_acts
from switch.store.cut_offs import cut_off_minutes
from switch.store.flows import heads_digest, load_flows, moved_fen, settled
from switch.store.office import Signer
from switch.store.posting import Sealer

_WINDOWS: Final = """
SELECT book, day, closed_at FROM medswitch.clearing_window
WHERE book IN (%s, %s) AND day BETWEEN %s AND %s
"""
_FIRST: Final = "SELECT min(day) FROM medswitch.clearing_window WHERE book = %s"
_CLOSED: Final = """
SELECT since FROM medswitch.closing
WHERE region = %s AND kind = %s AND since BETWEEN %s AND %s AND reopened_at IS NULL
"""
_VERSION: Final = """
SELECT coalesce(max(version), 0), bool_or(reopened_at IS NULL) FROM medswitch.closing
WHERE region = %s AND kind = %s AND since = %s
"""
_DIFFERENCES: Final = """
SELECT o.institution, i.name, count(*), sum(o.explains_total_fen)::bigint
FROM medswitch.open_difference o JOIN medswitch.institution i ON i.code = o.institution
WHERE i.region = %s AND o.day BETWEEN %s AND %s GROUP BY 1, 2 ORDER BY 1
"""
_CLOSE: Final = """
INSERT INTO medswitch.closing (region, kind, since, version, until, closed_at, closed_by,
    settlements, fund_fen, account_fen, differences, act)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_STATEMENT: Final = """
INSERT INTO medswitch.statement (region, since, version, institution, fund_fen, account_fen,
    rate_bp, withheld_fen, payable_fen, digest, state)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'open')
"""
_LINES: Final = """
COPY medswitch.statement_line (region, since, version, institution, number, region_insured,
    insurance, clearing_type, payer, settlements, amount_fen) FROM STDIN
"""
_LONGER: Final = """
SELECT kind FROM medswitch.closing
WHERE region = %s AND reopened_at IS NULL AND kind <> %s AND since <= %s AND until >= %s
"""
_PAID: Final = """
SELECT end_to_end_id, state FROM medswitch.payment
WHERE region = %s AND since = %s AND state <> 'rejected' ORDER BY 1 LIMIT 1
"""
_REOPEN: Final = """
UPDATE medswitch.closing SET reopened_at = %s, reopened_record = %s
WHERE region = %s AND kind = %s AND since = %s AND version = %s AND reopened_at IS NULL
"""


class Why(StrEnum):
    """What stands in the way of a closing."""

    CLOSED = "closed"
    NOT_OVER = "not_over"
    PARTS_OPEN = "parts_open"
    DIFFERENCES = "differences"
    NOT_CONSERVED = "not_conserved"


@dataclass(frozen=True, slots=True)
class Block:
    """One thing in the way; differences may be accepted, all else must be mended."""

    why: Why
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Unequal:
    """An institution with open differences. `total_fen`: what they explain together."""

    institution: str
    name: str
    count: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """A period before it is closed: its totals, what is open, and what stands in the way."""

    region: RegionCode
    period: Period
    version: int
    settlements: int
    fund_fen: int
    account_fen: int
    statements: tuple[Statement, ...]
    unequal: tuple[Unequal, ...]
    blocks: tuple[Block, ...]


class CannotClose(Exception):
    """A period that may not be closed yet."""

    def __init__(self, blocks: tuple[Block, ...]) -> None:
        super().__init__("; ".join(f"{one.zh} {one.en}" for one in blocks))
        self.blocks = blocks


def look(
    conn: Connection[TupleRow], region: RegionCode, period: Period, policy: ClearingPolicy,
    now: datetime,
) -> Outlook:  # fmt: skip
    """Return how a period stands. Raises: NotHeld."""
    since, until = period.since, period.until
    flows = load_flows(conn, since, until, region)
    accounts = sum(flow.amount_fen for flow in flows if flow.payer == ACCOUNTS)
    total = sum(flow.amount_fen for flow in flows)
    unequal = tuple(Unequal(*row) for row in conn.execute(_DIFFERENCES, (region, since, until)))
    latest, stands = conn.execute(_VERSION, (region, period.kind, since)).fetchone() or (0, None)
    made: tuple[Statement, ...] = ()
    if period.kind is Kind.MONTH:
        made = statements(flows, {region: policy.rate_bp(region, until)})
    blocks = list(_not_over(conn, region, period, now))
    if stands:
        blocks.append(Block(Why.CLOSED, "已结账", f"{period.name} is closed, version {latest}"))
    blocks += _parts_open(conn, region, period)
    gained = moved_fen(conn, since, until, region)
    if gained != total:
        text = f"payers gave {total} fen, institutions' accounts gained {gained}"
        blocks.append(Block(Why.NOT_CONSERVED, "收支不符", text))
    if unequal and period.kind is Kind.DAY:
        count = sum(one.count for one in unequal)
        text = f"{count} differences of {len(unequal)} institutions are open"
        blocks.append(Block(Why.DIFFERENCES, f"{count} 笔差异未处理", text))
    return Outlook(
        region, period, latest + 1, settled(conn, since, until, region), total - accounts,
        accounts, made, unequal, tuple(blocks),
    )  # fmt: skip


def close(
    conn: Connection[TupleRow], sealer: Sealer, region: RegionCode, period: Period,
    policy: ClearingPolicy, signer: Signer, now: datetime, *, accept_differences: bool = False,
) -> Outlook:  # fmt: skip
    """Close a period and return what it came to. Raises: CannotClose, Refused, NotHeld."""
    with conn.transaction():
        clearing_acts.lock(conn)
        seen = look(conn, region, period, policy, now)
        accepted = {Why.DIFFERENCES} if accept_differences else set()
        blocks = tuple(one for one in seen.blocks if one.why not in accepted)
        if blocks:
            raise CannotClose(blocks)
        differences = sum(one.count for one in seen.unequal) if period.kind is Kind.DAY else 0
        digests = [
            [one.institution, clearing_acts.statement_digest(period.name, seen.version, one).hex()]
            for one in seen.statements
        ]
        number = clearing_acts.add_act(
            conn,
            sealer,
            {
                "act": "close", "region": region, "kind": period.kind.value,
                "since": period.since.isoformat(), "version": seen.version, "by": signer.name,
                "at": now.isoformat(), "settlements": seen.settlements,
                "fund_fen": seen.fund_fen, "account_fen": seen.account_fen,
                "differences": differences, "statements": digests,
                "heads": heads_digest(conn, period.since, period.until, region),
            },
            signer,
        )  # fmt: skip
        conn.execute(
            _CLOSE,
            (
                region, period.kind, period.since, seen.version, period.until, now, signer.name,
                seen.settlements, seen.fund_fen, seen.account_fen, differences, number,
            ),
        )  # fmt: skip
        _save_statements(conn, seen)
        return seen


def reopen(conn: Connection[TupleRow], change: Change, decision: Decision) -> None:
    """Open a closed period again: the effect of `reopen-period`. Raises: Refused."""
    wanted = Reopening.read(change.content)
    period = Period.parse(wanted.period)
    clearing_acts.lock(conn)
    longer = conn.execute(
        _LONGER, (wanted.region, period.kind, period.since, period.until)
    ).fetchone()
    if longer is not None:
        raise Refused(Refusal.PERIOD_COVERED, f"the {longer[0]} of {period.name} is closed")
    paid = conn.execute(_PAID, (wanted.region, period.since)).fetchone()
    if period.kind is Kind.MONTH and paid is not None:
        raise Refused(Refusal.PERIOD_COVERED, f"{paid[0]} of {period.name} is {paid[1]}")
    done = conn.execute(
        _REOPEN,
        (
            decision.at, decision.record, wanted.region, period.kind, period.since, wanted.version,
        ),
    )  # fmt: skip
    if done.rowcount == 0:
        raise Refused(
            Refusal.PERIOD_NOT_CLOSED,
            f"{period.name} of {wanted.region} is not closed in version {wanted.version}",
        )


def _not_over(
    conn: Connection[TupleRow], region: RegionCode, period: Period, now: datetime
) -> Iterator[Block]:
    """Yield the last day of each book that still takes postings: closed means complete."""
    rows = conn.execute(_WINDOWS, (region, INTERCITY, period.since, period.until)).fetchall()
    closed = {(book, day): at is not None for book, day, at in rows}
    for book in (region, INTERCITY):
        if closed.get((book, period.until), False):
            continue
        ends = cut_off_of(period.until, cut_off_minutes(conn, book, period.until))
        when = f"{ends.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        text = f"{book} takes {period.until} until {when}"
        if now >= ends:
            text = f"{book} has not closed {period.until}, due {when}: is a switch running?"
        yield Block(Why.NOT_OVER, "未到日切", text)


def _parts_open(conn: Connection[TupleRow], region: RegionCode, period: Period) -> Iterator[Block]:
    parts = period.parts()
    if not parts:
        return
    row = conn.execute(_FIRST, (region,)).fetchone()
    first: date | None = None if row is None else row[0]
    kind = parts[0].kind
    rows = conn.execute(_CLOSED, (region, kind, period.since, period.until))
    done = {since for (since,) in rows}
    left = [
        one.name
        for one in parts
        if one.since not in done and first is not None and one.until >= first
    ]
    if first is None:
        left = [one.name for one in parts]
    if left:
        names = ", ".join(left[:5]) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        yield Block(Why.PARTS_OPEN, f"{len(left)} 个结账期未结", f"not closed: {names}")


def _save_statements(conn: Connection[TupleRow], seen: Outlook) -> None:
    place = (seen.region, seen.period.since, seen.version)
    for one in seen.statements:
        digest = clearing_acts.statement_digest(seen.period.name, seen.version, one)
        conn.execute(
            _STATEMENT,
            (
                *place, one.institution, one.fund_fen, one.account_fen, one.rate_bp,
                one.withheld_fen, one.payable_fen, digest,
            ),
        )  # fmt: skip
    with conn.cursor() as cursor, cursor.copy(_LINES) as copy:
        for one in seen.statements:
            for number, line in enumerate(one.lines, start=1):
                copy.write_row((
                    *place, one.institution, number, line.region_insured, line.insurance,
                    line.clearing_type, line.payer, line.count, line.amount_fen,
                ))  # fmt: skip
