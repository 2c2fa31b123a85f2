"""pgbench's TPC-B on the very PostgreSQL that the switch posts to: 64 clients, prepared."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

DATABASE: Final = "medswitch_bench_tpcb"
CLIENTS: Final = 64
SCALE: Final = 10
_RATE: Final = re.compile(r"tps = ([0-9.]+) \(without")


def pgbench(postmaster_pid: int) -> Path | None:
    """Return the program: of the server that runs here, or one on the path; None: there is none."""
    try:
        mine = Path(f"/proc/{postmaster_pid}/exe").readlink().parent / "pgbench"
        if mine.is_file():
            return mine
    except OSError:
        pass  # another machine's server, or no Linux
    found = shutil.which("pgbench")
    return None if found is None else Path(found)


def prepare(url: str, program: Path) -> Callable[[int], float]:
    """Make the tables, and return what measures transactions a second for so many seconds.

    Raises: psycopg.Error; subprocess.CalledProcessError.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(DATABASE)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    there = make_conninfo(url, dbname=DATABASE)
    _run(program, "-i", "-q", "-s", str(SCALE), there)

    def measure(seconds: int) -> float:
        said = _run(
            program, "-M", "prepared", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), there
        )
        found = _RATE.search(said)
        return float(found[1]) if found else 0.0

    return measure


def drop(url: str) -> None:
    """Drop the tables' database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE))
        )


def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run([str(program), *arguments], check=True, capture_output=True, text=True)
    return done.stdout
