"""Whole persons out of the ledger, in short statements along an index: no snapshot lasts.

A page is all journals of some persons; only those whose settlements the candidate may decide
otherwise are read in full (claim, reply, snapshot).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from medswitch.v1 import common_pb2, settlement_pb2
from switch.audit.billed import as_decided
from switch.audit.reader import month_in
from switch.model.claim import IdentityEvidence
from switch.model.codes import MemberClass
from switch.model.ids import InstitutionCode, SessionId, TerminalId
from switch.model.journal import JournalKind
from switch.model.member import Accumulators
from switch.model.stages import Authenticated, Received, Settle
from switch.pipeline import snapshot
from switch.simulate.replay import Amounts, Event, Settled, Undone
from switch.wire.decode import decode
from switch.wire.split import MEMBER_CLASSES

PAGE: Final = 2_000
"""Journals of one statement; more only where one person has more."""

_JOURNALS: Final = """
SELECT j.member_id, j.member_version, j.day, j.id, j.kind, j.request_id, j.region_insured,
    j.region_care, j.insurance, j.deltas, j.undoes_day, j.undoes_id
FROM medswitch.journal j
WHERE j.member_id > %s AND j.member_id < %s AND j.day >= %s AND j.day <= %s
ORDER BY j.member_id, j.day LIMIT %s
"""
_REQUESTS: Final = """
SELECT r.request_id, r.body, r.reply, r.snapshot, r.rule_book, r.received_at, u.kind, r.writes
FROM unnest(%s::date[], %s::text[]) AS k(month, request_id)
JOIN medswitch.request r ON r.month = k.month AND r.request_id = k.request_id
LEFT JOIN medswitch.undo u ON u.month = r.month AND u.original_id = r.request_id
"""
_CLASSES: Final[Mapping[int, MemberClass]] = {
    number: word for word, number in MEMBER_CLASSES.items()
}
_UNDOING: Final = frozenset({JournalKind.CANCELLATION, JournalKind.REVERSAL})

Touches = Callable[[str, str], bool]
"""Whether a candidate may change a settlement of an insured region at a place of care."""


class Journal(NamedTuple):
    """A journal as far as it matters here."""

    member_id: str
    version: int
    day: date
    number: int
    kind: str
    request_id: str
    region_insured: str
    region_care: str
    insurance: str
    deltas: Accumulators
    undoes_day: date | None
    undoes_number: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the ledger: persons from one number to below another, business days."""

    first: str
    below: str
    since: date
    until: date


@dataclass(slots=True)
class Person:
    """One person's events in order, and why some of his settlements could not be read."""

    events: list[Event]
    unread: list[str]


def read_persons(
    connection: Connection[TupleRow], span: Span, touches: Touches, told: Callable[[int], None]
) -> Iterator[Person]:
    """Yield every person of a span with a settlement that is touched; `told` counts journals."""
    for page in _pages(connection, span):
        persons = [list(rows) for _, rows in groupby(page, key=attrgetter("member_id"))]
        wanted = [
            rows
            for rows in persons
            if any(
                one.kind == JournalKind.SETTLEMENT and touches(one.region_insured, one.region_care)
                for one in rows
            )
        ]
        ids = [
            one.request_id for rows in wanted for one in rows if one.kind == JournalKind.SETTLEMENT
        ]
        requests = _requests(connection, ids)
        for rows in wanted:
            yield _person(rows, requests, touches, Lines(connection))
        told(len(page))


def _pages(connection: Connection[TupleRow], span: Span) -> Iterator[list[Journal]]:
    """Yield journals in order of persons, every person whole in one page."""
    after, size = span.first, PAGE
    while True:
        with connection.cursor(binary=True) as cursor:
            cursor.execute(_JOURNALS, (after, span.below, span.since, span.until, size))
            rows = [Journal(*row) for row in cursor]
        if len(rows) < size:
            if rows:
                yield rows
            return
        # The last person may go on beyond the page.
        last = rows[-1].member_id
        whole = [row for row in rows if row.member_id != last]
        if not whole:
            size *= 2
            continue
        yield whole
        after, size = whole[-1].member_id, PAGE


def _requests(connection: Connection[TupleRow], ids: Sequence[str]) -> dict[str, TupleRow]:
    months = [month_in(one) for one in ids]
    with connection.cursor(binary=True) as cursor:
        cursor.execute(_REQUESTS, (months, list(ids)))
        return {row[0]: row for row in cursor}


class Lines:
    """Reads the lines of visits in the schema's own names."""

    def __init__(self, connection: Connection[TupleRow]) -> None:
        self._connection = connection

    def all(self, statement: Any, values: Sequence[Any] = ()) -> list[TupleRow]:
        """Return the rows of a statement."""
        return self._connection.execute(statement, tuple(values)).fetchall()


def _person(
    rows: list[Journal], requests: Mapping[str, TupleRow], touches: Touches, lines: Lines
) -> Person:
    person = Person([], [])
    for row in sorted(rows, key=attrgetter("version")):
        if row.kind in _UNDOING:
            person.events.append(Undone(f"{row.undoes_day}/{row.undoes_number}"))
        elif row.kind == JournalKind.SETTLEMENT:
            stored = requests.get(row.request_id)
            if stored is None:
                person.unread.append("its request is missing")
                continue
            try:
                person.events.append(_settled(row, stored, touches, lines))
            except (ValueError, TypeError, LookupError) as error:
                person.unread.append(f"{type(error).__name__}: {error}")
    return person


def _settled(journal: Journal, stored: TupleRow, touches: Touches, lines: Lines) -> Settled:
    """Return a settlement as it was posted. Raises: ValueError, TypeError, LookupError."""
    request_id, body, reply, kept, rule_book, received_at, undone, writes = stored
    operation: Any = as_decided(lines, _operation(request_id, body, received_at), writes)
    member, institution, prescriber = snapshot.restore(kept)
    decision = settlement_pb2.SettleResponse.FromString(reply).decision
    return Settled(
        key=f"{journal.day}/{journal.number}",
        claim=operation.claim,
        member=member,
        institution=institution,
        prescriber=prescriber,
        by_identity=isinstance(operation.evidence, IdentityEvidence),
        region=journal.region_insured,
        rule_book=rule_book,
        day=journal.day,
        amounts=_amounts(decision.split),
        member_class=_CLASSES[decision.member_class],
        insurance=journal.insurance,
        deltas=journal.deltas,
        live=undone is None,
        touched=touches(journal.region_insured, journal.region_care),
    )


def _operation(request_id: str, body: bytes, received_at: datetime) -> Settle:
    """Return what was asked. Raises: ValueError for a body that asks nothing of the kind."""
    call = Authenticated(
        Received("Settle", TerminalId(""), SessionId(b""), 0, b"", body, received_at),
        InstitutionCode(request_id[:12]),
    )
    operation: Any = decode("Settle", call)
    if not isinstance(operation, Settle):
        raise ValueError(f"{request_id} is no settlement")
    return operation


def _amounts(split: common_pb2.Split) -> Amounts:
    return Amounts(
        split.total_fen,
        {payer.fund_pay_type: payer.amount_fen for payer in split.payers},
        split.hospital_fen,
        split.account_current_fen,
        split.account_earlier_fen,
        split.account_relative_fen,
        split.cash_fen,
    )
