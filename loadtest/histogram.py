"""Latencies in whole microseconds, counted in log-linear buckets: no rounding to milliseconds.

Below 128 µs each value has its own bucket; above, each doubling has 128, so a percentile is at most
1/128 (0.8 %) above the true value and never below it. Memory does not grow with the count.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Self

_BITS: Final = 7
_PER_DOUBLING: Final = 1 << _BITS
PARTS: Final = 100_000
"""A share is given in 1/100,000: 99,900 is p99.9."""
PERCENTILES: Final = {"p50": 50_000, "p90": 90_000, "p99": 99_000, "p99_9": 99_900}


class Histogram:
    """Counts of latencies; two of them can be merged."""

    __slots__ = ("_counts", "count", "max_us", "sum_us")

    def __init__(self, values_us: Iterable[int] = ()) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self.sum_us = 0
        self.max_us = 0
        for value_us in values_us:
            self.record(value_us)

    def record(self, value_us: int) -> None:
        """Count one latency; a clock that stepped back counts as 0."""
        value_us = max(value_us, 0)
        bucket = bucket_of(value_us)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.count += 1
        self.sum_us += value_us
        self.max_us = max(self.max_us, value_us)

    def percentile(self, parts: int) -> int:
        """Return the upper end of the bucket in which the nearest-rank percentile lies, 0 if empty.

        Raises: ValueError unless 0 < parts <= 100,000.
        """
        if not 0 < parts <= PARTS:
            raise ValueError(f"a percentile lies above 0 and up to {PARTS} parts, not {parts}")
        rank = -(-self.count * parts // PARTS)
        for bucket in sorted(self._counts):
            rank -= self._counts[bucket]
            if rank <= 0:
                return min(upper_end(bucket), self.max_us)
        return self.max_us

    def merge(self, other: Self) -> None:
        """Add another histogram's counts to this one's."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.count += other.count
        self.sum_us += other.sum_us
        self.max_us = max(self.max_us, other.max_us)

    def figures(self) -> Mapping[str, int]:
        """Return count, mean, percentiles and maximum, all in µs but the count."""
        mean_us = self.sum_us // self.count if self.count else 0
        shares = {name: self.percentile(parts) for name, parts in PERCENTILES.items()}
        return {"count": self.count, "mean": mean_us, **shares, "max": self.max_us}


def bucket_of(value_us: int) -> int:
    """Return the number of the bucket of a value of 0 or more."""
    shift = max(value_us.bit_length() - _BITS - 1, 0)
    return shift * _PER_DOUBLING + (value_us >> shift)


def upper_end(bucket: int) -> int:
    """Return the largest value of a bucket."""
    shift = max(bucket // _PER_DOUBLING - 1, 0)
    return ((bucket - shift * _PER_DOUBLING + 1) << shift) - 1
