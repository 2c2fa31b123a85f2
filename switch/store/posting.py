"""Turns a decided batch into the one call of the posting function, sealed.

The order of the arrays is the lock order: windows, members and request ids ascending.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from switch.ledger import accumulators, entries
from switch.ledger.digest import canonical_json, instant_us, journal_bytes, request_bytes
from switch.model.card_office import ChangeCard
from switch.model.claim import Evidence
from switch.model.frozen import frozen
from switch.model.ids import (
    MemberId,
    RequestId,
    bucket_of_member,
    bucket_of_person,
)
from switch.model.journal import Journal
from switch.model.member import Accumulators, Member
from switch.model.stages import Adjust, Presettle, ReadMember, Recorded, Settle
from switch.pipeline.undo import TOMBSTONE
from switch.pipeline.view import Outcome
from switch.security.encode import stored_mac
from switch.security.seal import sm3
from switch.store.reading import member_named, month_of
from switch.store.written import canonical, more, sections_of

POSTED: Final = "posted"
ARGUMENTS: Final = 77
"""Parameters of the posting function (PostgreSQL allows 100)."""


class Sealer(Protocol):
    """The vault's verbs on the seal key."""

    @property
    def seal_version(self) -> int:
        """Version of the newest live seal key."""
        ...

    def seal(self, version: int, number: int, previous: bytes, digests: Sequence[bytes]) -> bytes:
        """Return the seal of one link."""
        ...


@frozen
class Decided:
    """A request with its outcome, at its place in the batch."""

    operation: Recorded | Adjust
    outcome: Outcome
    position: int


@frozen
class BatchKey:
    """Lane, number, time and the seal before: what a batch is besides its content."""

    lane: int
    batch: int
    epoch: int
    at: datetime
    previous: bytes


@frozen
class Sealed:
    """The posting function's arguments and the seal they carry."""

    arguments: list[Any]
    seal: bytes


def link_number(lane: int, batch: int) -> int:
    """Return the number a batch is sealed under: lane (24 bits) ‖ batch (28 bits), unique."""
    return lane << 28 | batch


def call(
    key: BatchKey, decided: Sequence[Decided], before: Mapping[MemberId, Member], sealer: Sealer
) -> Sealed:
    """Return the arguments of `medswitch.post` for a batch, in the function's own order."""
    journals = [d.outcome.journal for d in decided if d.outcome.journal is not None]
    if further := [one for d in decided for one in _further(d.outcome)]:
        journals = sorted((*journals, *further), key=lambda one: one.ref.journal_id)
    requests = [row for d in decided for row in _request_rows(d)]
    written = {
        d.operation.request_id: sections_of(d.outcome.writes) for d in decided if d.outcome.writes
    }
    digests = [sm3(journal_digest_input(j)) for j in journals]
    digests += [
        sm3(request_digest_input(key.lane, key.batch, row, written.get(row[1]))) for row in requests
    ]
    version = sealer.seal_version
    seal = sealer.seal(version, link_number(key.lane, key.batch), key.previous, digests)
    requests.sort(key=lambda row: (row[0], row[1]))
    sums = entries.sums(posting for journal in journals for posting in journal.postings)
    arguments: list[Any] = [key.lane, key.batch, key.epoch, key.at]
    arguments += _columns(sorted({(j.window.book, j.window.day) for j in journals}), 2)
    arguments += _columns(_sessions(decided), 2)
    people = sorted(_after(decided).values(), key=lambda m: (m.bucket, m.member_id))
    arguments += _columns([_member_row(before[m.member_id], m) for m in people], 8)
    arguments += _columns([y for m in people for y in _year_rows(before[m.member_id], m)], 4)
    arguments += _columns(requests, 20)
    arguments += _columns([_journal_row(j) for j in journals], 20)
    arguments += _columns([row for j in journals for row in _posting_rows(j)], 8)
    arguments += _columns(sorted(_undo_rows(decided)), 5)
    writes = (one for d in decided for one in d.outcome.writes)
    arguments += [canonical_json(sums), version, seal, more(written, writes)]
    if len(arguments) != ARGUMENTS:
        raise AssertionError(f"{len(arguments)} arguments for {ARGUMENTS} parameters")
    return Sealed(arguments, seal)


def journal_digest_input(journal: Journal) -> bytes:
    """Return what a seal covers of a journal: every column, then every posting."""
    undoes = journal.undoes
    columns = (
        journal.ref.day,
        journal.ref.journal_id,
        journal.bucket,
        journal.window.book,
        journal.kind,
        journal.request_id,
        journal.institution,
        journal.member_id,
        journal.member_version,
        journal.region_insured,
        journal.region_care,
        journal.insurance,
        journal.clearing_type,
        journal.total_fen,
        journal.account_current_delta_fen,
        journal.account_earlier_delta_fen,
        canonical_json(journal.deltas),
        " ".join(sorted(journal.consulted)),
        undoes.day if undoes else None,
        undoes.journal_id if undoes else None,
        instant_us(journal.posted_at),
    )
    return journal_bytes(columns, journal.postings)


def request_digest_input(
    lane: int, batch: int, row: Sequence[Any], writes: Mapping[str, Any] | None = None
) -> bytes:
    """Return what a seal covers of a register row, given in the function's column order.

    `writes`: what else the request wrote, by section.
    """
    (month, request_id, bucket, position, method, terminal, session, seq, mac, body, code, reply,
     member, version, atc, day, journal, snapshot, book, received) = row  # fmt: skip
    columns = (
        lane, batch, position, month, request_id, bucket, method, terminal, seq, code, member,
        version, atc, day, journal, book, instant_us(received),
    )  # fmt: skip
    blobs = (session, mac, body, reply, snapshot)
    return request_bytes(columns, (*blobs, canonical(writes).encode()) if writes else blobs)


def _after(decided: Sequence[Decided]) -> dict[MemberId, Member]:
    """Return everybody as the last request that changed him leaves him."""
    after: dict[MemberId, Member] = {}
    for one in decided:
        if one.outcome.member is not None:
            after[one.outcome.member.member_id] = one.outcome.member
        for share in one.outcome.shares:
            after[share.member.member_id] = share.member
    return after


def _further(outcome: Outcome) -> Iterator[Journal]:
    """Yield the journals that a request posts besides its own."""
    if outcome.beside is not None:
        yield outcome.beside
    for share in outcome.shares:
        yield share.journal


def _version(outcome: Outcome) -> int | None:
    """Return the version of its person that a request's own row makes; its journal makes it."""
    if outcome.journal is not None:
        return outcome.journal.member_version
    return None if outcome.member is None else outcome.member.version


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    if not rows:
        return [()] * width
    return list(zip(*rows, strict=True))


def _sessions(decided: Sequence[Decided]) -> list[tuple[bytes, str]]:
    calls = (d.operation for d in decided if not isinstance(d.operation, Adjust))
    received = (operation.call.received for operation in calls)
    return sorted({(bytes(r.session_id), str(r.terminal_id)) for r in received})


def _member_row(before: Member, after: Member) -> tuple[Any, ...]:
    row, _ = accumulators.latest_years(after.accumulators)
    return (
        after.bucket,
        after.member_id,
        before.version,
        after.version,
        after.atc,
        after.account_current_fen,
        after.account_earlier_fen,
        canonical_json(row),
    )


def _year_rows(before: Member, after: Member) -> list[tuple[Any, ...]]:
    """Return the earlier years to write: those touched, and a year that a newer one displaces.

    A year whose accumulators all came back to zero is written empty: the row may exist.
    """
    if before.accumulators.keys() == after.accumulators.keys() and len(after.accumulators) <= 1:
        return []  # one year of one scheme: it stands on the member row
    row_before, _ = accumulators.latest_years(before.accumulators)
    row_after, _ = accumulators.latest_years(after.accumulators)
    touched: Accumulators = after.accumulators
    keys = {k for k, v in touched.items() if k not in row_after and v != before.accumulators.get(k)}
    keys |= {k for k in row_before if k not in row_after and k in touched}
    keys |= {k for k in before.accumulators if k not in touched and k not in row_before}
    keys |= {k for k in row_after if k not in row_before and k in before.accumulators}
    return [
        (
            after.bucket,
            after.member_id,
            k,
            canonical_json({} if k in row_after else touched.get(k, {})),
        )
        for k in sorted(keys)
    ]


def _request_rows(decided: Decided) -> list[list[Any]]:
    operation, outcome = decided.operation, decided.outcome
    received, journal = operation.call.received, outcome.journal
    row = [
        month_of(operation.request_id),
        operation.request_id,
        _bucket(operation, outcome),
        decided.position,
        type(operation).__name__,
        received.terminal_id,
        received.session_id,
        received.seq,
        stored_mac(received.mac, received.frame),
        received.body,
        int(outcome.code),
        outcome.reply,
        outcome.member_id,
        _version(outcome),
        outcome.atc,
        None if journal is None else journal.ref.day,
        None if journal is None else journal.ref.journal_id,
        outcome.snapshot,
        outcome.rule_book,
        received.received_at,
    ]
    if outcome.undo_kind != "tombstone" or outcome.undoes is None:
        return [row]
    return [row, _tombstone_row(row, outcome.undoes)]


def _tombstone_row(row: list[Any], original: RequestId) -> list[Any]:
    """Return the register row that takes the original's id, so that it can never post."""
    tombstone = row.copy()
    tombstone[0:2] = [month_of(original), original]
    tombstone[4] = TOMBSTONE
    return tombstone


def _bucket(operation: Recorded | Adjust, outcome: Outcome) -> int:
    if outcome.member_id:
        return bucket_of_member(MemberId(outcome.member_id))
    if isinstance(operation, Settle | ReadMember | Presettle):
        evidence: Evidence = operation.evidence
        return bucket_of_person(evidence.social_security_number)
    if isinstance(operation, Adjust):
        raise AssertionError("an adjustment is somebody's")  # its outcome names him
    if isinstance(operation, ChangeCard):
        return bucket_of_person(operation.asked.social_security_number)
    return bucket_of_member(member_named(operation))


def _journal_row(journal: Journal) -> tuple[Any, ...]:
    undoes = journal.undoes
    return (
        journal.ref.day,
        journal.ref.journal_id,
        journal.bucket,
        journal.window.book,
        journal.kind.value,
        journal.request_id,
        journal.institution,
        journal.member_id,
        journal.member_version,
        journal.region_insured,
        journal.region_care,
        str(journal.insurance),
        journal.clearing_type,
        journal.total_fen,
        journal.account_current_delta_fen,
        journal.account_earlier_delta_fen,
        canonical_json(journal.deltas),
        " ".join(sorted(journal.consulted)),
        undoes.day if undoes else None,
        undoes.journal_id if undoes else None,
    )


def _posting_rows(journal: Journal) -> list[tuple[Any, ...]]:
    return [
        (
            journal.ref.day,
            journal.ref.journal_id,
            number,
            journal.bucket,
            posting.book,
            posting.debit,
            posting.credit,
            posting.amount_fen,
        )
        for number, posting in enumerate(journal.postings)
    ]


def _undo_rows(decided: Sequence[Decided]) -> list[tuple[Any, ...]]:
    return [
        (
            month_of(d.outcome.undoes),
            d.outcome.undoes,
            _bucket(d.operation, d.outcome),
            d.outcome.undo_kind,
            d.operation.request_id,
        )
        for d in decided
        if d.outcome.undoes is not None
    ]
