"""The processes of a run: the `medswitch` command, the switch that serves, locust at work."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from loadtest.options import Options

ROOT: Final = Path(__file__).resolve().parents[1]
START_S_MAX: Final = 120.0
STOP_S_MAX: Final = 60.0
CLOSING_S_MAX: Final = 180.0
"""Beside the load itself: signing in, and finding out the last outcomes."""
INSTITUTIONS_PER_TERMINALS: Final = 4
"""Four of five institutions lie in the home region, with five terminals each."""
TERMINALS_EACH: Final = 5


class RunFailed(Exception):
    """A run that could not be made; the message says why."""


class Medswitch:
    """The `medswitch` command on one data folder and database."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self._database_url = database_url

    def command(self, *arguments: str) -> list[str]:
        """Return a command line."""
        shared = ["--data-dir", str(self.folder), "--log-level", "warning"]
        if self._database_url:
            shared += ["--database-url", self._database_url]
        return [sys.executable, "-m", "switch", *shared, *arguments]

    def seed(self, options: Options) -> None:
        """Seed a province unless the folder has one. Raises: RunFailed."""
        if (self.folder / "cards.csv").exists():
            return
        institutions = -(-options.terminals // INSTITUTIONS_PER_TERMINALS) + 1
        done = subprocess.run(
            self.command(
                "seed",
                *("--members", str(options.members), "--institutions", str(institutions)),
                *("--terminals-each", str(TERMINALS_EACH)),
            ),
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            raise RunFailed(f"medswitch seed ended with {done.returncode}")
        print(done.stdout.partition("\n")[0], flush=True)  # The rest says how to go on by hand.

    def audit(self, answers: Path) -> int:
        """Audit the ledger against the answers and return the exit status: 0 is clean."""
        command = self.command("audit", "--answered", str(answers))
        return subprocess.run(command, cwd=ROOT, check=False).returncode

    def database(self) -> str:
        """Return the database's URL while the switch serves. Raises: RunFailed."""
        if self._database_url:
            return self._database_url
        # The socket's folder is line 5 of postmaster.pid (PostgreSQL `pidfile.h`).
        lines = self._pid_file()
        if len(lines) < 5:
            raise RunFailed(f"no PostgreSQL runs in {self.folder}")
        return f"postgresql://medswitch@/medswitch?host={quote(lines[4])}&port={lines[3]}"

    def postmaster_pid(self) -> int:
        """Return the embedded PostgreSQL's process id, 0 for another database."""
        lines = self._pid_file()
        return int(lines[0]) if lines and not self._database_url else 0

    def _pid_file(self) -> list[str]:
        path = self.folder / "pg" / "postmaster.pid"
        return path.read_text("utf-8").splitlines() if path.exists() else []


class Switch:
    """A switch that serves on one port; it can be killed and started again there."""

    def __init__(self, medswitch: Medswitch) -> None:
        self._medswitch = medswitch
        self.port = _free_port()
        self.log = medswitch.folder / "switch.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id, 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> float:
        """Start it, wait until it answers, and return how long that took. Raises: RunFailed."""
        begun = time.monotonic()
        ready = self._medswitch.folder / "switch.port"
        ready.unlink(missing_ok=True)
        command = self._medswitch.command(
            "serve", "--listen", self.address, "--port-file", str(ready)
        )
        # A few streams bring what a province's terminals would: the load is measured, no bound.
        unbounded = {**os.environ, "MEDSWITCH_TERMINAL_CALLS_PER_S": "0"}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=unbounded
            )
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() - begun > START_S_MAX:
                said = self.log.read_text("utf-8", errors="replace")[-2_000:]
                raise RunFailed(f"the switch did not start; {self.log} ends:\n{said}")
            time.sleep(0.02)
        return time.monotonic() - begun

    @property
    def ended(self) -> int | None:
        """The exit status of a switch that nobody here ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    def kill(self) -> None:
        """Kill -9: nothing is flushed, nobody is told."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Send SIGTERM and wait for the drain. Raises: RunFailed when it does not end well."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            raise RunFailed(f"the switch did not drain in {STOP_S_MAX:.0f} s") from None
        if status:
            raise RunFailed(f"the switch ended with {status}; see {self.log}")


@contextlib.contextmanager
def serving(medswitch: Medswitch) -> Iterator[Switch]:
    """Yield a switch that serves; it is stopped, or at least ended, on the way out."""
    switch = Switch(medswitch)
    try:
        switch.start()
        yield switch
        switch.stop()
    finally:
        switch.kill()


class Driver:
    """Locust, headless, in a process of its own: gevent changes the modules of the one it is in."""

    def __init__(self, options: Options, given: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._limit_s = options.seconds + CLOSING_S_MAX
        arguments: Sequence[str] = [
            "--headless", "--only-summary", "--skip-log-setup",
            "--users", str(options.users), "--spawn-rate", str(options.users),
            *(f"--{name}={value}" for name, value in given.items()),
            *(["--mixed-only"] if options.kills else []),
        ]  # fmt: skip
        command = [sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=file, stderr=file, env=environment
            )

    def wait_until_load(self) -> None:
        """Wait until every terminal has signed in and the load begins. Raises: RunFailed."""
        limit = time.monotonic() + START_S_MAX
        while "load begins" not in self._said():
            if self._process.poll() is not None or time.monotonic() > limit:
                self._process.kill()
                raise RunFailed(f"the load did not begin:\n{self._said()[-2_000:]}")
            time.sleep(0.05)

    def wait(self, mind: Callable[[], None]) -> None:
        """Wait until the load has ended and every outcome is known; meanwhile call `mind` often.

        Raises: RunFailed; as `mind`.
        """
        limit = time.monotonic() + self._limit_s
        while (status := self._process.poll()) is None:
            if time.monotonic() > limit:
                self._process.kill()
                raise RunFailed(f"the load did not end in {self._limit_s:.0f} s")
            mind()
            time.sleep(0.05)
        if status:
            raise RunFailed(f"locust ended with {status}:\n{self._said()[-2_000:]}")

    def end(self) -> None:
        """End the process, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _said(self) -> str:
        return self._log.read_text("utf-8", errors="replace")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
