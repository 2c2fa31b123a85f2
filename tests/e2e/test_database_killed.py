"""kill -9 of the embedded PostgreSQL under a switch that serves: it comes back, nothing is lost."""

import contextlib
import os
import signal
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clients.bill import bill, item
from clients.faults import OutcomeUnknown, SwitchFault
from clients.province import Province
from clients.terminal import SettleState, TerminalClient
from medswitch.v1 import settlement_pb2
from switch.audit import audit_database
from switch.cli.database import open_server
from switch.config import Settings, make_kek
from switch.demo.run import serving
from switch.model.ids import BEIJING
from switch.seed import demonstration

BACK_S_MAX = 60.0


def settle(counter: TerminalClient, province: Province) -> str:
    """Settle one bill and return its request id."""
    card = province.card("employee_in_service")
    claim = bill("11", "330299", date(2018, 12, 20), [item("DEMO-ECG", "心电图", 1, "30.00")])
    result = counter.settle_or_reverse(claim, card, counter.presettle(claim, card))
    assert result.state is SettleState.POSTED
    return result.request_id


@pytest.mark.slow
@pytest.mark.durable
def test_a_killed_database_is_started_again_under_the_switch(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    kek = make_kek(settings, bytes(range(16)))
    today = datetime.now(UTC).astimezone(BEIJING).date()
    with open_server(settings) as (url, server):
        demonstration(url, random_seed=1, data_dir=tmp_path, kek=kek, today=today)
        province = Province(tmp_path)
        assert server is not None
        with (
            serving(settings) as port,
            province.counter("ningbo_community_1", f"127.0.0.1:{port}") as counter,
        ):
            posted = [settle(counter, province)]
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            limit = time.monotonic() + BACK_S_MAX
            while len(posted) == 1 and time.monotonic() < limit:
                # Until it is back a presettlement is refused: later. A Settle may be left unknown.
                with contextlib.suppress(OutcomeUnknown, SwitchFault):
                    posted.append(settle(counter, province))
            counter.resolve()
            assert not counter.outbox.pending()
            named = [entry for entry in counter.outbox.replied() if entry.method == "Settle"]
            codes = [settlement_pb2.SettleResponse.FromString(e.reply or b"") for e in named]
        report = audit_database(url, kek)
    assert len(posted) == 2
    assert {reply.outcome.request_id for reply in codes} >= set(posted)
    assert report.clean
    assert report.read["journals"] >= 2
