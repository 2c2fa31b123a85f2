"""The hospital's part of a bill: what exceeds a share of it, or a quota (design 6.5)."""

from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.benefit import Benefit
from switch.rules.plan import Plan
from switch.rules.remainder import Together, divided, move, part_of, take_off
from switch.rules.rounding import HALF_UP
from switch.rules.tally import Tally
from switch.rules.terms_payers import HospitalRow

FUND = "fund"
"""The word for the basic fund's payment beside the bill parts."""


def pay_hospital(plan: Plan, remainders: Together, funds: Benefit, tally: Tally) -> int:
    """Return what the hospital bears, taken off the parts or the basic fund's part it is of.

    Of each form the first row that holds counts, for each disease's lines.
    """
    borne, done = 0, set[tuple[str, int]]()
    for row in plan.hospital.rows if plan.hospital else ():
        together = [
            one
            for one in remainders
            if (row.form, id(one)) not in done and row.condition.holds(one.facts)
        ]
        if together:
            done |= {(row.form, id(one)) for one in together}
            borne += _bear(plan, row, together, funds, tally)
    return borne


def _bear(plan: Plan, row: HospitalRow, together: Together, funds: Benefit, tally: Tally) -> int:
    base = sum(
        sum(one.basic for one in together) if part == FUND else part_of(together, part)
        for part in row.base
    )
    if row.form == "over_share":
        total = sum(one.total for one in together)
        allowed = HALF_UP.share(total, row.rate_bp * RATE_ONE_BP)
    else:
        allowed = row.amount_fen
    excess = max(0, base - allowed)
    borne = left = HALF_UP.share(excess, row.bears_bp * RATE_ONE_BP)
    tally.steps.append(
        Step(row.rule, base, borne, row.bears_bp, allowed, base - borne, 0,
             "医院负担", "Borne by the hospital")
    )  # fmt: skip
    for part in row.base:
        if part == FUND:
            left -= _take_fund(plan, together, funds, left, tally)
        else:
            left -= sum(take_off(together, [part], left))
    return borne


def _take_fund(plan: Plan, together: Together, funds: Benefit, most: int, tally: Tally) -> int:
    """Return what is taken off the basic fund's part: it is taken off the fund's meters, too."""
    taken = min(sum(one.basic for one in together), most)
    shares = divided(taken, [one.basic for one in together])
    for one, share in zip(together, shares, strict=True):
        one.basic -= share
    funds.pay(plan.bands.payer, -taken)
    for counted in (FUND, "all_funds"):
        move(plan.counting(counted), together, [-share for share in shares], tally)
    return taken
