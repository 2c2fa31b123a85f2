"""Officers at their terminals: the commands as people run them, words in, words and status out.

Most run in this process, through the program's own entry; one is a process of its own.
"""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from switch.cli.program import app, main
from switch.model.ids import BEIJING
from switch.store.rule_books import load_shipped

PASSPHRASE = "four random words"
HOME = "330299"


@dataclass
class Desk:
    """A folder with key files and a rule book, and a seeded database."""

    folder: Path
    url: str

    def words(self, *words: str) -> list[str]:
        return ["--data-dir", str(self.folder), "--database-url", self.url, *words]

    def run(self, *words: str, status: int = 0, says: str = "", **environment: str) -> str:
        """Run a command; return what it printed."""
        out, err, done = io.StringIO(), io.StringIO(), 0
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            patch.dict(os.environ, {"MEDSWITCH_PASSPHRASE": PASSPHRASE} | environment),
            patch.object(sys, "argv", ["medswitch", *self.words(*words)]),
        ):
            try:
                main()
            except SystemExit as ended:
                done = int(ended.code or 0)
        said = out.getvalue() + err.getvalue()
        assert done == status, said
        assert says in said
        assert PASSPHRASE not in said
        return out.getvalue()

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))

    def by(self, name: str) -> list[str]:
        """Who acts, with which key."""
        return ["--officer", name, "--key-file", str(self.folder / "keys" / name)]

    def found(self, name: str) -> None:
        key_file = str(self.folder / "keys" / name)
        self.run(
            *("officer", "add", name, "--role", "officers", "--role", "policy"),
            *("--key-file", key_file),
        )


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Desk:
    made = Desk(tmp_path, database_url)
    made.run("seed", "--members", "3", "--institutions", "1")
    return made


def book(folder: Path) -> list[str]:
    """The home region's rule book in files, one file short of the shipped one."""
    texts = load_shipped()[HOME]  # type: ignore[index] # a region
    paths = []
    for name in sorted(set(texts) - {"demonstration.toml"}):
        path = folder / "book" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(texts[name], "utf-8")
        paths.append(str(path))
    return paths


def test_a_policy_goes_through_four_eyes_and_the_audit_follows_it(desk: Desk) -> None:
    tomorrow = datetime.now(UTC).astimezone(BEIJING).date() + timedelta(days=1)
    for name in ("li.na", "wang.wei"):
        desk.found(name)
    key = desk.folder / "keys" / "li.na"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.read_text("ascii").startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    activate = ["policy", "activate", HOME, *book(desk.folder), "--from", tomorrow.isoformat()]
    said = desk.run(*activate, *desk.by("li.na"), "--reason", "年度调整")
    assert "medswitch change approve 1" in said
    (waiting,) = desk.json("change", "list")
    assert (waiting["kind"], waiting["maker"]) == ("activate-policy", "li.na")
    assert waiting["content"]["active_from"] == tomorrow.isoformat()
    desk.run("change", "approve", "1", *desk.by("li.na"), status=1, says="SAME_OFFICER")
    swapped = ["--officer", "wang.wei", *desk.by("li.na")[2:]]
    desk.run("change", "approve", "1", *swapped, status=1, says="OTHER_KEY")
    desk.run("change", "approve", "1", *desk.by("wang.wei"), says="approved by wang.wei")
    desk.run("change", "withdraw", "1", *desk.by("li.na"), status=1, says="CHANGE_APPROVED")
    assert desk.json("change", "list") == []
    shown = desk.run("change", "show", "1")
    assert "年度调整" in shown
    assert "wang.wei" in shown
    report = json.loads(desk.run("audit", "--json"))
    assert report["clean"]
    assert report["read"]["audit records"] == 5


def test_the_circle_of_officers_grows_by_four_eyes_only(desk: Desk) -> None:
    for name in ("li.na", "wang.wei"):
        desk.found(name)
    zhao = str(desk.folder / "keys" / "zhao")
    desk.run(
        "officer", "add", "zhao", "--role", "officers", "--key-file", zhao,
        status=1, says="FOUNDING_OVER",
    )  # fmt: skip
    assert not Path(zhao).exists()
    public = desk.run("officer", "new-key", "--key-file", zhao).strip()
    desk.run("officer", "new-key", "--key-file", zhao, status=2, says="exists")
    desk.run(
        *("officer", "add", "zhao", "--role", "policy", "--public-key", public),
        *desk.by("li.na"), "--reason", "新同事",
        says="change 1 waits",
    )  # fmt: skip
    desk.run("change", "approve", "1", *desk.by("wang.wei"))
    desk.run("officer", "roles", "zhao", "--role", "keys", *desk.by("li.na"), "--reason", "moved")
    desk.run("change", "refuse", "2", *desk.by("wang.wei"), "--reason", "not yet")
    desk.run("officer", "retire", "zhao", *desk.by("wang.wei"), "--reason", "left")
    desk.run("change", "withdraw", "3", *desk.by("wang.wei"))
    officers = {one["name"]: one for one in desk.json("officer", "list")}
    assert officers["zhao"] == {
        "name": "zhao", "state": "active", "roles": ["policy"], "public_key": public,
    }  # fmt: skip
    states = [one["state"] for one in desk.json("change", "list", "--all")]
    assert states == ["approved", "refused", "withdrawn"]
    assert "zhao" in desk.run("officer", "list")
    assert "refused" in desk.run("change", "list", "--all")
    assert json.loads(desk.run("audit", "--json"))["clean"]


def test_what_cannot_be_used_is_a_sentence(desk: Desk, tmp_path: Path) -> None:
    desk.found("li.na")
    by, why = desk.by("li.na"), ["--reason", "why"]
    activate = ["policy", "activate", HOME]
    open_it = ["change", "approve", "1", *by, "--passphrase-file"]
    twice = book(tmp_path)[:1] * 2
    for says, words in (
        ("does not open", ["change", "approve", "1", *desk.by("nobody")]),
        ("does not open", [*open_it, str(tmp_path / "kek")]),
        ("no passphrase in", [*open_it, "/no/such"]),
        ("go together", ["officer", "add", "zhao", "--role", "keys", *by, *why]),
        ("an officer's name", ["officer", "add", "赵", "--role", "keys", *by]),
        ("a public key is", ["officer", "add", "zhao", "--role", "keys", "--public-key", "x", *by]),
        ("cannot be read", [*activate, "/no/such.toml", "--from", "2099-01-01", *by, *why]),
        ("two files are named", [*activate, *twice, "--from", "2099-01-01", *by, *why]),
        ("no rule book of 330199",
         ["policy", "activate", "330199", *book(tmp_path), "--from", "2099-01-01", *by, *why]),
    ):  # fmt: skip
        desk.run(*words, status=2, says=says)
    desk.run("change", "show", "9", status=1, says="NO_SUCH_CHANGE")
    past = [*activate, *book(tmp_path), "--from", "2018-12-01", *by, *why]
    desk.run(*past, status=1, says="DAY_PAST")


def test_a_database_without_a_seal_key_has_no_office(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "kek").write_text(f"kek-1:{bytes(range(16)).hex()}\n", "ascii")
    bare = Desk(tmp_path, database_url)
    bare.run("officer", "list", status=2, says="no live SEAL key")


def test_a_passphrase_is_asked_for_twice_and_shown_never(tmp_path: Path) -> None:
    """In this process: a keyboard that the tool reads without an echo."""
    runner = CliRunner(env={"MEDSWITCH_PASSPHRASE": None})
    key = tmp_path / "key"
    words = ["officer", "new-key", "--key-file", str(key)]
    asked = runner.invoke(app, words, input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert asked.exit_code == 0
    assert PASSPHRASE not in asked.output
    assert key.exists()
    other = ["officer", "new-key", "--key-file", str(tmp_path / "other")]
    assert runner.invoke(app, other, input=f"{PASSPHRASE}\nanother one\n").exit_code == 1
    assert not (tmp_path / "other").exists()


def test_a_short_passphrase_makes_no_key(desk: Desk) -> None:
    desk.run(
        "officer", "new-key", "--key-file", str(desk.folder / "k"),
        status=2, says="12 characters", MEDSWITCH_PASSPHRASE="short",
    )  # fmt: skip
    file = desk.folder / "passphrase"
    file.write_text("a long enough one\n", "utf-8")
    key_file = ["--key-file", str(desk.folder / "k"), "--passphrase-file", str(file)]
    desk.run("officer", "add", "li", "--role", "officers", *key_file)
    desk.run(
        "officer", "roles", "li", "--role", "keys", "--officer", "li", *key_file, "--reason", "x",
        status=1, says="TOO_FEW_OFFICERS",
    )  # fmt: skip


def test_a_command_is_a_process_that_ends_with_its_status(desk: Desk) -> None:
    """As a script calls it: a refusal on standard error, no traceback, status 1."""
    desk.found("li.na")
    words = desk.words("change", "approve", "1", *desk.by("li.na"))
    done = subprocess.run(
        [sys.executable, "-m", "switch", *words], check=False, capture_output=True, text=True,
        env={**os.environ, "MEDSWITCH_PASSPHRASE": PASSPHRASE}, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "medswitch: NO_SUCH_CHANGE: there is no change 1\n"
