"""The long stay as a stranger runs it, with fewer lines: every answer lost once, a clean audit."""

from pathlib import Path

import pytest
from rich.console import Console

from switch.audit import audit_database
from switch.cli.database import open_database
from switch.config import Settings, read_kek
from switch.demo import stay
from switch.demo.run import ANSWERS, fresh_folder, run_scenario


@pytest.mark.durable
def test_a_long_stay_comes_out_and_the_audit_is_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stay, "LINES_A_DAY", 10)
    settings = Settings(data_dir=tmp_path / "stay")
    fresh_folder(settings.data_dir)
    console = Console(record=True, width=200)
    with open_database(settings) as url:
        wrong = run_scenario(settings, url, console)
        report = audit_database(url, read_kek(settings), answers=settings.data_dir / ANSWERS)
    told = console.export_text()
    assert wrong == 0, told
    assert "✗" not in told
    assert report.clean, report
    assert report.read["answers missing"] == 0
    assert report.read["visits"] == 2
