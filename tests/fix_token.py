"""A SoftHSM2 token of its own for each process of a test run, or a reason why there is none."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from unittest.mock import patch

import pytest

PIN = "24681357"
TOKEN = "medswitch-test"
LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True)
class Token:
    """Where a fresh token is, and the environment in which its library finds it."""

    module: Path
    folder: Path
    pin_file: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SOFTHSM2_CONF": str(self.folder / "softhsm2.conf"),
            "MEDSWITCH_PKCS11_MODULE": str(self.module),
            "MEDSWITCH_PKCS11_TOKEN": TOKEN,
            "MEDSWITCH_PKCS11_PIN_FILE": str(self.pin_file),
        }


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """A token with a PIN and no key. The library reads its settings once in a process."""
    module = next((path for path in map(Path, LIBRARIES) if path.exists()), None)
    if module is None or which("softhsm2-util") is None:
        pytest.skip("SoftHSM2 is not installed here: `apt-get install softhsm2`, or as root CI")
    made = make_token(module, tmp_path_factory.mktemp("softhsm"))
    with patch.dict(os.environ, {"SOFTHSM2_CONF": made.environment["SOFTHSM2_CONF"]}):
        yield made


def make_token(module: Path, folder: Path) -> Token:
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n"
        "log.level = ERROR\n",
        "utf-8",
    )
    pin_file = folder / "pin"
    pin_file.write_text(f"{PIN}\n", "utf-8")
    made = Token(module, folder, pin_file)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN,
         "--so-pin", "87654321"],
        check=True, capture_output=True, env={**os.environ, **made.environment},
    )  # fmt: skip
    return made
