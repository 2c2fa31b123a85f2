"""What policy says of a card's life. Must not know: files, the rule book, the registry.

Three types of rule, each region's own: which channel may do what, what a loss costs its holder, and
what follows when a card's counter goes back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from switch.model.card import CARD_LOST, HOLDERS, CardChange, Channel
from switch.model.member import Standing

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class CardChannels:
    """The channels that may make each change; what is not named is made at the counter."""

    rule: str
    open: Mapping[CardChange, frozenset[Channel]]

    def channels(self, change: CardChange) -> frozenset[Channel]:
        """Return the channels that may make a change."""
        return self.open.get(change, _COUNTER)


_COUNTER = frozenset({Channel.COUNTER})
UNRULED = CardChannels("", {CardChange.REPORTED_LOST: HOLDERS})
"""Where no policy is held: a loss is taken however it is reported, the rest at the counter."""


@dataclass(frozen=True, slots=True)
class CardLoss:
    """How many working days after the report costs can still be claimed.

    Working days are Monday to Friday but `holidays`, and `workdays` at weekends.
    """

    rule: str
    working_days: int
    holidays: frozenset[date]
    workdays: frozenset[date]

    def first_uncovered(self, reported_on: date) -> date:
        """Return the day after the last working day: from it on nothing is covered."""
        on, left = reported_on, self.working_days
        while left:
            on += _DAY
            left -= self._works(on)
        return on + _DAY

    def _works(self, on: date) -> bool:
        if on in self.holidays:
            return False
        return on.weekday() < _SATURDAY or on in self.workdays


@dataclass(frozen=True, slots=True)
class CardClone:
    """Whether a card whose counter goes back is locked for the person at once."""

    rule: str
    locks: bool


CardTerm = CardChannels | CardLoss | CardClone


@dataclass(frozen=True, slots=True)
class CardTerms:
    """All that holds of cards on a day."""

    channels: CardChannels = field(default_factory=lambda: UNRULED)
    loss: CardLoss | None = None
    clone: CardClone | None = None


def with_loss(
    standings: tuple[Standing, ...], loss: CardLoss | None, reported_on: date
) -> tuple[Standing, ...]:
    """Return a person's standings with what the loss of his card costs him, if anything."""
    if loss is None:
        return standings
    return (*standings, Standing(CARD_LOST, loss.first_uncovered(reported_on), None))


def without_loss(standings: tuple[Standing, ...], ended_on: date) -> tuple[Standing, ...]:
    """Return a person's standings once the card is replaced or released: that day counts again."""
    return tuple(_ended(standings, ended_on - _DAY))


def _ended(standings: tuple[Standing, ...], last: date) -> Iterator[Standing]:
    for one in standings:
        if one.word != CARD_LOST or one.until is not None:
            yield one
        elif one.since <= last:
            yield Standing(one.word, one.since, last)
