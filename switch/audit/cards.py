"""Invariant 17 of cards: a change is what its request wrote, a card stands as the last left it.

The changes are append-only and each made a version of its person. What the last one says of status,
lock, card and what a loss costs is what the member row must say, and what it registered stands.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from switch.audit.card_rows import CardEventRow
from switch.audit.findings import REFERENCES, WRITTEN, Violation
from switch.audit.rows import Case, RequestRow
from switch.audit.written import act_by
from switch.model.card import CARD_LOST
from switch.model.card_office import ChangeCard, LockCard, Replace, UnlockCard
from switch.model.ids import MemberId, bucket_of_member
from switch.model.reply import ReplyCode
from switch.pipeline.card import CHANGES
from switch.store.card_events import card_row
from switch.store.written import CARD_EVENT, SUSPICION
from switch.wire.card import CARD_CHANGES
from switch.wire.person import CARD_STATUSES

_NOW: Final = ("status", "locked_since", "locked_until", "identifier")
EventKey = tuple[str, int]
"""Person and version."""


def written_events(rows: Sequence[RequestRow]) -> set[EventKey]:
    """Return the changes that requests say they wrote."""
    return {_key(one) for row in rows for one in (row.writes or {}).get(CARD_EVENT, ())}


def check_stands(row: RequestRow, events: Mapping[EventKey, CardEventRow]) -> Iterator[Violation]:
    """A change that a request wrote stands, under the version it made, and names it."""
    for one in (row.writes or {}).get(CARD_EVENT, ()):
        if (one.get("member_id"), one.get("version")) != (row.member_id, row.member_version):
            yield Violation(WRITTEN, row.key, "wrote a change of another person or version")
        event = events.get(_key(one))
        if event is None:
            yield Violation(WRITTEN, row.key, "wrote a change of a card, which is not there")
        elif event.request != row.request_id:
            yield Violation(WRITTEN, row.key, f"wrote {event.key}, which does not name it")


def check_asked(case: Case) -> Iterator[Violation]:
    """A change of a card that was answered OK wrote one, as asked and answered; no other did."""
    row, operation = case.row, case.operation
    rows = (row.writes or {}).get(CARD_EVENT, [])
    changes = row.method in CARD_CHANGES and row.code == ReplyCode.OK
    if rows and SUSPICION in (row.writes or {}):
        return  # a lock that policy put on it: `suspicions` sees to that
    if len(rows) != int(changes):
        yield Violation(WRITTEN, row.key, f"wrote {len(rows)} changes of cards, not {int(changes)}")
        return
    if not changes:
        return
    if not isinstance(operation, ChangeCard) or case.reply is None:
        yield Violation(WRITTEN, row.key, "its stored request or reply cannot be read")
        return
    wrote = rows[0]
    state = case.reply.state
    expected: dict[str, Any] = {
        **_asked(operation, state.card.number),
        "change": CHANGES[type(operation)],
        "channel": operation.asked.channel,
        "act": act_by(row, operation.asked.reason),
        "member_id": state.member_id,
        "identifier": state.card.identifier.hex(),
    }
    for name, value in expected.items():
        if wrote.get(name) != value:
            yield Violation(
                WRITTEN, row.key, f"wrote {name} {wrote.get(name)!r}; it asks for {value!r}"
            )
    if state.status not in {number for s, number in CARD_STATUSES.items() if s == wrote["status"]}:
        yield Violation(WRITTEN, row.key, f"wrote {wrote['status']}; it was answered another")


def check_event(event: CardEventRow, requests: Mapping[str, RequestRow]) -> Iterator[Violation]:
    """A change is to the letter what the request that it names wrote."""
    request = requests.get(event.request)
    if request is None:
        yield Violation(WRITTEN, event.key, f"names request {event.request}, which is not there")
        return
    rows = (request.writes or {}).get(CARD_EVENT, ())
    wrote = [one for one in rows if _key(one) == (event.member_id, event.version)]
    if not wrote:
        yield Violation(WRITTEN, event.key, f"names {request.key}, which did not write it")
        return
    stands = event.written()
    differing = sorted(name for name in stands if wrote[-1].get(name) != stands[name])
    if differing:
        yield Violation(
            WRITTEN, event.key, f"differs from what {request.key} wrote: {', '.join(differing)}"
        )


def check_led_to(event: CardEventRow) -> Iterator[Violation]:
    """The person's row says what the last change of his card left, and the card stands registered.

    Row and change were read by one statement.
    """
    if event.card is not None and event.card != event.registered:
        yield Violation(
            WRITTEN, event.key, "registered a card that stands otherwise, or not at all"
        )
    if not event.last:
        return
    if event.now is None:
        yield Violation(REFERENCES, event.key, "its person is not there")
        return
    stands = event.written()
    for name in _NOW:
        if event.now[name] != stands[name]:
            yield Violation(
                WRITTEN,
                event.key,
                f"left {name} {stands[name]!r}, the row says {event.now[name]!r}",
            )
    if _losses(event.now["standings"]) != _losses(event.standings):
        yield Violation(WRITTEN, event.key, "left what the loss costs otherwise than the row says")


def check_bucket(event: CardEventRow) -> Iterator[Violation]:
    """A change lies in its person's bucket."""
    if event.bucket != bucket_of_member(MemberId(event.member_id)):
        yield Violation(
            REFERENCES, event.key, f"lies in bucket {event.bucket}, which is not its person's"
        )


def _asked(operation: ChangeCard, number: str) -> dict[str, Any]:
    match operation:
        case Replace():
            return {"card": {**card_row(operation.card), "number": number}}
        case LockCard():
            until = None if operation.until is None else operation.until.isoformat()
            return {
                "lock": operation.lock,
                "locked_since": operation.since.isoformat(),
                "locked_until": until,
                "card": None,
            }
        case UnlockCard():
            return {"lock": None, "locked_since": None, "locked_until": None, "card": None}
        case _:
            return {"card": None}


def _losses(standings: Sequence[Any]) -> list[Any]:
    return [one for one in standings if one[0] == CARD_LOST]


def _key(row: Mapping[str, Any]) -> EventKey:
    version = row.get("version")
    return str(row.get("member_id")), version if isinstance(version, int) else 0
