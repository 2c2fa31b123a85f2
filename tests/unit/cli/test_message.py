"""`medswitch message check` as a command: what it prints and the status it ends with."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from switch.cli.message import SHOWN_MAX, check, show
from switch.cli.program import app
from switch.national import check as check_all

CASES = Path(__file__).parents[2] / "cases_national"


def test_a_good_message_is_shown_with_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    assert check([CASES / "inpatient_settle.json"], as_json=False) == 0
    said = capsys.readouterr().out
    assert "结算 settle  setl_id 330200000000000901" in said
    assert "8640.35 = 5734.86 + 2785.35 + 120.14 = 8640.35" in said
    assert "hifdm_pay absent, read as 0" in said
    assert "fails 0" in said


def test_a_failure_names_its_terms_and_the_difference(capsys: pytest.CaptureFixture[str]) -> None:
    files = [CASES / "cancel_off_by_a_fen.jsonl", CASES / "hospital_part_left_out.json"]
    assert check(files, as_json=False) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "-107.60 ≠ acct_pay -59.99 + psn_cash_pay -47.60 = -107.59" in said
    assert "difference -0.01" in said
    assert "acct_pay -59.99 ≠ -60.00" in said
    assert "missing: inscp_scp_amt" in said
    assert "inscp_scp_amt would have to be 90.00" in said


def test_lines_are_counted_and_only_what_fails_is_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check([CASES / "lines_fail.json"], as_json=False) == 1
    said = capsys.readouterr().out
    assert "holds 6" in said
    assert "#4 B4: 58.99 ≠ 59.00 (pric_uplmt_amt 120.50, cnt 2.00)" in said


def test_signs_that_differ_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert check([CASES / "cancel_with_two_signs.json"], as_json=False) == 1
    said = capsys.readouterr().out
    assert "psn_cash_pay 20.00" in said
    assert "setldetail 310100 30.00" in said


def test_a_sum_over_lines_has_two_sides(capsys: pytest.CaptureFixture[str]) -> None:
    assert check([CASES / "lines_sent_only.json"], as_json=False) == 1
    said = capsys.readouterr().out
    assert "8.00 ≠ 7.00" in said
    assert "difference 1.00" in said


def test_many_failures_are_cut_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {"det_item_fee_sumamt": 1, "pric": 2, "cnt": 3}
    file = tmp_path / "lines.json"
    file.write_text(json.dumps({"result": [line] * (SHOWN_MAX + 3)}), "utf-8")
    assert check([file], as_json=False) == 1
    assert "and 3 more" in capsys.readouterr().out


def test_what_has_no_amounts_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert check([CASES / "nothing_to_check.jsonl"], as_json=False) == 0
    said = capsys.readouterr().out
    assert "no amounts to check" in said
    assert "结算进行中，请勿重复操作" in said


def test_unreadable_files_end_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check([tmp_path / "none.json", tmp_path], as_json=False) == 2
    assert check([CASES / "partly_unreadable.jsonl"], as_json=False) == 2
    said = capsys.readouterr().out
    assert "none.json" in said
    assert "cannot be read" in said
    assert "partly_unreadable.jsonl:2" in said


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert check([CASES / "totals_differ.json"], as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["status"] == 1
    assert [one["kind"] for one in report["messages"]] == ["totals request", "totals", "settle"]
    assert sum(report["counts"].values()) == sum(len(m["findings"]) for m in report["messages"])


def test_standard_input_is_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = (CASES / "strings_gb18030.json").read_bytes()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    assert check([Path("-")], as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["messages"][0]["file"] == "-"


def test_a_narrow_terminal_loses_no_digit() -> None:
    file = CASES / "deductible_with_fund.json"
    console = Console(file=(text := io.StringIO()), width=80)
    show(check_all([(file.name, file.read_bytes())]), console)
    assert "10.00 ≠" in text.getvalue()
    assert "…" not in text.getvalue()


@pytest.mark.parametrize(
    ("name", "status"),
    [("inpatient_settle.json", 0), ("lines_fail.json", 1), ("partly_unreadable.jsonl", 2)],
)
def test_the_command_is_where_the_others_are(name: str, status: int) -> None:
    result = CliRunner().invoke(app, ["message", "check", "--json", str(CASES / name)])
    assert result.exit_code == status
    assert json.loads(result.output)["status"] == status


def test_a_command_without_files_says_so() -> None:
    assert CliRunner().invoke(app, ["message", "check"]).exit_code == 2
