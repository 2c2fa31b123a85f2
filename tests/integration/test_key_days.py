"""A switch tells by itself, from its first minute on, which of its keys come to their last day."""

import asyncio
from collections.abc import Sized
from datetime import UTC, datetime, timedelta

import psycopg
from structlog.testing import capture_logs

from switch.model.ids import BEIJING
from switch.store.key_days import watch_key_days
from tests.fix_province import ManualClock, Province

KEY = "province/330000/AUTH/SM4/1"


async def rounds(url: str, events: Sized, wanted: int) -> None:
    """Let it look at the keys until it has told so much."""
    task = asyncio.create_task(watch_key_days(url, ManualClock(), every_s=0.01))
    async with asyncio.timeout(20):
        while len(events) < wanted:  # noqa: ASYNC110 - the log is all there is to wait for
            await asyncio.sleep(0.01)
    task.cancel()


async def test_a_live_key_is_told_of_each_round_and_a_retired_one_no_more(
    province: Province,
) -> None:
    last = datetime.now(UTC).astimezone(BEIJING).date() + timedelta(days=45)
    with psycopg.connect(province.url, autocommit=True) as connection:
        connection.execute("UPDATE medswitch.vault_key SET ends_on = NULL")
        change = "UPDATE medswitch.vault_key SET ends_on = %s, state = %s WHERE key_id = %s"
        connection.execute(change, (last, "live", KEY))
        with capture_logs() as events:
            await rounds(province.url, events, 2)
        assert {(one["event"], one["key"], one["log_level"]) for one in events} == {
            ("key_ends", KEY, "warning")
        }
        connection.execute(change, (last, "retired", KEY))
        connection.execute(change, (last, "pending", "province/330000/TAC/SM4/1"))
        with capture_logs() as events:
            await rounds(province.url, events, 1)
        assert {one["key"] for one in events} == {"province/330000/TAC/SM4/1"}


async def test_a_database_that_does_not_answer_is_asked_again() -> None:
    with capture_logs() as events:
        await rounds("postgresql://nobody@/none?host=/no/such/folder", events, 2)
    assert {one["event"] for one in events} == {"key_days_not_read"}
