"""Logs: their shape, and that a log nobody can read stops nobody's work."""

import json
import os
import sys
from collections.abc import Iterator

import pytest
import structlog

from switch.logs import configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave structlog to the other tests as it was."""
    kept = structlog.get_config()
    yield
    structlog.configure(**kept)


def test_events_are_one_json_object_a_line_from_their_level_up(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("warning")
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("call", request_id="R1", took_us=7)
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert (event["event"], event["level"]) == ("call", "warning")
    assert (event["request_id"], event["took_us"]) == ("R1", 7)
    assert event["timestamp"].endswith("Z")


def test_a_log_whose_reader_is_gone_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1, encoding="utf-8") as broken:
        monkeypatch.setattr(sys, "stderr", broken)
        configure("info")
        for _ in range(3):
            structlog.get_logger().info("call", request_id="R1")
        with pytest.raises(BrokenPipeError):
            broken.flush()
        # Taken away, or closing the file would try to write once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), broken.fileno())


def test_a_closed_log_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    _, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as file:
        monkeypatch.setattr(sys, "stderr", file)
        configure("info")
    structlog.get_logger().error("lane_failed")
