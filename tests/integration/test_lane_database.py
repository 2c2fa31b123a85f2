"""A database in trouble: what nothing was done about is said to be so, what is open is too."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from medswitch.v1 import reply_pb2
from switch.model.fault import Fault, FaultReason
from switch.model.ids import BATCH_MAX
from switch.store import postman
from tests.fix_db import _run
from tests.fix_province import Province, Room, room

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_in_service"


async def prepared(counter: Room, who: str = WHO) -> bytes:
    """Return a Settle that only has to be posted."""
    card, claim = counter.province.card(who), counter.claim()
    return counter.settle_body(claim, card, await counter.presettle(claim, card))


async def reason_of(counter: Room, body: bytes) -> FaultReason:
    with pytest.raises(Fault) as caught:
        await counter.settle(body)
    return caught.value.reason


@contextmanager
def altered(province: Province, statement: str, undo: str) -> Iterator[None]:
    """Alter the schema as only a superuser can, for as long as the block lasts."""
    with psycopg.connect(province.url, autocommit=True) as connection:
        connection.execute("SET search_path = medswitch")
        connection.execute(statement)
        try:
            yield
        finally:
            connection.execute(undo)


def failing(table: str, sqlstate: str) -> tuple[str, str]:
    """Return what makes every insert into a table fail with an SQLSTATE, and what ends that."""
    make = (
        "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'as told' USING ERRCODE = '{sqlstate}'; END $$;"
        f" CREATE TRIGGER fails BEFORE INSERT ON {table} EXECUTE FUNCTION fails()"
    )
    return make, f"DROP TRIGGER fails ON {table}; DROP FUNCTION fails()"


async def test_reference_data_that_cannot_be_loaded_is_no_open_outcome(
    province: Province, server_url: str
) -> None:
    """The lane's first batch loads them; the database lets nobody in."""
    async with room(province) as counter:
        body = await prepared(counter)
        name = province.one("SELECT current_database()")[0]
        _run(server_url, "alter database {} allow_connections false", name)
        try:
            assert await reason_of(counter, body) is FaultReason.OVERLOADED
        finally:
            _run(server_url, "alter database {} allow_connections true", name)
        assert (await counter.settle(body)).outcome.code == OK


async def test_a_connection_lost_before_anything_was_sent_is_no_open_outcome(
    province: Province,
) -> None:
    """The lane's number is asked for between reading and posting: each time the backend dies."""
    dies = (
        "ALTER FUNCTION new_lane(timestamptz) RENAME TO new_lane_kept;"
        "CREATE FUNCTION new_lane(timestamptz) RETURNS int LANGUAGE sql SECURITY DEFINER AS"
        " $$ SELECT pg_terminate_backend(pg_backend_pid())::int $$"
    )
    lives = (
        "DROP FUNCTION new_lane(timestamptz);"
        "ALTER FUNCTION new_lane_kept(timestamptz) RENAME TO new_lane"
    )
    async with room(province) as counter:
        body = await prepared(counter)
        with altered(province, dies, lives):
            assert await reason_of(counter, body) is FaultReason.OVERLOADED
        assert (await counter.settle(body)).outcome.code == OK


@pytest.mark.parametrize("sqlstate", ["53100", "25006"])
async def test_a_server_that_can_write_nothing_refuses_no_claim(
    province: Province, sqlstate: str
) -> None:
    """A full disk, a standby: all of a batch is told that nothing was done, and none is halved."""
    async with room(province) as counter:
        bodies = [await prepared(counter, who) for who in (WHO, "cancel_patient")]
        with altered(province, *failing("batch", sqlstate)):
            reasons = await asyncio.gather(*(reason_of(counter, body) for body in bodies))
        assert set(reasons) == {FaultReason.OVERLOADED}
        answers = await asyncio.gather(*map(counter.settle, bodies))
        assert {answer.outcome.code for answer in answers} == {OK}
        assert province.one("SELECT max(batch) FROM batch WHERE requests > 0") == (1,)


async def test_a_number_that_a_lost_call_took_after_all_ends_the_lane_and_nothing_else(
    province: Province,
) -> None:
    """A call given up for lost commits late: the lane is born again, its old chain ends there."""
    async with room(province) as counter:
        bodies = [await prepared(counter, who) for who in (WHO, "cancel_patient")]
        assert (await counter.settle(bodies[0])).outcome.code == OK
        lane, number = await counter.lane._postman.next_batch()
        with psycopg.connect(province.url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO medswitch.batch (lane, batch, posted_at, requests, journals, sums,"
                " seal_version, seal) VALUES (%s, %s, now(), 0, 0, '{}', 1, '')",
                (lane, number),
            )
        assert (await counter.settle(bodies[1])).outcome.code == OK
        newest = province.one("SELECT lane, batch FROM batch ORDER BY lane DESC, batch DESC")
        assert newest == (lane + 1, 1)


async def test_a_lane_whose_numbers_are_used_up_is_born_again(province: Province) -> None:
    async with room(province) as counter:
        bodies = [await prepared(counter, who) for who in (WHO, "cancel_patient")]
        lane, _ = await counter.lane._postman.next_batch()
        counter.lane._postman._batch = BATCH_MAX
        for body in bodies:
            assert (await counter.settle(body)).outcome.code == OK
        used = province.one(
            "SELECT array_agg((lane, batch) ORDER BY lane, batch)::text FROM batch"
            " WHERE lane >= %s AND requests > 0",
            lane,
        )
        assert used == (f'{{"({lane},{BATCH_MAX})","({lane + 1},1)"}}',)


async def test_what_was_sent_on_a_connection_that_broke_is_never_said_to_be_undone(
    province: Province,
) -> None:
    """Each call breaks and none is found committed; yet one may still be on its way."""
    breaks = (
        "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;"
        " CREATE TRIGGER breaks BEFORE INSERT ON request FOR EACH ROW EXECUTE FUNCTION breaks()"
    )
    mends = "DROP TRIGGER breaks ON request; DROP FUNCTION breaks()"
    async with room(province) as counter:
        body = await prepared(counter)
        with altered(province, breaks, mends):
            assert await reason_of(counter, body) is FaultReason.UNDECIDED
        assert (await counter.settle(body)).outcome.code == OK
        assert province.one("SELECT count(*) FROM request") == (1,)


async def test_a_call_that_hangs_leaves_the_outcome_open_and_is_waited_for(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was lost: the server is only slow. The caller is told, and the lane goes on."""
    monkeypatch.setattr(postman, "UNDECIDED_AFTER_S", 0.1)
    async with room(province) as counter:
        body = await prepared(counter)
        with psycopg.connect(province.url) as other:
            other.execute(
                "SELECT FROM medswitch.member WHERE member_id = %s FOR UPDATE",
                (province.member_id(WHO),),
            )
            assert await reason_of(counter, body) is FaultReason.UNDECIDED
        assert (await counter.settle(body)).outcome.code == OK
        assert province.one("SELECT count(*) FROM journal WHERE kind = 'settlement'") == (1,)
