"""The typed terms of a policy, compiled from dated values: what adjudication runs on.

Every term carries `rule` ("id@first day"), which the working quotes. Money is fen, ratios basis
points. Each type of rule in the files is one class here; `docs/policy.md` is their manual.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from switch.model.codes import FundPayType
from switch.rules.condition import Condition, Table
from switch.rules.filing import FilingTerms
from switch.rules.rounding import Rounding

ENDLESS: Final = 1 << 62
"""The upper edge of an open band, in fen: above any sum of claims."""


@dataclass(frozen=True, slots=True)
class Meter:
    """A running sum: what it counts, how long it runs, and whether each disease has its own.

    A meter of period `visit` begins at nothing with every bill and is not kept.
    """

    name: str
    counts: tuple[str, ...]
    period: str
    by_disease: bool = False


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
class Waiting:
    """How long cover waits after an enrolment begins: months, then days."""

    months: int
    days: int


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Who may claim at all. `waiting` where no row holds: at once.

    A spell that begins at most `gap_days` after the one before it ended goes on: it does not wait.
    `suspending` words of standing stop cover from `grace_days` after their first day.
    `newborn_days`: who is enrolled within so many days of birth is covered from birth; 0: nobody.
    `prescribed`: an item on prescription without one is "own_expense", "declined" or "paid".
    """

    rule: str
    waiting: Table[Waiting]
    gap_days: int
    suspending: frozenset[str]
    grace_days: int
    newborn_days: int
    prescribed: str


@dataclass(frozen=True, slots=True)
class ScopeTerms:
    """Whose catalogue scopes the lines, and what becomes of what it leaves open.

    `catalogue`, `ratios`: "care" or "insured", the region whose catalogue says what is covered and
    at which price, and whose says the first self-pay. Tables by class and category, for an item
    that names no ratio, and by category for a code that stands in no catalogue.
    """

    rule: str
    catalogue: str
    ratios: str
    first_pay: tuple["ClassRatio", ...]
    uncatalogued: tuple["ClassRatio", ...]


@dataclass(frozen=True, slots=True)
class ClassRatio:
    """A first self-pay for catalogue classes and categories, each set empty: any."""

    rule: str
    classes: frozenset[str]
    categories: frozenset[str]
    condition: Condition
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the in-scope amount before the fund.

    `widths` None: as wide as the current-year balance. `cash_without_account`: with
    use_account = no the stretch stays and is paid in cash, else it is passed over.
    """

    rule: str
    part: str
    meter: Meter | None
    widths: Table[int] | None
    cash_without_account: bool


@dataclass(frozen=True, slots=True)
class Segments:
    """All segments before the fund, in order."""

    rule: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Deductible:
    """What the person bears first. `amounts` None: nothing.

    `meter`: what was taken of it in its period. `highest`: one a period, that of the highest level
    used so far, earlier ones set off. `ordinals_bp`: its share by the admission's number, the last
    for all later ones. `least_fen`: not below, whatever the share. `period_max`: no more than so
    much in `period_meter`. `after`: taken off the fund's part instead of before the bands.
    """

    rule: str
    amounts: Table[int] | None
    meter: Meter | None
    highest: Meter | None
    ordinals_bp: tuple[int, ...]
    least_fen: int
    period_max: Table[int] | None
    period_meter: Meter | None
    after: bool
    admissions: str
    """Name of the meter that counts admissions, for whoever asks for their ordinal."""


@dataclass(frozen=True, slots=True)
class Band:
    """From `lower` to below `upper` of the position, the fund pays `rate_bp`.

    `others`: what further funds pay of the same stretch.
    """

    rule: str
    lower_fen: int
    upper_fen: int
    rate_bp: int
    others: tuple[tuple[FundPayType, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Bands:
    """The fund's share. `position`: the meter the edges are measured on, None for the visit.

    `from_zero`: edges count from the first fen in scope, so that segments and deductible eat the
    lower bands first; else from the first fen above them. `of_fund`: edges are of what the fund
    has paid.
    """

    rule: str
    payer: FundPayType
    position: Meter | None
    from_zero: bool
    of_fund: bool
    rates: Table[tuple[Band, ...]]
    rounding: Rounding


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A limit on the scope that is shared or on the fund's payment, against what `meter` holds.

    `excess`: where the fund is limited, the part above the ceiling is found backwards as scope
    ("scope"), or is what the fund would have paid beyond ("fund"). `further_disease_fen` is added
    for each further special-disease filing.
    """

    rule: str
    name: str
    limit_on: str
    amounts: Table[int]
    meter: Meter | None
    from_zero: bool
    excess: str
    further_disease_fen: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of the basic fund's ratio for who meets a condition. `form`: plus, minus, times."""

    rule: str
    condition: Condition
    form: str
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Adjustments:
    """Changes of the basic fund's ratio: all that hold, in order, or only the first."""

    rule: str
    rows: tuple[Adjustment, ...]
    only_first: bool


@dataclass(frozen=True, slots=True)
class Reduction:
    """What care elsewhere costs. `form`: none, first_pay, minus_points, times, refuse.

    `at`: the filing is for the place of care ("here") or for another place ("elsewhere").
    `of_total`: a first pay of the whole bill, not of its scope. `payers`: whose ratios fall,
    "basic" or a fund. `bands`: only those bands, by number; empty: all.
    """

    rule: str
    filing: str
    at: str
    condition: Condition
    form: str
    rate_bp: int
    of_total: bool
    payers: frozenset[str]
    bands: frozenset[int]

    @property
    def e8(self) -> int:
        """The factor on a ratio, in basis points, for `times`."""
        return 10_000 - self.rate_bp


@dataclass(frozen=True, slots=True)
class CrossCity:
    """Care in an area (or at home while filed elsewhere): the first matching row holds."""

    rule: str
    filing_required: bool
    filing_on: str
    opened: bool
    rows: tuple[Reduction, ...]


@dataclass(frozen=True, slots=True)
class SpecialModes:
    """How special diseases are settled, by area and disease code or "*": refuse, open, split."""

    rule: str
    areas: Mapping[str, Mapping[str, str]]
    elsewhere_levels: frozenset[str]
    items_listed: bool

    def mode(self, disease: str, area: str) -> str:
        """Return the mode of a disease code in an area."""
        modes = self.areas[area]
        return modes.get(disease) or modes["*"]


@dataclass(frozen=True, slots=True)
class SpecialDiseases:
    """The insured place's list: code → (zh, en). Each disease's lines are settled by themselves
    where `apart`, else all special-disease lines of a bill together.
    """

    rule: str
    names: Mapping[str, tuple[str, str]]
    apart: bool


@dataclass(frozen=True, slots=True)
class FlatGroup:
    """Items outside deductible and bands: a fund pays a share, the person the rest.

    `counts`: which meters of the plan their amounts move ("in_scope", "fund", …); `capped`:
    whether the plan's fund ceilings hold for them too.
    """

    rule: str
    groups: frozenset[str]
    payer: FundPayType
    pays: Table[int]
    rounding: Rounding
    counts: frozenset[str]
    capped: bool


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

    `base`: (part, share in basis points) in the order they are relieved. `meter` sums the base,
    over which the bands run; `cap` limits the payment against `cap_meter`. No row of `bands`
    holds: this payer does not pay.
    """

    rule: str
    payer: FundPayType
    order: int
    base: tuple[tuple[str, int], ...]
    meter: Meter | None
    bands: Table[tuple[Band, ...]]
    rounding: Rounding
    cap: Table[int] | None
    cap_meter: Meter | None


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
    """All rows of the hospital's part; each that holds is applied, in order."""

    rule: str
    rows: tuple[HospitalRow, ...]


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A sum kept for this kind of care beside those its rules read."""

    rule: str
    meter: Meter


@dataclass(frozen=True, slots=True)
class Identity:
    """Whether a person may settle with the identity number alone (credential 02)."""

    rule: str
    accepted: bool


Term = (
    Cover
    | Identity
    | Dates
    | Year
    | Entitlement
    | ScopeTerms
    | Segments
    | Deductible
    | Bands
    | Ceiling
    | Adjustments
    | AccountUse
    | CrossCity
    | SpecialModes
    | SpecialDiseases
    | FlatGroup
    | FurtherPayer
    | Hospital
    | Accumulator
    | FilingTerms
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
    entitlement: Entitlement | None
    scope: ScopeTerms
    segments: tuple[Segment, ...]
    deductible: Deductible | None
    bands: Bands
    ceilings: tuple[Ceiling, ...]
    adjustments: tuple[Adjustments, ...]
    account: AccountUse
    areas: Mapping[str, CrossCity]
    special_modes: SpecialModes | None
    special_diseases: SpecialDiseases | None
    flat: tuple[FlatGroup, ...]
    payers: tuple[FurtherPayer, ...]
    hospital: Hospital | None
    meters: tuple[Meter, ...]
    """Every sum this kind of care moves, by name."""
    reads_ordinal: str
    """Name of the meter of admissions that some condition or deductible reads, or ""."""
