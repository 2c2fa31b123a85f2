"""One settlement found by its number, with everything that belongs to it, and decided again."""

from dataclasses import dataclass, replace
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from medswitch.v1 import settlement_pb2
from switch.audit.billed import as_decided
from switch.audit.reader import Reader
from switch.audit.recompute import Again, Books, decide_again, differences
from switch.audit.replies import ADJUST, SETTLED, read_operation, read_reply
from switch.audit.rows import JournalRow, RequestRow, UndoRow
from switch.model.ids import parse_settlement_id
from switch.model.stages import Settle
from switch.store.rule_books import load_activations, load_book, load_catalogues

_NAME: Final = "SELECT name FROM medswitch.institution WHERE code = %s"
_SETTLED: Final = frozenset({"settlement", "adjustment"})


class NotExplained(Exception):
    """There is no settlement to explain; the message says what there is instead."""


@dataclass(frozen=True, slots=True)
class Found:
    """A settlement as it was asked, answered and posted, and whether it still holds."""

    row: RequestRow
    operation: Settle
    reply: settlement_pb2.SettleResponse
    journal: JournalRow
    undone: UndoRow | None


def find_settlement(reader: Reader, number: str) -> Found:
    """Return the settlement that a settlement id or a request id names. Raises: NotExplained."""
    row = _row(reader, number)
    if row.method not in SETTLED:
        raise NotExplained(f"request {row.request_id} is a {row.method}; name a settlement")
    operation, reply = read_operation(row), read_reply(row)
    if not isinstance(operation, Settle) or not isinstance(reply, settlement_pb2.SettleResponse):
        raise NotExplained(f"request {row.request_id}: its stored claim or reply cannot be read")
    if row.ref is None:
        outcome = reply.outcome
        raise NotExplained(
            f"request {row.request_id} was declined and moved nothing: "
            f"{outcome.message_zh} {outcome.message_en}"
        )
    journal = reader.journals_named({row.ref}).get(row.ref)
    if journal is None:
        raise NotExplained(f"request {row.request_id}: its journal is missing")
    try:
        decided = as_decided(reader, operation, row.writes)
    except (ValueError, LookupError, TypeError) as error:
        raise NotExplained(
            f"request {row.request_id}: its visit cannot be read: {error}"
        ) from error
    settled = decided if isinstance(decided, Settle) else operation
    return Found(row, settled, reply, journal, _undone(reader, row.request_id))


def _undone(reader: Reader, request_id: str) -> UndoRow | None:
    """Return what undid a settlement for good: not what was reversed, nor what corrected it."""
    undo = reader.undo_named([request_id]).get(request_id)
    if undo is None or undo.kind != "replacement":
        return undo
    by = reader.requests_named([undo.by_request_id]).get(undo.by_request_id)
    if by is not None and by.method == ADJUST:
        return _undone(reader, by.request_id)
    reversed_ = _undone(reader, undo.by_request_id)
    if reversed_ is None or reversed_.kind != "reversal":
        return undo
    return _undone(reader, reversed_.by_request_id)


def _row(reader: Reader, number: str) -> RequestRow:
    request_id = number
    if len(number) == 27:
        try:
            ref = parse_settlement_id(number)
        except ValueError as error:
            raise NotExplained(f"{number}: {error}") from error
        journal = reader.journals_named({ref}).get(ref)
        if journal is None:
            raise NotExplained(f"no settlement {number}")
        if journal.kind not in _SETTLED:
            raise NotExplained(f"{number} is of kind {journal.kind}, not a settlement")
        request_id = journal.request_id
    row = reader.requests_named([request_id]).get(request_id)
    if row is None:
        raise NotExplained(f"no request {request_id}")
    return row


def decide_settlement(connection: Connection[TupleRow], found: Found) -> tuple[Again, str]:
    """Return the settlement's decision made again, and what of the stored one differs ("" nothing).

    The institution bears its present name. Raises: NotExplained when there is no decision.
    """
    books = Books(
        load_catalogues(connection),
        load_activations(connection),
        lambda region, digest: load_book(connection, region, digest),
    )
    try:
        again = decide_again(found.row, found.operation, found.journal, books)
    except (LookupError, ValueError, TypeError) as error:
        raise NotExplained(f"{found.row.key} cannot be computed again: {error}") from error
    said = [one.detail for one in differences(found.row, found.reply, found.journal, again)]
    place = again.institution
    named = connection.execute(_NAME, (place.code,)).fetchone()
    named_place = replace(place, name=str(named[0]) if named else "")
    return replace(again, institution=named_place), "; ".join(said)
