"""People as rows, copied in a stream: one person is in memory for a moment, a chunk at most."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.ledger.digest import canonical_json
from switch.model.filing import FilingRecord
from switch.model.member import Card, Member
from switch.store.filings import filing_row

ACTOR: Final = "seed"
OPENING: Final = "opening"

Row = Sequence[Any]

_MEMBER: Final = """
COPY medswitch.member (bucket, member_id, version, ssn, name, sex, born_on, card_identifier,
    card_status, locked_since, locked_until, atc, account_current_fen, account_earlier_fen,
    accumulators, standings) FROM STDIN
"""
_CARD: Final = """
COPY medswitch.card (bucket, identifier, member_id, number, suite, key_version, specification,
    issued_on, expires_on) FROM STDIN
"""
_ENROLMENT: Final = """
COPY medswitch.enrolment (bucket, member_id, region, insurance, member_class, since, until)
FROM STDIN
"""
_FILING: Final = """
COPY medswitch.filing (bucket, member_id, filing_id, kind, region, place, disease_code, since,
    until) FROM STDIN
"""
_EVENT: Final = """
COPY medswitch.member_event (bucket, member_id, version, kind, actor, detail, at) FROM STDIN
"""


def save_people(conn: Connection[TupleRow], people: Sequence[Member], at: datetime) -> None:
    """Insert people with card, enrolments, filings and the event of their first version."""

    def event(member: Member) -> Iterator[Row]:
        yield (
            member.bucket, member.member_id, member.version, OPENING, ACTOR, _detail(member), at,
        )  # fmt: skip

    parts: tuple[tuple[LiteralString, Callable[[Member], Iterator[Row]]], ...] = (
        (_MEMBER, _member),
        (_CARD, _card),
        (_ENROLMENT, _enrolments),
        (_FILING, _filings),
        (_EVENT, event),
    )
    for statement, rows_of in parts:
        copy_rows(conn, statement, (row for member in people for row in rows_of(member)))


def _detail(member: Member) -> str:
    """Return an opening event's detail: with it stand the filings that no request took."""
    rows = [filing_row(FilingRecord(member.member_id, one, None, None)) for one in member.filings]
    return canonical_json({"by": ACTOR, "filings": rows} if rows else {"by": ACTOR})


def copy_rows(conn: Connection[TupleRow], statement: LiteralString, rows: Iterable[Row]) -> None:
    """Copy rows into a table."""
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def card_row(member: Member, card: Card) -> Row:
    """Return a card's row."""
    return (
        member.bucket, card.identifier, member.member_id, card.number, int(card.suite),
        card.key_version, card.specification, card.issued_on, card.expires_on,
    )  # fmt: skip


def _member(member: Member) -> Iterator[Row]:
    yield (
        member.bucket, member.member_id, member.version, member.social_security_number,
        member.name, member.sex, member.born_on, member.card.identifier,
        member.card_status.value, member.locked_since, member.locked_until, member.atc,
        member.account_current_fen, member.account_earlier_fen,
        canonical_json(member.accumulators),
        json.dumps([[s.word, str(s.since), s.until and str(s.until)] for s in member.standings]),
    )  # fmt: skip


def _card(member: Member) -> Iterator[Row]:
    yield card_row(member, member.card)


def _enrolments(member: Member) -> Iterator[Row]:
    for one in member.enrolments:
        yield (
            member.bucket, member.member_id, one.region, one.insurance.value,
            one.member_class.value, one.since, one.until,
        )  # fmt: skip


def _filings(member: Member) -> Iterator[Row]:
    for one in member.filings:
        yield (
            member.bucket, member.member_id, one.filing_id, one.kind.value, one.region, one.place,
            one.disease_code, one.since, one.until,
        )  # fmt: skip
