"""What adjudication decides: the split of a bill, its working, and what it moves.

Identities (domain facts 1.4), held here for every split that exists:
`total = own expense + over limit + first self-pay + in scope`;
`total = funds + hospital part + person part`; `person part = accounts + cash`.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from switch.model.codes import FundPayType, Insurance, MemberClass
from switch.model.frozen import frozen
from switch.model.ids import RegionCode
from switch.model.money import Fen
from switch.model.reply import ReplyCode


@frozen
class Payer:
    """One fund's part of a settlement."""

    fund: FundPayType
    amount_fen: Fen


@frozen
class Split:
    """Who pays what. Raises: ValueError when the parts do not add up to the bill."""

    total_fen: Fen
    own_expense_fen: Fen
    over_limit_fen: Fen
    first_self_pay_fen: Fen
    in_scope_fen: Fen
    deductible_fen: Fen
    payers: tuple[Payer, ...]
    hospital_fen: Fen
    account_current_fen: Fen
    account_earlier_fen: Fen
    account_relative_fen: Fen
    cash_fen: Fen

    def __post_init__(self) -> None:
        account = self.account_current_fen + self.account_earlier_fen + self.account_relative_fen
        funds = 0
        least = min(
            self.own_expense_fen, self.over_limit_fen, self.first_self_pay_fen, self.in_scope_fen,
            self.deductible_fen, self.hospital_fen, self.account_current_fen,
            self.account_earlier_fen, self.account_relative_fen, self.cash_fen,
        )  # fmt: skip
        for payer in self.payers:
            funds += payer.amount_fen
            least = min(least, payer.amount_fen)
        if least < 0:
            raise ValueError(f"a part of the split is negative: {self}")
        scope = (
            self.own_expense_fen + self.over_limit_fen + self.first_self_pay_fen + self.in_scope_fen
        )
        if scope != self.total_fen:
            raise ValueError(f"bill parts {scope} do not add up to the total {self.total_fen} fen")
        paid = funds + self.hospital_fen + account + self.cash_fen
        if paid != self.total_fen:
            raise ValueError(f"payers {paid} do not add up to the total {self.total_fen} fen")

    @property
    def fund_fen(self) -> Fen:
        """Sum of all funds (`fund_pay_sumamt`)."""
        return Fen(sum(payer.amount_fen for payer in self.payers))

    @property
    def account_fen(self) -> Fen:
        """The member's own account, both parts (`acct_pay`)."""
        return Fen(self.account_current_fen + self.account_earlier_fen)

    @property
    def person_fen(self) -> Fen:
        """The person's whole burden (`psn_part_amt`)."""
        return Fen(self.account_fen + self.account_relative_fen + self.cash_fen)


class Step(NamedTuple):
    """One line of the working: rule, what it was applied to, and what came out.

    `line` is a fee line's number or 0 for the bill. `limit` and `left` are in the base's unit.
    A tuple, for a decision makes dozens: a frozen dataclass takes twice as long.
    """

    rule: str
    base_fen: int
    result_fen: int
    rate_bp: int | None = None
    limit_fen: int | None = None
    left_fen: int | None = None
    line: int = 0
    note_zh: str = ""
    note_en: str = ""


class LineScope(NamedTuple):
    """What of one fee line counts (2204): the parts add up to the line. One a line: a tuple."""

    number: int
    own_expense_fen: int
    over_limit_fen: int
    first_self_pay_fen: int
    in_scope_fen: int


@frozen
class YearToDate:
    """What is used and left this insurance year, after this settlement, by accumulator."""

    name: str
    used: int
    limit: int | None


@frozen
class Decision:
    """An adjudicated claim.

    `deltas`: year key → accumulator → change. `consulted`: the accumulators whose value this
    decision read ("year key#name"); an earlier settlement that moved one of them cannot be
    cancelled from under it.
    """

    region_insured: RegionCode
    region_care: RegionCode
    insurance: Insurance
    member_class: MemberClass
    clearing_type: str
    filing_id: str
    split: Split
    working: tuple[Step, ...]
    deltas: Mapping[str, Mapping[str, int]]
    consulted: frozenset[str]
    year_to_date: tuple[YearToDate, ...]
    rule_book: str
    """SHA-256 of the canonical rule book, hex."""
    ruled_on: date
    parts: Mapping[str, int]
    """What the person bears before further payers, by `switch.rules.words.PARTS`, in fen."""
    lines: tuple[LineScope, ...]


@frozen
class Decline:
    """A refusal that is an ordinary answer: recorded, and the same on every repeat."""

    code: ReplyCode
    facts: Mapping[str, str]
    """What the message texts name, e.g. {"until": "2018-11-30"}."""
