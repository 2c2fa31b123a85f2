"""A card's life at the card office: what happened to it, by whom, and how it stands afterwards."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from switch.model.act import Act
from switch.model.codes import CardStatus
from switch.model.ids import CardIdentifier, MemberId
from switch.model.member import Card, Standing


class Channel(StrEnum):
    """How the holder came; policy says which channel may do what."""

    PHONE = "phone"
    WEB = "web"
    WECHAT = "wechat"
    COUNTER = "counter"
    SWITCH = "switch"
    """Nobody came: policy had the switch do it."""


class CardChange(StrEnum):
    """What happened to a card besides being used."""

    REPORTED_LOST = "reported_lost"
    CONFIRMED_LOST = "confirmed_lost"
    RELEASED = "released"
    REPLACED = "replaced"
    LOCKED = "locked"
    UNLOCKED = "unlocked"


HOLDERS: Final = frozenset(Channel) - {Channel.SWITCH}
"""The channels that a holder can come by."""
LOSSES: Final = frozenset({CardStatus.TEMPORARILY_LOST, CardStatus.LOST})
LOCKS: Final = frozenset({CardStatus.LOCKED_PERSON, CardStatus.LOCKED_EMPLOYER})

CARD_LOST: Final = "card_lost"
"""The standing of a person whose card was not replaced in time: its costs are not covered."""


@dataclass(frozen=True, slots=True)
class CardEvent:
    """One row of a card's history. `status`, `lock` and its days: how the card stands after it.

    A loss goes before a lock, which stays and counts again once the card is released or replaced:
    so `lock` says what `status` may hide. `card` is the one that a replacement registered,
    `replaced` the one that is dead since. `standings`: all of the person's, as they stand after it.
    """

    member_id: MemberId
    version: int
    change: CardChange
    channel: Channel
    status: CardStatus
    lock: CardStatus | None
    locked_since: date | None
    locked_until: date | None
    identifier: CardIdentifier
    card: Card | None
    replaced: CardIdentifier | None
    standings: tuple[Standing, ...]
    act: Act

    @property
    def uncovered_since(self) -> date | None:
        """Return the first day whose costs are not covered, while the card is lost."""
        for one in self.standings:
            if one.word == CARD_LOST and one.until is None:
                return one.since
        return None
