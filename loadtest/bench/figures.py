"""What a benchmark says: named values with their spread, one JSON line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from loadtest.histogram import PERCENTILES, Histogram


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of one kind of work: how many calls, how long, whose processor time."""

    work: str
    calls: int
    seconds: float
    latencies: Histogram
    cpu_s: Mapping[str, float]

    @property
    def per_s(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds if self.seconds else 0.0

    def cpu_us(self, process: str) -> float:
        """What a call cost one process, in µs."""
        return self.cpu_s.get(process, 0.0) * 1_000_000 / self.calls if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Value:
    """A result: the median of its rounds, the lowest and the highest."""

    name: str
    value: float
    low: float
    high: float
    unit: str

    def line(self, surroundings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result with where it was measured."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "unit": self.unit,
            **surroundings,
        }


def value_of(name: str, rounds: Sequence[float], unit: str) -> Value:
    """Return the result of some rounds. Raises: ValueError when there is none."""
    if not rounds:
        raise ValueError(f"{name} was not measured")
    return Value(name, median(rounds), min(rounds), max(rounds), unit)


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Return the ratio of each round: both its halves felt the same neighbours."""
    return [a / b for a, b in zip(over, under, strict=True) if b]


def joined(segments: Sequence[Segment], work: str) -> Segment:
    """Return the segments of one kind of work of one round as one."""
    mine = [one for one in segments if one.work == work]
    latencies = Histogram()
    cpu: dict[str, float] = {}
    for one in mine:
        latencies.merge(one.latencies)
        for process, seconds in one.cpu_s.items():
            cpu[process] = cpu.get(process, 0.0) + seconds
    return Segment(work, sum(o.calls for o in mine), sum(o.seconds for o in mine), latencies, cpu)


def values(rounds: Sequence[Sequence[Segment]]) -> list[Value]:
    """Return what rounds of segments come to: rates, latencies, processor time, ratios."""
    found: list[Value] = []
    rates: dict[str, list[float]] = {}
    for work in dict.fromkeys(one.work for segments in rounds for one in segments):
        mine = [joined(segments, work) for segments in rounds]
        rates[work] = [one.per_s for one in mine]
        found.append(value_of(f"{work}_per_s", rates[work], "1/s"))
        for name, parts in PERCENTILES.items():
            spread = [float(one.latencies.percentile(parts)) for one in mine]
            found.append(value_of(f"{work}_{name}_us", spread, "us"))
        found.extend(
            value_of(f"{work}_{process}_cpu_us", [one.cpu_us(process) for one in mine], "us")
            for process in mine[0].cpu_s
        )
    for name, over, under in (
        ("settle_over_echo", "settle", "echo"), ("stream_over_echo", "stream", "echo"),
    ):  # fmt: skip
        if over in rates and under in rates:
            found.append(value_of(name, ratios(rates[over], rates[under]), "ratio"))
    return found
