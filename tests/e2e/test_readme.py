"""The README cannot rot: its code runs, its paths exist, its settings and commands are there."""

import os
import re
import subprocess
import sys
from dataclasses import fields

import pytest

from switch.audit.findings import INVARIANTS
from switch.config import Settings
from tests.e2e.conftest import Served
from tests.tidy.tree import ROOT

README = (ROOT / "README.md").read_text("utf-8")
SIGNING = (ROOT / "docs" / "terminal.md").read_text("utf-8")
SCRIPT = ROOT / "clients" / "first_settlement.py"


def section(title: str) -> str:
    """Return a section of the README."""
    return README.partition(f"\n## {title}")[2].partition("\n## ")[0]


def test_the_first_settlement_is_the_file_that_is_named_and_posts(served: Served) -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert SCRIPT.read_text("utf-8").endswith(f'"""\n\n{shown}')
    assert len(shown.splitlines()) - 6 <= 10  # without imports and blank lines: ten lines
    source = shown.replace("127.0.0.1:50051", served.address)
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=served.province.folder.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"posted H3302\w{25} ", done.stdout)
    assert "REPLY_CODE_OK" in done.stdout


@pytest.mark.parametrize("text", [README, SIGNING], ids=["README.md", "docs/terminal.md"])
def test_every_path_that_is_named_exists(text: str) -> None:
    folder = ROOT if text is README else ROOT / "docs"
    links = [folder / link for link in re.findall(r"\]\(([^)#]+)\)", text)]
    named = re.findall(r"`((?:switch|tests|clients|loadtest|proto|docs)/[\w./]*)`", text)
    assert links
    assert named
    assert [p for p in (*links, *(ROOT / name for name in named)) if not p.exists()] == []


def test_every_setting_is_explained_with_its_default() -> None:
    told = section("Settings")
    names = {field.name for field in fields(Settings)}
    rows = [line for line in told.splitlines() if line.startswith("| `")]
    assert {n for row in rows for n in re.findall(r"`(\w+)`", row.split("|")[1])} == names
    defaults = Settings()
    for name in ("data_dir", "listen", "session_life_s", "log_level", "kek_algorithm"):
        (row,) = [row for row in rows if f"`{name}`" in row.split("|")[1]]
        assert f"`{getattr(defaults, name)}`" in row.split("|")[2]


def test_every_invariant_is_held_in_code_and_by_a_test() -> None:
    rows = [line.split("|")[1:-1] for line in section("The invariants").splitlines()]
    held = {int(row[0]): row for row in rows if len(row) == 5 and row[0].strip().isdigit()}
    assert list(held) == [one.number for one in INVARIANTS if one.number]
    sql = "".join(p.read_text("utf-8") for p in (ROOT / "switch/store/migrations/sql").iterdir())
    for _, _, code, database, test in held.values():
        assert "`switch/" in code
        assert "`tests/" in test
        for name in re.findall(r"`([a-z]+_[a-z_]+)`", database):
            assert name in sql or name.startswith("sync")


def test_every_command_that_is_shown_is_a_command() -> None:
    shown = set(re.findall(r"medswitch (?:--data-dir [\w-]+ )?([a-z]+)(?= |`|\n)", README))
    known = {"serve", "audit", "seed", "migrate", "demo"}
    assert {"serve", "audit", "seed"} <= shown & known
    targets = set(re.findall(r"^\s{4}make (\w+)", README, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets >= {"demo", "test", "loadtest"}
    assert [name for name in targets if f"\n{name}:" not in makefile] == []


def test_every_text_under_a_mac_is_told_to_other_languages() -> None:
    source = "".join(p.read_text("utf-8") for p in (ROOT / "switch/security").glob("*.py"))
    labels = set(re.findall(r'b"(medswitch/[\w-]+/v1)', source))
    inner = {"medswitch/settle-nonce/v1", "medswitch/seal/v1"}
    assert labels - inner == set(re.findall(r'"(medswitch/[\w-]+/v1)"', SIGNING))
