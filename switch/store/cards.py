"""Card loss, release and replacement in the registry: one transaction and one version each.

A loss is temporary (by telephone, at once) or formal; a card found before it is replaced is
released; a replaced card is dead for ever (domain facts 3.6).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.codes import CardStatus
from switch.model.ids import MemberId, bucket_of_member, parse_card_identifier
from switch.model.member import Card

_CHANGE: Final = "SELECT medswitch.card_status_change(%s, %s, %s, %s, %s, %s, %s)"
_REPLACE: Final = "SELECT medswitch.card_replace(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_LOSABLE: Final = (CardStatus.NORMAL,)
_LOST: Final = (CardStatus.TEMPORARILY_LOST, CardStatus.LOST)
_REPLACEABLE: Final = (*_LOSABLE, *_LOST)


class CardChangeRefused(Exception):
    """No such person, or the card's status does not allow the change; nothing has changed."""


def report_lost(
    conn: Connection[TupleRow],
    member_id: MemberId,
    *,
    actor: str,
    at: datetime,
    temporary: bool = True,
) -> int:
    """Stop a person's card and return the person's new version. Raises: CardChangeRefused.

    A temporary loss may be made formal; a formal one is not made temporary again.
    """
    status = CardStatus.TEMPORARILY_LOST if temporary else CardStatus.LOST
    allowed = _LOSABLE if temporary else (*_LOSABLE, CardStatus.TEMPORARILY_LOST)
    return _change(conn, member_id, allowed, status, "card_lost", actor, at)


def release(conn: Connection[TupleRow], member_id: MemberId, *, actor: str, at: datetime) -> int:
    """Let a found card work again and return the new version. Raises: CardChangeRefused."""
    return _change(conn, member_id, _LOST, CardStatus.NORMAL, "card_released", actor, at)


def replace_card(
    conn: Connection[TupleRow], member_id: MemberId, card: Card, *, actor: str, at: datetime
) -> int:
    """Make a new card the person's only one and return the new version; the old one is dead.

    Raises: CardChangeRefused, also for an identifier that is registered already; ValueError for a
    malformed identifier.
    """
    parse_card_identifier(card.identifier)
    values = (
        bucket_of_member(member_id), member_id, [status.value for status in _REPLACEABLE],
        card.identifier, card.number, card.suite, card.key_version, card.specification,
        card.issued_on, card.expires_on, actor, at,
    )  # fmt: skip
    return _version(conn, _REPLACE, values, "card_replaced")


def _change(
    conn: Connection[TupleRow],
    member_id: MemberId,
    allowed: Sequence[CardStatus],
    status: CardStatus,
    kind: str,
    actor: str,
    at: datetime,
) -> int:
    values = (
        bucket_of_member(member_id), member_id, [one.value for one in allowed], status.value,
        kind, actor, at,
    )  # fmt: skip
    return _version(conn, _CHANGE, values, kind)


def _version(
    conn: Connection[TupleRow], statement: LiteralString, values: Sequence[Any], kind: str
) -> int:
    row = conn.execute(statement, values).fetchone()
    if row is None or row[0] is None:
        raise CardChangeRefused(f"{kind}: no such person, or the card's status does not allow it")
    return int(row[0])
