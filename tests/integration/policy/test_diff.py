"""`medswitch policy diff`: files, folders, shipped, active and hashed books; its exit status."""

import json
import shutil
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import psycopg
import pytest

from switch.cli.policy_diff import diff
from switch.config import Settings
from switch.store.rule_books import keep_book
from tests.fix_province import Province


@pytest.fixture
def settings(province: Province, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=province.url)


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    """Ningbo's policy with one figure changed."""
    folder = tmp_path / "candidate"
    with as_file(files("switch.rules") / "parameters" / "330299") as shipped:
        shutil.copytree(shipped, folder)
    file = folder / "employee.toml"
    text = file.read_text("utf-8")
    assert text.count("age_below = 45, width = 900") == 1
    file.write_text(text.replace("age_below = 45, width = 900", "age_below = 45, width = 800"))
    return folder


def test_the_active_book_is_the_one_that_was_shipped(settings: Settings) -> None:
    assert diff(settings, "shipped:330299", "active:330299", as_json=False) == 0
    assert diff(settings, "active:330299", "active:339900", as_json=False) == 1


def test_a_candidate_folder_differs_in_its_one_figure(
    settings: Settings, candidate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(settings, "active:330299", str(candidate), as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    (change,) = report["changes"]
    assert change["kinds"] == ["11", "12", "13", "41"]
    assert change["rule"] == "segments"
    assert [(v["before"], v["after"]) for v in change["values"]] == [("900.00", "800.00")]
    assert diff(settings, "active:330299", str(candidate), as_json=False) == 1
    said = capsys.readouterr().out
    assert "900.00 → 800.00" in said
    assert "1 处数值" in said


def test_a_book_is_named_by_the_first_digits_of_its_hash(
    province: Province, settings: Settings, candidate: Path
) -> None:
    texts = {file.name: file.read_text("utf-8") for file in candidate.glob("*.toml")}
    with psycopg.connect(province.url, autocommit=True) as connection:
        digest = keep_book(connection, "330299", texts, datetime.now(UTC))
    assert diff(settings, f"hash:{digest[:12]}", str(candidate), as_json=False) == 0
    # Kept, and not in force by that.
    assert diff(settings, "active:330299", f"hash:{digest}", as_json=False) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("shipped:000000", "no policy of region 000000 is shipped; these are: "),
        ("active:440100", "no rule book of region 440100"),
        ("hash:zz", "0 rule books have a hash that begins with 'zz'"),
        ("hash:", "begins with ''"),
        ("nowhere.toml", "nowhere.toml"),
    ],
)
def test_what_is_no_policy_ends_with_2(
    settings: Settings, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(settings, "shipped:330299", name, as_json=False) == 2
    assert says in capsys.readouterr().err


def test_a_folder_without_policies_ends_with_2(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert diff(settings, "shipped:330299", str(tmp_path / "empty"), as_json=False) == 2
    assert "no policy file" in capsys.readouterr().err
