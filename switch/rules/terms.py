"""The typed terms of a policy, compiled from dated values: what adjudication runs on.

Every term carries `rule` ("id@first day"), which the working quotes. Money is fen, ratios basis
points. Each type of rule in the files is one class here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from switch.model.codes import FundPayType
from switch.rules.values import Table

ENDLESS: Final = 1 << 62
"""The upper edge of an open band, in fen: above any sum of claims."""

PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "own_expense": ("自费", "Own expense"),
    "over_limit": ("超限价自付", "Over the price ceiling"),
    "first_self_pay": ("先行自付", "First self-pay"),
    "cross_city_first_pay": ("异地先行自付", "First pay for care in another city"),
    "account_segment": ("账户段", "Account segment"),
    "self_segment": ("自负段", "Self segment"),
    "deductible": ("起付线", "Deductible"),
    "share": ("共付自付", "Co-pay"),
    "above_ceiling": ("封顶线以上", "Above the ceiling"),
}
"""The bill parts a person bears, by the words that rules use; together they are all he bears."""

COUNTS: Final = frozenset(
    {
        "in_scope",
        "after_deductible",
        "deductible",
        "deductible_highest",
        "self_segment",
        "fund",
        "admissions",
        "payer_base",
    }
)
"""What an accumulator may count. `in_scope` includes segments and deductible, `after_deductible`
does not; `fund` is the basic fund's payment."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Whether a kind of care is covered at all, for which causes, and how it is cleared."""

    rule: str
    covered: bool
    injuries: frozenset[str]
    clearing_type: str


@dataclass(frozen=True, slots=True)
class Dates:
    """Which day decides: each is "service", "admission" or "discharge"."""

    rule: str
    policy: str
    enrolment: str
    year: str
    age: str


@dataclass(frozen=True, slots=True)
class Year:
    """The first day of the insurance year."""

    rule: str
    month: int
    day: int

    def of(self, on: date) -> int:
        """Return the insurance year a day lies in, named by the calendar year it begins in."""
        return on.year if (on.month, on.day) >= (self.month, self.day) else on.year - 1


@dataclass(frozen=True, slots=True)
class ScopeTerms:
    """Whose catalogue scopes the lines, and what becomes of a code it does not hold."""

    rule: str
    catalogue: str
    uncatalogued_first_pay_bp: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the in-scope amount before the fund.

    `used` "": as wide as the current-year balance. `cash_without_account`: with
    use_account = no the stretch stays and is paid in cash, else it is passed over.
    """

    rule: str
    part: str
    used: str
    widths: Table[int] | None
    cash_without_account: bool


@dataclass(frozen=True, slots=True)
class Deductible:
    """mode: none, each, yearly, one_per_year_highest_level, by_ordinal."""

    rule: str
    mode: str
    amounts: Table[int] | None
    used: str
    highest: str
    admissions: str
    ordinals_bp: tuple[int, ...]
    waived_by_special_disease: bool


@dataclass(frozen=True, slots=True)
class Band:
    """From `lower` to below `upper` of the position, the fund pays `rate_bp`."""

    rule: str
    lower_fen: int
    upper_fen: int
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Bands:
    """The fund's share. `position` is the accumulator the bands run over, "" for the visit."""

    rule: str
    payer: FundPayType
    position: str
    counts_deductible: bool
    rates: Table[tuple[Band, ...]]
    level_of_prescriber: bool
    person_rounded: bool


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A limit on the scope that is shared, or on the fund's payment, against `used` of the year.

    `limit_on`: none, scope, fund.
    """

    rule: str
    limit_on: str
    amount_fen: int
    used: str
    counts_deductible: bool


@dataclass(frozen=True, slots=True)
class Reduction:
    """What care elsewhere costs. `form`: none, first_pay, minus_points, times."""

    rule: str
    filing: str
    at: str
    levels: frozenset[str]
    form: str
    rate_bp: int


@dataclass(frozen=True, slots=True)
class CrossCity:
    """Care in another city (or at home while filed elsewhere): the first matching row holds."""

    rule: str
    filing_required: bool
    filing_on: str
    rows: tuple[Reduction, ...]


@dataclass(frozen=True, slots=True)
class SpecialModes:
    """How special diseases are settled, by disease code or "*": refuse, open, split."""

    rule: str
    home: Mapping[str, str]
    elsewhere: Mapping[str, str]
    elsewhere_levels: frozenset[str]
    items_listed: bool

    def mode(self, disease: str, *, away: bool) -> str:
        """Return the mode of a disease code at home or away."""
        modes = self.elsewhere if away else self.home
        return modes.get(disease) or modes["*"]


@dataclass(frozen=True, slots=True)
class SpecialDiseases:
    """The insured place's list: code → (zh, en)."""

    rule: str
    names: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AccountUse:
    """Which bill parts the current-year or earlier-years account may pay, in order."""

    rule: str
    uses: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class FurtherPayer:
    """A payer after the basic fund, over a set of bill parts, cumulative over the year."""

    rule: str
    payer: FundPayType
    order: int
    base: tuple[str, ...]
    used: str
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A sum kept over the insurance year."""

    rule: str
    name: str
    unit: str
    counts: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whether a person may settle with the identity number alone (credential 02)."""

    rule: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Segments:
    """All segments before the fund, in order."""

    rule: str
    segments: tuple[Segment, ...]


Term = (
    Cover
    | Identity
    | Dates
    | Year
    | ScopeTerms
    | Segments
    | Deductible
    | Bands
    | Ceiling
    | AccountUse
    | CrossCity
    | SpecialModes
    | SpecialDiseases
    | FurtherPayer
    | Accumulator
)
"""What one dated value of a rule says."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All terms of one insurance and kind of care between two changes of policy."""

    region: str
    insurance: str
    kind: str
    since: date
    cover: Cover
    identity_accepted: bool
    dates: Dates
    year: Year
    scope: ScopeTerms
    segments: tuple[Segment, ...]
    deductible: Deductible
    bands: Bands
    ceiling: Ceiling
    account: AccountUse
    areas: Mapping[str, CrossCity]
    special_modes: SpecialModes | None
    special_diseases: SpecialDiseases | None
    payers: tuple[FurtherPayer, ...]
    accumulators: tuple[Accumulator, ...]
