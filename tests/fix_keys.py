"""A deployment with nothing in it but what its officers bring: commands as they type them."""

import hashlib
import io
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from unittest.mock import patch

from switch.security.component import component_kcv
from switch.security.custody import KeySlot, slot_kcv
from tests.e2e.test_office import PASSPHRASE, Desk


def component_of(key: str, part: int) -> bytes:
    """A component that only a test would use: it follows from what it is for."""
    return hashlib.sha256(f"{key} {part}".encode()).digest()[:16]


def key_of(key: str, of: int) -> bytes:
    """The key that components make."""
    parts = (component_of(key, part) for part in range(1, of + 1))
    return reduce(lambda one, two: bytes(a ^ b for a, b in zip(one, two, strict=True)), parts)


def kcv_of(key: str, of: int) -> str:
    return slot_kcv(KeySlot.named(key), key_of(key, of)).hex()


class Keyboard(io.StringIO):
    """Standard input at which somebody sits."""

    def isatty(self) -> bool:
        return True


@contextmanager
def typed(text: str) -> Iterator[None]:
    """Let whoever asks for a secret be told it."""
    with (
        patch("switch.cli.key_ceremony.getpass", lambda _: text),
        patch.object(sys, "stdin", Keyboard()),
    ):
        yield


@contextmanager
def set_to(**environment: str) -> Iterator[None]:
    """Let commands find these settings."""
    with patch.dict(os.environ, environment):
        yield


@dataclass
class KeyDesk(Desk):
    """Officers of one deployment: li and wang found it, chen joins them."""

    def begin(self) -> None:
        files = [str(self.folder / "keys" / name) for name in ("li", "wang")]
        self.run(
            *("key", "begin", "--founder", "li", "--founder", "wang"),
            *("--key-file", files[0], "--key-file", files[1]),
        )

    def enrol(self, name: str) -> None:
        public = self.run("officer", "new-key", "--key-file", str(self.folder / "keys" / name))
        self.approved(
            "officer", "add", name, "--role", "keys", "--public-key", public.strip(),
        )  # fmt: skip

    def approved(self, *words: str) -> int:
        """Li proposes, wang approves; return the change's number."""
        said = self.run(*words, *self.by("li"), "--reason", "因工作需要")
        number = self.number(said)
        self.run("change", "approve", str(number), *self.by("wang"))
        return number

    def number(self, said: str) -> int:
        found = re.search(r"change (\d+) waits", said)
        assert found, said
        return int(found[1])

    def component(
        self, key: str, part: int, of: int, officer: str, status: int = 0, says: str = "",
        kcv: str = "",
    ) -> None:  # fmt: skip
        """Enter a component at the keyboard."""
        secret = component_of(key, part)
        kcv = kcv or component_kcv(KeySlot.named(key), secret).hex()
        with typed(secret.hex()):
            self.run(
                *("key", "component", key, "--part", str(part), "--of", str(of), "--kcv", kcv),
                *self.by(officer), status=status, says=says,
            )  # fmt: skip

    def by_components(self, *keys: str) -> None:
        """Two custodians enter a key each; another two people let it in and put it in use."""
        for key in keys:
            for part, officer in enumerate(("li", "wang"), start=1):
                self.component(key, part, 2, officer)
            self.approved("key", "import", key, "--kcv", kcv_of(key, 2))
        self.approved("key", "activate", *keys)

    def handed_down(self, parent: str, region: str, transport: str, to: "KeyDesk") -> str:
        """Let a child out here, and in there; return its id."""
        number = self.approved("key", "export", parent, region, "--under", transport)
        parcel = to.folder / f"parcel-{number}"
        self.run("key", "parcel", str(number), "--file", str(parcel))
        to.approved("key", "import", "--parcel", str(parcel))
        child = self.json("change", "show", str(number))["content"]["child"]
        to.approved("key", "activate", child)
        return str(child)


def at_a_terminal(words: list[str], types: str) -> tuple[int, str]:
    """Run a command with a real terminal before it; return its status and all that was shown."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "switch", *words],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "MEDSWITCH_PASSPHRASE": PASSPHRASE},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    asked = False
    while True:
        try:
            read = os.read(master, 4_096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not read:
            break
        shown += read
        if b"no echo" in shown and not asked:
            asked = True
            os.write(master, f"{types}\n".encode())
    os.close(master)
    return process.wait(30), shown.decode()


def files_of(folder: Path) -> bytes:
    """Everything that lies in a folder, as one."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
