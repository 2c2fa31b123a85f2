"""Bands: which stretches an amount lies in, and what each fund pays of them.

Must not know: segments, deductibles, ceilings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from switch.model.codes import FundPayType
from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.condition import Facts
from switch.rules.plan import Plan
from switch.rules.rounding import HALF_UP, RATE_ONE_E8
from switch.rules.tally import Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import ENDLESS, Adjustments, Band
from switch.rules.words import BASIC_FUND


@dataclass(slots=True)
class Piece:
    """A band's stretch of the amount, the basic ratio in 1/10^8, and what each fund pays of it.

    `off`: what a deductible after the ratio took off the basic fund's part.
    """

    band: Band
    base: int
    rate_e8: int
    paid: int
    others: dict[FundPayType, int]
    off: int = 0


def share_bands(
    plan: Plan,
    bands: Sequence[Band],
    below: int,
    shared: int,
    reduction: Reduction | None,
    facts: Facts,
    tally: Tally,
) -> list[Piece]:
    """Return the pieces of the bands that an amount of `shared` fen lies in.

    `below`: what segments and deductible took of the scope. Where the edges count from the first
    fen in scope, "the deductible eats the lower bands first" (domain facts 2.6).
    """
    terms = plan.bands

    def rate_of(number: int, band: Band) -> int:
        rate_e8 = _adjusted_e8(plan.adjustments, band.rate_bp, facts)
        return _reduced_e8(rate_e8, BASIC_FUND, number, reduction)

    used = tally.used(terms.position, facts.disease) if terms.position else 0
    if terms.of_fund:
        stretches = _stretches_of_fund(bands, rate_of, used, shared)
    else:
        start = used + below if terms.from_zero else used
        stretches = _stretches(bands, rate_of, start, start + shared)
    paid = terms.rounding.shares([(base, rate_e8) for _, _, base, rate_e8 in stretches])
    pieces = []
    for (number, band, base, rate_e8), amount in zip(stretches, paid, strict=True):
        others: dict[FundPayType, int] = {}
        left = base - amount
        for fund, rate_bp in band.others:
            other_e8 = _reduced_e8(rate_bp * RATE_ONE_BP, fund, number, reduction)
            others[fund] = min(left, terms.rounding.share(base, other_e8))
            left -= others[fund]
        piece = Piece(band, base, rate_e8, amount, others)
        _add_steps(piece, number, reduction, tally)
        pieces.append(piece)
    return pieces


def scope_of_paid(piece: Piece, paid: int) -> int:
    """Return the amount of a piece for which its fund pays so much, half-up: found backwards.

    Source: "the tier amount is recomputed backwards from the cap" (domain facts 2.6).
    """
    if paid >= piece.paid:
        return piece.base
    # A share that was rounded up to whole yuan may stand for more than there is.
    return min(piece.base, HALF_UP.divide((paid + piece.off) * RATE_ONE_E8, piece.rate_e8))


def _stretches(
    bands: Sequence[Band], rate_of: Callable[[int, Band], int], start: int, end: int
) -> list[tuple[int, Band, int, int]]:
    """Return (number, band, base, ratio in 1/10^8) of the bands between two positions."""
    found = []
    for number, band in enumerate(bands, start=1):
        base = min(end, band.upper_fen) - max(start, band.lower_fen)
        if base > 0:
            found.append((number, band, base, rate_of(number, band)))
    return found


def _stretches_of_fund(
    bands: Sequence[Band], rate_of: Callable[[int, Band], int], paid: int, amount: int
) -> list[tuple[int, Band, int, int]]:
    """Return the stretches where the edges are of what the fund has paid.

    A band ends where the amount's share fills it; a band that pays nothing never fills.
    """
    found = []
    for number, band in enumerate(bands, start=1):
        room = band.upper_fen - paid
        if room <= 0 or amount <= 0:
            continue
        rate_e8 = rate_of(number, band)
        filled = amount
        if rate_e8 and band.upper_fen != ENDLESS:
            filled = min(amount, HALF_UP.divide(room * RATE_ONE_E8, rate_e8))
        found.append((number, band, filled, rate_e8))
        amount -= filled
        paid = band.upper_fen
    return found


def _adjusted_e8(adjustments: Sequence[Adjustments], rate_bp: int, facts: Facts) -> int:
    """Return the basic ratio in 1/10^8 after every adjustment that holds, within 0..100 %.

    A ratio of 0 stays 0: a band that pays nothing is not opened by points.
    """
    rate_e8 = rate_bp * RATE_ONE_BP
    if not rate_bp:
        return 0
    for terms in adjustments:
        for row in terms.rows:
            if not row.condition.holds(facts):
                continue
            points_e8 = row.rate_bp * RATE_ONE_BP * (facts.age if row.by_age else 1)
            if row.form == "plus_points":
                rate_e8 += points_e8
            elif row.form == "minus_points":
                rate_e8 -= points_e8
            else:
                rate_e8 = rate_e8 * row.rate_bp // RATE_ONE_BP
            if terms.only_first:
                break
    return max(0, min(RATE_ONE_E8, rate_e8))


def _reduced_e8(rate_e8: int, payer: str, band: int, reduction: Reduction | None) -> int:
    """Return a ratio in 1/10^8 after what care elsewhere costs, where it touches payer and band."""
    if reduction is None or not reduction.lowers(payer, band):
        return rate_e8
    return reduced_e8(rate_e8, reduction)


def reduced_e8(rate_e8: int, reduction: Reduction) -> int:
    """Return a ratio in 1/10^8 less a reduction's points, or times what it leaves."""
    if reduction.ratio_form == "minus_points":
        return max(0, rate_e8 - reduction.ratio_bp * RATE_ONE_BP)
    return rate_e8 * (RATE_ONE_BP - reduction.ratio_bp) // RATE_ONE_BP


def _add_steps(piece: Piece, number: int, reduction: Reduction | None, tally: Tally) -> None:
    zh, en = "统筹基金支付", "Pooling fund"
    if reduction is not None and reduction.lowers(BASIC_FUND, number):
        zh, en = f"统筹基金支付（异地降低 {reduction.rule}）", f"Pooling fund ({reduction.rule})"
    band = piece.band
    upper = None if band.upper_fen == ENDLESS else band.upper_fen
    rate_bp = (piece.rate_e8 + RATE_ONE_BP // 2) // RATE_ONE_BP
    left = piece.base - piece.paid
    tally.steps.append(Step(band.rule, piece.base, piece.paid, rate_bp, upper, left, 0, zh, en))
    for fund, amount in piece.others.items():
        left -= amount
        rate = next(bp for other, bp in band.others if other == fund)
        tally.steps.append(
            Step(band.rule, piece.base, amount, rate, upper, left, 0,
                 f"同段由 {fund} 支付", f"Of the same band, fund {fund}")
        )  # fmt: skip
