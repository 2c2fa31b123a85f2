"""Suspicions that one card is two: written by requests, read by their readers and by operators."""

from collections.abc import Collection, Mapping
from datetime import UTC, timedelta
from typing import Any, Final

from switch.model.ids import (
    BEIJING,
    MemberId,
    RequestId,
    TerminalId,
    bucket_of_member,
    request_institution,
)
from switch.model.suspicion import CardUse, Suspicion
from switch.pipeline.view import View
from switch.store.channel import Channel, Statement

LOOK_BACK: Final = timedelta(days=400)
"""How far back a card's last settlement is looked for: partitions older than that are let be."""
_LAST: Final = 8

# By the person's journals, the only index that leads from him to his requests.
_USES: Final = Statement(
    "card_uses",
    """
SELECT DISTINCT ON (k.member_id) k.member_id, r.request_id, r.terminal_id, r.posted_at, r.atc
FROM unnest($1::text[]) AS k(member_id)
CROSS JOIN LATERAL (
    SELECT j.request_id FROM journal j
    WHERE j.member_id = k.member_id AND j.kind = 'settlement' AND j.day >= $2::date
    ORDER BY j.day DESC, j.id DESC LIMIT $3::int) AS j
JOIN request r ON r.month = to_date(substr(j.request_id, 13, 6), 'YYYYMM')
    AND r.request_id = j.request_id
WHERE r.atc IS NOT NULL
ORDER BY k.member_id, r.atc DESC
""",
    ("text[]", "date", "int"),
)
_UNRESOLVED: Final = Statement(
    "suspicions_unresolved",
    """
SELECT DISTINCT s.member_id FROM unnest($1::int[], $2::text[]) AS k(bucket, member_id)
JOIN suspicion s ON s.bucket = k.bucket AND s.member_id = k.member_id AND s.locked
WHERE NOT EXISTS (SELECT FROM suspicion_resolution r WHERE r.bucket = s.bucket
    AND r.member_id = s.member_id AND r.version = s.version)
""",
    ("int[]", "text[]"),
)


async def read_uses(channel: Channel, view: View, people: Collection[MemberId]) -> None:
    """Add the use that stored each person's counter, where a settlement that posted did."""
    since = view.now.astimezone(BEIJING).date() - LOOK_BACK
    found = await channel.ask(_USES, sorted(people), since, _LAST)
    for member_id, request_id, terminal_id, at, atc in found:
        view.uses[MemberId(member_id)] = CardUse(
            RequestId(request_id),
            request_institution(RequestId(request_id)),
            TerminalId(terminal_id),
            at,
            atc,
        )


async def read_unresolved(channel: Channel, view: View, people: Collection[MemberId]) -> None:
    """Add who was locked on a suspicion that nobody has resolved."""
    members = sorted(people)
    rows = await channel.ask(_UNRESOLVED, [bucket_of_member(m) for m in members], members)
    view.unresolved |= {MemberId(row[0]) for row in rows}


def suspicion_row(one: Suspicion) -> Mapping[str, Any]:
    """Return a suspicion's row: column → JSON value."""
    return {
        "bucket": bucket_of_member(one.member_id),
        "member_id": one.member_id,
        "version": one.version,
        "identifier": one.identifier.hex(),
        "method": one.method,
        "use": use_row(one.use),
        "stored_atc": one.stored_atc,
        "earlier": None if one.earlier is None else use_row(one.earlier),
        "locked": one.locked,
    }


def use_row(use: CardUse) -> Mapping[str, Any]:
    """Return a use of a card as a column of JSON."""
    return {
        "request_id": use.request_id,
        "institution": use.institution,
        "terminal_id": use.terminal_id,
        "at": use.at.astimezone(UTC).isoformat(),
        "atc": use.atc,
    }
