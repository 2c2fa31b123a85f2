"""The commands as they are typed: options reach what they are for, and the status is theirs."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from switch.cli.program import app
from tests.fix_ledger import Ledger


@pytest.fixture
def words(ledger: Ledger, tmp_path: Path) -> list[str]:
    return ["--data-dir", str(tmp_path), "--database-url", ledger.province.url]


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_explain_takes_a_number_and_writes_a_page(
    ledger: Ledger, words: list[str], tmp_path: Path
) -> None:
    number = next(a.reply.settlement_id for a in ledger.answers if a.reply.settlement_id)
    page = tmp_path / "page.html"
    status, said = run(*words, "explain", number, "--html", str(page))
    assert status == 0
    assert number in said
    assert number in page.read_text("utf-8")
    assert run(*words, "explain", "nothing")[0] == 2


def test_diff_takes_two_policies(words: list[str]) -> None:
    assert run(*words, "policy", "diff", "shipped:330299", "active:330299")[0] == 0
    status, said = run(*words, "policy", "diff", "--json", "shipped:330299", "shipped:339900")
    assert status == 1
    assert json.loads(said)["same"] is False


def test_simulate_takes_policies_and_days(words: list[str]) -> None:
    given = ("policy", "simulate", "--policy", "shipped:330299", "--policy", "shipped:339900",
             "--jobs", "1", "--json")  # fmt: skip
    status, said = run(*words, *given)
    assert status == 0
    report = json.loads(said)
    assert [one["region"] for one in report["candidates"]] == ["330299", "339900"]
    assert report["whole"]["settlements"] > 0
    status, said = run(*words, *given, "--from", "2001-01-01", "--to", "2001-12-31")
    report = json.loads(said)
    assert (report["from"], report["to"]) == ("2001-01-01", "2001-12-31")
    assert report["whole"]["settlements"] == 0
    assert run(*words, *given, "--from", "tomorrow")[0] == 2


def test_bench_prints_a_row_for_each_combination() -> None:
    status, said = run("bench", "rules", "--rounds", "2", "--json")
    assert status == 0
    report = json.loads(said)
    assert len(report["rows"]) == 12
    assert all(row["least_us"] <= row["median_us"] for row in report["rows"])
    status, said = run("bench", "rules", "--rounds", "2")
    assert "目标 target" in said
