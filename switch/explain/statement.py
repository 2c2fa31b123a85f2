"""What a page says of one settlement. Values only; amounts in fen."""

from dataclasses import dataclass
from datetime import date, datetime

from switch.explain.flow import Flow
from switch.model.decision import Decision, LineScope, Step
from switch.pages.words import Words


@dataclass(frozen=True, slots=True)
class Person:
    """Who was treated, as far as a page may say it: the number masked, no name."""

    member: str
    sex: str
    age: int
    member_class: str
    insurance: str
    region: Words


@dataclass(frozen=True, slots=True)
class Place:
    """Where."""

    code: str
    name: str
    level: str
    region: Words
    elsewhere: bool
    """Whether this is another city than the insured one."""


@dataclass(frozen=True, slots=True)
class Visit:
    """When, and what for."""

    kind: str
    service_on: date
    admitted_on: date | None
    discharged_on: date | None
    interim: bool
    emergency: bool
    disease: Words | None
    filing_id: str
    ruled_on: date


@dataclass(frozen=True, slots=True)
class Receipt:
    """Under which numbers it stands in the books."""

    settlement_id: str
    request_id: str
    settled_at: datetime
    business_day: date
    rule_book: str
    balance_current_fen: int
    balance_earlier_fen: int


@dataclass(frozen=True, slots=True)
class Undone:
    """That it holds no more: `kind` is "cancellation", "replacement" or "reversal"."""

    kind: str
    by: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a part of a line does not count: whose amount, at which ratio or limit."""

    words: Words
    amount_fen: int
    rate_bp: int | None
    limit_fen: int | None


@dataclass(frozen=True, slots=True)
class BillLine:
    """A line of the bill and what of it counts. `scope` None: it withdraws another line."""

    number: int
    code: str
    name: str
    item: Words | None
    """The catalogue's name of it; None where no catalogue holds the code."""
    item_class: str
    quantity_e4: int
    unit_price_e4: int
    amount_fen: int
    withdraws: int
    scope: LineScope | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RuledStep:
    """A step of the working with the rule it quotes.

    `since` None: no file holds it. `evidence`: stated, seen_on, assumed, or "".
    """

    step: Step
    kind_of_rule: str
    rule_id: str
    since: date | None
    source: str
    evidence: str
    note: str


@dataclass(frozen=True, slots=True)
class Sum:
    """What is used of a sum: before, by this settlement, after; the limit it is held against.

    `in_times`: it is a count, not an amount. `of`: the month, stay or disease it is of, or "".
    """

    name: str
    words: Words
    period: Words
    of: str
    in_times: bool
    before: int
    moved: int
    after: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything a page says. `difference`: "" when computing it again gave the very same."""

    person: Person
    place: Place
    visit: Visit
    receipt: Receipt
    undone: Undone | None
    difference: str
    decision: Decision
    lines: tuple[BillLine, ...]
    steps: tuple[RuledStep, ...]
    sums: tuple[Sum, ...]
    flow: Flow
