"""Brings a program into the world without root, and tied to whoever starts it.

`python -I -S birth.py PARENT PROGRAM ARGUMENT…` becomes PROGRAM, in the same process. PARENT is the
process with whose end the program ends, or 0.

A program of its own, and not a function that runs between fork and exec: there it runs in a copy of
the parent, whose libraries may start threads (gRPC's fork handlers do), and a process with threads
may not enter a user namespace. It must import nothing of ours and nothing of anybody's packages.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Final, NoReturn

REFUSED: Final = 71
"""Exit status: this machine forbids the user namespace. `EX_OSERR` of sysexits.h."""
NOT_FOUND: Final = 127
"""Exit status: the program cannot be run. As a shell says it."""
ORPHANED: Final = 1
"""Exit status: the parent died before its end could be watched."""

_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_PDEATHSIG: Final = 1
_NOBODY: Final = 65534


def leave_root() -> None:
    """Enter a user namespace in which root is called `nobody`. Raises: OSError.

    No account is made, no file mode is changed, and the files stay root's.
    """
    if sys.platform != "linux":
        raise OSError("only Linux has user namespaces")
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")
    Path("/proc/self/setgroups").write_text("deny", "ascii")
    Path("/proc/self/uid_map").write_text(f"{_NOBODY} {uid} 1", "ascii")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1", "ascii")


def die_with(parent: int) -> None:
    """Ask for SIGINT at the parent's end: to PostgreSQL, an order to shut down fast.

    The tie is to the *thread* that started us. Where the kernel knows no such tie, there is none.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        give_up(ORPHANED, "the parent is gone")


def give_up(status: int, why: str) -> NoReturn:
    """End as nothing."""
    sys.stderr.write(f"{why}\n")
    sys.exit(status)


def main(parent: int, program: str, arguments: list[str]) -> NoReturn:
    """Become the program."""
    if os.geteuid() == 0:
        try:
            leave_root()
        except OSError as error:
            give_up(REFUSED, error.strerror or str(error))
    if parent:
        die_with(parent)  # After the namespace: entering it clears the death signal.
    # Python ignores these two, and what is ignored stays so in the program it becomes.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execv(program, [program, *arguments])  # noqa: S606 - no shell is what we want
    except OSError as error:
        give_up(NOT_FOUND, f"{program}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
