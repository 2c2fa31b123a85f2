"""Further payers, in order: each over a set of bill parts, in bands of its own (design 6.5)."""

from collections.abc import Sequence

from switch.model.codes import FundPayType
from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.bands import Piece, reduced_e8, scope_of_paid
from switch.rules.benefit import Benefit
from switch.rules.plan import Plan
from switch.rules.remainder import Remainder, Together, divided, move, part_of, take_off
from switch.rules.rounding import HALF_UP
from switch.rules.tally import Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import Band
from switch.rules.terms_payers import FurtherPayer

Taken = tuple[tuple[Band, ...], int | None, list[Remainder]]
"""Bands, cap, and the remainders for which they hold."""


def pay_further(plan: Plan, remainders: Together, funds: Benefit, tally: Tally) -> None:
    """Let each further payer give its part, taking it off the parts of its base in their order."""
    relieved: dict[str, Sequence[str]] = {}
    for payer in plan.payers:
        if payer.above:
            parts = relieved.get(payer.above, ())
        else:
            parts = [part for part, _ in payer.base]
        relieved[payer.rule.partition("@")[0]] = parts
        position = given = 0
        for bands, cap, together in _taken_together(payer, remainders):
            base = _base_of(payer, parts, together)
            if base == 0:
                continue
            disease = together[0].facts.disease
            start = tally.used(payer.meter, disease) if payer.meter else position
            stretches = _stretches(payer, bands, start, base, together[0].reduction, tally)
            paid = _capped(payer, cap, given, sum(one.paid for one in stretches), tally)
            if payer.meter:
                tally.add(payer.meter, base, disease)
            _note_above(payer, parts, together, _above(stretches, bands, paid))
            position += base
            given += paid
            funds.pay(payer.payer, paid)
            for one in stretches:
                for fund, amount in one.others.items():
                    funds.pay(fund, amount)
                    paid += amount
            shares = take_off(together, parts, paid)
            move(plan.counting("all_funds"), together, shares, tally)


def _taken_together(payer: FurtherPayer, remainders: Together) -> list[Taken]:
    """Return the remainders that a payer looks at, by the row that holds; where none, it pays none.

    A sum that each disease has for itself keeps the diseases apart, and so does a reduction.
    """
    found: dict[tuple[object, ...], Taken] = {}
    by_disease = payer.meter is not None and payer.meter.by_disease
    for one in remainders:
        if not payer.looks_at(one.groups):
            continue
        bands = payer.bands.find(one.facts)
        if bands is None:
            continue
        cap = None if payer.cap is None else payer.cap.find(one.facts)
        key = (id(bands), cap, id(one.reduction), one.facts.disease if by_disease else "")
        found.setdefault(key, (bands, cap, []))[2].append(one)
    return list(found.values())


def _base_of(payer: FurtherPayer, parts: Sequence[str], together: Together) -> int:
    """Return what a payer's base comes to by now, in fen."""
    if payer.above:
        excess = sum(one.above.get(payer.above, 0) for one in together)
        return min(excess, sum(part_of(together, part) for part in parts))
    base = 0
    for part, share_bp in payer.base:
        amount = part_of(together, part)
        if share_bp != RATE_ONE_BP:
            amount = HALF_UP.share(amount, share_bp * RATE_ONE_BP)
        base += amount
    return base


def _stretches(
    payer: FurtherPayer,
    bands: Sequence[Band],
    start: int,
    base: int,
    reduction: Reduction | None,
    tally: Tally,
) -> list[Piece]:
    """Return the stretches of a payer's bands that the base lies in, and what is paid of each."""
    found = []
    for band in bands:
        length = min(start + base, band.upper_fen) - max(start, band.lower_fen)
        if length > 0:
            rate_e8 = _rate_e8(payer.payer, band.rate_bp, reduction)
            found.append(Piece(band, length, rate_e8, 0, {}))
    shares = payer.rounding.shares([(one.base, one.rate_e8) for one in found])
    for one, amount in zip(found, shares, strict=True):
        one.paid = amount
        rate_bp = (one.rate_e8 + RATE_ONE_BP // 2) // RATE_ONE_BP
        _step(tally, one, payer.payer, amount, rate_bp)
        for fund, other_bp in one.band.others:
            other_e8 = _rate_e8(fund, other_bp, reduction)
            left = one.base - one.paid - sum(one.others.values())
            one.others[fund] = min(left, payer.rounding.share(one.base, other_e8))
            _step(tally, one, fund, one.others[fund], other_bp)
    return found


def _step(tally: Tally, piece: Piece, fund: FundPayType, amount: int, rate_bp: int) -> None:
    tally.steps.append(
        Step(piece.band.rule, piece.base, amount, rate_bp, None, piece.base - amount, 0,
             f"补充支付 {fund}", f"Further payer {fund}")
    )  # fmt: skip


def _note_above(payer: FurtherPayer, parts: Sequence[str], together: Together, above: int) -> None:
    """Note on each remainder what of its base lies above the payer's ceiling, in proportion."""
    rule_id = payer.rule.partition("@")[0]
    weights = [sum(one.parts[part] for part in parts) for one in together]
    for one, share in zip(together, divided(above, weights), strict=True):
        one.above[rule_id] = share


def _above(stretches: Sequence[Piece], bands: Sequence[Band], paid: int) -> int:
    """Return what of a base lies above its payer's ceiling: in a last band of 0 %, above the cap.

    Above a cap on the payment the base is found backwards, as for the basic fund.
    """
    above = 0
    for one in stretches:
        kept = scope_of_paid(one, min(one.paid, paid))
        paid -= min(one.paid, paid)
        last = one.band is bands[-1] and one.band.rate_bp == 0
        above += one.base if last else one.base - kept
    return above


def _rate_e8(fund: FundPayType, rate_bp: int, reduction: Reduction | None) -> int:
    rate_e8 = rate_bp * RATE_ONE_BP
    if reduction is None or not reduction.ratio_form or fund not in reduction.payers:
        return rate_e8
    return reduced_e8(rate_e8, reduction)


def _capped(payer: FurtherPayer, cap: int | None, given: int, amount: int, tally: Tally) -> int:
    """Return what a payer gives below its cap; `given`: what it gave of the bill before."""
    if cap is None:
        return amount
    used = given
    if payer.cap_meter is not None:
        used = tally.used(payer.cap_meter)
        tally.limit(payer.cap_meter, cap)
    paid = min(amount, max(0, cap - used))
    if paid < amount:
        tally.steps.append(
            Step(payer.rule, amount, paid, None, cap, 0, 0,
                 f"{payer.payer} 限额", f"Limit of fund {payer.payer}")
        )  # fmt: skip
    if payer.cap_meter is not None:
        tally.add(payer.cap_meter, paid)
    return paid
