"""What a step of a scenario came to, and what the switch took for it: time, its own CPU, memory."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from medswitch.v1 import reply_pb2, settlement_pb2

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    """A step's answer and its price. `wrong` "" when it came out as it must."""

    reply: Any = None
    original: settlement_pb2.Original | None = None
    code: str = ""
    wrong: str = ""
    took_ms: int = 0
    cpu_ms: int = 0
    """The switch's own, without PostgreSQL's."""
    memory_mib: int = 0
    """The most the switch has held so far."""

    @property
    def made(self) -> settlement_pb2.Original:
        """The settlement that the step made. Raises: ValueError when it made none."""
        if self.original is None:
            raise ValueError("the step made no settlement")
        return self.original


class Meter:
    """Measures steps against one process of the switch."""

    def __init__(self, pid: int) -> None:
        self._process = Path("/proc") / str(pid)

    def step(self, do: Callable[[], Any], expected: str) -> Measured:
        """Do a step that must come to a code; its answer may come with the original it made."""
        cpu_before, began = self._cpu_ms(), time.perf_counter_ns()
        found = do()
        took_ms = (time.perf_counter_ns() - began) // 1_000_000
        cpu_ms = self._cpu_ms() - cpu_before
        reply, original = found if isinstance(found, tuple) else (found, None)
        code = reply_pb2.ReplyCode.Name(reply.outcome.code).removeprefix("REPLY_CODE_")
        wrong = "" if code == expected else f"{code}, not {expected}: {reply.outcome.message_en}"
        return Measured(reply, original, code, wrong, took_ms, cpu_ms, self._memory_mib())

    def _cpu_ms(self) -> int:
        """Return what CPU the process has used; 0 where no such thing can be read."""
        try:
            fields = (self._process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0
        return (int(fields[11]) + int(fields[12])) * 1_000 // _TICKS_A_SECOND

    def _memory_mib(self) -> int:
        try:
            status = (self._process / "status").read_text()
        except OSError:
            return 0
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        return int(found[0]) >> 10 if found else 0
