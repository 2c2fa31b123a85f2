"""What a program is when it has been born: who it is, whom it dies with, and what it ignores."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from switch.store import birth, postmaster

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root is born as somebody else")


def run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


def status_of_newborn() -> dict[str, str]:
    """What the kernel says of a program that we brought into the world."""
    born = run(*postmaster.born(Path("/bin/cat"), die_with_parent=True), "/proc/self/status")
    assert born.returncode == 0, born.stderr
    return dict(line.split(":\t", 1) for line in born.stdout.splitlines() if ":\t" in line)


def test_it_does_not_ignore_what_python_ignores() -> None:
    ignored = int(status_of_newborn()["SigIgn"], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored & 1 << (number - 1), number.name


@ROOT_ONLY
def test_root_is_born_as_nobody_without_a_privilege() -> None:
    status = status_of_newborn()
    assert set(status["Uid"].split()) == {"65534"}
    assert set(status["Gid"].split()) == {"65534"}
    assert int(status["CapEff"], 16) == 0


def test_it_is_the_very_process_that_was_started() -> None:
    command = postmaster.born(Path("/bin/sh"), die_with_parent=True)
    with subprocess.Popen([*command, "-c", "echo $$ $PPID"], stdout=subprocess.PIPE) as born:
        assert born.stdout is not None
        assert born.stdout.read().split() == [str(born.pid).encode(), str(os.getpid()).encode()]


def test_it_is_not_born_to_a_parent_that_is_gone() -> None:
    born = run(sys.executable, "-I", "-S", birth.__file__, str(2**22), "/bin/true")
    assert (born.returncode, born.stderr) == (birth.ORPHANED, "the parent is gone\n")


def test_a_program_that_is_none_is_named() -> None:
    born = run(*postmaster.born(Path("/no/such/program"), die_with_parent=True))
    named = "/no/such/program: No such file or directory\n"
    assert (born.returncode, born.stderr) == (birth.NOT_FOUND, named)


def test_it_imports_nothing_of_ours_nor_of_anybodys_packages() -> None:
    """It runs isolated and without site-packages; what it imports is what a start costs."""
    listed = run(
        sys.executable, "-I", "-S", "-X", "importtime", birth.__file__, "0", "/bin/true"
    ).stderr  # fmt: skip
    assert "ctypes" in listed
    assert not {"switch", "grpc", "psycopg", "site"} & {
        line.rpartition("|")[2].strip().partition(".")[0] for line in listed.splitlines()
    }
