"""The command line: a mistake of the caller's is one sentence and status 2, never a trace."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import pytest

from switch.cli.program import main
from switch.cli.refusals import sentence_of
from switch.seed.province import NotEmpty

Said = tuple[int | str | None, str, str]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Said]:
    """Return what runs `medswitch` with arguments in an empty folder: status, out, err."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["medswitch", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["serve", "--listen", "0.0.0.0:99999"], "listen is '0.0.0.0:99999'"),
        (["serve"], "no key-encryption key at medswitch-data/kek"),
        (["audit"], "no key-encryption key at medswitch-data/kek"),
        (["--config", "nowhere.toml", "audit"], "settings in nowhere.toml cannot be read"),
        (["--log-level", "loud", "migrate"], "log_level is 'loud'"),
        (["--database-url", "postgresql://127.0.0.1:1/x", "migrate"], "cannot be used"),
    ],
)
def test_a_callers_mistake_is_a_sentence(
    run: Callable[..., Said], arguments: Sequence[str], says: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("medswitch: ")
    assert says in err
    assert len(err.splitlines()) == 1
    assert not Path("medswitch-data").exists()


def test_a_url_that_cannot_be_read_is_not_quoted_with_its_password(
    run: Callable[..., Said],
) -> None:
    status, _, err = run("--database-url", "postgres//fund:secret@host/db", "migrate")
    assert status == 2
    assert "database_url cannot be read" in err
    assert "secret" not in err


def test_a_demonstration_does_not_empty_a_folder_of_somebody_elses(
    run: Callable[..., Said],
) -> None:
    Path("mine").mkdir()
    Path("mine/letter").write_text("keep", "ascii")
    status, _, err = run("--data-dir", "mine", "demo")
    assert (status, Path("mine/letter").read_text("ascii")) == (2, "keep")
    assert "name another with --data-dir" in err


def test_version_and_short_help_are_there(run: Callable[..., Said]) -> None:
    assert run("--version")[1].startswith("medswitch 0.")
    assert "Begin with" in run("-h")[1]


def test_an_error_nobody_expected_keeps_its_trace() -> None:
    assert sentence_of(KeyError("x")) is None
    assert sentence_of(psycopg.errors.UndefinedTable("x")) is None
    assert sentence_of(NotEmpty("seed an empty one")) == "seed an empty one"
