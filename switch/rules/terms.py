"""The typed terms of a policy, compiled from dated values: what adjudication runs on.

Every term carries `rule` ("id@first day"), which the working quotes. Money is fen, ratios basis
points. Each type of rule in the files is one class: here who is entitled, where and for what;
`terms_benefit` and `terms_payers` hold the money. Manual: `docs/policy.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from switch.rules.card import CardTerm
from switch.rules.condition import Condition, Table
from switch.rules.filing import FilingTerms
from switch.rules.stay import StayTerms
from switch.rules.terms_benefit import Adjustments, Bands, Ceiling, Deductible, FlatGroup, Segments
from switch.rules.terms_payers import AccountUse, Accumulator, Floor, FurtherPayer, Hospital


@dataclass(frozen=True, slots=True)
class Cover:
    """Whether a kind of care is covered at all, for which causes, and how it is cleared."""

    rule: str
    covered: bool
    injuries: frozenset[str]
    clearing_type: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whether a person may settle with the identity number alone (credential 02)."""

    rule: str
    accepted: bool


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

    A spell with at most `gap_days` without cover before it goes on: it waits for what is left of
    the one before, of the same insurance, or of one of `gap_insurances`.
    `suspending` words of standing stop cover from `grace_days` after their first day.
    `newborn_days`: who is enrolled within so many days of birth is covered from birth; 0: nobody.
    `prescribed`: an item on prescription without one is "own_expense", "declined" or "paid".
    """

    rule: str
    waiting: Table[Waiting]
    gap_days: int
    gap_insurances: frozenset[str]
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
class Reduction:
    """What care elsewhere costs. `form`: none, refuse, or what it begins with.

    `at`: the filing is for the place of care ("here") or for another place ("elsewhere").
    `first_pay_bp`: a first pay, `of_total` the whole bill's, not of its scope. `ratio_form`:
    minus_points, times or "", by `ratio_bp` on the ratios of `payers`, "basic" or a fund. `bands`:
    only those bands, by number; empty: all. `flat`: the groups settled apart that it touches; None:
    all, but no ratio of theirs where `bands` are named.
    """

    rule: str
    filing: str
    at: str
    condition: Condition
    form: str
    first_pay_bp: int
    of_total: bool
    ratio_form: str
    ratio_bp: int
    payers: frozenset[str]
    bands: frozenset[int]
    flat: frozenset[str] | None

    def lowers(self, payer: str, band: int) -> bool:
        """Say whether the ratio of a payer, "basic" or a fund, falls in a band, from 1."""
        return (
            self.ratio_form != ""
            and payer in self.payers
            and (not self.bands or band in self.bands)
        )

    def lowers_flat(self, payer: str, groups: frozenset[str]) -> bool:
        """Say whether the ratio of a payer falls for groups that are settled apart."""
        if self.ratio_form == "" or payer not in self.payers:
            return False
        return not self.bands if self.flat is None else not self.flat.isdisjoint(groups)

    def first_paid_by_flat(self, groups: frozenset[str]) -> bool:
        """Say whether a first pay is taken of groups that are settled apart."""
        touched = self.flat is None or not self.flat.isdisjoint(groups)
        return self.first_pay_bp > 0 and touched


@dataclass(frozen=True, slots=True)
class CrossCity:
    """Care in an area (or at home while filed elsewhere): the first matching row holds."""

    rule: str
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
    | Floor
    | Accumulator
    | FilingTerms
    | StayTerms
    | CardTerm
)
"""What one dated value of a rule says."""
