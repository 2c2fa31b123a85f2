"""What is paid first for care in another city, once per bill, before any deductible.

Must not know: bands, payers, accounts. The amount becomes part of `preselfpay_amt`.
"""

from collections.abc import Sequence

from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.groups import Group
from switch.rules.rounding import HALF_UP
from switch.rules.tally import Tally
from switch.rules.terms import Reduction
from switch.rules.words import PARTS


def take_first_pays(groups: Sequence[Group], tally: Tally) -> None:
    """Take the first pay of the groups that each row touches off their scope.

    It is a share of what they come to together, rounded once, so that a bill of one disease and a
    bill of two pay the same.
    """
    touched: dict[str, tuple[Reduction, list[Group]]] = {}
    for group in groups:
        reduction = group.reduction
        if reduction is None or not reduction.first_pay_bp:
            continue
        if group.flat is None or reduction.first_paid_by_flat(group.flat.groups):
            touched.setdefault(reduction.rule, (reduction, []))[1].append(group)
    for reduction, of_row in touched.values():
        _take(reduction, of_row, tally)


def _take(reduction: Reduction, groups: Sequence[Group], tally: Tally) -> None:
    """Share a row's first pay among its groups, each up to its scope."""
    bases = [_base(reduction, group) for group in groups]
    firsts: list[int] = []
    base = owed = taken = 0
    for group, more in zip(groups, bases, strict=True):
        base += more
        owed = HALF_UP.share(base, reduction.first_pay_bp * RATE_ONE_BP)
        firsts.append(min(group.totals.in_scope, owed - taken))
        taken += firsts[-1]
    zh, en = PARTS["cross_city_first_pay"]
    for group, base, share in zip(groups, bases, firsts, strict=True):
        totals = group.totals
        # A share of the total may exceed the scope of lines that are mostly own expense.
        first = min(totals.in_scope, share + owed - taken)
        taken += first - share
        totals.cross_city = first
        totals.first += first
        totals.in_scope -= first
        rate_bp, left = reduction.first_pay_bp, totals.in_scope
        tally.steps.append(Step(reduction.rule, base, first, rate_bp, None, left, 0, zh, en))


def _base(reduction: Reduction, group: Group) -> int:
    totals = group.totals
    if not reduction.of_total:
        return totals.in_scope
    return totals.in_scope + totals.own + totals.over + totals.first
