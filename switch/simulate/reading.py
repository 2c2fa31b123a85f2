"""Whole persons out of the ledger, in short statements along an index: no snapshot lasts.

A page is all journals of some persons; only those whose settlements the candidate may decide
otherwise are read in full (claim, reply, snapshot).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

from psycopg import Connection
from psycopg.rows import TupleRow

from medswitch.v1 import common_pb2, settlement_pb2
from switch.audit.billed import as_decided
from switch.audit.reader import month_in
from switch.ledger.accumulators import applied, negated
from switch.model.call import Authenticated, Received
from switch.model.claim import IdentityEvidence
from switch.model.codes import MemberClass
from switch.model.ids import InstitutionCode, SessionId, TerminalId
from switch.model.journal import JournalKind
from switch.model.member import Accumulators
from switch.model.stages import Settle
from switch.pipeline import snapshot
from switch.simulate.replay import Adjusted, Amounts, Event, Restored, Settled, Undone
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
SELECT r.request_id, r.body, r.reply, r.snapshot, r.rule_book, r.received_at, r.writes
FROM unnest(%s::date[], %s::text[]) AS k(month, request_id)
JOIN medswitch.request r ON r.month = k.month AND r.request_id = k.request_id
"""
_CLASSES: Final[Mapping[int, MemberClass]] = {
    number: word for word, number in MEMBER_CLASSES.items()
}
_UNDOING: Final = frozenset(
    {JournalKind.CANCELLATION, JournalKind.REVERSAL, JournalKind.REPLACEMENT}
)

_DECIDED: Final = frozenset({JournalKind.SETTLEMENT, JournalKind.ADJUSTMENT})

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
        ids = [one.request_id for rows in wanted for one in rows if one.kind in _DECIDED]
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
    ordered = sorted(rows, key=attrgetter("version"))
    lives = _Lives()
    for row in ordered:
        lives.take(row)
    for row in ordered:
        try:
            event = _event(row, lives, requests, touches, lines)
        except (ValueError, TypeError, LookupError) as error:
            person.unread.append(f"{type(error).__name__}: {error}")
            continue
        if event is not None:
            person.events.append(event)
    return person


@dataclass(slots=True)
class _Lives:
    """Which settlement each journal is a life of, and by which one it stands, by keys.

    A settlement that was replaced stands again when what replaced it is reversed; one that the
    office corrected stands by the correction.
    """

    of: dict[str, str] = field(default_factory=dict)
    settled: dict[str, Journal] = field(default_factory=dict)
    stands: dict[str, Journal] = field(default_factory=dict)
    undone: dict[str, str] = field(default_factory=dict)
    adjusted: dict[str, Journal] = field(default_factory=dict)
    """Settlement → its last correction."""
    before: dict[str, Journal] = field(default_factory=dict)
    """Who undid → the journal that he undid; a correction's, the one that it took the place of."""
    adjusting: set[str] = field(default_factory=set)
    """Corrections."""

    def take(self, row: Journal) -> None:
        """Take the next journal of the person."""
        key, undoes = _key(row), f"{row.undoes_day}/{row.undoes_number}"
        if row.kind == JournalKind.SETTLEMENT:
            self.of[key] = key
            self.stands[key] = self.settled[key] = row
        elif row.kind in _UNDOING:
            settled = self.undone[key] = self.of.get(undoes, undoes)
            if settled in self.stands:
                self.before[row.request_id] = self.stands.pop(settled)
        elif row.kind == JournalKind.RESTORATION:
            self.of[key] = settled = self.undone.get(undoes, undoes)
            self.stands[settled] = row
        elif row.kind == JournalKind.ADJUSTMENT:
            settled = self.undone.get(f"{row.day}/{row.number + 1}", "")
            self.of[key] = settled
            self.stands[settled] = self.adjusted[settled] = row
            self.adjusting.add(key)


def _event(
    row: Journal, lives: _Lives, requests: Mapping[str, TupleRow], touches: Touches, lines: Lines
) -> Event | None:
    """Return what a journal is to the person. Raises: ValueError, TypeError, LookupError."""
    key = _key(row)
    if row.kind == JournalKind.SETTLEMENT:
        return _settled(row, lives, requests, touches, lines)
    if row.kind == JournalKind.RESTORATION:
        return Restored(lives.of[key])
    if row.kind == JournalKind.ADJUSTMENT:
        before = lives.before[row.request_id]
        if before.kind == JournalKind.RESTORATION:
            before = lives.settled[lives.of[_key(before)]]
        was, now = (_paid(requests, one.request_id) for one in (before, row))
        sums = applied(row.deltas, negated(before.deltas))
        current, earlier = was.current - now.current, was.earlier - now.earlier
        return Adjusted(lives.of[key], sums, current, earlier)
    if row.kind in _UNDOING and f"{row.day}/{row.number - 1}" not in lives.adjusting:
        return Undone(lives.undone[key])
    return None


def _key(row: Journal) -> str:
    return f"{row.day}/{row.number}"


def _paid(requests: Mapping[str, TupleRow], request_id: str) -> Amounts:
    reply = settlement_pb2.SettleResponse.FromString(requests[request_id][2])
    return _amounts(reply.decision.split)


def _settled(
    journal: Journal,
    lives: _Lives,
    requests: Mapping[str, TupleRow],
    touches: Touches,
    lines: Lines,
) -> Settled:
    """Return a settlement as it was posted, with what the office corrected of it.

    Raises: ValueError, TypeError, LookupError.
    """
    if journal.request_id not in requests:
        raise LookupError("its request is missing")
    _, body, reply, kept, rule_book, received_at, writes = requests[journal.request_id]
    asked = _operation(journal.request_id, body, received_at)
    operation: Any = as_decided(lines, asked, writes)
    member, institution, prescriber = snapshot.restore(kept)
    decision = settlement_pb2.SettleResponse.FromString(reply).decision
    claim, now, key = operation.claim, None, _key(journal)
    adjusted = lives.adjusted.get(key)
    if adjusted is not None:
        _, body, _, kept, rule_book, received_at, _ = requests[adjusted.request_id]
        claim = _operation(adjusted.request_id, body, received_at).claim
        corrected, institution, prescriber = snapshot.restore(kept)
        # The facts as corrected; sums and balances as they were: what moved is carried along.
        member = replace(
            corrected,
            account_current_fen=member.account_current_fen,
            account_earlier_fen=member.account_earlier_fen,
            accumulators=member.accumulators,
        )
        now = _paid(requests, adjusted.request_id)
    stands = lives.stands.get(key)
    return Settled(
        key=key,
        claim=claim,
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
        live=stands is not None,
        touched=touches(journal.region_insured, journal.region_care),
        request_id=journal.request_id,
        stands="" if stands is None else _key(stands),
        now=now,
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
