"""What the basic fund leaves of lines that belong together, for whoever pays after it.

A rule after the fund (hospital, further payer, account) looks at each disease's lines, and
at lines settled apart, by themselves; those for which the same row holds are taken together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from switch.rules.condition import Facts
from switch.rules.tally import Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import Meter


@dataclass(slots=True)
class Remainder:
    """Lines that share their facts, and by name the parts of them that the person still bears.

    `total`: all of the lines, in fen; `basic`: the basic fund's part that counts as "fund".
    `reduction`: what care elsewhere costs. `groups`: the catalogue groups that the lines are of,
    where a payer may ask for them. `above`: by payer's rule, what of its base is above its ceiling.
    """

    facts: Facts
    reduction: Reduction | None
    parts: dict[str, int]
    total: int
    basic: int
    groups: frozenset[str] = frozenset()
    above: dict[str, int] = field(default_factory=dict)


Together = Sequence[Remainder]
"""Remainders that a rule takes together: at least one."""


def part_of(together: Together, part: str) -> int:
    """Return what the person still bears of a part, in fen."""
    if len(together) == 1:
        return together[0].parts[part]
    return sum(one.parts[part] for one in together)


def take_off(together: Together, order: Iterable[str], amount: int) -> list[int]:
    """Lower the parts, in order, by an amount; of each part, the remainders in proportion.

    Returns what was taken off each remainder.
    """
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


def move(meters: Sequence[Meter], together: Together, amounts: Sequence[int], tally: Tally) -> None:
    """Move meters by an amount of each remainder, each under its own disease."""
    for meter in meters:
        for one, amount in zip(together, amounts, strict=True):
            tally.add(meter, amount, one.facts.disease)
