"""Where a figure was measured: machine, database settings, commit. Compare only like machines."""

import os
import platform
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg

from loadtest.processes import ROOT

_SHOWN: Final = (
    "server_version", "fsync", "full_page_writes", "synchronous_commit", "wal_sync_method",
    "shared_buffers",
)  # fmt: skip
_BATCHES: Final = """
SELECT count(*), coalesce(sum(requests), 0)::bigint, coalesce(max(requests), 0)
FROM medswitch.batch WHERE posted_at >= %s AND requests > 0
"""


def database_settings(url: str) -> dict[str, str]:
    """Return the settings that say whether a commit lasts."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = [connection.execute("SELECT current_setting(%s)", (n,)).fetchone() for n in _SHOWN]
    return {name: str(row[0]) if row else "" for name, row in zip(_SHOWN, rows, strict=True)}


def batches(url: str, since: datetime) -> dict[str, Any]:
    """Return how many requests were posted together."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(_BATCHES, (since,)).fetchone() or (0, 0, 0)
    count, requests, largest = row
    mean = round(requests / count, 1) if count else 0.0
    return {"batches": count, "requests": requests, "mean": mean, "max": largest}


def machine(folder: Path) -> dict[str, Any]:
    """Return what the figures depend on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_mib": pages >> 20,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "filesystem": _filesystem(folder.resolve()),
    }


def commit() -> str:
    """Return the commit of the code, with "+" when files differ from it; "" without git."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _filesystem(folder: Path) -> str:
    """Return the kind of file system: a commit to tmpfs is durable in name only."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8").splitlines()
    except OSError:
        return ""
    found = [
        (len(point), kind)
        for _, point, kind, *_ in (line.split() for line in mounts)
        if folder.is_relative_to(point)
    ]
    return max(found)[1] if found else ""
