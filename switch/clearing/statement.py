"""Statements: what a region owes an institution for a period, and what it withholds of it.

Everything begins with flows: what one payer gave one institution in one group of settlements,
undoings deducted, as the postings have it. Statements, dues and positions are sums of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from switch.model.ids import InstitutionCode, RegionCode
from switch.model.money import share_half_up

ACCOUNTS: Final = "310200"
"""The payer of a line that personal accounts paid (fund_pay_type)."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What one payer gave one institution. `amount_fen` is negative where undoings prevail.

    `payer`: fund_pay_type, `ACCOUNTS` for personal accounts; `count`: settlements it took part in,
    less undoings.
    """

    institution: InstitutionCode
    region_care: RegionCode
    region_insured: RegionCode
    insurance: str
    clearing_type: str
    payer: str
    count: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement: fund × clearing type × insurance × insured region."""

    region_insured: RegionCode
    insurance: str
    clearing_type: str
    payer: str
    count: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What a region owes an institution for a period.

    `withheld_fen` is the quality deposit 质量保证金, of what funds paid; accounts are the patients'
    own money, and nothing is withheld of it. `payable_fen` is negative where undoings prevail:
    then it is carried into the next period's payment.
    """

    institution: InstitutionCode
    region: RegionCode
    lines: tuple[Line, ...]
    rate_bp: int

    @property
    def total_fen(self) -> int:
        """All lines."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def account_fen(self) -> int:
        """What personal accounts paid."""
        return sum(line.amount_fen for line in self.lines if line.payer == ACCOUNTS)

    @property
    def fund_fen(self) -> int:
        """What funds paid."""
        return self.total_fen - self.account_fen

    @property
    def withheld_fen(self) -> int:
        """The deposit: half-up to the fen, borne by the institution until it is released."""
        return share_half_up(max(self.fund_fen, 0), self.rate_bp)

    @property
    def payable_fen(self) -> int:
        """What is to be paid now."""
        return self.total_fen - self.withheld_fen


def statements(flows: Iterable[Flow], rates_bp: Mapping[RegionCode, int]) -> tuple[Statement, ...]:
    """Return a statement for each institution that anything flowed to, in order.

    `rates_bp`: the deposit of each region of care. Raises: KeyError for a region without one.
    """
    lines: dict[tuple[RegionCode, InstitutionCode], list[Line]] = {}
    for flow in flows:
        line = Line(
            flow.region_insured, flow.insurance, flow.clearing_type, flow.payer, flow.count,
            flow.amount_fen,
        )  # fmt: skip
        lines.setdefault((flow.region_care, flow.institution), []).append(line)
    return tuple(
        Statement(institution, region, tuple(sorted(found, key=_place)), rates_bp[region])
        for (region, institution), found in sorted(lines.items())
    )


def _place(line: Line) -> tuple[str, str, str, str]:
    return line.region_insured, line.insurance, line.clearing_type, line.payer
