"""The terms of who pays beside the basic fund: further payers, hospital, accounts; sums kept.

Money is fen, ratios basis points; `rule` ("id@first day") is what the working quotes.
"""

from dataclasses import dataclass

from switch.model.codes import FundPayType
from switch.rules.condition import Condition, Table
from switch.rules.rounding import Rounding
from switch.rules.terms_benefit import Band, Meter


@dataclass(frozen=True, slots=True)
class AccountUse:
    """Which bill parts an account may pay, in order. A use: account, parts, condition, limit."""

    rule: str
    uses: tuple["Use", ...]


@dataclass(frozen=True, slots=True)
class Use:
    """An account ("current", "earlier", "relative") and what it pays, to `limit_fen` a bill."""

    account: str
    parts: tuple[str, ...]
    condition: Condition
    limit_fen: int


@dataclass(frozen=True, slots=True)
class FurtherPayer:
    """A payer after the basic fund, over a set of bill parts.

    `base`: (part, share in basis points) in the order they are relieved. `above`: instead of parts,
    the id of an earlier payer's rule, whose base above its ceiling is the base of this one.
    `meter` sums the base, over which the bands run; `cap` limits the payment against `cap_meter`.
    No row of `bands` holds: this payer does not pay. `groups`: only of lines of these catalogue
    groups, or none named, of any; never of those of `without_groups`.
    """

    rule: str
    payer: FundPayType
    order: int
    base: tuple[tuple[str, int], ...]
    above: str
    meter: Meter | None
    bands: Table[tuple[Band, ...]]
    rounding: Rounding
    cap: Table[int] | None
    cap_meter: Meter | None
    groups: frozenset[str]
    without_groups: frozenset[str]

    def looks_at(self, groups: frozenset[str]) -> bool:
        """Say whether this payer looks at lines of these catalogue groups."""
        asked = not self.groups or not self.groups.isdisjoint(groups)
        return asked and self.without_groups.isdisjoint(groups)


@dataclass(frozen=True, slots=True)
class HospitalRow:
    """What the hospital bears. `form`:

    `over_share`: of what the parts exceed `rate_bp` of the bill's total; `over_quota`: of what the
    base exceeds `amount_fen`; in both `bears_bp` of the excess. `base` are bill parts, or the word
    "fund": what the basic fund would pay.
    """

    rule: str
    condition: Condition
    form: str
    base: tuple[str, ...]
    rate_bp: int
    amount_fen: int
    bears_bp: int


@dataclass(frozen=True, slots=True)
class Hospital:
    """The rows of the hospital's part; of each form the first that holds counts."""

    rule: str
    rows: tuple[HospitalRow, ...]


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A sum kept for this kind of care beside those its rules read."""

    rule: str
    meter: Meter
