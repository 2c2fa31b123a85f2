"""Reads what happened to cards, and suspicions: along the tables, and by person and version."""

from collections.abc import Collection, Iterator
from typing import Final

from switch.audit.card_rows import CardEventRow, SuspicionRow
from switch.audit.reader import Reader

_CARD_EVENT_COLUMNS: Final = """
SELECT e.bucket, e.member_id, e.version, e.change, e.channel, e.status, e.lock, e.locked_since,
    e.locked_until, e.identifier, e.card, e.replaced, e.standings, e.act,
    NOT EXISTS (SELECT FROM card_event n WHERE n.bucket = e.bucket
        AND n.member_id = e.member_id AND n.version > e.version),
    (SELECT jsonb_build_object('status', m.card_status, 'locked_since', m.locked_since,
            'locked_until', m.locked_until, 'identifier', encode(m.card_identifier, 'hex'),
            'standings', m.standings)
        FROM member m WHERE m.bucket = e.bucket AND m.member_id = e.member_id),
    (SELECT jsonb_build_object('identifier', e.identifier, 'number', c.number, 'suite', c.suite,
            'key_version', c.key_version, 'specification', c.specification,
            'issued_on', c.issued_on, 'expires_on', c.expires_on)
        FROM card c WHERE c.bucket = e.bucket AND c.identifier = decode(e.identifier, 'hex')
            AND c.member_id = e.member_id)
"""
_CARD_EVENTS: Final = (
    _CARD_EVENT_COLUMNS
    + """
FROM card_event e WHERE (e.bucket, e.member_id, e.version) > (%s, %s, %s)
ORDER BY e.bucket, e.member_id, e.version LIMIT %s
"""
)
_CARD_EVENTS_NAMED: Final = (
    _CARD_EVENT_COLUMNS
    + """
FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS k(bucket, member_id, version)
JOIN card_event e ON e.bucket = k.bucket AND e.member_id = k.member_id AND e.version = k.version
"""
)


def card_events(reader: Reader) -> Iterator[list[CardEventRow]]:
    """Yield what happened to cards, each with its person's row, read by one statement."""
    return reader.walk(
        _CARD_EVENTS,
        (-1, "", 0),
        lambda row: CardEventRow(*row),
        lambda one: (one.bucket, one.member_id, one.version),
    )


def card_events_named(
    reader: Reader, keys: Collection[tuple[str, int]]
) -> dict[tuple[str, int], CardEventRow]:
    """Return changes by person and version."""
    if not keys:
        return {}
    found = reader.all(
        _CARD_EVENTS_NAMED,
        ([int(m[:4]) for m, _ in keys], [m for m, _ in keys], [v for _, v in keys]),
    )
    return {(row[1], row[2]): CardEventRow(*row) for row in found}


_SUSPICION_COLUMNS: Final = """
SELECT s.bucket, s.member_id, s.version, s.identifier, s.method, s.use, s.stored_atc, s.earlier,
    s.locked
"""
_SUSPICIONS: Final = (
    _SUSPICION_COLUMNS
    + """
FROM suspicion s WHERE (s.bucket, s.member_id, s.version) > (%s, %s, %s)
ORDER BY s.bucket, s.member_id, s.version LIMIT %s
"""
)
_SUSPICIONS_NAMED: Final = (
    _SUSPICION_COLUMNS
    + """
FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS k(bucket, member_id, version)
JOIN suspicion s ON s.bucket = k.bucket AND s.member_id = k.member_id AND s.version = k.version
"""
)


def all_suspicions(reader: Reader) -> Iterator[list[SuspicionRow]]:
    """Yield every suspicion."""
    return reader.walk(
        _SUSPICIONS,
        (-1, "", 0),
        lambda row: SuspicionRow(*row),
        lambda one: (one.bucket, one.member_id, one.version),
    )


def suspicions_named(
    reader: Reader, keys: Collection[tuple[str, int]]
) -> dict[tuple[str, int], SuspicionRow]:
    """Return suspicions by person and version."""
    if not keys:
        return {}
    found = reader.all(
        _SUSPICIONS_NAMED,
        ([int(m[:4]) for m, _ in keys], [m for m, _ in keys], [v for _, v in keys]),
    )
    return {(row[1], row[2]): SuspicionRow(*row) for row in found}
