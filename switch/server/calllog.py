"""One event per call, or per so many calls: who, what, how it ended, how long it took.

No card number, name, key or amount is ever put in one. An error of our own is told by its type
and the lines it passed through, not by its message: a driver's message may quote a row.
"""

from datetime import datetime
from time import perf_counter_ns
from traceback import extract_tb
from typing import Final

import structlog

from switch.model.fault import Fault, FaultReason
from switch.model.ids import TerminalId

_ALWAYS: Final = frozenset(
    {
        FaultReason.INTERNAL,
        FaultReason.UNDECIDED,
        FaultReason.CONTENTION,
        FaultReason.NOT_PERMITTED,
        FaultReason.CLOCK_SKEW,
        FaultReason.TERMINAL_KEY_ENDED,
    }
)
"""Rare, and somebody must act. The others come by the thousand when a queue is full."""
_FRAMES: Final = 6

_log = structlog.get_logger("switch.server")


class CallLog:
    """Tells calls to the log. `every` 1: each; 100: each hundredth; 0: none that went well."""

    __slots__ = ("_countdown", "_every")

    def __init__(self, every: int) -> None:
        if every < 0:
            raise ValueError(f"log_every is {every}: give 0 (none) or how many calls make one line")
        self._every = every
        self._countdown = every

    def answered(
        self, method: str, terminal_id: TerminalId, request_id: str, started_ns: int
    ) -> None:
        """Tell a call that was answered."""
        if self._is_due():
            _log.info(
                "call",
                method=method,
                terminal=terminal_id,
                request_id=request_id,
                outcome="answered",
                took_us=(perf_counter_ns() - started_ns) // 1_000,
            )

    def faulted(
        self, method: str, terminal_id: TerminalId, request_id: str, started_ns: int, fault: Fault
    ) -> None:
        """Tell a call that ended in a fault."""
        if fault.reason in _ALWAYS or self._is_due():
            _log.warning(
                "call",
                method=method,
                terminal=terminal_id,
                request_id=request_id,
                outcome=fault.reason.value,
                field=fault.field,
                took_us=(perf_counter_ns() - started_ns) // 1_000,
            )

    def crashed(self, method: str, request_id: str, error: BaseException) -> None:
        """Tell an error of our own, always."""
        frames = extract_tb(error.__traceback__)[-_FRAMES:]
        _log.error(
            "call_failed",
            method=method,
            request_id=request_id,
            error=type(error).__name__,
            at=" < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames)),
        )

    def signed_in(self, terminal_id: TerminalId, key_version: int, expires_at: datetime) -> None:
        """Tell a session that was opened."""
        _log.info(
            "signed_in",
            terminal=terminal_id,
            key_version=key_version,
            expires_at=expires_at.isoformat(),
        )

    def _is_due(self) -> bool:
        if self._every == 0:
            return False
        self._countdown -= 1
        if self._countdown > 0:
            return False
        self._countdown = self._every
        return True
