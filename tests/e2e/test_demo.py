"""The demonstration as a stranger runs it: one command, a real process, every case, the audit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.durable
def test_every_case_comes_out_and_the_audit_is_clean(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    switch = [sys.executable, "-m", "switch", "--data-dir", str(folder)]
    shown = subprocess.run(
        [*switch, "demo"], check=False, capture_output=True, text=True, timeout=180
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "every case came out as expected" in shown.stdout
    assert "✗" not in shown.stdout
    # Every invariant, the sixth with what the counters were answered.
    assert shown.stdout.count("成立 held") == 18
    assert "0 answers missing" in shown.stdout
    audited = subprocess.run(
        [*switch, "audit", "--json"], check=False, capture_output=True, text=True, timeout=120
    )
    assert audited.returncode == 0
    assert json.loads(audited.stdout)
    secrets = json.loads((folder / "issuer.json").read_text("utf-8"))
    log = (folder / "switch.log").read_text("utf-8") + shown.stdout + shown.stderr
    people = json.loads((folder / "people.json").read_text("utf-8"))["people"]
    for suites in secrets["ministry"].values():
        assert not any(key in log for key in suites.values())
    for person in people.values():
        assert person["social_security_number"] not in log
        assert person["card"]["number"] not in log
