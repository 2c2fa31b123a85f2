"""Reads the rules of a card's life: channels, what a loss costs, what a clone's trace leads to."""

from datetime import date

from switch.model.card import HOLDERS, CardChange, Channel
from switch.rules.card import CardChannels, CardClone, CardLoss
from switch.rules.read_rows import Context
from switch.rules.values import Reader

_CHANGES = (
    ("report", CardChange.REPORTED_LOST),
    ("confirm", CardChange.CONFIRMED_LOST),
    ("release", CardChange.RELEASED),
    ("replace", CardChange.REPLACED),
    ("lock", CardChange.LOCKED),
    ("unlock", CardChange.UNLOCKED),
)


def read_channels(reader: Reader, context: Context) -> CardChannels:
    """Return the channels of each change; what is left out is made at the counter."""
    named = {
        change: frozenset(map(Channel, reader.words(word, HOLDERS))) for word, change in _CHANGES
    }
    return CardChannels(context.rule, {change: found for change, found in named.items() if found})


def read_loss(reader: Reader, context: Context) -> CardLoss:
    """Return how many working days after a loss can be claimed for, and which days work."""
    holidays, workdays = _days(reader, "holidays"), _days(reader, "workdays")
    return CardLoss(context.rule, reader.count("working_days"), holidays, workdays)


def read_clone(reader: Reader, context: Context) -> CardClone:
    """Return whether a card whose counter goes back is locked."""
    return CardClone(context.rule, reader.flag("locks", default=False))


def _days(reader: Reader, key: str) -> frozenset[date]:
    found = set()
    for text in reader.words(key):
        try:
            found.add(date.fromisoformat(text))
        except ValueError:
            reader.fail(f"{key} holds {text!r}; write days as 2018-12-31")
    return frozenset(found)
