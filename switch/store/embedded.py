"""The embedded PostgreSQL: a server of our own in a data folder, for a start with no set-up.

It is a real, durable server; there is no second storage engine. It listens on one Unix socket in
a folder that only we may enter, so that trust is a safe way in. Production points at a PostgreSQL
that somebody patches.

Folders: `<data_dir>/pg` the cluster, `<data_dir>/pg.log` its log, `<data_dir>/pg.*.lock` two
locks. Whoever uses the server holds a shared lock, which the kernel drops when a process dies;
the last one out stops the server.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg
from psycopg import errors, sql

from switch.store import postmaster
from switch.store.binaries import Binaries, find_binaries
from switch.store.cluster import (
    EmbeddedPostgresError,
    create_cluster,
    environment,
    make_socket_folder,
    remove_socket_folder,
)

DATABASE: Final = "medswitch"
SUPERUSER: Final = "medswitch"
PORT: Final = 5432
"""A part of the socket's name only; nothing listens on a network."""

START_TIMEOUT_S: Final = 600.0
"""A recovery after a crash replays the log since the last checkpoint: minutes on a slow disk."""

STOP_TIMEOUT_S: Final = 120.0
LOG_BYTES_MAX: Final = 64 * 1024 * 1024

SETTINGS: Final[Mapping[str, str]] = {
    # A reply means "posted": these three make a commit outlive a power cut.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """A PostgreSQL server in `data_dir`, started on demand and shared by those who start it.

    die_with_parent ties the server to the thread that started it: for tests and the demo. Without
    it the server outlives a killed switch, and the next start finds it and uses it.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        die_with_parent: bool,
        settings: Mapping[str, str] = {},
        binaries: Path | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.cluster = self.data_dir / "pg"
        self.log = self.data_dir / "pg.log"
        self._die_with_parent = die_with_parent
        self._settings = {**SETTINGS, **settings}
        self._start_timeout_s = start_timeout_s
        self._programs: Final[Binaries] = find_binaries(binaries)
        self._process: subprocess.Popen[bytes] | None = None
        self._users_lock: int | None = None

    @property
    def version(self) -> str:
        """The version of the programs, as they say it."""
        return self._programs.version

    @property
    def binaries(self) -> Binaries:
        """The programs: their folder, version and how they were found."""
        return self._programs

    @property
    def pid(self) -> int | None:
        """The living postmaster's process id, or None."""
        noted = postmaster.read_pid(self.cluster)
        return noted if noted and postmaster.is_serving(noted, self.cluster) else None

    def start(self) -> str:
        """Start the server, or attach to one that runs, and return a libpq URL of `medswitch`.

        Raises: EmbeddedPostgresError when it cannot be started; NamespaceRefused as root where
        user namespaces are forbidden.
        """
        deadline = time.monotonic() + self._start_timeout_s
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._starting():
            self._reap()
            postmaster.check_birth(self._programs.folder / "postgres")
            durable = self._settings["fsync"] != "off"
            create_cluster(self._programs, self.cluster, superuser=SUPERUSER, durable=durable)
            socket_folder = self._attach(deadline) or self._launch(deadline)
            _create_database(_url(socket_folder, "postgres"))
            if self._users_lock is None:
                self._users_lock = _lock(self.data_dir / "pg.users.lock", fcntl.LOCK_SH)
        return _url(socket_folder, DATABASE)

    def stop(self) -> None:
        """Let go of the server, and stop it (fast, with a checkpoint) when nobody else uses it.

        Raises: EmbeddedPostgresError when it does not end in time.
        """
        if self._users_lock is None:
            return
        with self._starting():
            try:
                fcntl.flock(self._users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # Somebody else still works on it.
            else:
                self._shut_down()
                remove_socket_folder(self.cluster)
            finally:
                os.close(self._users_lock)
                self._users_lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @contextlib.contextmanager
    def _starting(self) -> Iterator[None]:
        """Hold the lock under which a server is made, started and stopped."""
        held = _lock(self.data_dir / "pg.start.lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(held)

    def _attach(self, deadline: float) -> Path | None:
        """Return the socket folder of a server that already lives here, once it answers."""
        while self.pid is not None:
            socket_folder = postmaster.read_socket_folder(self.cluster)
            if socket_folder is not None and _answers(_url(socket_folder, "postgres")):
                return socket_folder
            self._check_time(deadline)
        return None

    def _launch(self, deadline: float) -> Path:
        socket_folder = make_socket_folder(self.cluster, PORT)
        while True:
            postmaster.disown_pid_file(self.cluster)
            for leftover in socket_folder.iterdir():  # A dead server's, by the test above.
                leftover.unlink()
            log_start = self._spawn(socket_folder)
            while not _answers(_url(socket_folder, "postgres")):
                if self._reap():
                    break
                self._check_time(deadline)
            else:
                return socket_folder
            said = self._log_since(log_start)
            # A killed server's children notice within moments and let its memory go.
            if "pre-existing shared memory block" not in said:
                remove_socket_folder(self.cluster)
                raise EmbeddedPostgresError(f"PostgreSQL ended while starting: {said.strip()}")
            self._check_time(deadline)

    def _spawn(self, socket_folder: Path) -> int:
        """Start the process and return where its part of the log begins."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        if self._process is not None:
            self._process.wait()  # Dead, by the test above; its zombie is taken away.
        program = self._programs.folder / "postgres"
        with self.log.open("ab") as log:
            log_start = log.tell()
            self._process = subprocess.Popen(
                [
                    *postmaster.born(program, die_with_parent=self._die_with_parent),
                    *("-D", self.cluster, "-k", socket_folder, "-h", "", "-p", str(PORT)),
                    *options,
                ],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the switch, which stops the server last.
            )
        return log_start

    def _shut_down(self) -> None:
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while not self._has_ended(pid):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL (process {pid}) did not stop in {STOP_TIMEOUT_S:.0f} s; "
                    f"its log is {self.log}"
                )
            time.sleep(0.005)

    def _has_ended(self, pid: int | None) -> bool:
        """Whether the server has ended, and our own child, if it was that, to its very end.

        It lets go of its pid file, and serves no more, before there is a zombie to be taken away.
        """
        self._reap()
        return self._process is None and (
            pid is None or not postmaster.is_serving(pid, self.cluster)
        )

    def _reap(self) -> bool:
        """Whether our own child has ended; its zombie would count as alive to PostgreSQL."""
        if self._process is None or self._process.poll() is None:
            return False
        self._process = None
        return True

    def _check_time(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"PostgreSQL in {self.cluster} did not answer in {self._start_timeout_s:.0f} s. "
                f"It may still be recovering: see {self.log}, then start again to wait for it"
            )
        time.sleep(0.01)

    def _log_since(self, start: int) -> str:
        with self.log.open("rb") as log:
            log.seek(start)
            return log.read().decode("utf-8", "replace")


def _url(socket_folder: Path, database: str) -> str:
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(socket_folder))}&port={PORT}"


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:  # No socket yet, or "the database system is starting up".
        return False
    return True


def _create_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        query = "select 1 from pg_database where datname = %s"
        if connection.execute(query, [DATABASE]).fetchone() is None:
            with contextlib.suppress(errors.DuplicateDatabase):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))


def _lock(path: Path, kind: int) -> int:
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, kind)
    except BaseException:
        os.close(held)
        raise
    return held
