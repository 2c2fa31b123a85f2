"""What switch, PostgreSQL and client cost in processor time; off Linux only the client."""

import os
import time
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


def spent_s(switch_pid: int, postmaster_pid: int) -> dict[str, float]:
    """Return the seconds used so far by each of them; a pid of 0 counts nothing."""
    used = {"client": time.process_time()}
    if not _PROC.is_dir():
        return used
    if switch_pid:
        used["switch"] = _ticks(switch_pid) / _TICKS_PER_S
    if postmaster_pid:
        pids = [postmaster_pid, *_children(postmaster_pid)]
        used["postgres"] = sum(map(_ticks, pids)) / _TICKS_PER_S
    return used


def _children(pid: int) -> list[int]:
    try:
        text = (_PROC / f"{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(child) for child in text.split()]


def _ticks(pid: int) -> int:
    try:
        stat = (_PROC / f"{pid}/stat").read_text("utf-8")
    except OSError:  # It has ended.
        return 0
    # After the name in parentheses: state is field 3, utime and stime 14 and 15 (proc(5)).
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
