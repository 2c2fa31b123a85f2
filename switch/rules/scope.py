"""Scope: what of each line counts, by the catalogue of the place of care (design 6.1).

`line = own expense + over limit + first self-pay + in scope`, exactly, for every line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from switch.model.claim import FeeLine
from switch.model.decision import Step
from switch.model.money import RATE_ONE_BP, Fen
from switch.rules.catalogue import Catalogue, Item
from switch.rules.terms import ScopeTerms


@dataclass(slots=True)
class Totals:
    """Sums of one group of lines, in fen."""

    own: int = 0
    over: int = 0
    first: int = 0
    in_scope: int = 0


def net_lines(lines: Sequence[FeeLine]) -> Sequence[FeeLine]:
    """Return the lines with each withdrawal taken off the line it names.

    Raises: ValueError when a withdrawal names no line of the bill or takes off more than the line.
    """
    if all(line.amount_fen >= 0 for line in lines):
        return lines
    left = {line.number: line for line in lines if line.amount_fen >= 0}
    for line in lines:
        if line.amount_fen >= 0:
            continue
        named = left.get(line.withdraws)
        if named is None:
            raise ValueError(f"line {line.number} withdraws line {line.withdraws}, not on the bill")
        # The quantity of a withdrawal may come signed or not; it is always taken off.
        left[named.number] = replace(
            named,
            amount_fen=Fen(named.amount_fen + line.amount_fen),
            quantity_e4=named.quantity_e4 - abs(line.quantity_e4),
        )
    for line in left.values():
        if line.amount_fen < 0 or line.quantity_e4 < 0:
            raise ValueError(f"line {line.number}: more is withdrawn than was charged")
    return tuple(left.values())


def scope_line(
    line: FeeLine, item: Item | None, terms: ScopeTerms, totals: Totals, steps: list[Step]
) -> None:
    """Add one line's parts to the totals and its steps to the working.

    Over limit = max(0, amount − limit × quantity); the first share is taken of the rest, rounded
    half-up per line (domain facts 1.3). A ratio of 100 % is own expense.
    """
    rest: int = line.amount_fen
    if item is None:
        rule, rate_bp = terms.rule, terms.uncatalogued_first_pay_bp
        zh, en = "目录外项目", "Not in the catalogue"
    else:
        rule, rate_bp = item.rule, item.first_pay_bp
        zh = en = ""
    if rate_bp == RATE_ONE_BP:
        totals.own += rest
        steps.append(
            Step(rule, rest, rest, rate_bp, None, 0, line.number, zh or "自费", en or "Own expense")
        )
        return
    if item is not None and item.ceiling_e4 is not None:
        # quantity in 1/10,000 × price in 1/10,000 yuan = 1/10^8 yuan = 1/10^6 fen, half-up.
        limit = (line.quantity_e4 * item.ceiling_e4 + 500_000) // 1_000_000
        if rest > limit:
            over = rest - limit
            totals.over += over
            steps.append(
                Step(rule, rest, over, None, limit, limit, line.number,
                     "超限价自付", "Over the price ceiling")
            )  # fmt: skip
            rest = limit
    first = (rest * rate_bp + 5_000) // RATE_ONE_BP
    totals.first += first
    totals.in_scope += rest - first
    if rate_bp and item is not None:
        zh, en = "先行自付", "First self-pay"
    steps.append(Step(rule, rest, first, rate_bp, None, rest - first, line.number, zh, en))


def find_item(catalogue: Catalogue, line: FeeLine) -> Item | None:
    """Return what the line's code means on the line's own day."""
    return catalogue.find(line.code, line.on)
