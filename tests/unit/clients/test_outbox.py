"""The outbox keeps what was to be sent, whoever is killed, and never makes an id twice."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from clients.outbox import Entry, EntryState, Outbox, OutboxBusy
from switch.model.ids import InstitutionCode, RequestId
from tests.fix_server import NOW, ManualClock

INSTITUTION = InstitutionCode("H33020000001")


def opened(path: Path | str, clock: ManualClock, sequences: range = range(10_000)) -> Outbox:
    return Outbox(path, INSTITUTION, clock.now, sequences)


def entry(request_id: RequestId, method: str = "Settle") -> Entry:
    return Entry(request_id, method, "0001000001", 100, b"body")


def test_ids_rise_within_a_second_and_begin_anew_in_the_next() -> None:
    clock = ManualClock()
    outbox = opened(":memory:", clock)
    assert outbox.make_id() == "H33020000001201812011000000000"
    assert outbox.make_id() == "H33020000001201812011000000001"
    clock.move(timedelta(seconds=1))
    assert outbox.make_id() == "H33020000001201812011000010000"


def test_terminals_of_one_institution_share_the_sequence_without_overlap() -> None:
    clock = ManualClock()
    first, second = (opened(":memory:", clock, range(n, 10_000, 2)) for n in (0, 1))
    made = [box.make_id() for box in (first, second) for _ in range(100)]
    assert len(set(made)) == 200


def test_small_share_runs_ahead_of_the_clock_and_stops_before_the_switch_refuses() -> None:
    outbox = opened(":memory:", ManualClock(), range(5, 7))
    made = [outbox.make_id() for _ in range(122)]
    assert len(set(made)) == 122
    assert made[2] == "H33020000001201812011000010005"
    with pytest.raises(RuntimeError, match="used up"):
        outbox.make_id()


def test_clock_put_back_makes_no_id_twice(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = opened(tmp_path / "outbox", clock)
    made = [outbox.make_id() for _ in range(3)]
    outbox.store(entry(made[-1]))
    outbox.close()
    clock.move(timedelta(hours=-1))
    again = opened(tmp_path / "outbox", clock)
    assert again.make_id() == "H33020000001201812011000000003"
    again.close()


def test_entry_is_closed_once_and_a_closed_one_may_still_be_undone() -> None:
    outbox = opened(":memory:", ManualClock())
    request_id = outbox.make_id()
    outbox.store(entry(request_id))
    assert [e.request_id for e in outbox.pending()] == [request_id]
    outbox.close_entry(request_id, EntryState.ANSWERED, b"reply")
    outbox.close_entry(request_id, EntryState.REFUSED, None)
    kept = outbox.entry(request_id)
    assert kept is not None
    assert (kept.state, kept.reply, kept.body) == (EntryState.ANSWERED, b"reply", b"body")
    outbox.close_entry(request_id, EntryState.UNDONE, None, "R")
    kept = outbox.entry(request_id)
    assert kept is not None
    assert (kept.state, kept.reply, kept.note) == (EntryState.UNDONE, b"reply", "R")
    assert outbox.pending() == []


def test_id_is_stored_once() -> None:
    outbox = opened(":memory:", ManualClock())
    stored = entry(outbox.make_id())
    outbox.store(stored)
    with pytest.raises(ValueError, match="stored already"):
        outbox.store(stored)


def test_only_closed_entries_are_forgotten() -> None:
    clock = ManualClock()
    outbox = opened(":memory:", clock)
    ids = [outbox.make_id() for _ in range(2)]
    for request_id in ids:
        outbox.store(entry(request_id))
    outbox.close_entry(ids[0], EntryState.ANSWERED, b"")
    assert outbox.forget(NOW) == 0
    assert outbox.forget(NOW + timedelta(days=1)) == 1
    assert [e.request_id for e in outbox.pending()] == [ids[1]]


def test_two_processes_do_not_share_one_file(tmp_path: Path) -> None:
    outbox = opened(tmp_path / "outbox", ManualClock())
    with pytest.raises(OutboxBusy, match="another process"):
        opened(tmp_path / "outbox", ManualClock())
    outbox.close()
    opened(tmp_path / "outbox", ManualClock()).close()


@pytest.mark.parametrize("sequences", [range(0), range(-1, 5), range(9_999, 10_001)])
def test_share_lies_within_0_to_9999(sequences: range) -> None:
    with pytest.raises(ValueError, match="no share"):
        opened(":memory:", ManualClock(), sequences)


def test_process_killed_after_storing_leaves_its_request(tmp_path: Path) -> None:
    """Killed between store and send: the bytes are there, and ids go on after the one stored."""
    program = (
        "import os, signal, sys\n"
        "from tests.unit.clients.test_outbox import ManualClock, Path, entry, opened\n"
        "outbox = opened(Path(sys.argv[1]), ManualClock())\n"
        "outbox.store(entry(outbox.make_id()))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "outbox")], cwd=root, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    outbox = opened(tmp_path / "outbox", ManualClock())
    assert [(e.method, e.body) for e in outbox.pending()] == [("Settle", b"body")]
    assert outbox.make_id() == "H33020000001201812011000000001"
    outbox.close()
