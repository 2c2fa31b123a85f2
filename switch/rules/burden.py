"""Who bears what the basic fund leaves: hospital, further payers, accounts (design 6.5, 6.6)."""

from collections.abc import Sequence

from switch.model.codes import FundPayType
from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.bands import reduced_e8
from switch.rules.benefit import Benefit
from switch.rules.condition import Facts
from switch.rules.plan import Plan
from switch.rules.rounding import HALF_UP
from switch.rules.tally import Purse, Tally
from switch.rules.terms import Reduction
from switch.rules.terms_payers import AccountUse, FurtherPayer, Hospital, HospitalRow

_ACCOUNTS = {
    "current": ("当年账户支付", "Current-year account"),
    "earlier": ("历年账户支付", "Earlier-years account"),
    "relative": ("家庭共济账户支付", "Relatives' account"),
}


def pay_hospital(
    terms: Hospital | None, benefit: Benefit, payer: FundPayType, facts: Facts, tally: Tally
) -> int:
    """Return what the hospital bears, taken off the parts or the basic fund's part it is of."""
    if terms is None:
        return 0
    borne = 0
    for row in terms.rows:
        if row.condition.holds(facts):
            borne += _bear(row, benefit, payer, tally)
    return borne


def _bear(row: HospitalRow, benefit: Benefit, payer: FundPayType, tally: Tally) -> int:
    parts = benefit.parts
    base = sum(benefit.basic if part == "fund" else parts[part] for part in row.base)
    if row.form == "over_share":
        total = sum(parts.values()) + sum(benefit.funds.values())
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
        if part == "fund":
            taken = min(benefit.basic, left)
            benefit.basic -= taken
            benefit.pay(payer, -taken)
        else:
            taken = min(parts[part], left)
            parts[part] -= taken
        left -= taken
    return borne


def pay_further(
    plan: Plan, benefit: Benefit, facts: Facts, reduction: Reduction | None, tally: Tally
) -> None:
    """Let each further payer give its part, taking it off the parts of its base in their order."""
    for payer in plan.payers:
        bands = payer.bands.find(facts)
        base = sum(
            amount if share_bp == RATE_ONE_BP else HALF_UP.share(amount, share_bp * RATE_ONE_BP)
            for amount, share_bp in ((benefit.parts[part], bp) for part, bp in payer.base)
        )
        if bands is None or base == 0:
            continue
        start = tally.used(payer.meter, facts.disease) if payer.meter else 0
        stretches = []
        for band in bands:
            piece = min(start + base, band.upper_fen) - max(start, band.lower_fen)
            if piece > 0:
                stretches.append((band, piece, _rate_e8(payer, band.rate_bp, reduction)))
        shares = payer.rounding.shares([(piece, rate_e8) for _, piece, rate_e8 in stretches])
        for (band, piece, rate_e8), amount in zip(stretches, shares, strict=True):
            rate_bp = (rate_e8 + RATE_ONE_BP // 2) // RATE_ONE_BP
            tally.steps.append(
                Step(band.rule, piece, amount, rate_bp, None, piece - amount, 0,
                     f"补充支付 {payer.payer}", f"Further payer {payer.payer}")
            )  # fmt: skip
        paid = _capped(payer, sum(shares), facts, tally)
        if payer.meter:
            tally.add(payer.meter, base, facts.disease)
        benefit.pay(payer.payer, paid)
        take_off(benefit.parts, [part for part, _ in payer.base], paid)


def _rate_e8(payer: FurtherPayer, rate_bp: int, reduction: Reduction | None) -> int:
    rate_e8 = rate_bp * RATE_ONE_BP
    if (
        reduction is None
        or payer.payer not in reduction.payers
        or reduction.form not in {"minus_points", "times"}
    ):
        return rate_e8
    return reduced_e8(rate_e8, reduction)


def _capped(payer: FurtherPayer, amount: int, facts: Facts, tally: Tally) -> int:
    cap = None if payer.cap is None else payer.cap.find(facts)
    if cap is None:
        return amount
    room = cap
    if payer.cap_meter is not None:
        room = max(0, cap - tally.used(payer.cap_meter))
        tally.limit(payer.cap_meter, cap)
    paid = min(amount, room)
    if paid < amount:
        tally.steps.append(
            Step(payer.rule, amount, paid, None, cap, 0, 0,
                 f"{payer.payer} 限额", f"Limit of fund {payer.payer}")
        )  # fmt: skip
    if payer.cap_meter is not None:
        tally.add(payer.cap_meter, paid)
    return paid


def take_off(parts: dict[str, int], order: Sequence[str], amount: int) -> None:
    """Lower the parts, in order, by an amount."""
    for part in order:
        taken = min(parts[part], amount)
        parts[part] -= taken
        amount -= taken


def pay_account(
    use: AccountUse, parts: dict[str, int], facts: Facts, tally: Tally, purse: Purse
) -> None:
    """Let the accounts pay the parts they may, in the rule's order; cash takes what is left."""
    if not purse.open:
        return
    for row in use.uses:
        base = sum(parts[part] for part in row.parts)
        if base == 0 or not row.condition.holds(facts):
            continue
        balance = purse.left[row.account]
        paid = purse.pay(row.account, min(base, row.limit_fen))
        take_off(parts, row.parts, paid)
        if balance:
            zh, en = _ACCOUNTS[row.account]
            tally.steps.append(Step(use.rule, base, paid, None, balance, balance - paid, 0, zh, en))
