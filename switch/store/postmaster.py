"""The server's process: how it is born without privileges, and whether it still lives.

PostgreSQL refuses to run as root. As root it is therefore born in a user namespace of its own, in
which root is called `nobody`; how, is told in `birth`.
"""

import os
import subprocess
import sys
from pathlib import Path

from switch.store import birth


class NamespaceRefused(RuntimeError):
    """We are root, and this machine forbids the user namespace that PostgreSQL would run in."""


def read_pid(cluster: Path) -> int | None:
    """Return the process that `postmaster.pid` names, living or dead, or None."""
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].isdecimal() else None


def read_socket_folder(cluster: Path) -> Path | None:
    """Return where the server listens, or None while it has not said so.

    Source: PostgreSQL `pidfile.h`: pid, folder, start, port, socket folder, address, memory, state.
    """
    lines = _pid_file(cluster)
    return Path(lines[4]) if len(lines) > 4 and lines[4] else None


def is_serving(pid: int, cluster: Path) -> bool:
    """Whether a process is a living postmaster of this folder, not a zombie or a reused number.

    A postmaster's working directory is its data folder, which a stranger's is not.
    """
    if sys.platform != "linux":
        return _exists(pid)
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8")
        name, _, rest = status.partition("(")[2].rpartition(")")
        if rest.split()[0] in "ZX":
            return False
        try:
            return Path(f"/proc/{pid}/cwd").samefile(cluster)
        except PermissionError:
            return name == "postgres"
    except (FileNotFoundError, ProcessLookupError):
        return False


def disown_pid_file(cluster: Path) -> None:
    """Make a dead server's `postmaster.pid` name us, who are about to be the new one's parent.

    PostgreSQL takes a zombie, or a stranger that got the number since, for its living self, but
    its own parent's number for stale. Removing the file would also remove the note of the shared
    memory by which it finds a dead server's children that still write.
    Source: PostgreSQL `miscinit.c`, CreateLockFile.
    """
    path = cluster / "postmaster.pid"
    if path.exists():
        _, newline, rest = path.read_text("utf-8").partition("\n")
        path.write_text(f"{os.getpid()}{newline}{rest}", "utf-8")


def born(program: Path, *, die_with_parent: bool) -> list[str]:
    """Return the command that runs a program without root, and tied to us if it is to be.

    The tie is to the *thread* that starts it: let it be one that lasts.
    """
    if os.geteuid() != 0 and not die_with_parent:
        return [str(program)]
    parent = os.getpid() if die_with_parent else 0
    return [sys.executable, "-I", "-S", birth.__file__, str(parent), str(program)]


def check_birth(program: Path) -> None:
    """Try the way into the world once, for a plain message instead of a failed start.

    Raises: NamespaceRefused when we are root and may not make a user namespace.
    """
    if os.geteuid() != 0:
        return
    tried = subprocess.run(
        [*born(program, die_with_parent=False), "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode == birth.REFUSED:
        raise NamespaceRefused(
            "PostgreSQL does not run as root, and this machine lets root make no user namespace "
            f"to run it in ({tried.stderr.strip()}; a container's seccomp profile often forbids "
            "it). Run medswitch as a plain user, allow user namespaces, or give the address of a "
            "running PostgreSQL"
        )


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
