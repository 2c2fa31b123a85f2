"""The shape of a run: its phases, and in an open run the instants at which work arrives.

A closed run answers "how many": each user begins when its last call was answered. An open run
answers "how long": work arrives at a set rate whether or not the switch keeps up, and latency runs
from the *intended* start, so that a stall is felt by everything that should have begun meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

TRIM_S: Final = 0.2
"""Left out at the beginning of a phase: calls of the phase before are still being answered."""


class Work(StrEnum):
    """What the users do in a phase."""

    MIXED = "mixed"
    """Whole visits: presettle, settle, query, repeat, cancel, reverse."""
    PREPARE = "prepare"
    """Presettle and sign, and send no Settle: not measured."""
    SETTLE = "settle"
    """Send prepared settlements, each of another member."""
    ECHO = "echo"
    """The bare call with a payload of a Settle's size."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of one kind of work."""

    work: Work
    seconds: float


# Settle and echo alternate as A B B A, so that a drift of the machine touches both alike.
_ROUND: Final = (
    (Work.PREPARE, 0.15), (Work.SETTLE, 0.05), (Work.ECHO, 0.05), (Work.ECHO, 0.05),
    (Work.SETTLE, 0.05),
)  # fmt: skip
_WHOLE: Final = ((Work.MIXED, 0.30), *_ROUND, *_ROUND)
SECONDS_MIN: Final = 10.0
"""Below it a phase is not much longer than what is left out of it."""


def plan_of(seconds: float, *, mixed_only: bool) -> tuple[Phase, ...]:
    """Return the phases of a run. Raises: ValueError when there is no time to measure in."""
    if mixed_only:
        return (Phase(Work.MIXED, seconds),)
    if seconds < SECONDS_MIN:
        raise ValueError(f"{seconds} s are too short to measure in: give {SECONDS_MIN} or more")
    return tuple(Phase(work, share * seconds) for work, share in _WHOLE)


class Arrivals:
    """Instants of independent arrivals (Poisson) at a mean rate, from a start up to an end."""

    def __init__(self, rate: float, seed: str, start: float, end: float) -> None:
        if rate <= 0:
            raise ValueError(f"arrivals need a rate above 0, not {rate}")
        self._random = Random(seed)
        self._rate = rate
        self._next = start
        self._end = end

    def take(self) -> float | None:
        """Return the next intended instant, or None when the phase is over."""
        self._next += self._random.expovariate(self._rate)
        if self._next >= self._end:
            return None
        return self._next

    def left(self) -> int:
        """Take every arrival that is left, and return how many there were."""
        count = 0
        while self.take() is not None:
            count += 1
        return count


class Live:
    """A phase while it runs. Instants are of one monotonic clock, in seconds."""

    def __init__(self, phase: Phase, number: int, start: float, rate: float, seed: int) -> None:
        self.work = phase.work
        self.number = number
        self.start = start
        self.window_from = start + TRIM_S
        self.end = start + phase.seconds
        # Preparing is always as fast as it goes: nothing of it is measured.
        open_run = rate > 0 and phase.work is not Work.PREPARE
        seeded = f"{seed}/arrivals/{number}"
        self.arrivals = Arrivals(rate, seeded, start, self.end) if open_run else None
        self.was_cut = False

    @property
    def window_s(self) -> float:
        """How long was measured."""
        return max(self.end - self.window_from, 0.0)

    def cut(self, now: float) -> None:
        """End the phase now: a user has run out of prepared work, and the others would idle."""
        self.end = min(self.end, now)
        self.was_cut = True


def window_s(phases: Sequence[Live], work: Work) -> float:
    """Return how long one kind of work was measured in a run."""
    return sum(live.window_s for live in phases if live.work is work)
