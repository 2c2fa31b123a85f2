"""The committed code is what the committed contract generates, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT

SOURCES = sorted((ROOT / "proto" / "medswitch").rglob("*.proto"))


@pytest.mark.skipif(not SOURCES, reason="there is no contract yet")
def test_generated_code_is_in_step_with_the_contract(tmp_path: Path) -> None:
    """Mend it by `make proto`."""
    tools = Path(sys.executable).parent
    kinds = ("python", "grpc_python", "mypy", "mypy_grpc")
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}"),
            *(f"--{kind}_out={tmp_path}" for kind in kinds),
            *SOURCES,
        ],
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        check=True,
    )
    assert _texts(ROOT / "medswitch") == _texts(tmp_path / "medswitch")


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.py*"))
        if path.suffix in {".py", ".pyi"} and path.name != "__init__.py"
    }
