"""The server's process: how it is born without privileges, and whether it still lives.

PostgreSQL refuses to run as root. A root process therefore enters a user namespace of its own in
which root is called `nobody` (65534): no account is made, no file mode is changed, and the files
stay root's.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_PDEATHSIG: Final = 1
_NOBODY: Final = 65534


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


def birth(*, die_with_parent: bool) -> Callable[[], None]:
    """Return what a child does between fork and exec: lose root, and be tied to its parent.

    The tie is to the *thread* that starts the child: let it be one that lasts.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent, uid, gid = os.getpid(), os.geteuid(), os.getegid()

    def between_fork_and_exec() -> None:
        if uid == 0:
            if libc.unshare(_CLONE_NEWUSER) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            Path("/proc/self/setgroups").write_text("deny", "ascii")
            Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1", "ascii")
            Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1", "ascii")
        # After the namespace: entering it clears the death signal.
        if die_with_parent and sys.platform == "linux":
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
            if os.getppid() != parent:  # It died before it could be watched.
                os._exit(1)

    return between_fork_and_exec


def check_birth(program: Path) -> None:
    """Try the way into the world once, for a plain message instead of a failed start.

    Raises: NamespaceRefused when we are root and may not make a user namespace.
    """
    if os.geteuid() != 0:
        return
    try:
        subprocess.run(
            [program, "--version"],
            preexec_fn=birth(die_with_parent=False),
            stdout=subprocess.DEVNULL,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise NamespaceRefused(
            "PostgreSQL does not run as root, and this machine lets root make no user namespace "
            "to run it in (a container's seccomp profile often forbids it). Run medswitch as a "
            "plain user, allow user namespaces, or give the address of a running PostgreSQL"
        ) from error


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
