"""Rounding, named by the rule: of what, which way, to what, and of each piece or of their sum.

Must not know: rules. Ratios are numerators over `RATE_ONE_E8`, so that a product of two ratios in
basis points is exact until the one rounding at the end.
"""

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
        """Return the payer's part of an amount, in fen, never more than the amount."""
        if self.of_person:
            person = self.divide(base_fen * (RATE_ONE_E8 - rate_e8), RATE_ONE_E8)
            return base_fen - min(person, base_fen)
        return min(base_fen, self.divide(base_fen * rate_e8, RATE_ONE_E8))

    def shares(self, pieces: list[tuple[int, int]]) -> list[int]:
        """Return the payer's part of each (base, ratio in 1/10^8), in fen.

        With `of_sum` the running sums are rounded and each piece gets the difference, so that the
        parts of the pieces add up to the one rounded sum.
        """
        if not self.of_sum:
            return [self.share(base, rate_e8) for base, rate_e8 in pieces]
        paid: list[int] = []
        base_sum = exact = before = 0
        for base, rate_e8 in pieces:
            base_sum += base
            exact += base * (RATE_ONE_E8 - rate_e8 if self.of_person else rate_e8)
            rounded = self.divide(exact, RATE_ONE_E8)
            now = base_sum - min(rounded, base_sum) if self.of_person else min(rounded, base_sum)
            paid.append(now - before)
            before = now
        return paid


HALF_UP: Final = Rounding()
