"""`medswitch audit` as a command: what it prints and the status it ends with."""

import json
from pathlib import Path

import pytest

from switch.audit.answered import NotAnAnswer
from switch.cli.audit import audit
from switch.cli.refusals import sentence_of
from switch.config import Settings
from tests.fix_ledger import Ledger


@pytest.fixture
def settings(ledger: Ledger, tmp_path: Path) -> Settings:
    kek = tmp_path / "kek"
    kek.write_text(f"kek-test:{bytes(range(16)).hex()}\n", "ascii")
    return Settings(data_dir=tmp_path, database_url=ledger.province.url)


def test_a_clean_ledger_ends_with_0(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(settings, None, as_json=False) == 0
    said = capsys.readouterr().out
    assert "借贷平衡" in said
    assert "not given" in said
    assert "broken" not in said


def test_a_broken_ledger_ends_with_1_and_names_the_rows(
    ledger: Ledger, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.break_it("UPDATE member SET account_current_fen = account_current_fen + 1")
    assert audit(settings, None, as_json=False) == 1
    said = capsys.readouterr().out
    assert "broken" in said
    assert "9 more" in said  # 29 members, of whom 20 are shown
    assert audit(settings, None, as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["clean"]
    broken = [one for one in report["invariants"] if one["state"] == "broken"]
    assert [one["number"] for one in broken] == [13]
    assert broken[0]["count"] == len(broken[0]["violations"]) == 29
    assert broken[0]["violations"][0]["key"].startswith("member ")


@pytest.mark.parametrize(("text", "error"), [(None, OSError), ("{\n", NotAnAnswer)])
def test_answers_that_are_none_are_refused(
    settings: Settings, tmp_path: Path, text: str | None, error: type[Exception]
) -> None:
    file = tmp_path / "answers.jsonl"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(error) as caught:
        audit(settings, file, as_json=True)
    assert sentence_of(caught.value) == str(caught.value)


def test_answers_are_counted(
    ledger: Ledger, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(a.line()) + "\n" for a in ledger.answers), "utf-8")
    assert audit(settings, file, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["read"]["answers"] == len(ledger.answers)
