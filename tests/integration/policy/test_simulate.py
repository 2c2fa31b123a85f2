"""`medswitch policy simulate` over a real ledger: nothing changes under the book in force, and a
known change moves exactly what the stored workings say it must.
"""

import json
import shutil
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import psycopg
import pytest

from medswitch.v1 import settlement_pb2
from switch.cli.policy_simulate import simulate_policy
from switch.config import Settings
from tests.fix_ledger import Ledger

RATIO = '{ levels = ["community"], classes = ["in_service"], fund = [86] }'


@pytest.fixture
def settings(ledger: Ledger, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=ledger.province.url)


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    """Ningbo's policy, the fund paying 96 instead of 86 percent at community centres."""
    folder = tmp_path / "candidate"
    with as_file(files("switch.rules") / "parameters" / "330299") as shipped:
        shutil.copytree(shipped, folder)
    file = folder / "employee.toml"
    text = file.read_text("utf-8")
    assert text.count(RATIO) == 1
    file.write_text(text.replace(RATIO, RATIO.replace("86", "96")), "utf-8")
    return folder


def simulated(
    settings: Settings, policies: list[str], capsys: pytest.CaptureFixture[str], **options: Any
) -> Any:
    since, until = options.pop("since", None), options.pop("until", None)
    given: dict[str, Any] = {"jobs": 1, "html": None, "json_wanted": True, **options}
    assert simulate_policy(settings, policies, since, until, **given) == 0
    return json.loads(capsys.readouterr().out)


def stored(ledger: Ledger) -> list[settlement_pb2.SettleResponse]:
    """The stored replies of the settlements that stand."""
    with psycopg.connect(ledger.province.url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT r.reply FROM medswitch.request r WHERE r.method = 'Settle'"
            " AND r.journal_id IS NOT NULL AND NOT EXISTS (SELECT FROM medswitch.undo u"
            " WHERE u.month = r.month AND u.original_id = r.request_id)"
        ).fetchall()
    return [settlement_pb2.SettleResponse.FromString(row[0]) for row in rows]


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_book_in_force_changes_nothing_to_the_fen(
    ledger: Ledger, settings: Settings, capsys: pytest.CaptureFixture[str], jobs: int
) -> None:
    report = simulated(settings, ["active:330299"], capsys, jobs=jobs)
    live = [one.decision.split for one in stored(ledger)]
    whole = report["whole"]
    assert report["settlements_changed"] == 0
    assert report["unread"] == {}
    assert report["sums_without_history"] == []
    assert whole["settlements"] == len(live) > 0
    assert whole["total_fen"] == sum(split.total_fen for split in live)
    assert whole["fund_before_fen"] == whole["fund_after_fen"] == sum(s.fund_fen for s in live)
    assert (
        whole["person_before_fen"]
        == whole["person_after_fen"]
        == sum(split.person_fen for split in live)
    )
    assert (whole["gainers"], whole["losers"]) == (0, 0)
    assert all(one["change_fen"] == 0 for one in report["payers"].values())


def test_a_known_change_moves_exactly_the_expected_sums(
    ledger: Ledger, settings: Settings, candidate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten percent more of each base of the band, half-up; found in the stored workings.

    The self segment is before the fund and takes the same, so no later bill sees another past; no
    account is left to pay a co-pay, so it is cash that falls.
    """
    moved: dict[str, int] = {}
    for reply in stored(ledger):
        for step in reply.decision.working:
            if step.rule.startswith("employee.outpatient.bands@") and step.rate_bp == 8_600:
                more = (step.base_fen * 96 + 50) // 100 - (step.base_fen * 86 + 50) // 100
                moved[reply.member_id] = moved.get(reply.member_id, 0) + more
    expected = sum(moved.values())
    assert expected > 0
    report = simulated(settings, [str(candidate)], capsys)
    whole = report["whole"]
    assert report["payers"]["310100"]["change_fen"] == expected
    assert whole["fund_after_fen"] - whole["fund_before_fen"] == expected
    assert whole["person_before_fen"] - whole["person_after_fen"] == expected
    assert whole["gained_fen"] == expected
    assert (whole["gainers"], whole["losers"]) == (sum(m > 0 for m in moved.values()), 0)
    by_level = report["by_level"]
    assert by_level["community"]["gained_fen"] == expected
    assert all(cell["gained_fen"] == 0 for level, cell in by_level.items() if level != "community")


def test_only_the_days_asked_for_are_counted(
    ledger: Ledger, settings: Settings, candidate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = ledger.province.one("SELECT min(day), max(day) FROM medswitch.journal")
    assert first < last
    whole = simulated(settings, [str(candidate)], capsys)["whole"]["settlements"]
    early = simulated(settings, [str(candidate)], capsys, until=first)
    late = simulated(settings, [str(candidate)], capsys, since=last)
    assert 0 < early["whole"]["settlements"] < whole
    assert early["whole"]["settlements"] + late["whole"]["settlements"] == whole
    assert (late["from"], late["to"]) == (last.isoformat(), None)


def test_a_region_that_no_candidate_names_is_left_alone(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    report = simulated(settings, ["shipped:339900"], capsys)
    assert report["whole"]["settlements"] == 0


def test_what_the_candidate_no_longer_covers_is_paid_in_cash(
    ledger: Ledger, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bare.toml"
    file.write_text(
        'region = "330299"\n[given]\nsince = 2000-01-01\nsource = "none"\n'
        'insurances = ["390"]\nkinds = ["61"]\n[[rule]]\nid = "b"\ntype = "bands"\nfund = [50]\n',
        "utf-8",
    )
    report = simulated(settings, [str(file)], capsys)
    whole = report["whole"]
    declined = {code: one["settlements"] for code, one in report["declined"].items()}
    # One patient came with the identity number alone, which is judged before the policy.
    assert set(declined) == {"POLICY_NOT_HELD", "IDENTITY_NOT_ACCEPTED"}
    assert sum(declined.values()) == whole["settlements"] > 0
    assert whole["fund_after_fen"] == 0
    assert report["payers"]["cash"]["after_fen"] == whole["total_fen"]


def test_a_new_sum_is_said_to_have_no_history(
    settings: Settings, candidate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (candidate / "more.toml").write_text(
        'region = "330299"\n[given]\nsince = 2011-01-01\nsource = "none"\n'
        'insurances = ["310"]\nkinds = ["11"]\n[[rule]]\nid = "new.sum"\ntype = "accumulator"\n'
        'name = "new.sum"\ncounts = ["total"]\n',
        "utf-8",
    )
    assert simulated(settings, [str(candidate)], capsys)["sums_without_history"] == ["new.sum"]


def test_a_page_is_written_and_the_tables_say_the_same(
    settings: Settings, candidate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    report = simulated(settings, [str(candidate)], capsys, html=page)
    html = page.read_text("utf-8")
    assert "政策试算" in html
    assert f"{report['whole']['settlements']:,} 笔结算" in html
    status = simulate_policy(
        settings, [str(candidate)], None, None, jobs=1, html=None, json_wanted=False
    )
    said = capsys.readouterr().out
    assert status == 0
    assert f"{report['settlements_changed']:,} 笔有变" in said
    assert "职工医保统筹基金" in said


@pytest.mark.parametrize(
    ("policies", "says"),
    [
        (["nowhere.toml"], "nowhere.toml"),
        (["shipped:330299", "active:330299"], "two policies of one region"),
        (["active:999999"], "no rule book of region 999999"),
    ],
)
def test_what_is_no_policy_ends_with_2(
    settings: Settings, policies: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = simulate_policy(settings, policies, None, None, jobs=1, html=None, json_wanted=True)
    assert status == 2
    assert says in capsys.readouterr().err


def test_a_stored_claim_that_cannot_be_read_is_counted_and_named(
    ledger: Ledger, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger.break_it(
        "UPDATE request SET snapshot = '{}' WHERE request_id ="
        " (SELECT max(request_id) FROM request WHERE method = 'Settle' AND journal_id IS NOT NULL)"
    )
    report = simulated(settings, ["active:330299"], capsys)
    assert report["unread"] == {"KeyError: 'member'": 1}
