"""Who bears what the basic fund leaves: hospital, further payers, accounts (design 6.5, 6.6)."""

from collections.abc import Mapping, Sequence

from switch.model.codes import FundPayType
from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP
from switch.rules.bands import Piece, reduced_e8, scope_of_paid
from switch.rules.benefit import Benefit
from switch.rules.condition import Facts
from switch.rules.plan import Plan
from switch.rules.rounding import HALF_UP
from switch.rules.tally import Purse, Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import Band
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
    total = sum(benefit.parts.values()) + sum(benefit.funds.values())
    borne, done = 0, set[str]()
    for row in terms.rows:
        if row.form not in done and row.condition.holds(facts):
            done.add(row.form)
            borne += _bear(row, benefit, total, payer, tally)
    return borne


def _bear(row: HospitalRow, benefit: Benefit, total: int, payer: FundPayType, tally: Tally) -> int:
    parts = benefit.parts
    base = sum(benefit.basic if part == "fund" else parts[part] for part in row.base)
    if row.form == "over_share":
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
    above: dict[str, tuple[int, Sequence[str]]] = {}
    for payer in plan.payers:
        base, parts = _base_of(payer, benefit, above)
        bands = payer.bands.find(facts)
        if bands is None or base == 0:
            continue
        stretches = _stretches(payer, bands, base, reduction, facts, tally)
        paid = _capped(payer, sum(one.paid for one in stretches), facts, tally)
        if payer.meter:
            tally.add(payer.meter, base, facts.disease)
        above[payer.rule.partition("@")[0]] = _above(stretches, bands, paid), parts
        benefit.pay(payer.payer, paid)
        for one in stretches:
            for fund, amount in one.others.items():
                benefit.pay(fund, amount)
                paid += amount
        take_off(benefit.parts, parts, paid)


def _base_of(
    payer: FurtherPayer, benefit: Benefit, above: Mapping[str, tuple[int, Sequence[str]]]
) -> tuple[int, Sequence[str]]:
    """Return what a payer's base comes to by now, in fen, and the parts that it relieves."""
    if payer.above:
        excess, parts = above.get(payer.above, (0, ()))
        return min(excess, sum(benefit.parts[part] for part in parts)), parts
    base = 0
    for part, share_bp in payer.base:
        amount = benefit.parts[part]
        if share_bp != RATE_ONE_BP:
            amount = HALF_UP.share(amount, share_bp * RATE_ONE_BP)
        base += amount
    return base, [part for part, _ in payer.base]


def _stretches(
    payer: FurtherPayer,
    bands: Sequence[Band],
    base: int,
    reduction: Reduction | None,
    facts: Facts,
    tally: Tally,
) -> list[Piece]:
    """Return the stretches of a payer's bands that the base lies in, and what is paid of each."""
    start = tally.used(payer.meter, facts.disease) if payer.meter else 0
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
    if (
        reduction is None
        or fund not in reduction.payers
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
        if not amount:
            return
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
        base = 0
        for part in row.parts:
            base += parts[part]
        if base == 0 or not row.condition.holds(facts):
            continue
        balance = purse.left[row.account]
        paid = purse.pay(row.account, min(base, row.limit_fen))
        take_off(parts, row.parts, paid)
        if balance:
            zh, en = _ACCOUNTS[row.account]
            tally.steps.append(Step(use.rule, base, paid, None, balance, balance - paid, 0, zh, en))
