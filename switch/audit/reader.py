"""Reads the ledger in chunks by primary key: flat memory, and no snapshot outlives a chunk.

(One long snapshot doubled PostgreSQL's cost per settlement, so the audit of a working switch takes
none.) Every chunk is one statement; look-ups beside it are by primary key, later, and so see at
least what the chunk saw.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from typing import Any, Final, LiteralString, TypeVar

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.audit.rows import (
    BatchRow,
    FilingRow,
    JournalRow,
    OfficeRows,
    PostingRow,
    RecordRow,
    Ref,
    RequestRow,
    SessionRow,
    UndoRow,
    WindowRow,
)
from switch.store.keys import held_of
from switch.store.reading import month_of

CHUNK_ROWS: Final = 500
"""Rows of one statement; a register row holds a claim of up to 1 MiB, mostly about 2 KiB."""
_FIRST: Final = date(1, 1, 1)
_LAST: Final = date(9999, 12, 31)
_ID_MAX: Final = 2**63 - 1

# A chunk is a walk along a primary key, also on tables that were never analysed.
_SETTINGS: Final = {
    "search_path": "medswitch, pg_temp",
    "timezone": "UTC",
    "jit": "off",
    "default_transaction_read_only": "on",
    "enable_seqscan": "off",
    "enable_sort": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

_REQUEST_COLUMNS: Final = """
SELECT r.month, r.request_id, r.bucket, r.position, r.method, r.terminal_id, r.session_id, r.seq,
    r.mac, r.body, r.code, r.reply, r.member_id, r.member_version, r.atc, r.journal_day,
    r.journal_id, r.snapshot, r.rule_book, r.received_at, r.lane, r.batch, r.posted_at, r.writes
"""
_REQUESTS: Final = (
    _REQUEST_COLUMNS
    + """
FROM request r WHERE (r.month, r.request_id) > (%s, %s) ORDER BY r.month, r.request_id LIMIT %s
"""
)
_REQUESTS_NAMED: Final = (
    _REQUEST_COLUMNS
    + """
FROM unnest(%s::date[], %s::text[]) AS k(month, request_id)
JOIN request r ON r.month = k.month AND r.request_id = k.request_id
"""
)
_JOURNAL_COLUMNS: Final = """
SELECT j.day, j.id, j.bucket, j.window_book, j.kind, j.request_id, j.institution, j.member_id,
    j.member_version, j.region_insured, j.region_care, j.insurance, j.clearing_type, j.total_fen,
    j.account_current_delta_fen, j.account_earlier_delta_fen, j.deltas, j.consulted, j.undoes_day,
    j.undoes_id, j.posted_at
"""
_JOURNALS: Final = (
    _JOURNAL_COLUMNS
    + """
FROM journal j WHERE (j.day, j.id) > (%s, %s) ORDER BY j.day, j.id LIMIT %s
"""
)
_JOURNALS_NAMED: Final = (
    _JOURNAL_COLUMNS
    + """
FROM unnest(%s::date[], %s::bigint[]) AS k(day, id)
JOIN journal j ON j.day = k.day AND j.id = k.id
"""
)
_POSTING_COLUMNS: Final = """
SELECT p.day, p.journal_id, p.number, p.bucket, p.book, p.debit, p.credit, p.amount_fen
"""
_POSTINGS: Final = (
    _POSTING_COLUMNS
    + """
FROM posting p
WHERE (p.day, p.journal_id) > (%s, %s) AND (p.day, p.journal_id) <= (%s, %s)
ORDER BY p.day, p.journal_id, p.number
"""
)
_POSTINGS_NAMED: Final = (
    _POSTING_COLUMNS
    + """
FROM unnest(%s::date[], %s::bigint[]) AS k(day, id)
JOIN posting p ON p.day = k.day AND p.journal_id = k.id
"""
)
_UNDO: Final = """
SELECT month, original_id, bucket, kind, by_request_id FROM undo
WHERE (month, original_id) > (%s, %s) ORDER BY month, original_id LIMIT %s
"""
_UNDO_NAMED: Final = """
SELECT u.month, u.original_id, u.bucket, u.kind, u.by_request_id
FROM unnest(%s::date[], %s::text[]) AS k(month, request_id)
JOIN undo u ON u.month = k.month AND u.original_id = k.request_id
"""
_FILING_COLUMNS: Final = """
SELECT f.bucket, f.member_id, f.filing_id, f.kind, f.region, f.place, f.disease_code, f.since,
    f.until, f.institution, f.relative, f.granted, f.ended
"""
_FILINGS: Final = (
    _FILING_COLUMNS
    + """
FROM filing f WHERE (f.bucket, f.member_id, f.filing_id) > (%s, %s, %s)
ORDER BY f.bucket, f.member_id, f.filing_id LIMIT %s
"""
)
_FILINGS_NAMED: Final = (
    _FILING_COLUMNS
    + """
FROM unnest(%s::int[], %s::text[], %s::text[]) AS k(bucket, member_id, filing_id)
JOIN filing f ON f.bucket = k.bucket AND f.member_id = k.member_id AND f.filing_id = k.filing_id
"""
)
_SESSIONS: Final = """
SELECT session_id, terminal_id, institution, key_version, nonce_t, nonce_s, opened_at, expires_at,
    ended_at
FROM session WHERE session_id = ANY(%s)
"""
_BATCHES: Final = """
SELECT lane, batch, posted_at, requests, journals, sums, seal_version, seal FROM batch
WHERE (lane, batch) > (%s, %s) ORDER BY lane, batch LIMIT %s
"""
_WINDOWS: Final = """
SELECT book, day, opened_at, closed_at FROM clearing_window ORDER BY book, day
"""
_PEOPLE: Final = """
SELECT m.bucket, m.member_id, m.version, m.atc, m.account_current_fen, m.account_earlier_fen,
    m.accumulators,
    (SELECT jsonb_object_agg(y.year_key, y.accumulators) FROM member_year y
        WHERE y.bucket = m.bucket AND y.member_id = m.member_id)
FROM member m WHERE (m.bucket, m.member_id) > (%s, %s) ORDER BY m.bucket, m.member_id LIMIT %s
"""
_EVENTS: Final = """
SELECT bucket, member_id, version, kind, at,
    CASE WHEN kind = 'opening' THEN detail -> 'filings' END
FROM member_event
WHERE (bucket, member_id, version) > (%s, %s, %s)
ORDER BY bucket, member_id, version LIMIT %s
"""
_OPENED_NAMED: Final = """
SELECT e.member_id, e.detail -> 'filings'
FROM unnest(%s::int[], %s::text[]) AS k(bucket, member_id)
JOIN member_event e ON e.bucket = k.bucket AND e.member_id = k.member_id
WHERE e.kind = 'opening' AND e.detail ? 'filings'
"""
_RECORDS: Final = """
SELECT number, body, signature, seal_version, seal FROM audit_record
WHERE number > %s AND number <= %s ORDER BY number LIMIT %s
"""
_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_HEAD: Final = "SELECT coalesce(max(number), 0) FROM audit_record"
_KEYS: Final = """
SELECT key_id, kind, tier, scope, function, suite, version, state, kek_id, nonce, wrapped, kcv,
    ends_on
FROM vault_key
"""
_OFFICERS: Final = "SELECT name, public_key, roles, state FROM officer"
_CHANGES: Final = """
SELECT number, kind, content, maker, made_at, expires_at, reason, digest, record, state,
    decided_by, decided_at, decided_reason, decided_record
FROM change
"""
_ACTIVATIONS: Final = """
SELECT region, active_from, record, hash, change FROM rule_book_activation
"""
_RESOLUTIONS: Final = """
SELECT member_id, version, verdict, record, change FROM suspicion_resolution
"""
_TERMINALS: Final = "SELECT terminal_id, institution, class, active, unlocked_at FROM terminal"
_ISSUERS: Final = "SELECT issuer, algorithm, public_key, since, until FROM voucher_issuer"
_OPENED: Final = "SELECT code, cross_city_since, cross_city_until FROM institution"

Row = TypeVar("Row")


@contextmanager
def open_reader(url: str) -> Iterator[Connection[TupleRow]]:
    """Yield a connection that only reads, in short statements. Raises: psycopg.Error."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in _SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        yield connection


class Reader:
    """The ledger's tables, each walked once, and look-ups beside the walk."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    @property
    def connection(self) -> Connection[TupleRow]:
        """The connection, read-only, for what the store reads itself."""
        return self._connection

    def all(self, statement: LiteralString, values: Iterable[Any] = ()) -> list[TupleRow]:
        """Return every row of a statement whose answer is small."""
        return self._connection.execute(statement, tuple(values)).fetchall()

    def heads(self) -> dict[int, int]:
        """Return each lane's last batch: what is beyond it came while the audit ran."""
        return dict(self.all("SELECT lane, max(batch) FROM batch GROUP BY lane"))

    def requests(self) -> Iterator[list[RequestRow]]:
        """Yield the register."""
        return self.walk(
            _REQUESTS, (_FIRST, ""), lambda row: RequestRow(*row), lambda r: (r.month, r.request_id)
        )

    def journals(self) -> Iterator[tuple[list[JournalRow], list[PostingRow]]]:
        """Yield journals with their postings, and the postings that have no journal.

        The postings of a chunk are those between its last journal and the one before's.
        """
        after: tuple[date, int] = (_FIRST, 0)
        while True:
            rows = self.all(_JOURNALS, (*after, CHUNK_ROWS))
            full = len(rows) == CHUNK_ROWS
            upto = (rows[-1][0], rows[-1][1]) if full else (_LAST, _ID_MAX)
            postings = _by_journal(self.all(_POSTINGS, (*after, *upto)))
            journals = [_journal(row, postings.pop((row[0], row[1]), ())) for row in rows]
            # Postings of a journal that committed since the chunk was read are no orphans.
            known = self.journals_named(postings)
            orphans = [p for ref, found in postings.items() if ref not in known for p in found]
            yield journals, orphans
            if not full:
                return
            after = upto

    def undo(self) -> Iterator[list[UndoRow]]:
        """Yield what was undone."""
        return self.walk(
            _UNDO, (_FIRST, ""), lambda row: UndoRow(*row), lambda u: (u.month, u.original_id)
        )

    def batches(self) -> Iterator[list[BatchRow]]:
        """Yield every commit, lane by lane."""
        return self.walk(_BATCHES, (0, 0), lambda row: BatchRow(*row), lambda b: (b.lane, b.batch))

    def people(self) -> Iterator[list[TupleRow]]:
        """Yield member rows, each with its earlier years."""
        return self.walk(_PEOPLE, (-1, ""), lambda row: row, lambda row: (row[0], row[1]))

    def events(self) -> Iterator[list[TupleRow]]:
        """Yield the changes of people that no request made."""
        return self.walk(_EVENTS, (-1, "", 0), lambda row: row, lambda row: tuple(row[:3]))

    def filings(self) -> Iterator[list[FilingRow]]:
        """Yield filings."""
        return self.walk(
            _FILINGS,
            (-1, "", ""),
            lambda row: FilingRow(*row),
            lambda one: (one.bucket, one.member_id, one.filing_id),
        )

    def filings_named(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], FilingRow]:
        """Return filings by person and id."""
        if not keys:
            return {}
        found = self.all(
            _FILINGS_NAMED,
            ([int(m[:4]) for m, _ in keys], [m for m, _ in keys], [f for _, f in keys]),
        )
        return {(row[1], row[2]): FilingRow(*row) for row in found}

    def opened_named(self, members: Collection[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the filings that people's opening events hold, by person."""
        names = sorted(members)
        found = self.all(_OPENED_NAMED, ([int(one[:4]) for one in names], names))
        return {row[0]: row[1] for row in found}

    def windows(self) -> list[WindowRow]:
        """Return every window: some books, one a day."""
        return [WindowRow(*row) for row in self.all(_WINDOWS)]

    def office(self) -> OfficeRows:
        """Return what the office's records must come to, in one snapshot: small tables."""
        with self._connection.transaction():
            self._connection.execute(_SNAPSHOT)
            return OfficeRows(
                self.all(_HEAD)[0][0],
                {row[0]: row for row in self.all(_OFFICERS)},
                {row[0]: row for row in self.all(_CHANGES)},
                {row[:3]: row for row in self.all(_ACTIVATIONS)},
                {held.key: held for held in map(held_of, self.all(_KEYS))},
                {row[:2]: row for row in self.all(_RESOLUTIONS)},
                {row[0]: row for row in self.all(_TERMINALS)},
                {row[0]: row for row in self.all(_OPENED)},
                {row[0]: row for row in self.all(_ISSUERS)},
            )

    def records(self, head: int) -> Iterator[list[RecordRow]]:
        """Yield the office's records up to `head`."""
        after = -_ID_MAX
        while rows := self.all(_RECORDS, (after, head, CHUNK_ROWS)):
            yield [RecordRow(*row) for row in rows]
            after = rows[-1][0]

    def requests_named(self, ids: Iterable[str]) -> dict[str, RequestRow]:
        """Return register rows by request id; malformed ids are not there."""
        found = self.all(_REQUESTS_NAMED, _months(ids))
        return {row[1]: RequestRow(*row) for row in found}

    def undo_named(self, ids: Iterable[str]) -> dict[str, UndoRow]:
        """Return undo rows by the original's id."""
        return {row[1]: UndoRow(*row) for row in self.all(_UNDO_NAMED, _months(ids))}

    def journals_named(self, refs: Collection[Ref]) -> dict[Ref, JournalRow]:
        """Return journals with their postings by what names them."""
        if not refs:
            return {}
        keys = ([day for day, _ in refs], [journal for _, journal in refs])
        rows = self.all(_JOURNALS_NAMED, keys)
        postings = _by_journal(self.all(_POSTINGS_NAMED, keys))
        return {(row[0], row[1]): _journal(row, postings.get((row[0], row[1]), ())) for row in rows}

    def sessions(self, ids: Collection[bytes]) -> dict[bytes, SessionRow]:
        """Return session rows by id."""
        if not ids:
            return {}
        return {row[0]: SessionRow(*row) for row in self.all(_SESSIONS, (list(ids),))}

    def walk(
        self,
        statement: LiteralString,
        after: tuple[Any, ...],
        make: Callable[[TupleRow], Row],
        key: Callable[[Row], tuple[Any, ...]],
    ) -> Iterator[list[Row]]:
        """Yield a table in chunks. `statement` takes the key to go on after, and how many rows."""
        while True:
            rows = [make(row) for row in self.all(statement, (*after, CHUNK_ROWS))]
            if rows:
                yield rows
                after = key(rows[-1])
            if len(rows) < CHUNK_ROWS:
                return


def _journal(row: TupleRow, postings: tuple[PostingRow, ...]) -> JournalRow:
    return JournalRow(*(*row, postings))


def _by_journal(rows: Iterable[TupleRow]) -> dict[Ref, tuple[PostingRow, ...]]:
    # Sorted here: a server that may not sort would walk the whole table for an ORDER BY.
    postings = (PostingRow(*row) for row in sorted(rows))
    return {
        ref: tuple(found) for ref, found in groupby(postings, key=lambda p: (p.day, p.journal_id))
    }


def _months(ids: Iterable[str]) -> tuple[list[date], list[str]]:
    """Return (months, ids), for the register is kept by the month in the id."""
    months: Mapping[str, date | None] = {one: month_in(one) for one in ids}
    kept = {one: month for one, month in months.items() if month is not None}
    return list(kept.values()), list(kept)


def month_in(request_id: str) -> date | None:
    """Return the month an id is registered under; None when it is no request id."""
    try:
        return month_of(request_id)  # type: ignore[arg-type]
    except ValueError:
        return None
