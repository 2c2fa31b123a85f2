"""Invariant 5: posted rows never change. Every batch's seal is computed again from its rows.

Who changes a sealed column, removes a row or adds one would have to make the seal anew, and the
key is in the vault. Batches are numbered without gaps (invariant 15) and chained, so none can be
left out before the last.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from switch.audit.findings import Violation
from switch.audit.rows import BatchRow, JournalRow, RequestRow
from switch.audit.scratch import JOURNAL, REQUEST, TOMBSTONE, Link
from switch.ledger.digest import instant_us
from switch.pipeline.undo import TOMBSTONE as TOMBSTONE_METHOD
from switch.security.errors import KeyNotLive, MacMismatch
from switch.security.seal import sm3
from switch.store.posting import journal_digest_input, link_number, request_digest_input

VerifySeal = Callable[[int, int, bytes, Sequence[bytes], bytes], None]
"""The vault's verb. Raises: MacMismatch, KeyNotLive."""


def request_link(row: RequestRow) -> Link:
    """Return the digest of a register row and its place in its batch."""
    kind = TOMBSTONE if row.method == TOMBSTONE_METHOD else REQUEST
    digest = sm3(request_digest_input(row.lane, row.batch, row.sealed(), row.writes))
    return Link(row.lane, row.batch, kind, row.position, instant_us(row.posted_at), digest)


def journal_link(row: JournalRow) -> Link:
    """Return the digest of a journal and its place in its batch.

    Raises: ValueError when the row can be no journal.
    """
    lane, batch, position = row.place
    digest = sm3(journal_digest_input(row.model()))
    return Link(lane, batch, JOURNAL, position, instant_us(row.posted_at), digest)


def check_seal(
    batch: BatchRow, links: Sequence[Link], previous: bytes, verify: VerifySeal
) -> Iterator[Violation]:
    """A batch's seal is that of its number, the seal before it and its rows as they stand now."""
    journals = sum(link.kind == JOURNAL for link in links)
    requests = len(links) - journals
    if (journals, requests) != (batch.journals, batch.requests):
        yield Violation(
            5, batch.key,
            f"was posted with {batch.journals} journals and {batch.requests} register rows; "
            f"{journals} and {requests} stand",
        )  # fmt: skip
    if any(link.at_us != instant_us(batch.posted_at) for link in links):
        yield Violation(5, batch.key, "a row's posted_at is not the batch's")
    number = link_number(batch.lane, batch.batch)
    digests = [link.digest for link in links]
    try:
        verify(batch.seal_version, number, previous, digests, batch.seal)
    except MacMismatch:
        yield Violation(5, batch.key, "its seal is not that of its rows and the seal before it")
    except KeyNotLive as error:
        yield Violation(5, batch.key, f"its seal cannot be verified: {error}")


def check_dense(batch: BatchRow, last: int) -> Iterator[Violation]:
    """Invariant 15: a lane's batches are numbered 1, 2, 3 without a gap."""
    if batch.batch != last + 1:
        yield Violation(15, batch.key, f"follows batch {last} of its lane")


def check_orphans(batches: Iterable[tuple[int, int]]) -> Iterator[Violation]:
    """Every journal and register row belongs to a batch that stands; `batches` do not."""
    for lane, number in batches:
        yield Violation(5, f"batch {lane}/{number}", "rows of it stand, and its own row does not")
