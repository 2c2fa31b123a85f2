"""Unproven failures: counted, told to whoever watches, and kept from costing the store much.

They never lock a terminal. What an address may be denied is *guesses*: look-ups of ids this
process has not met. Sessions and terminals it knows are verified in memory, whatever their
neighbours behind the same address do.
Source: design, section 4 (Rights).
"""

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

GUESSES_AT_ONCE: Final = 200
"""Look-ups in vain an address may cause at once; one that finds its row costs nothing."""
GUESSES_PER_SECOND: Final = 20
ADDRESSES_MAX: Final = 10_000
ALARM_EVERY: Final = timedelta(seconds=10)
_MICROSECOND: Final = timedelta(microseconds=1)
_GUESS_US: Final = 1_000_000 // GUESSES_PER_SECOND
_FULL_US: Final = GUESSES_AT_ONCE * _GUESS_US

Peer = Callable[[], str]
"""Return who called, as gRPC names it: asked only when a call fails or must be looked up."""

_log = structlog.get_logger("switch.server")


@dataclass(slots=True)
class _Bucket:
    """What an address has left, in the microseconds it takes to earn it."""

    left_us: int
    at: datetime


class Throttle:
    """A bucket of guesses per source address; bounded, the address longest silent leaves first."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str, now: datetime) -> bool:
        """Take one guess; False when the address has none left. Being denied costs nothing more."""
        bucket = self._buckets.get(address)
        if bucket is None:
            if len(self._buckets) >= ADDRESSES_MAX:
                self._buckets.popitem(last=False)
            bucket = self._buckets[address] = _Bucket(_FULL_US, now)
        earned_us = max((now - bucket.at) // _MICROSECOND, 0)
        bucket.left_us = min(bucket.left_us + earned_us, _FULL_US)
        bucket.at = now
        self._buckets.move_to_end(address)
        if bucket.left_us < _GUESS_US:
            return False
        bucket.left_us -= _GUESS_US
        return True

    def give_back(self, address: str) -> None:
        """Return a guess that was none: the row was there."""
        bucket = self._buckets.get(address)
        if bucket is not None:
            bucket.left_us = min(bucket.left_us + _GUESS_US, _FULL_US)


class Pace:
    """Calls of each terminal within one second, bounded; for proven calls only.

    `most` 0: no bound. Nobody else's calls count, so nobody can use up a terminal's second.
    """

    __slots__ = ("_counts", "_most", "_second")

    def __init__(self, most: int) -> None:
        self._most = most
        self._second = -1
        self._counts: dict[str, int] = {}

    def take(self, terminal_id: str, now: datetime) -> bool:
        """Count one call; False when this second has no more of them."""
        if not self._most:
            return True
        if now.second != self._second:
            self._second = now.second
            self._counts.clear()
        count = self._counts.get(terminal_id, 0) + 1
        self._counts[terminal_id] = count
        return count <= self._most


class Alarms:
    """Counts of refusals by kind; each kind is told at most once in ten seconds, with its count."""

    __slots__ = ("_told", "counts")

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._told: dict[str, tuple[datetime, int]] = {}

    def refused(self, kind: str, peer: Peer, claimed_terminal: str, now: datetime) -> None:
        """Count one refusal. What the peer claimed to be is cut and never believed."""
        self.counts[kind] += 1
        count = self.counts[kind]
        told = self._told.get(kind)
        if told is not None and now - told[0] < ALARM_EVERY:
            return
        self._told[kind] = (now, count)
        _log.warning(
            "security_refusal",
            kind=kind,
            address=address_of(peer()),
            claimed_terminal=claimed_terminal[:32],
            since_last=count - (told[1] if told is not None else 0),
            total=count,
        )


def address_of(peer: str) -> str:
    """Return the address in a gRPC peer name, without its port: "ipv4:10.0.0.7"."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return kind  # a Unix socket: one source
    return f"{kind}:{rest.rpartition(':')[0]}"
