"""The terms of the basic fund's benefit: segments, deductible, bands, ceilings, adjustments.

Money is fen, ratios basis points; `rule` ("id@first day") is what the working quotes.
"""

from dataclasses import dataclass
from typing import Final

from switch.model.codes import FundPayType
from switch.rules.condition import Condition, Table
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
class Segment:
    """A stretch of the in-scope amount before the fund.

    `widths` None: as wide as the current-year balance. `cash_without_account`: with
    use_account = no the stretch stays and is paid in cash, else it is passed over. `meter`: what
    was taken of it in its period; of an account segment, only what was paid in cash.
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
class Amount:
    """An amount in fen or, where greater, `share_bp` of the scope or total, up to `most_fen`."""

    least_fen: int
    share_bp: int = 0
    of_total: bool = False
    most_fen: int = ENDLESS


@dataclass(frozen=True, slots=True)
class Deductible:
    """What the person bears first.

    `meter`: what was taken of it in its period. `highest`: one a period, that of the highest level
    used so far, earlier ones set off. `ordinals_bp`: its share by the admission's number, the last
    for all later ones. `least_fen`: not below, whatever the share. `period_max`: no more than so
    much in `period_meter`. `after`: taken off the fund's part instead of before the bands.
    """

    rule: str
    amounts: Table[Amount]
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
    """A limit on the scope that is shared, on the basic fund's payment, or on all funds' together.

    `limit_on`: "scope", "fund" or "all_funds"; held against what `meter` holds.

    `excess`: where the fund is limited, the part above the ceiling is found backwards as scope
    ("scope"), or is what the fund would have paid beyond ("fund"). `further_disease_fen` is added
    for each further special-disease filing, up to `most_fen` in all. A cell of None: no limit.
    """

    rule: str
    name: str
    limit_on: str
    amounts: Table[int | None]
    meter: Meter | None
    from_zero: bool
    excess: str
    further_disease_fen: int
    most_fen: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of the basic fund's ratio for who meets a condition. `form`: plus, minus, times.

    `by_age`: the points are for each full year of age. `bands`: only those, by number; empty: all.
    """

    rule: str
    condition: Condition
    form: str
    rate_bp: int
    by_age: bool = False
    bands: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Adjustments:
    """Changes of the basic fund's ratio: all that hold, in order, or only the first."""

    rule: str
    rows: tuple[Adjustment, ...]
    only_first: bool


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
