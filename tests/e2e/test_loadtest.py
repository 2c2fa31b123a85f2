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


@pytest.mark.slow
def test_the_benchmark_balances_and_names_its_results(tmp_path: Path) -> None:
    """Small: what it says of speed means nothing, that it balances does."""
    results = tmp_path / "results.jsonl"
    done = subprocess.run(
        [
            sys.executable, "-m", "loadtest.bench", "--rounds", "1", "--calls", "32",
            "--users", "8", "--members", "400",
            "--data-dir", str(tmp_path / "province"), "--results", str(results),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = {one["name"]: one for one in map(json.loads, results.read_text("utf-8").splitlines())}
    wanted = {
        "settle_over_echo", "stream_over_echo", "p99_settle_over_echo_at_half", "mac_card_share",
        "rss_mib",
    }  # fmt: skip
    assert wanted <= found.keys()
    for one in found.values():
        assert not one["void"]
        assert one["low"] <= one["value"] <= one["high"]
        assert one["settings"]["fsync"] == one["settings"]["synchronous_commit"] == "on"
    assert results.with_suffix(".html").read_text("utf-8").startswith("<!DOCTYPE html>")
