"""Cards' histories: rows of `card_event`, read for whom a request names, and written."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from switch.model.act import Act
from switch.model.card import CardChange, CardEvent, Channel
from switch.model.codes import CardStatus
from switch.model.ids import BUCKET_COUNT, CardIdentifier, MemberId, bucket_of_member
from switch.model.member import Card, Standing
from switch.pipeline.view import View
from switch.store.acts import act_of, act_row
from switch.store.channel import Channel as Connected
from switch.store.channel import Statement

EVENTS_MAX: Final = 200
"""Changes of a person's cards that are told; older ones stay in the table."""

_EVENTS: Final = Statement(
    "card_events",
    """
SELECT k.member_id, e.version, e.change, e.channel, e.status, e.lock, e.locked_since,
    e.locked_until, e.identifier, e.card, e.replaced, e.standings, e.act
FROM unnest($1::int[], $2::text[]) AS k(bucket, member_id)
CROSS JOIN LATERAL (
    SELECT * FROM card_event f WHERE f.bucket = k.bucket AND f.member_id = k.member_id
    ORDER BY f.version DESC LIMIT $3::int) AS e
ORDER BY k.member_id, e.version
""",
    ("int[]", "text[]", "int"),
)
_ISSUED: Final = Statement(
    "cards_issued",
    """
SELECT c.identifier FROM unnest($1::bytea[]) AS k(identifier)
JOIN generate_series(0, $2::int) AS b(bucket) ON true
JOIN card c ON c.bucket = b.bucket AND c.identifier = k.identifier
""",
    ("bytea[]", "int"),
)


async def read_events(
    channel: Connected,
    view: View,
    people: Collection[MemberId],
    wanted: Collection[CardIdentifier],
) -> None:
    """Add the histories of people's cards, and which of the wanted identifiers are registered.

    An identifier is looked for in every bucket: it is issued once, whosever it is. Whoever changed
    a card since made a version of its person, by which posting finds it out.
    """
    members = sorted(people)
    buckets = [bucket_of_member(m) for m in members]
    for row in await channel.ask(_EVENTS, buckets, members, EVENTS_MAX):
        event = _event(row)
        view.events.setdefault(event.member_id, []).append(event)
    if wanted:
        rows = await channel.ask(_ISSUED, list(wanted), BUCKET_COUNT - 1)
        view.issued |= {CardIdentifier(bytes(row[0])) for row in rows}


def event_row(event: CardEvent) -> Mapping[str, Any]:
    """Return an event's row: column → JSON value; bytes as hexadecimal digits."""
    return {
        "bucket": bucket_of_member(event.member_id),
        "member_id": event.member_id,
        "version": event.version,
        "change": event.change,
        "channel": event.channel,
        "status": event.status,
        "lock": event.lock,
        "locked_since": _iso(event.locked_since),
        "locked_until": _iso(event.locked_until),
        "identifier": event.identifier.hex(),
        "card": None if event.card is None else card_row(event.card),
        "replaced": None if event.replaced is None else event.replaced.hex(),
        "standings": [[s.word, s.since.isoformat(), _iso(s.until)] for s in event.standings],
        "act": act_row(event.act),
    }


def card_row(card: Card) -> Mapping[str, Any]:
    """Return what a replacement registers, as a column of JSON."""
    return {
        "identifier": card.identifier.hex(),
        "number": card.number,
        "suite": int(card.suite),
        "key_version": card.key_version,
        "specification": card.specification,
        "issued_on": card.issued_on.isoformat(),
        "expires_on": card.expires_on.isoformat(),
    }


def _event(row: Sequence[Any]) -> CardEvent:
    (member_id, version, change, channel, status, lock, since, until, identifier, card, replaced,
     standings, act) = row  # fmt: skip
    made = act_of(act)
    if not isinstance(made, Act):
        raise ValueError("a change of a card that nobody made")
    return CardEvent(
        MemberId(member_id),
        version,
        CardChange(change),
        Channel(channel),
        CardStatus(status),
        None if lock is None else CardStatus(lock),
        since,
        until,
        CardIdentifier(bytes.fromhex(identifier)),
        None if card is None else _card(card),
        None if replaced is None else CardIdentifier(bytes.fromhex(replaced)),
        tuple(_standing(*one) for one in standings),
        made,
    )


def _card(row: Mapping[str, Any]) -> Card:
    return Card(
        CardIdentifier(bytes.fromhex(row["identifier"])),
        row["number"],
        row["suite"],
        row["key_version"],
        row["specification"],
        date.fromisoformat(row["issued_on"]),
        date.fromisoformat(row["expires_on"]),
    )


def _standing(word: str, since: str, until: str | None) -> Standing:
    last = None if until is None else date.fromisoformat(until)
    return Standing(word, date.fromisoformat(since), last)


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
