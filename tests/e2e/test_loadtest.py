"""The load test as a reviewer runs it, small: the switch is killed, comes back, nothing is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.durable
def test_kill_in_the_middle_of_the_load_loses_no_answered_settlement(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    small = ["--seconds", "10", "--members", "200", "--terminals", "8", "--users", "4"]
    done = subprocess.run(
        [
            sys.executable, "-m", "loadtest", "kill", *small,
            "--data-dir", str(tmp_path / "province"), "--results", str(results),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (result,) = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    assert not result["void"]
    assert result["kill"]["back_after_s"] > 0
    assert result["database"]["fsync"] == result["database"]["synchronous_commit"] == "on"
    assert result["work"]["mixed"]["operations"]["settle"]["count"] > 0
    assert result["answers"] > 0
