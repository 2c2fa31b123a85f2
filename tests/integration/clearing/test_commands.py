"""`medswitch close-day` and `medswitch clearing` as a clerk uses them."""

import csv
import json
from pathlib import Path

import pytest

from switch.cli import close_day
from switch.cli.close_day import close_period
from switch.cli.positions import positions
from switch.config import Settings
from switch.store.office import Signer
from tests.fix_office import signer_of
from tests.fix_province import KEK
from tests.integration.clearing.fix_clearing import HOME, Clearing, day


@pytest.fixture
def settings(office: Clearing, tmp_path: Path) -> Settings:
    kek = tmp_path / "kek"
    kek.write_text(f"{KEK.kek_id}:{bytes(range(16)).hex()}\n", "ascii")
    return Settings(data_dir=tmp_path, database_url=office.ledger.province.url, kek_file=kek)


@pytest.fixture
def who(monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path, None]:
    """Li, whose key file needs no passphrase here."""

    def read(name: str, _: Path, __: Path | None) -> Signer:
        return signer_of(name)

    monkeypatch.setattr(close_day, "read_signer", read)
    return "li", Path("li.pem"), None


def test_a_clerk_closes_the_days_that_are_over_and_gets_their_files(
    office: Clearing, settings: Settings, who: tuple[str, Path, None], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    first = office.first_day()
    folder = tmp_path / "files"
    looked = close_period(settings, HOME, "", None, yes=True, accept=False, folder=None)
    assert looked == 1
    assert "may be closed" in capsys.readouterr().out
    done = close_period(settings, HOME, "", who, yes=True, accept=False, folder=folder)
    assert done == 0
    shown = capsys.readouterr().out
    assert f"已结账 closed: {first}" in shown
    with (folder / f"flows-{HOME}-{first}.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    seen = office.look(day(first))
    total = sum(round(float(row["fund_payamt"]) * 100) for row in rows)
    assert total == seen.fund_fen + seen.account_fen
    assert close_period(settings, HOME, "", who, yes=True, accept=False, folder=None) == 0
    assert "is closed, version 1" in capsys.readouterr().out


def test_a_day_that_takes_postings_is_told_and_left(
    office: Clearing, settings: Settings, who: tuple[str, Path, None],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    today = office.open_day(HOME).isoformat()
    assert close_period(settings, HOME, today, who, yes=True, accept=True, folder=None) == 1
    assert "未到日切" in capsys.readouterr().out


def test_positions_are_told_in_three_ways_and_sum_to_zero(
    office: Clearing, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    first = office.first_day().isoformat()
    for mode in ("gross", "bilateral", "multilateral"):
        positions(settings, first, mode, as_json=True)
        told = json.loads(capsys.readouterr().out)
        assert told["mode"] == mode
        assert told["sum_fen"] == 0 == sum(told["positions"].values())
        assert len(told["transfers"]) == (2 if mode == "multilateral" else 1)
    positions(settings, first, None, as_json=False)
    assert "净额合计 positions sum to 0.00" in capsys.readouterr().out


def test_a_months_files_hold_statements_and_positions(
    office: Clearing, settings: Settings, tmp_path: Path
) -> None:
    month = office.close_month()
    folder = tmp_path / "month"
    close_period(settings, HOME, month.name, None, yes=True, accept=False, folder=folder)
    names = {path.name.partition("-")[0] for path in folder.iterdir()}
    assert names == {"flows", "statements", "positions"}
    with (folder / f"statements-{HOME}-{month.name}.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["state"] for row in rows} == {"open"}
    assert all(len(row["digest"]) == 64 for row in rows)
