"""Rounding, named by the rule: of what, which way, to what, and of each piece or of their sum.

Must not know: rules. Ratios are numerators over `RATE_ONE_E8`, so that a product of two ratios in
basis points is exact until the one rounding at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from switch.model.money import RATE_ONE_BP

RATE_ONE_E8: Final = RATE_ONE_BP * RATE_ONE_BP
"""The whole, for a ratio that is the product of two in basis points."""

MODES: Final = ("half_up", "down", "up", "half_even")
STEPS_FEN: Final = {"fen": 1, "jiao": 10, "yuan": 100}


@dataclass(frozen=True, slots=True)
class Rounding:
    """`of_person`: the person's share is rounded and the payer gives the rest, else the payer's is.

    `of_sum`: the bands' shares are added exactly and rounded once, else each band's is rounded.
    """

    mode: str = "half_up"
    step_fen: int = 1
    of_person: bool = False
    of_sum: bool = False

    def divide(self, numerator: int, denominator: int) -> int:
        """Return numerator / denominator, both positive, in fen, rounded to the step."""
        step = denominator * self.step_fen
        if self.mode == "half_up":
            return (2 * numerator + step) // (2 * step) * self.step_fen
        whole, rest = divmod(numerator, step)
        if self.mode == "up":
            up = rest > 0
        elif self.mode == "down":
            up = False
        else:
            up = 2 * rest > step or (2 * rest == step and whole % 2 == 1)
        return (whole + up) * self.step_fen

    def share(self, base_fen: int, rate_e8: int) -> int:
        """Return the payer's part of an amount, in fen: at most the amount, nothing of 0 %.

        Without the second, a person's share rounded down would leave the payer a rest of what it
        pays nothing of.
        """
        if not rate_e8:
            return 0
        if self.of_person:
            person = self.divide(base_fen * (RATE_ONE_E8 - rate_e8), RATE_ONE_E8)
            return base_fen - min(person, base_fen)
        return min(base_fen, self.divide(base_fen * rate_e8, RATE_ONE_E8))

    def shares(self, pieces: Sequence[tuple[int, int]]) -> list[int]:
        """Return the payer's part of each (base, ratio in 1/10^8), in fen, none above its base.

        With `of_sum` the exact shares are added and rounded once. Each piece gets the whole fen of
        its own share; what the rounding adds goes to the first that have room, what it takes away
        comes off the last.
        """
        if not self.of_sum or len(pieces) < 2:
            return [self.share(base, rate_e8) for base, rate_e8 in pieces]
        base_sum = sum(base for base, _ in pieces)
        exact = sum(base * rate_e8 for base, rate_e8 in pieces)
        if self.of_person:
            exact = base_sum * RATE_ONE_E8 - exact
        rounded = min(base_sum, self.divide(exact, RATE_ONE_E8))
        left = base_sum - rounded if self.of_person else rounded
        paid = [base * rate_e8 // RATE_ONE_E8 for base, rate_e8 in pieces]
        left -= sum(paid)
        for number, (base, rate_e8) in enumerate(pieces):
            more = min(left, base - paid[number]) if rate_e8 else 0
            if more > 0:
                paid[number] += more
                left -= more
        for number in reversed(range(len(paid))):
            less = min(-left, paid[number])
            if less > 0:
                paid[number] -= less
                left += less
        return paid


HALF_UP: Final = Rounding()
