"""What a run is asked for on the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtest.shapes import SECONDS_MIN

RESULTS: Final = Path(__file__).parent / "results" / "latest.jsonl"
RUN: Final = "run"
KILL: Final = "kill"
SECONDS_MAX: Final = 3_600.0
CHANNELS_MAX: Final = 4_000
"""A terminal is a connection: two file descriptors of this machine."""


@dataclass(frozen=True, slots=True)
class Options:
    """A run. `rate` 0: closed; otherwise arrivals a second. `data_dir` None: a fresh one."""

    command: str
    seconds: float
    members: int
    terminals: int
    users: int
    rate: float
    seed: int
    data_dir: Path | None
    database_url: str
    kill_after: float | None
    results: Path

    @property
    def kills(self) -> bool:
        """Whether the switch is killed on the way."""
        return self.kill_after is not None


def read_options(arguments: Sequence[str], about: str | None = None) -> Options:
    """Return the options; argparse ends the process with a sentence when one cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command", nargs="?", choices=(RUN, KILL), default=RUN,
        help="run: mixed visits, then settle and echo alone, A B B A; kill: mixed visits only",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=30.0, help="of load (%(default)s)")
    parser.add_argument("--members", type=int, default=10_000, help="to seed (%(default)s)")
    parser.add_argument("--terminals", type=int, default=200, help="that sign in (%(default)s)")
    parser.add_argument("--users", type=int, default=64, help="calls at once (%(default)s)")
    parser.add_argument(
        "--rate", type=float, default=0.0,
        help="arrivals a second; 0: each cashier's next begins when the last was answered",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1, help="same seed, same visits (%(default)s)")
    parser.add_argument("--data-dir", type=Path, help="kept; default: a fresh one, then removed")
    parser.add_argument(
        "--database-url", default="", help="a PostgreSQL 15+; default: the embedded one"
    )
    parser.add_argument(
        "--kill-after", type=float,
        help="kill -9 the switch so many seconds into the load; kill: after four tenths",
    )  # fmt: skip
    parser.add_argument("--results", type=Path, default=RESULTS, help="gets one line a run")
    given = parser.parse_args(arguments)
    kill_after = given.kill_after
    if given.command == KILL and kill_after is None:
        kill_after = given.seconds * 0.4
    options = Options(
        given.command, given.seconds, given.members, given.terminals, given.users, given.rate,
        given.seed, given.data_dir, given.database_url, kill_after, given.results,
    )  # fmt: skip
    if (fault := _fault(options)) is not None:
        parser.error(fault)
    return options


def _fault(options: Options) -> str | None:
    if not SECONDS_MIN <= options.seconds <= SECONDS_MAX:
        return f"--seconds is {SECONDS_MIN:.0f} to {SECONDS_MAX:.0f}"
    if not 1 <= options.users <= options.terminals <= CHANNELS_MAX:
        return f"there are 1 to --terminals users, and at most {CHANNELS_MAX} terminals"
    if options.members < 2 * options.users:
        return "each user needs members of its own: --members is at least twice --users"
    if options.rate < 0:
        return "--rate is 0 or more"
    if options.kill_after is not None and not 1 <= options.kill_after < options.seconds:
        return "--kill-after lies between 1 and --seconds"
    return None
