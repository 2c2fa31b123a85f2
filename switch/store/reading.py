"""Reads what a batch needs, unlocked, in one round trip: people, register rows, originals.

No lock is held while Python decides; the versions are compared when the batch is posted.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from psycopg.rows import TupleRow

from switch.model.card_office import OnCards
from switch.model.claim import CardEvidence, Evidence
from switch.model.codes import CardStatus, FilingKind, Insurance, MemberClass
from switch.model.ids import (
    CardIdentifier,
    JournalId,
    MemberId,
    RegionCode,
    RequestId,
    SocialSecurityNumber,
    bucket_of_member,
    bucket_of_person,
    is_visit_id,
    request_day,
)
from switch.model.journal import JournalRef
from switch.model.member import Accumulators, Card, Enrolment, Filing, Member, Standing
from switch.model.money import Fen
from switch.model.reply import ReplyCode
from switch.model.stages import (
    ByNumber,
    File,
    GetSettlement,
    Inquiry,
    OnFilings,
    OnVisits,
    Original,
    Presettle,
    Recorded,
    Settle,
    Undo,
)
from switch.pipeline.family import bound
from switch.pipeline.view import Found, Reference, Register, Undone, View
from switch.store.channel import Channel, Statement
from switch.store.filings import read_filings
from switch.store.lives import read_lives
from switch.store.old_books import OldBooks
from switch.store.originals import read_books, read_originals, undone_by
from switch.store.shown import ON_CARDS, holder_of, read_cards, read_shown
from switch.store.visits import read_visits

Asked = Recorded | Inquiry | GetSettlement

_PEOPLE: Final = Statement(
    "people",
    """
WITH asked AS (
    SELECT k.bucket, c.member_id, c.identifier AS presented
    FROM unnest($1::int[], $2::bytea[]) AS k(bucket, identifier)
    JOIN card c ON c.bucket = k.bucket AND c.identifier = k.identifier
    UNION ALL
    SELECT k.bucket, m.member_id, NULL
    FROM unnest($3::int[], $4::text[]) AS k(bucket, ssn)
    JOIN member m ON m.bucket = k.bucket AND m.ssn = k.ssn
    UNION ALL
    SELECT k.bucket, k.member_id, NULL
    FROM unnest($5::int[], $6::text[]) AS k(bucket, member_id)
)
SELECT m.member_id, m.bucket, m.version, m.ssn, m.name, m.sex, m.born_on, m.card_status,
    m.locked_since, m.locked_until, m.atc, m.account_current_fen, m.account_earlier_fen,
    m.accumulators,
    c.identifier, c.number, c.suite, c.key_version, c.specification, c.issued_on, c.expires_on,
    p.identifier, p.number, p.suite, p.key_version, p.specification, p.issued_on, p.expires_on,
    (SELECT jsonb_agg(jsonb_build_array(e.region, e.insurance, e.member_class, e.since, e.until)
            ORDER BY e.region, e.insurance, e.since)
        FROM enrolment e WHERE e.bucket = m.bucket AND e.member_id = m.member_id),
    (SELECT jsonb_agg(jsonb_build_array(f.filing_id, f.kind, f.region, f.place, f.disease_code,
            f.since, f.until, f.institution, f.relative) ORDER BY f.filing_id)
        FROM filing f WHERE f.bucket = m.bucket AND f.member_id = m.member_id),
    (SELECT jsonb_object_agg(y.year_key, y.accumulators)
        FROM member_year y WHERE y.bucket = m.bucket AND y.member_id = m.member_id),
    m.standings
FROM asked a
JOIN member m ON m.bucket = a.bucket AND m.member_id = a.member_id
JOIN card c ON c.bucket = m.bucket AND c.identifier = m.card_identifier
LEFT JOIN card p ON p.bucket = a.bucket AND p.identifier = a.presented
""",
    ("int[]", "bytea[]", "int[]", "text[]", "int[]", "text[]"),
)

_REGISTER: Final = Statement(
    "register",
    """
SELECT r.request_id, r.method, r.body, r.code, r.reply, r.member_id, r.journal_day, r.journal_id,
    u.kind, u.by_request_id, u.at, j.total_fen, r.snapshot, r.rule_book,
    r.writes -> 'visit' -> 0 ->> 'visit_id'
FROM unnest($1::date[], $2::text[]) AS k(month, request_id)
JOIN request r ON r.month = k.month AND r.request_id = k.request_id
LEFT JOIN undo u ON u.month = r.month AND u.original_id = r.request_id
LEFT JOIN journal j ON j.day = r.journal_day AND j.id = r.journal_id
""",
    ("date[]", "text[]"),
)


async def read(
    channel: Channel,
    reference: Reference,
    asked: Sequence[Asked],
    now: datetime,
    old_books: OldBooks,
) -> View:
    """Return the view of a batch: one pipelined round trip, a second only when something is undone.

    Raises: psycopg.Error.
    """
    view = View(reference, now)
    ids = sorted({i for one in asked for i in ids_of(one)})
    people, register = await channel.run(
        (
            (_PEOPLE, _PEOPLE.parameters(_people_keys(asked))),
            (_REGISTER, _REGISTER.parameters(([month_of(i) for i in ids], ids))),
        )
    )
    for row in people:
        _add_person(view, row)
    for row in register:
        _add_register(view, row)
    if relatives := {r for m in view.people.values() for r in bound(m.filings)}:
        await _read_people(channel, view, relatives)
    kinds = {type(one) for one in asked}
    await read_shown(channel, view, asked, kinds)
    if any(row.undone is not None for row in view.register.values()):
        await read_lives(channel, view)
    undoing = [(one, stated) for one in asked if (stated := undone_by(one)) is not None]
    if undoing:
        await _read_people(channel, view, await read_originals(channel, view, undoing))
        await read_books(channel, view, undoing, old_books)
    filed = {one.member_id for one in asked if isinstance(one, OnFilings)}
    if filed:
        await read_filings(channel, view, filed)
    if not kinds.isdisjoint(ON_CARDS):
        await read_cards(channel, view, asked)
    await _read_visits(channel, view, asked, undoing)
    return view


async def _read_visits(
    channel: Channel,
    view: View,
    asked: Sequence[Asked],
    undone: Sequence[tuple[object, Original]],
) -> None:
    """Add the visits that a batch is about, if it is about any."""
    named = [one for one in asked if isinstance(one, OnVisits)]
    claims = [one.claim for one in asked if isinstance(one, Settle | Presettle)]
    billed = [one for one in claims if one.visit_id and is_visit_id(one.visit_id)]
    originals = (view.register.get(stated.request_id) for _, stated in undone)
    back = {one.visit_id for one in originals if one is not None and one.visit_id}
    if named or billed or back:
        takes = {one.visit_id for one in billed if not one.lines}
        await read_visits(channel, view, named, takes, {one.visit_id for one in billed}, back)


def ids_of(asked: Asked) -> tuple[RequestId, ...]:
    """Return the request ids a request touches: its own, and that of the original it names."""
    if isinstance(asked, GetSettlement):
        return (asked.original.request_id,)
    stated = undone_by(asked)
    return (asked.request_id,) if stated is None else (asked.request_id, stated.request_id)


def member_named(asked: ByNumber) -> MemberId:
    """Return the person that a request names by number; others name a card or an identity."""
    return asked.original.member_id if isinstance(asked, Undo) else asked.member_id


def month_of(request_id: RequestId) -> date:
    """Return the month that a request id is registered under."""
    return request_day(request_id).replace(day=1)


def _people_keys(asked: Iterable[Asked]) -> tuple[list[Any], ...]:
    cards: set[tuple[int, bytes]] = set()
    persons: set[tuple[int, str]] = set()
    members: set[tuple[int, str]] = set()
    for one in asked:
        if isinstance(one, ByNumber):
            member_id = member_named(one)
            members.add((bucket_of_member(member_id), member_id))
            if isinstance(one, File) and one.relative is not None:
                members.add((bucket_of_member(one.relative), one.relative))
        elif isinstance(one, OnCards):
            persons.add((bucket_of_person(holder_of(one)), holder_of(one)))
        elif not isinstance(one, GetSettlement):
            evidence: Evidence = one.evidence
            bucket = bucket_of_person(evidence.social_security_number)
            if isinstance(evidence, CardEvidence):
                cards.add((bucket, evidence.identifier))
            else:
                persons.add((bucket, evidence.social_security_number))
    return (*_columns(cards), *_columns(persons), *_columns(members))


def _columns(keys: Iterable[tuple[int, Any]]) -> tuple[list[int], list[Any]]:
    pairs = list(keys)
    return [bucket for bucket, _ in pairs], [key for _, key in pairs]


def _add_person(view: View, row: TupleRow) -> None:
    member_id = MemberId(row[0])
    if member_id not in view.people:
        view.people[member_id] = _member(row)
        view.persons[SocialSecurityNumber(row[3])] = member_id
    if row[21] is not None:
        card = _card(row[21:28])
        view.cards[row[1], card.identifier] = Found(card, member_id)


def _member(row: TupleRow) -> Member:
    return Member(
        member_id=MemberId(row[0]),
        bucket=row[1],
        version=row[2],
        social_security_number=SocialSecurityNumber(row[3]),
        name=row[4],
        sex=row[5],
        born_on=row[6],
        card=_card(row[14:21]),
        card_status=CardStatus(row[7]),
        locked_since=row[8],
        locked_until=row[9],
        atc=row[10],
        account_current_fen=Fen(row[11]),
        account_earlier_fen=Fen(row[12]),
        enrolments=tuple(_enrolment(*e) for e in row[28] or ()),
        filings=tuple(_filing(*f) for f in row[29] or ()),
        accumulators=row[13] if row[30] is None else _years(row[30], row[13]),
        standings=tuple(_standing(*s) for s in row[31]),
    )


def _years(earlier: dict[str, dict[str, int]], row: dict[str, dict[str, int]]) -> Accumulators:
    """Join earlier years to the member row; a year undone to nothing is stored empty."""
    return {key: values for key, values in {**earlier, **row}.items() if values}


def _card(row: Sequence[Any]) -> Card:
    identifier, number, suite, key_version, specification, issued_on, expires_on = row
    return Card(
        CardIdentifier(identifier), number, suite, key_version, specification, issued_on, expires_on
    )


def _enrolment(
    region: str, insurance: str, member_class: str, since: str, until: str | None
) -> Enrolment:
    return Enrolment(
        RegionCode(region),
        Insurance(insurance),
        MemberClass(member_class),
        date.fromisoformat(since),
        None if until is None else date.fromisoformat(until),
    )


def _standing(word: str, since: str, until: str | None) -> Standing:
    last = None if until is None else date.fromisoformat(until)
    return Standing(word, date.fromisoformat(since), last)


def _filing(
    filing_id: str, kind: str, region: str, place: str, disease: str, since: str,
    until: str | None, institution: str, relative: str,
) -> Filing:  # fmt: skip
    return Filing(
        filing_id,
        FilingKind(kind),
        RegionCode(region),
        place,
        disease,
        date.fromisoformat(since),
        None if until is None else date.fromisoformat(until),
        institution,
        relative,
    )


def _add_register(view: View, row: TupleRow) -> None:
    (request_id, method, body, code, reply, member_id, day, journal, kind, by, at, total,
     snapshot, rule_book, visit) = row  # fmt: skip
    ref = None if journal is None else JournalRef(day, JournalId(journal))
    view.register[RequestId(request_id)] = Register(
        request_id=RequestId(request_id),
        method=method,
        body=bytes(body),
        code=ReplyCode(code),
        reply=bytes(reply),
        member_id=member_id,
        journal=ref,
        undone=None if kind is None else Undone(kind, RequestId(by), at),
        total_fen=None if total is None else Fen(total),
        visit_id=visit or "",
        snapshot=bytes(snapshot),
        rule_book=rule_book,
        stands=ref,
    )


async def _read_people(channel: Channel, view: View, people: Iterable[MemberId]) -> None:
    """Add people by number, after those whom requests name; who stands in the view stays as he is.

    What they had before is compared when a request writes it; so is he whom a request names.
    """
    keys = {(bucket_of_member(one), one) for one in people if one not in view.people}
    if not keys:
        return
    for row in await channel.ask(_PEOPLE, [], [], [], [], *_columns(keys)):
        _add_person(view, row)
