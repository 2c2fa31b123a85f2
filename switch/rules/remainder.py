"""What the basic fund leaves of lines that belong together, for whoever pays after it.

A rule after the fund (floor, hospital, further payer, account) looks at each disease's lines, and
at lines settled apart, by themselves; those for which the same row holds are taken together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from switch.model.codes import FundPayType
from switch.rules.condition import Facts
from switch.rules.tally import Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import Meter


@dataclass(slots=True)
class Remainder:
    """Lines that share their facts, and by name the parts of them that the person still bears.

    `total`: all of the lines, in fen; `fund`: what the basic fund pays of them, `basic` what of it
    counts as "fund"; `borne`: the hospital's part.
    `reduction`: what care elsewhere costs. `groups`: the catalogue groups that the lines are of,
    where a payer may ask for them. `above`: by payer's rule, what of its base is above its ceiling.
    """

    facts: Facts
    reduction: Reduction | None
    parts: dict[str, int]
    total: int
    fund: int
    basic: int
    borne: int = 0
    groups: frozenset[str] = frozenset()
    above: dict[str, int] = field(default_factory=dict)

    def paid(self, by: str) -> int:
        """Return what the basic "fund", or "all_funds" have paid of the lines by now, in fen."""
        if by == "fund":
            return self.fund
        return self.total - sum(self.parts.values()) - self.borne


Funds = dict[FundPayType, int]
"""What each fund pays of the bill by now, in fen."""

Together = Sequence[Remainder]
"""Remainders that a rule takes together: at least one."""


def part_of(together: Together, part: str) -> int:
    """Return what the person still bears of a part, in fen."""
    return sum([one.parts[part] for one in together])


def parts_of(together: Together, parts: Iterable[str]) -> int:
    """Return what the person still bears of some parts, in fen."""
    found = 0
    for one in together:
        for part in parts:
            found += one.parts[part]
    return found


def take_off(together: Together, order: Iterable[str], amount: int) -> list[int]:
    """Lower the parts, in order, by an amount; of each part, the remainders in proportion.

    Returns what was taken off each remainder.
    """
    if len(together) == 1:
        return [_take_off_one(together[0].parts, order, amount)]
    shares = [0] * len(together)
    for part in order:
        if not amount:
            break
        taken = min(part_of(together, part), amount)
        amount -= taken
        parts = divided(taken, [one.parts[part] for one in together])
        for number, share in enumerate(parts):
            together[number].parts[part] -= share
            shares[number] += share
    return shares


def _take_off_one(parts: dict[str, int], order: Iterable[str], amount: int) -> int:
    """Lower the parts of one remainder, as most bills have, and return by how much together."""
    left = amount
    for part in order:
        if not left:
            break
        taken = min(parts[part], left)
        parts[part] -= taken
        left -= taken
    return amount - left


def divided(amount: int, weights: Sequence[int]) -> list[int]:
    """Return an amount divided in proportion to weights that come to at least as much, in fen.

    A share is the rise of the whole fen that the weights up to it have come to: together they are
    the amount, and none is above its weight.
    """
    if len(weights) == 1:
        return [amount]
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    found, before = [], 0
    for reached in accumulate(weights):
        upper = amount * reached // total
        found.append(upper - before)
        before = upper
    return found


def pay(funds: Funds, fund: FundPayType, amount: int) -> None:
    """Book a fund's payment, or what is taken off it."""
    if amount:
        funds[fund] = funds.get(fund, 0) + amount


def move(meters: Sequence[Meter], together: Together, amounts: Sequence[int], tally: Tally) -> None:
    """Move meters by an amount of each remainder, each under its own disease."""
    for meter in meters:
        for one, amount in zip(together, amounts, strict=True):
            tally.add(meter, amount, one.facts.disease)
