"""The benefit of one group of lines: segments, deductible, bands, ceiling (design 6.2-6.4).

Must not know: lines, filings, accounts. It turns an in-scope amount into the fund's part and the
named parts that the person bears; together they are the amount, to the fen.
"""

from dataclasses import dataclass

from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.scope import Totals
from switch.rules.tally import Purse, Tally
from switch.rules.terms import ENDLESS, PARTS, Band, Plan, Reduction, Segment

RATE_ONE_E8 = RATE_ONE_BP * RATE_ONE_BP
"""The whole, for a ratio that is the product of two in basis points."""


@dataclass(frozen=True, slots=True)
class Person:
    """Of a person and the place, what tables are looked up by."""

    member_class: str
    age: int
    level: str
    deductible_level: str
    waived: bool
    interim: bool


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a plan's tables that hold for a person."""

    bands: tuple[Band, ...]
    deductible_fen: int
    widths: tuple[int, ...]


@dataclass(slots=True)
class Benefit:
    """The basic fund's part, and by name the parts that the person bears so far."""

    fund: int
    parts: dict[str, int]


@dataclass(slots=True)
class _Piece:
    """A band's stretch of the amount, its ratio in 1/10^8 and what the fund pays of it."""

    band: Band
    base: int
    rate_e8: int
    paid: int


def find_cells(plan: Plan, person: Person) -> Cells | None:
    """Return the cells for a person, or None where a table does not hold his level."""
    bands = plan.bands.rates.find(person.level, person.member_class, person.age)
    deductible: int | None = 0
    if plan.deductible.amounts is not None:
        deductible = plan.deductible.amounts.find(
            person.deductible_level, person.member_class, person.age
        )
    widths = [
        0
        if segment.widths is None
        else segment.widths.find(person.level, person.member_class, person.age)
        for segment in plan.segments
    ]
    if bands is None or deductible is None or None in widths:
        return None
    return Cells(bands, deductible, tuple(width or 0 for width in widths))


def settle_group(
    plan: Plan,
    totals: Totals,
    person: Person,
    cells: Cells,
    reduction: Reduction | None,
    tally: Tally,
    purse: Purse,
) -> Benefit:
    """Return the benefit of a group of lines, moving the tally.

    The totals' first self-pay and in scope change where a first pay is taken (once per group,
    of in scope, before the deductible; it is part of `preselfpay_amt`).
    """
    parts = dict.fromkeys(PARTS, 0)
    parts["own_expense"] = totals.own
    parts["over_limit"] = totals.over
    parts["first_self_pay"] = totals.first
    if reduction is not None and reduction.form == "first_pay":
        _take_first_pay(totals, reduction, parts, tally)
    rest = totals.in_scope
    for segment, width in zip(plan.segments, cells.widths, strict=True):
        taken = _segment(segment, width, rest, tally, purse)
        parts[segment.part] = taken
        rest -= taken
    deductible, highest = _deductible(plan, cells.deductible_fen, rest, person, tally)
    parts["deductible"] = deductible
    banded = rest - deductible
    pieces, above = _share(plan, cells, totals.in_scope, banded, reduction, tally)
    fund = sum(piece.paid for piece in pieces)
    if plan.ceiling.limit_on == "fund":
        fund, cut = _cap_fund(plan, pieces, fund, tally)
        above += cut
    parts["above_ceiling"] = above
    parts["share"] = banded - above - fund
    counted = {
        "in_scope": totals.in_scope,
        "after_deductible": banded,
        "deductible": deductible,
        "deductible_highest": highest,
        "self_segment": parts["self_segment"],
        "fund": fund,
        "admissions": 0 if person.interim else 1,
        "payer_base": 0,
    }
    for accumulator in plan.accumulators:
        tally.add(accumulator.name, counted[accumulator.counts])
    return Benefit(fund, parts)


def _take_first_pay(
    totals: Totals, reduction: Reduction, parts: dict[str, int], tally: Tally
) -> None:
    first = (totals.in_scope * reduction.rate_bp + 5_000) // RATE_ONE_BP
    left = totals.in_scope - first
    zh, en = PARTS["cross_city_first_pay"]
    tally.steps.append(
        Step(reduction.rule, totals.in_scope, first, reduction.rate_bp, None, left, 0, zh, en)
    )
    parts["cross_city_first_pay"] = first
    totals.first += first
    totals.in_scope = left


def _segment(segment: Segment, width: int, rest: int, tally: Tally, purse: Purse) -> int:
    """Return how much of the rest a segment takes before the fund.

    The account segment is as wide as the current-year balance. What is paid of it lowers that
    balance, so it is paid once.
    """
    if segment.widths is None:
        room = purse.current if purse.open or segment.cash_without_account else 0
        taken = min(rest, room)
    else:
        used = tally.used(segment.used)
        room = max(0, width - used)
        taken = min(rest, room)
        tally.limit(segment.used, width)
    zh, en = PARTS[segment.part]
    tally.steps.append(Step(segment.rule, rest, taken, None, room, room - taken, 0, zh, en))
    return taken


def _deductible(
    plan: Plan, amount_fen: int, rest: int, person: Person, tally: Tally
) -> tuple[int, int]:
    """Return (deductible taken, rise of the highest level's deductible this year)."""
    terms = plan.deductible
    zh, en = PARTS["deductible"]
    if terms.mode == "none":
        return 0, 0
    if person.waived:
        tally.steps.append(
            Step(terms.rule, rest, 0, None, 0, 0, 0,
                 "特殊病备案免起付线", "Deductible waived by a special-disease filing")
        )  # fmt: skip
        return 0, 0
    owed, limit, rise = amount_fen, amount_fen, 0
    if terms.mode == "by_ordinal":
        ordinal = tally.used(terms.admissions)
        rate_bp = terms.ordinals_bp[min(ordinal, len(terms.ordinals_bp) - 1)]
        owed = limit = (amount_fen * rate_bp + 5_000) // RATE_ONE_BP
    elif terms.mode == "one_per_year_highest_level":
        # "One deductible a year, that of the highest level used": what earlier stays of the year
        # took is set off, and a stay at a lower level still owes up to the highest.
        before = tally.used(terms.highest)
        limit = max(amount_fen, before)
        rise = limit - before
    if terms.used:
        owed = max(0, limit - tally.used(terms.used))
        tally.limit(terms.used, limit)
    taken = min(rest, owed)
    tally.steps.append(Step(terms.rule, rest, taken, None, limit, owed - taken, 0, zh, en))
    return taken, rise


def _reduced_e8(rate_bp: int, reduction: Reduction | None) -> int:
    """Return a band's ratio in 1/10^8 after a reduction of the basic fund's ratio."""
    if reduction is None or reduction.form == "first_pay":
        return rate_bp * RATE_ONE_BP
    if reduction.form == "minus_points":
        return max(0, rate_bp - reduction.rate_bp) * RATE_ONE_BP
    return rate_bp * (RATE_ONE_BP - reduction.rate_bp)


def _share(
    plan: Plan, cells: Cells, in_scope: int, banded: int, reduction: Reduction | None, tally: Tally
) -> tuple[list[_Piece], int]:
    """Return the pieces of the bands and the amount above a ceiling on scope.

    Where the accumulator counts the deductible, "the deductible eats the lower bands first":
    the banded amount begins above it (domain facts 2.6).
    """
    ceiling = plan.ceiling
    above = 0
    if ceiling.limit_on == "scope":
        used = tally.used(ceiling.used) + (in_scope - banded if ceiling.counts_deductible else 0)
        room = max(0, ceiling.amount_fen - used)
        tally.limit(ceiling.used, ceiling.amount_fen)
        if banded > room:
            above = banded - room
            zh, en = PARTS["above_ceiling"]
            tally.steps.append(
                Step(ceiling.rule, banded, above, None, ceiling.amount_fen, 0, 0, zh, en)
            )
    start = 0
    if len(cells.bands) > 1:
        start = tally.used(plan.bands.position) if plan.bands.position else 0
        if plan.bands.counts_deductible:
            start += in_scope - banded
    end = start + banded - above
    pieces = []
    for band in cells.bands:
        base = min(end, band.upper_fen) - max(start, band.lower_fen)
        if base > 0:
            rate_e8 = _reduced_e8(band.rate_bp, reduction)
            paid = _paid(base, rate_e8, person_rounded=plan.bands.person_rounded)
            pieces.append(_Piece(band, base, rate_e8, paid))
            _add_band_step(band, base, rate_e8, paid, reduction, tally)
    return pieces, above


def _paid(base: int, rate_e8: int, *, person_rounded: bool) -> int:
    """Return the fund's part of a band; half-up to the fen is the side that the rule rounds.

    Source: tier share and tier payment are each rounded to 0.01 (domain facts 2.6).
    """
    if person_rounded:
        return base - (base * (RATE_ONE_E8 - rate_e8) + RATE_ONE_E8 // 2) // RATE_ONE_E8
    return (base * rate_e8 + RATE_ONE_E8 // 2) // RATE_ONE_E8


def _add_band_step(
    band: Band,
    base: int,
    rate_e8: int,
    paid: int,
    reduction: Reduction | None,
    tally: Tally,
) -> None:
    zh, en = "统筹基金支付", "Pooling fund"
    if reduction is not None and reduction.form != "first_pay":
        zh, en = f"统筹基金支付（异地降低 {reduction.rule}）", f"Pooling fund ({reduction.rule})"
    upper = None if band.upper_fen == ENDLESS else band.upper_fen
    rate_bp = (rate_e8 + 5_000) // RATE_ONE_BP
    tally.steps.append(Step(band.rule, base, paid, rate_bp, upper, base - paid, 0, zh, en))


def _cap_fund(plan: Plan, pieces: list[_Piece], fund: int, tally: Tally) -> tuple[int, int]:
    """Return the fund's part under a ceiling on its payment, and the amount above the ceiling.

    Where the ceiling bites, the banded amount that it still pays for is found backwards, band by
    band, rounded half-up (domain facts 2.6); the excess is "above the ceiling", not co-pay.
    """
    ceiling = plan.ceiling
    room = max(0, ceiling.amount_fen - tally.used(ceiling.used))
    tally.limit(ceiling.used, ceiling.amount_fen)
    if fund <= room:
        return fund, 0
    left, kept = room, 0
    for piece in pieces:
        paid = min(piece.paid, left)
        left -= paid
        if paid == piece.paid:
            kept += piece.base
        else:
            # base = paid / rate, half-up; this band's ratio is above 0, for it would pay something.
            kept += (2 * paid * RATE_ONE_E8 + piece.rate_e8) // (2 * piece.rate_e8)
    above = sum(piece.base for piece in pieces) - kept
    zh, en = PARTS["above_ceiling"]
    tally.steps.append(Step(ceiling.rule, fund, above, None, ceiling.amount_fen, 0, 0, zh, en))
    return room, above
