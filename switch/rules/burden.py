"""Who bears what the basic fund leaves: further payers, the accounts, cash (design 6.5, 6.6)."""

from switch.model.codes import FundPayType
from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.tally import Purse, Tally
from switch.rules.terms import AccountUse, FurtherPayer, Plan


def pay_further(plan: Plan, parts: dict[str, int], tally: Tally) -> dict[FundPayType, int]:
    """Return what each further payer gives, taking it off the parts of its base in their order."""
    paid: dict[FundPayType, int] = {}
    for payer in plan.payers:
        base = sum(parts[part] for part in payer.base)
        if base == 0:
            continue
        amount = _pay_bands(payer, base, tally)
        tally.add(payer.used, base)
        if amount:
            paid[payer.payer] = paid.get(payer.payer, 0) + amount
            _take_off(parts, payer.base, amount)
    return paid


def _pay_bands(payer: FurtherPayer, base: int, tally: Tally) -> int:
    """Return a payer's part: its bands run over the year's sum of its base, rounded per band."""
    start = tally.used(payer.used)
    end = start + base
    total = 0
    for band in payer.bands:
        piece = min(end, band.upper_fen) - max(start, band.lower_fen)
        if piece <= 0:
            continue
        amount = (piece * band.rate_bp + RATE_ONE_BP // 2) // RATE_ONE_BP
        total += amount
        tally.steps.append(
            Step(band.rule, piece, amount, band.rate_bp, None, piece - amount, 0,
                 "补充保险支付", "Further payer")
        )  # fmt: skip
    return total


def _take_off(parts: dict[str, int], order: tuple[str, ...], amount: int) -> None:
    for part in order:
        taken = min(parts[part], amount)
        parts[part] -= taken
        amount -= taken


def pay_account(use: AccountUse, parts: dict[str, int], tally: Tally, purse: Purse) -> None:
    """Let the accounts pay the parts they may, in the rule's order; cash takes what is left."""
    if not purse.open:
        return
    for account, allowed in use.uses:
        base = sum(parts[part] for part in allowed)
        if base == 0:
            continue
        balance = purse.current if account == "current" else purse.earlier
        paid = purse.pay(account, base)
        _take_off(parts, allowed, paid)
        if balance:
            zh, en = (
                ("当年账户支付", "Current-year account")
                if account == "current"
                else ("历年账户支付", "Earlier-years account")
            )
            tally.steps.append(Step(use.rule, base, paid, None, balance, balance - paid, 0, zh, en))
