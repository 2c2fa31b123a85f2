"""The least that a fund pays of a bill: what is missing is paid, too (保底)."""

from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.ceiling import room_of_all, room_of_fund
from switch.rules.plan import Plan
from switch.rules.remainder import Funds, Remainder, Together, move, parts_of, pay, take_off
from switch.rules.tally import Tally
from switch.rules.terms_payers import Floor
from switch.rules.words import OUTSIDE_SCOPE


def base_of(floor: Floor, one: Remainder) -> int:
    """Return what the least is a share of, in fen, while all parts are as the fund leaves them."""
    base = one.total
    if floor.of == "in_scope":
        base -= sum([one.parts[part] for part in OUTSIDE_SCOPE])
    return base - sum([one.parts[part] for part in floor.without])


def fill(
    plan: Plan, floor: Floor, bases: list[int], remainders: Together, funds: Funds, tally: Tally
) -> None:
    """Pay what is missing to the least, below the ceilings, off the parts that the rule names."""
    by_disease = any(one.meter is not None and one.meter.by_disease for one in plan.ceilings)
    found: dict[tuple[int, str], tuple[list[Remainder], list[int]]] = {}
    for one, base in zip(remainders, bases, strict=True):
        rate_bp = floor.rates.find(one.facts)
        if rate_bp is not None:
            key = (rate_bp, one.facts.disease if by_disease else "")
            together, its = found.setdefault(key, ([], []))
            together.append(one)
            its.append(base)
    for (rate_bp, _), (together, its) in found.items():
        base = sum(its)
        least = floor.rounding.share(base, rate_bp * RATE_ONE_BP)
        paid = sum([one.paid(floor.counts) for one in together])
        missing = max(0, least - paid)
        if missing:
            missing = _possible(plan, floor, missing, together, tally)
            _pay(plan, floor, missing, together, funds, tally)
            zh, en = "保底补足", "Up to the guaranteed least"
            tally.steps.append(
                Step(floor.rule, base, missing, rate_bp, least, paid + missing, 0, zh, en)
            )


def _possible(plan: Plan, floor: Floor, missing: int, together: Together, tally: Tally) -> int:
    """Return what of the missing can be paid: what parts there are to relieve, below ceilings."""
    facts = together[0].facts
    missing = min(missing, parts_of(together, floor.relieves))
    if floor.payer == plan.bands.payer:
        paid = sum([one.fund for one in together])
        missing = room_of_fund(plan, paid, missing, facts, tally)
    return room_of_all(plan, missing, facts, tally)


def _pay(
    plan: Plan, floor: Floor, amount: int, together: Together, funds: Funds, tally: Tally
) -> None:
    pay(funds, floor.payer, amount)
    shares = take_off(together, floor.relieves, amount)
    move(plan.counting("all_funds"), together, shares, tally)
    if floor.payer == plan.bands.payer:
        move(plan.counting("fund"), together, shares, tally)
        for one, share in zip(together, shares, strict=True):
            one.basic += share
            one.fund += share
