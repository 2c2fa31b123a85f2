"""Which rule book is in force in a region on a business day: the latest activation up to it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self

from switch.model.ids import RegionCode, parse_region
from switch.office.canonical import Content
from switch.office.officer import require_keys

GENESIS_KEY: Final = "rule_books"
"""Under this key the genesis lists the books that the records begin with."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PolicyActivation:
    """A region's book from a business day on: the content of `activate-policy`."""

    region: RegionCode
    hash: str
    active_from: date

    def content(self) -> Content:
        """Return the activation as a change says it."""
        return {
            "region": self.region,
            "hash": self.hash,
            "active_from": self.active_from.isoformat(),
        }

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the activation a change says. Raises: ValueError."""
        require_keys(content, "region", "hash", "active_from")
        region, book_hash = str(content["region"]), str(content["hash"])
        if not _HASH.fullmatch(book_hash):
            raise ValueError("a rule book is named by its hash: 64 lower-case hex digits")
        return cls(parse_region(region), book_hash, parse_day(content["active_from"]))


@dataclass(frozen=True, slots=True)
class Activation:
    """A book put in force. `record`: the audit record that did; `change`: 0 for the genesis."""

    region: str
    hash: str
    active_from: date
    record: int
    change: int


@dataclass(frozen=True, slots=True)
class Known:
    """An activation and the instant from which it was known: later for one made in haste."""

    at: datetime
    activation: Activation


def in_force(activations: Iterable[Activation], region: str, on: date) -> Activation | None:
    """Return what holds in a region on a business day; of two for one day the later decided."""
    return max(
        (one for one in activations if one.region == region and one.active_from <= on),
        key=lambda one: (one.active_from, one.record),
        default=None,
    )


def genesis_content(books: Iterable[PolicyActivation]) -> Content:
    """Return the part of the genesis that lists the first books."""
    return {GENESIS_KEY: [book.content() for book in books]}


def genesis_books(content: Content) -> Iterator[PolicyActivation]:
    """Yield the first books. Raises: ValueError."""
    listed = content.get(GENESIS_KEY, [])
    if not isinstance(listed, list):
        raise ValueError(f"{GENESIS_KEY} is no list")
    for one in listed:
        yield PolicyActivation.read(one)


def parse_day(text: object) -> date:
    """Return a day written 2018-12-01. Raises: ValueError."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(f"{text!r} is no day; write 2018-12-01")
    return date.fromisoformat(text)
