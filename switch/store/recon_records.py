"""Acts as the records of reconciliation: read from the journals, in the order of their keys.

The rows of a comparison are spooled by the server when it begins (a cursor WITH HOLD), so a slow
caller holds no snapshot, and what is read is one moment's.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import count
from typing import Any, Final, LiteralString

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from switch.model.ids import JournalId, parse_settlement_id, settlement_id
from switch.model.reply import ReplyCode
from switch.pipeline.undo import TOMBSTONE
from switch.recon.difference import Difference, Standing, State
from switch.recon.record import Group, Leg, Parts, Record, Scope, Total
from switch.store.reading import month_of

ROWS_AT_ONCE: Final = 2_000

_COLUMNS: Final = """
SELECT settlement, undone, member_id, day, insurance, clearing_type, region_insured, total_fen,
    fund_fen, account_fen, id, request_id
FROM medswitch.act
"""
_SCOPE: Final = (
    _COLUMNS
    + """
WHERE institution = %s AND day BETWEEN %s AND %s ORDER BY settlement COLLATE "C", undone
"""
)
_DECLARE: Final = sql.SQL("DECLARE {} NO SCROLL CURSOR WITH HOLD FOR ")
_FETCH: Final = sql.SQL("FETCH {} FROM {}")
_CLOSE: Final = sql.SQL("CLOSE {}")
_TOTALS: Final = """
SELECT day, insurance, clearing_type, region_insured,
    sum(CASE WHEN undone THEN -1 ELSE 1 END)::bigint,
    sum(total_fen)::bigint, sum(fund_fen)::bigint, sum(account_fen)::bigint
FROM medswitch.act WHERE institution = %s AND day BETWEEN %s AND %s GROUP BY 1, 2, 3, 4
"""
_STANDINGS: Final = """
SELECT k.request_id, r.method, r.code, r.journal_day, r.journal_id, b.journal_day, b.journal_id,
    u.original_id IS NOT NULL
FROM unnest(%s::date[], %s::text[]) AS k(month, request_id)
JOIN medswitch.request r ON r.month = k.month AND r.request_id = k.request_id
LEFT JOIN medswitch.undo u ON u.month = k.month AND u.original_id = k.request_id
LEFT JOIN medswitch.request b ON b.request_id = u.by_request_id
    AND b.month = date_trunc('month', to_date(substr(u.by_request_id, 13, 8), 'YYYYMMDD'))::date
"""
_NAMED: Final = """
SELECT a.settlement, a.undone, a.member_id, a.day, a.insurance, a.clearing_type, a.region_insured,
    a.total_fen, a.fund_fen, a.account_fen, a.id, a.request_id
FROM unnest(%s::date[], %s::bigint[]) AS k(day, id)
JOIN medswitch.act a ON a.day = k.day AND a.id = k.id WHERE a.institution = %s
"""

_names = count(1)


def acts(connection: Connection[TupleRow], scope: Scope) -> Iterator[Record]:
    """Yield the acts of a scope in the order of their keys. `connection` is in autocommit."""
    days = (scope.institution, scope.since, scope.until)
    return map(_record, spooled(connection, _SCOPE, days))


def spooled(
    connection: Connection[TupleRow], query: LiteralString, values: Sequence[Any]
) -> Iterator[TupleRow]:
    """Run a query now and yield its rows, which the server keeps until they are fetched."""
    name = sql.Identifier(f"spooled_{next(_names)}")
    connection.execute(_DECLARE.format(name) + sql.SQL(query), values)
    return _fetched(connection, name)


def _fetched(connection: Connection[TupleRow], name: sql.Identifier) -> Iterator[TupleRow]:
    fetch = _FETCH.format(sql.Literal(ROWS_AT_ONCE), name)
    while rows := connection.execute(fetch).fetchall():
        yield from rows
    connection.execute(_CLOSE.format(name))


def totals(connection: Connection[TupleRow], scope: Scope) -> dict[Group, Total]:
    """Return what each group of a scope comes to."""
    rows = connection.execute(_TOTALS, (scope.institution, scope.since, scope.until))
    return {
        Group(day, insurance, clearing, region): Total(number, Parts(total, fund, account))
        for day, insurance, clearing, region, number, total, fund, account in rows
    }


def standings(
    connection: Connection[TupleRow], institution: str, doubtful: Sequence[Difference]
) -> list[Standing]:
    """Return what the register knows of acts that one side alone has, in their order."""
    records = [one.record for one in doubtful]
    ids = sorted({one.settlement for one in records})
    found = connection.execute(_STANDINGS, ([month_of(one) for one in ids], ids)).fetchall()
    rows = {row[0]: row[1:] for row in found}
    refs = {ref for row in rows.values() for ref in (row[2:4], row[4:6]) if ref[0] is not None}
    stated = {one.settlement_id: _ref(one.settlement_id) for one in records}
    refs |= {ref for ref in stated.values() if ref is not None}
    known = _named(connection, institution, refs)
    return [
        _standing(one, rows.get(one.settlement), known, stated[one.settlement_id])
        for one in records
    ]


def _standing(
    theirs: Record,
    row: Sequence[Any] | None,
    records: dict[tuple[date, JournalId], Record],
    stated: tuple[date, JournalId] | None,
) -> Standing:
    same = None if stated is None else records.get(stated)
    namesake = same is not None and same.settlement != theirs.settlement
    if row is None:
        return Standing(State.UNKNOWN, namesake=namesake)
    method, code, day, journal, undo_day, undo_journal, undone = row
    if method == TOMBSTONE:
        return Standing(State.TOMBSTONE, undone=True, namesake=namesake)
    if code != ReplyCode.OK or day is None:
        return Standing(State.DECLINED, namesake=namesake)
    ref = (day, journal) if theirs.leg is Leg.SETTLED else (undo_day, undo_journal)
    return Standing(State.POSTED, records.get(ref), undone, namesake)


def _named(
    connection: Connection[TupleRow], institution: str, refs: set[tuple[date, JournalId]]
) -> dict[tuple[date, JournalId], Record]:
    days, ids = [day for day, _ in refs], [journal for _, journal in refs]
    rows = connection.execute(_NAMED, (days, ids, institution)).fetchall()
    return {(row[3], row[10]): _record(row) for row in rows}


def _ref(text: str) -> tuple[date, JournalId] | None:
    """Return the journal that a settlement id names, if it is one of ours."""
    try:
        day, journal = parse_settlement_id(text)
    except ValueError:
        return None
    return (day, journal) if journal < 2**63 else None


def _record(row: Sequence[Any]) -> Record:
    (settlement, undone, member, day, insurance, clearing, region, total, fund, account, journal,
     act) = row  # fmt: skip
    return Record(
        settlement,
        Leg.UNDONE if undone else Leg.SETTLED,
        member,
        Group(day, insurance, clearing, region),
        Parts(total, fund, account),
        settlement_id(day, journal),
        act,
    )
