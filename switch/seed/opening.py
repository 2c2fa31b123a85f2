"""Opening balances as journals of a lane of their own, in batches sealed as the posting path seals.

So the audit needs no exception for a seeded province: every balance has its journal, every journal
its sealed batch, and each person's first version its reason.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.ledger import entries
from switch.ledger.digest import canonical_json
from switch.model.ids import (
    POSITION_MAX,
    InstitutionCode,
    JournalId,
    RequestId,
    journal_id,
)
from switch.model.journal import Journal, JournalKind, JournalRef, Posting, Window
from switch.model.member import Enrolment, Member
from switch.model.money import ZERO
from switch.security.seal import sm3
from switch.seed.rows import copy_rows
from switch.store.posting import Sealer, journal_digest_input, link_number

BATCH_SIZE: Final = 2_000
"""Journals of a batch; positions in a journal id end at 2,047."""

_NEW_LANE: Final = "SELECT medswitch.new_lane(%s)"
_JOURNALS: Final = """
COPY medswitch.journal (day, id, bucket, window_book, kind, request_id, institution, member_id,
    member_version, region_insured, region_care, insurance, clearing_type, total_fen,
    account_current_delta_fen, account_earlier_delta_fen, deltas, consulted, undoes_day, undoes_id,
    posted_at) FROM STDIN
"""
_POSTINGS: Final = """
COPY medswitch.posting (day, journal_id, number, bucket, book, debit, credit, amount_fen)
FROM STDIN
"""
_BATCH: Final = """
INSERT INTO medswitch.batch (lane, batch, posted_at, requests, journals, sums, seal_version, seal)
VALUES (%s, %s, %s, 0, %s, %s, %s, %s)
"""


class OpeningLane:
    """The lane that posts opening balances, batch by batch; born when first needed."""

    def __init__(self, sealer: Sealer, day: date, at: datetime) -> None:
        self._sealer = sealer
        self._day = day
        self._at = at
        self._lane = 0
        self._batch = 1
        self._previous = b""
        self.journals = 0
        self.total_fen = 0

    def post(self, conn: Connection[TupleRow], people: Sequence[Member]) -> None:
        """Post the opening balances of people that have any, as one sealed batch.

        Raises: ValueError for more people than a batch has positions.
        """
        if len(people) > POSITION_MAX + 1:
            raise ValueError(f"{len(people)} people in one batch: {POSITION_MAX + 1} at most")
        paid = [one for one in people if one.account_current_fen or one.account_earlier_fen]
        if not paid:
            return
        if not self._lane:
            row = conn.execute(_NEW_LANE, (self._at,)).fetchone()
            self._lane = int(row[0]) if row else 0
        journals = [self._journal(position, member) for position, member in enumerate(paid)]
        digests = [sm3(journal_digest_input(journal)) for journal in journals]
        version = self._sealer.seal_version
        seal = self._sealer.seal(
            version, link_number(self._lane, self._batch), self._previous, digests
        )
        sums = entries.sums(posting for journal in journals for posting in journal.postings)
        copy_rows(conn, _JOURNALS, map(_journal_row, journals))
        copy_rows(conn, _POSTINGS, _posting_rows(journals))
        conn.execute(
            _BATCH,
            (self._lane, self._batch, self._at, len(journals), canonical_json(sums), version, seal),
        )
        self._batch += 1
        self._previous = seal
        self.journals += len(journals)
        self.total_fen += sum(j.account_current_delta_fen + j.account_earlier_delta_fen
                              for j in journals)  # fmt: skip

    def _journal(self, position: int, member: Member) -> Journal:
        home = account_home(member)
        current, earlier = member.account_current_fen, member.account_earlier_fen
        number = journal_id(self._lane, self._batch, position)
        return Journal(
            ref=JournalRef(self._day, JournalId(number)),
            window=Window(home.region, self._day),
            kind=JournalKind.OPENING,
            request_id=RequestId(""),
            institution=InstitutionCode(""),
            member_id=member.member_id,
            bucket=member.bucket,
            member_version=member.version,
            region_insured=home.region,
            region_care=home.region,
            insurance=home.insurance.value,
            clearing_type="",
            total_fen=ZERO,
            account_current_delta_fen=current,
            account_earlier_delta_fen=earlier,
            deltas={},
            consulted=frozenset(),
            undoes=None,
            posted_at=self._at,
            postings=entries.opening_postings(home.region, member.member_id, current, earlier),
        )


def account_home(member: Member) -> Enrolment:
    """Return the enrolment whose region keeps a person's account: the first one's."""
    return member.enrolments[0]


def _journal_row(journal: Journal) -> tuple[object, ...]:
    return (
        journal.ref.day, journal.ref.journal_id, journal.bucket, journal.window.book,
        journal.kind.value, journal.request_id, journal.institution, journal.member_id,
        journal.member_version, journal.region_insured, journal.region_care, journal.insurance,
        journal.clearing_type, journal.total_fen, journal.account_current_delta_fen,
        journal.account_earlier_delta_fen, "{}", "{}", None, None, journal.posted_at,
    )  # fmt: skip


def _posting_rows(journals: Iterable[Journal]) -> Iterable[tuple[object, ...]]:
    posting: Posting
    for journal in journals:
        for number, posting in enumerate(journal.postings):
            yield (
                journal.ref.day, journal.ref.journal_id, number, journal.bucket, posting.book,
                posting.debit, posting.credit, posting.amount_fen,
            )  # fmt: skip
