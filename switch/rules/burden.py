"""Who bears what the basic fund leaves: hospital, further payers, accounts (design 6.5, 6.6)."""

from switch.model.decision import Step
from switch.rules.benefit import Benefit
from switch.rules.further import pay_further
from switch.rules.hospital import pay_hospital
from switch.rules.plan import Plan
from switch.rules.remainder import Together, move, part_of, take_off
from switch.rules.tally import Purse, Tally
from switch.rules.terms_payers import AccountUse

_ACCOUNTS = {
    "current": ("当年账户支付", "Current-year account"),
    "earlier": ("历年账户支付", "Earlier-years account"),
    "relative": ("家庭共济账户支付", "Relatives' account"),
}


def settle_burden(
    plan: Plan, remainders: Together, funds: Benefit, tally: Tally, purse: Purse
) -> tuple[int, int]:
    """Return what the hospital bears and what is left for cash, in fen; funds and purse have paid.

    All remainders are of one plan; what is known only now moves its meters.
    """
    hospital = pay_hospital(plan, remainders, funds, tally) if plan.hospital else 0
    if plan.payers:
        pay_further(plan, remainders, funds, tally)
    persons = [sum(one.parts.values()) for one in remainders]
    pay_account(plan.account, remainders, tally, purse)
    move(plan.counting("total"), remainders, [one.total for one in remainders], tally)
    move(plan.counting("person"), remainders, persons, tally)
    return hospital, sum([sum(one.parts.values()) for one in remainders])


def pay_account(use: AccountUse, remainders: Together, tally: Tally, purse: Purse) -> None:
    """Let the accounts pay the parts they may, in the rule's order; cash takes what is left."""
    if not purse.open:
        return
    for row in use.uses:
        together = [one for one in remainders if row.condition.holds(one.facts)]
        base = 0
        for part in row.parts:
            base += part_of(together, part)
        if base == 0:
            continue
        balance = purse.left[row.account]
        paid = purse.pay(row.account, min(base, row.limit_fen))
        take_off(together, row.parts, paid)
        if balance:
            zh, en = _ACCOUNTS[row.account]
            tally.steps.append(Step(use.rule, base, paid, None, balance, balance - paid, 0, zh, en))
