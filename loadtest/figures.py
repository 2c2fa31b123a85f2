"""What a run measured: latencies by kind of work and operation, declines, faults, and what was
wrong. Plain values only, so that it can be written as JSON and read by another process.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from loadtest.histogram import Histogram
from loadtest.shapes import Live, Work

WRONG_MAX: Final = 20
"""Messages kept; all of them are counted."""


@dataclass(slots=True)
class Figures:
    """Collected by all users of one process."""

    latencies: dict[tuple[Work, str], Histogram] = field(default_factory=dict)
    windows_s: dict[Work, float] = field(default_factory=dict)
    cpu_s: dict[Work, dict[str, float]] = field(default_factory=dict)
    declines: Counter[str] = field(default_factory=Counter)
    """By operation and code: "settle AMOUNTS_CHANGED"."""
    faults: Counter[str] = field(default_factory=Counter)
    resolved: Counter[str] = field(default_factory=Counter)
    """What became of requests of unknown outcome."""
    reversed_unseen: list[str] = field(default_factory=list)
    """Settlements reversed though no answer to them was ever proven: they may have posted."""
    late: int = 0
    """Arrivals of an open run that found no free user before their phase ended."""
    wrong: list[str] = field(default_factory=list)
    wrong_count: int = 0
    missed: Counter[str] = field(default_factory=Counter)

    def record(self, live: Live, operation: str, begun: float, done: float) -> None:
        """Count a call that was answered within the measured window of its phase."""
        if not live.window_from <= done <= live.end:
            self.missed[operation] += 1
            return
        key = (live.work, operation)
        histogram = self.latencies.get(key)
        if histogram is None:
            histogram = self.latencies[key] = Histogram()
        histogram.record(int((done - begun) * 1_000_000))

    def note_wrong(self, what: str) -> None:
        """Note a broken promise: the run is void."""
        self.wrong_count += 1
        if len(self.wrong) < WRONG_MAX:
            self.wrong.append(what)

    def note_phase(self, live: Live, cpu_s: Mapping[str, float]) -> None:
        """Add a phase that ended: how long was measured, and what it cost each process."""
        self.windows_s[live.work] = self.windows_s.get(live.work, 0.0) + live.window_s
        total = self.cpu_s.setdefault(live.work, {})
        for process, used_s in cpu_s.items():
            total[process] = total.get(process, 0.0) + used_s

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values; latencies in µs, rates in calls per second."""
        return {
            "work": {str(work): self._of(work) for work in self.windows_s},
            "declines": dict(self.declines),
            "faults": dict(self.faults),
            "resolved": dict(self.resolved),
            "reversed_unseen": self.reversed_unseen,
            "late": self.late,
            "wrong": self.wrong,
            "wrong_count": self.wrong_count,
            "unmeasured": dict(self.missed),
        }

    def _of(self, work: Work) -> dict[str, Any]:
        window_s = self.windows_s[work]
        operations = {
            operation: {
                **histogram.figures(),
                "per_s": round(histogram.count / window_s, 1) if window_s else 0.0,
            }
            for (of, operation), histogram in self.latencies.items()
            if of is work
        }
        cpu_s = {name: round(used, 3) for name, used in self.cpu_s[work].items()}
        return {"window_s": round(window_s, 3), "cpu_s": cpu_s, "operations": operations}
