"""The embedded server's folders: the cluster, made whole or not at all, and the socket's own.

Must not know: the running server.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Final

from switch.store import postmaster
from switch.store.binaries import Binaries

SOCKET_PATH_BYTES_MAX: Final = 107
"""`sun_path` is 108 bytes with its end mark; libpq refuses more."""


class EmbeddedPostgresError(RuntimeError):
    """The embedded server could not be made, started or stopped; the message says what to do."""


def create_cluster(programs: Binaries, cluster: Path, *, superuser: str, durable: bool) -> None:
    """Make a data folder with checksums, UTF-8 and the C locale, unless there is one.

    It is made beside its place and moved there: a half-made one is never used.
    Raises: EmbeddedPostgresError when it cannot be made, or another major version made it.
    """
    if (cluster / "PG_VERSION").exists():
        _check_major(programs, cluster)
        return
    half = cluster.with_suffix(".new")
    shutil.rmtree(half, ignore_errors=True)
    made = subprocess.run(
        [
            *postmaster.born(programs.folder / "initdb", die_with_parent=True),
            f"--pgdata={half}",
            f"--username={superuser}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--data-checksums",
            *([] if durable else ["--no-sync"]),
        ],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise EmbeddedPostgresError(f"initdb failed in {half}: {made.stderr.strip()}")
    # The socket's folder is the guard; there is no line for a network at all.
    (half / "pg_hba.conf").write_text("local all all trust\n", "utf-8")
    half.rename(cluster)
    _sync_folder(cluster.parent)


def _check_major(programs: Binaries, cluster: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text("utf-8").strip()
    if made_by != str(programs.major):
        raise EmbeddedPostgresError(
            f"{cluster} was made by PostgreSQL {made_by} and the programs in {programs.folder} "
            f"are {programs.version}: give the folder of PostgreSQL {made_by}'s programs, or "
            "move the data with pg_upgrade or pg_dump"
        )


def make_socket_folder(cluster: Path, port: int) -> Path:
    """Make and return a short folder, ours alone, whose name follows from the cluster's path.

    Raises: EmbeddedPostgresError when the name is taken by somebody else, or is too long.
    """
    folder = socket_folder_of(cluster)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    # Anybody may make a name in a shared folder; only we may own this one.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise EmbeddedPostgresError(f"{folder} is not a folder of ours with mode 0700: remove it")
    socket = folder / f".s.PGSQL.{port}.lock"
    if len(os.fsencode(socket)) > SOCKET_PATH_BYTES_MAX:
        raise EmbeddedPostgresError(
            f"{socket} is longer than {SOCKET_PATH_BYTES_MAX} bytes: set a shorter XDG_RUNTIME_DIR"
        )
    return folder


def remove_socket_folder(cluster: Path) -> None:
    """Remove a stopped server's socket folder, if nothing is left in it."""
    with contextlib.suppress(OSError):
        socket_folder_of(cluster).rmdir()


def socket_folder_of(cluster: Path) -> Path:
    """Return where the socket of a cluster's server is, when we start it."""
    name = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    root = Path(runtime) if runtime and os.access(runtime, os.W_OK) else Path("/tmp")  # noqa: S108 - its owner and mode are checked
    return root / f"medswitch-{os.geteuid()}-{name}"


def environment() -> dict[str, str]:
    """Our environment without PG* and locale variables, which would steer the server."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
