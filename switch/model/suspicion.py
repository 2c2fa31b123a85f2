"""A suspicion: two cards answered for one. Where and when, what followed, and who cleared it up."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from switch.model.ids import CardIdentifier, InstitutionCode, MemberId, RequestId, TerminalId


@dataclass(frozen=True, slots=True)
class CardUse:
    """Where and when a card proved itself, and its counter then."""

    request_id: RequestId
    institution: InstitutionCode
    terminal_id: TerminalId
    at: datetime
    atc: int


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A proven card whose counter is not above the last one stored, under a new request id.

    `method`: what it was used for. `earlier`: the use that stored a counter as high; None when that
    settlement was declined, for of those no index leads to the person. `locked`: policy locked the
    card with it. It made a version of its person, which names it.
    """

    member_id: MemberId
    version: int
    identifier: CardIdentifier
    method: str
    use: CardUse
    stored_atc: int
    earlier: CardUse | None
    locked: bool


class Verdict(StrEnum):
    """What operators found a suspicion to be."""

    GENUINE = "genuine"
    """One card, one holder: a message that came late, a counter that was read anew."""
    CLONE = "clone"
    """Two cards: the holder's is to be replaced."""
