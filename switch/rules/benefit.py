"""The benefit of one group of lines: first pay, segments, deductible, bands, ceilings.

Must not know: lines, filings, accounts. It turns an in-scope amount into the fund's part and the
named parts that the person bears; together they are the amount, to the fen (design 6.2-6.4).
"""

from dataclasses import dataclass, field
from typing import Final

from switch.model.codes import FundPayType
from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.bands import Piece, reduced_e8, share_bands
from switch.rules.ceiling import above_scope, cap_fund
from switch.rules.condition import Facts
from switch.rules.plan import Plan
from switch.rules.rounding import HALF_UP
from switch.rules.scope import Totals
from switch.rules.tally import Purse, Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import ENDLESS, Amount, Band, Deductible, FlatGroup, Segment
from switch.rules.words import BASIC_FUND, PARTS

_NOTHING: Final = Amount(0)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a plan's tables that hold for a person."""

    bands: tuple[Band, ...]
    deductible: Amount
    widths: tuple[int, ...]


@dataclass(slots=True)
class Benefit:
    """Each fund's part, by name the parts that the person bears so far, and what the hospital does.

    `basic`: the basic fund's part that counts as "fund", within `funds`.
    """

    basic: int = 0
    funds: dict[FundPayType, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))

    def pay(self, fund: FundPayType, amount_fen: int) -> None:
        """Book a fund's payment."""
        if amount_fen:
            self.funds[fund] = self.funds.get(fund, 0) + amount_fen

    def join(self, other: "Benefit") -> None:
        """Add another group's benefit to this one."""
        self.basic += other.basic
        for fund, amount in other.funds.items():
            self.pay(fund, amount)
        for part, amount in other.parts.items():
            self.parts[part] += amount


def find_cells(plan: Plan, facts: Facts) -> Cells | None:
    """Return the cells for a person, or None where a table does not hold his level."""
    bands = plan.bands.rates.find(facts)
    deductible: Amount | None = _NOTHING
    if plan.deductible is not None:
        deductible = plan.deductible.amounts.find(facts)
    widths = [
        0 if segment.widths is None else segment.widths.find(facts) for segment in plan.segments
    ]
    if bands is None or deductible is None or None in widths:
        return None
    return Cells(bands, deductible, tuple(width or 0 for width in widths))


def settle_group(
    plan: Plan,
    totals: Totals,
    facts: Facts,
    cells: Cells,
    reduction: Reduction | None,
    tally: Tally,
    purse: Purse,
) -> Benefit:
    """Return the benefit of a group of lines, moving the tally.

    The totals' first self-pay and in scope change where a first pay is taken (once per group,
    before the deductible; it is part of `preselfpay_amt`).
    """
    benefit = Benefit()
    parts = benefit.parts
    parts["own_expense"] = totals.own
    parts["over_limit"] = totals.over
    parts["first_self_pay"] = totals.first
    if reduction is not None and reduction.first_pay_bp:
        _take_first_pay(totals, reduction, parts, tally)
    rest = totals.in_scope
    for segment, width in zip(plan.segments, cells.widths, strict=True):
        taken = _segment(segment, width, rest, facts.disease, tally, purse)
        parts[segment.part] = taken
        rest -= taken
    owed = highest = 0
    amount = _amount(cells.deductible, totals)
    # A deductible of nothing is no step of the working.
    deductible = plan.deductible if amount else None
    if deductible is not None:
        owed, highest = _owed(deductible, amount, facts, tally)
    after = deductible is not None and deductible.after
    if not after:
        parts["deductible"] = _take_deductible(deductible, owed, rest, tally)
    banded = rest - parts["deductible"]
    below = totals.in_scope - banded
    above = above_scope(plan, below, banded, facts, tally)
    pieces = share_bands(plan, cells.bands, below, banded - above, reduction, facts, tally)
    if after:
        taken = _take_deductible(deductible, owed, sum(p.paid for p in pieces), tally)
        parts["deductible"] = taken
        _take_off_pieces(pieces, taken)
    above += cap_fund(plan, pieces, facts, tally)
    for piece in pieces:
        benefit.basic += piece.paid
        benefit.pay(plan.bands.payer, piece.paid)
        for fund, amount in piece.others.items():
            benefit.pay(fund, amount)
    parts["above_ceiling"] = above
    parts["share"] = (
        banded - above - sum(benefit.funds.values()) - (parts["deductible"] if after else 0)
    )
    counted = {
        **parts,
        "in_scope": totals.in_scope,
        "after_deductible": banded,
        "deductible_highest": highest,
        "fund": benefit.basic,
        "all_funds": sum(benefit.funds.values()),
    }
    _count(plan, counted, facts, tally)
    return benefit


def settle_flat(
    plan: Plan,
    flat: FlatGroup,
    totals: Totals,
    facts: Facts,
    reduction: Reduction | None,
    tally: Tally,
) -> Benefit | None:
    """Return the benefit of lines outside deductible and bands; None: no ratio for this level."""
    rate_bp = flat.pays.find(facts)
    if rate_bp is None:
        return None
    benefit = Benefit()
    benefit.parts["own_expense"] = totals.own
    benefit.parts["over_limit"] = totals.over
    benefit.parts["first_self_pay"] = totals.first
    rate_e8 = rate_bp * RATE_ONE_BP
    zh, en = "单列支付", "Settled apart"
    if reduction is not None:
        if reduction.first_paid_by_flat(flat.groups):
            _take_first_pay(totals, reduction, benefit.parts, tally)
        own = BASIC_FUND if flat.payer == plan.bands.payer else flat.payer
        if reduction.lowers_flat(own, flat.groups):
            rate_e8 = reduced_e8(rate_e8, reduction)
            zh, en = f"{zh}（异地降低 {reduction.rule}）", f"{en} ({reduction.rule})"
    paid = flat.rounding.share(totals.in_scope, rate_e8)
    shown_bp = (rate_e8 + RATE_ONE_BP // 2) // RATE_ONE_BP
    left = totals.in_scope - paid
    tally.steps.append(
        Step(flat.rule, totals.in_scope, paid, shown_bp, None, left, 0, zh, en)
    )  # fmt: skip
    if flat.capped:
        band = Band(flat.rule, 0, ENDLESS, rate_bp)
        piece = Piece(band, totals.in_scope, rate_e8, paid, {})
        benefit.parts["above_ceiling"] = cap_fund(plan, [piece], facts, tally)
        paid = piece.paid
    if flat.payer == plan.bands.payer and "fund" in flat.counts:
        benefit.basic = paid
    benefit.pay(flat.payer, paid)
    benefit.parts["share"] = totals.in_scope - paid - benefit.parts["above_ceiling"]
    counted = {
        **benefit.parts,
        "in_scope": totals.in_scope,
        "after_deductible": totals.in_scope,
        "fund": paid,
    }
    moved = {name: counted[name] for name in flat.counts if name in counted}
    _count(plan, {**moved, "all_funds": paid}, facts, tally)
    return benefit


def _count(plan: Plan, counted: dict[str, int], facts: Facts, tally: Tally) -> None:
    for meter in plan.meters:
        amount = 0
        for name in meter.counts:
            amount += counted.get(name, 0)
        tally.add(meter, amount, facts.disease)


def _take_first_pay(
    totals: Totals, reduction: Reduction, parts: dict[str, int], tally: Tally
) -> None:
    base = totals.in_scope
    if reduction.of_total:
        base += totals.own + totals.over + totals.first
    rate_bp = reduction.first_pay_bp
    first = min(totals.in_scope, HALF_UP.share(base, rate_bp * RATE_ONE_BP))
    left = totals.in_scope - first
    zh, en = PARTS["cross_city_first_pay"]
    tally.steps.append(Step(reduction.rule, base, first, rate_bp, None, left, 0, zh, en))
    parts["cross_city_first_pay"] = first
    totals.first += first
    totals.in_scope = left


def _segment(
    segment: Segment, width: int, rest: int, disease: str, tally: Tally, purse: Purse
) -> int:
    """Return how much of the rest a segment takes before the fund.

    The account segment is as wide as the current-year balance, less what an earlier group of this
    bill already takes of it, or what was paid of it in cash this year: it is paid once.
    """
    if segment.widths is None:
        room = purse.segment_room if purse.open or segment.cash_without_account else 0
        if segment.meter is not None:
            room = max(0, room - tally.used(segment.meter))
        taken = min(rest, room)
        if purse.open:
            purse.segment_room -= taken
        elif segment.meter is not None:
            tally.add(segment.meter, taken)
    elif segment.meter is None:
        room = width
        taken = min(rest, room)
    else:
        room = max(0, width - tally.used(segment.meter, disease))
        taken = min(rest, room)
        tally.limit(segment.meter, width, disease)
    zh, en = PARTS[segment.part]
    tally.steps.append(Step(segment.rule, rest, taken, None, room, room - taken, 0, zh, en))
    return taken


def _amount(cell: Amount, totals: Totals) -> int:
    """Return a deductible's amount for a bill, in fen; a share of it is rounded half-up."""
    if not cell.share_bp:
        return cell.least_fen
    base = totals.in_scope
    if cell.of_total:
        base += totals.own + totals.over + totals.first
    share = HALF_UP.share(base, cell.share_bp * RATE_ONE_BP)
    return min(cell.most_fen, max(cell.least_fen, share))


def _owed(terms: Deductible, amount_fen: int, facts: Facts, tally: Tally) -> tuple[int, int]:
    """Return (what of the deductible is still owed, rise of the highest level's this period).

    `amount_fen` is positive: who has no deductible has none to complete either.
    """
    limit, rise = amount_fen, 0
    if terms.ordinals_bp:
        number = min(facts.ordinal, len(terms.ordinals_bp)) - 1
        limit = HALF_UP.share(amount_fen, terms.ordinals_bp[number] * RATE_ONE_BP)
    limit = max(limit, terms.least_fen)
    if terms.highest is not None and limit:
        # "One deductible a year, that of the highest level used": what earlier stays of the year
        # took is set off, and a stay at a lower level still owes up to the highest.
        before = tally.used(terms.highest, facts.disease)
        rise = max(0, limit - before)
        limit = max(limit, before)
    owed = limit
    if terms.meter is not None and limit:
        owed = max(0, limit - tally.used(terms.meter, facts.disease))
        tally.limit(terms.meter, limit, facts.disease)
    if terms.period_max is not None and terms.period_meter is not None:
        most = terms.period_max.find(facts)
        if most is not None:
            owed = min(owed, max(0, most - tally.used(terms.period_meter)))
            tally.limit(terms.period_meter, most)
    return owed, rise


def _take_deductible(terms: Deductible | None, owed: int, rest: int, tally: Tally) -> int:
    """Return what is really taken off, never more than there is."""
    if terms is None:
        return 0
    taken = min(rest, owed)
    zh, en = PARTS["deductible"]
    tally.steps.append(Step(terms.rule, rest, taken, None, owed, owed - taken, 0, zh, en))
    return taken


def _take_off_pieces(pieces: list[Piece], amount: int) -> None:
    """Take a deductible off the basic fund's parts, the lowest band first."""
    for piece in pieces:
        taken = min(piece.paid, amount)
        piece.paid -= taken
        piece.off = taken
        amount -= taken
