"""What is installed is fixed by hash and names no registry; what a tool ignores has a reason."""

import re
import tomllib

from tests.tidy.tree import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
LOCK = (ROOT / "requirements.lock").read_text("utf-8")


def test_lock_names_no_registry() -> None:
    assert "://" not in LOCK
    assert [line for line in LOCK.splitlines() if line.startswith(("-", "--"))] == []


def test_no_lock_file_with_addresses_is_kept() -> None:
    kept = ("uv.lock", "pylock.toml", "package-lock.json", "poetry.lock")
    assert [name for name in kept if (ROOT / name).exists()] == []


def test_lock_holds_everything_asked_for() -> None:
    asked = tomllib.loads(PYPROJECT)
    wanted = [*asked["project"]["dependencies"], *asked["dependency-groups"]["dev"]]
    locked = set(re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE))
    names = {re.split(r"[\s\[<>=;]", line, maxsplit=1)[0].lower() for line in wanted}
    assert names - locked == set()


def test_each_ruff_ignore_has_a_reason() -> None:
    lint = PYPROJECT.partition("[tool.ruff.lint]")[2].partition("[tool.ruff.lint.flake8")[0]
    ignores = [line for line in lint.splitlines() if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert ignores
    assert [line for line in ignores if "# " not in line] == []
