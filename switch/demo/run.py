"""Runs the demonstration: seed, start a real switch process, cases over the channel, audit."""

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from rich.console import Console

from switch.config import Settings
from switch.demo.cases import load_cases
from switch.demo.measure import Meter
from switch.demo.stay import run_stay
from switch.demo.table import CaseTable, step_line
from switch.demo.verbs import run_step
from switch.demo.world import World
from switch.model.ids import BEIJING
from switch.seed import demonstration

START_TIMEOUT_S: Final = 60.0
SESSION_LIFE_S: Final = 8
"""Short, so that the demonstration can show an expired session without a long wait."""
RANDOM_SEED: Final = 20181201
ANSWERS: Final = "answers.jsonl"
"""What the switch answered, as the counters kept it: the audit compares it with the ledger."""


class NoDemonstration(Exception):
    """It cannot be given; the message says why."""


@dataclass(frozen=True, slots=True)
class Served:
    """A switch that runs as a process of its own."""

    port: int
    pid: int


def load_province(settings: Settings, url: str, console: Console) -> None:
    """Load the demonstration province into a database, and its files into the data folder."""
    from switch.demo.world import now
    from switch.device.home import make_home

    kek = make_home(settings, RANDOM_SEED.to_bytes(16) * 2)
    today = now().astimezone(BEIJING).date()
    seeded = demonstration(
        url, random_seed=RANDOM_SEED, data_dir=settings.data_dir, kek=kek, today=today
    )
    console.print(f"示范省已载入 demonstration province loaded: {seeded}\n")


def run_cases(settings: Settings, url: str, console: Console) -> int:
    """Load the province, serve it, run every case; return how many steps came out wrong."""
    load_province(settings, url, console)
    wrong = 0
    with serving(settings) as port, psycopg.connect(url, autocommit=True) as database:
        world = World(settings.data_dir, f"127.0.0.1:{port}", database)
        table = CaseTable(console)
        try:
            for case in load_cases():
                with console.status(f"{case.zh} · {case.en}"):
                    rows = [row for step in case.steps for row in run_step(world, step)]
                table.show(case, rows)
                wrong += sum(1 for row in rows if row.wrong)
            world.write_answers(settings.data_dir / ANSWERS)
        finally:
            world.close()
    return wrong


def run_scenario(settings: Settings, url: str, console: Console) -> int:
    """Load the province, serve it, run the long stay; return how many steps came out wrong."""
    load_province(settings, url, console)
    wrong = 0
    with (
        running(settings, session_life_s=3_600) as served,
        psycopg.connect(url, autocommit=True) as database,
    ):
        world = World(settings.data_dir, f"127.0.0.1:{served.port}", database)
        try:
            for zh, en, step in run_stay(world, Meter(served.pid)):
                console.print(
                    step_line(zh, en, step), markup=False, highlight=False, soft_wrap=True
                )
                wrong += bool(step.wrong)
            world.write_answers(settings.data_dir / ANSWERS)
        finally:
            world.close()
    return wrong


@contextlib.contextmanager
def serving(settings: Settings) -> Iterator[int]:
    """Yield the port of a switch that runs as a process of its own. Raises: NoDemonstration."""
    with running(settings, SESSION_LIFE_S) as served:
        yield served.port


@contextlib.contextmanager
def running(settings: Settings, session_life_s: int) -> Iterator[Served]:
    """Yield a switch that runs as a process of its own, and drain it after.

    Raises: NoDemonstration when it does not start.
    """
    port_file = settings.data_dir / "port"
    port_file.unlink(missing_ok=True)
    log = (settings.data_dir / "switch.log").open("w", encoding="utf-8")
    words = [*command(settings, session_life_s), "--port-file", str(port_file)]
    process = subprocess.Popen(words, stderr=log)
    try:
        yield Served(wait_for_port(port_file, process), process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_TIMEOUT_S)
        log.close()


def command(settings: Settings, session_life_s: int) -> list[str]:
    """Return the command line that serves the same data on a free port."""
    words = [sys.executable, "-m", "switch", "--data-dir", str(settings.data_dir)]
    if settings.database_url:
        words += ["--database-url", settings.database_url]
    if settings.kek_file is not None:
        words += ["--kek-file", str(settings.kek_file)]
    return [
        *words, "serve", "--listen", "127.0.0.1:0", "--session-life-s", str(session_life_s),
    ]  # fmt: skip


def wait_for_port(port_file: Path, process: subprocess.Popen[bytes]) -> int:
    """Return the port once the switch answers calls. Raises: NoDemonstration naming the log."""
    give_up = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up:
        if port_file.exists() and (text := port_file.read_text(encoding="ascii").strip()):
            return int(text)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise NoDemonstration(f"the switch did not start; see {port_file.with_name('switch.log')}")


def fresh_folder(folder: Path) -> None:
    """Empty a demonstration's folder; refuse one that is not a demonstration's.

    Raises: NoDemonstration.
    """
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "people.json").exists():
            raise NoDemonstration(
                f"{folder} is not empty and no demonstration's: name another with --data-dir"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
