"""The lane aside: what is about visits is done in a thread of its own, and nobody waits for it."""

import asyncio
import threading
from typing import Any

import psycopg
import pytest

from medswitch.v1 import visit_pb2
from switch.model.fault import Fault, FaultReason
from switch.pipeline.desk import Desk
from switch.security.vault import SoftwareVault
from switch.store.aside import Aside, is_long
from switch.store.inquiry import InquiryWindow
from switch.store.keys import load_keys
from switch.store.lane import Lane
from switch.store.postman import Postman
from switch.store.reference import ReferenceCache
from switch.wire.codec import WireCodec
from tests.fix_province import KEK, ManualClock, Province, Room, room
from tests.fix_visits import Ward, charge

AT = "ningbo_tertiary"
WHO = "employee_in_service"


def beside(url: str, clock: ManualClock, begun_in: list[str]) -> tuple[Lane, InquiryWindow]:
    with psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(KEK, load_keys(connection))
    desk, reference = Desk(vault, WireCodec()), ReferenceCache(url, clock)
    begun_in.append(threading.current_thread().name)
    lane = Lane(Postman(url, vault, clock, durable=False), desk, clock, reference.fresh)
    window = Postman(url, vault, clock, durable=False)
    return lane, InquiryWindow(window, desk, clock, reference.recent)


def operation(there: Room, method: str, body: bytes) -> Any:
    return there.codec.decode(method, there.call(method, body))


async def test_what_is_about_a_visit_is_answered_aside_while_the_loop_goes_on(
    province: Province,
) -> None:
    begun_in: list[str] = []
    async with room(province, AT) as there:
        ward = Ward(there)
        aside = Aside(lambda: beside(province.url, there.clock, begun_in))
        try:
            assert begun_in == []  # nothing before the first request that needs it
            asked = operation(there, "Register", ward.register_body(WHO))
            assert is_long(asked)
            visit = visit_pb2.RegisterResponse.FromString(await aside.post(asked)).visit
            lines = [charge(n, ward.day(-5)) for n in range(1, 501)]
            body = ward.body(visit_pb2.UploadLinesRequest, visit, lines=lines)
            turns, work = 0, asyncio.ensure_future(
                aside.post(operation(there, "UploadLines", body))
            )  # fmt: skip
            while not work.done():
                await asyncio.sleep(0)
                turns += 1
            assert visit_pb2.UploadLinesResponse.FromString(await work).added == 500
            assert turns > 10
            get = ward.body(visit_pb2.GetVisitRequest, visit, with_lines=True)
            told = await aside.inquire(operation(there, "GetVisit", get))
            assert len(visit_pb2.GetVisitResponse.FromString(told).lines) == 500
            # The other lane sees what this one wrote: one ledger, two lanes.
            assert (await ward.told(visit, after_line=0)).visit.lines == 500
            assert len(begun_in) == 1
        finally:
            await aside.stop()
        with pytest.raises(Fault) as caught:
            await aside.post(operation(there, "Register", ward.register_body(WHO)))
        assert caught.value.reason is FaultReason.SHUTTING_DOWN


async def test_a_database_that_is_away_is_tried_again_with_the_next_request(
    province: Province,
) -> None:
    urls = ["postgresql:///nowhere?host=/nowhere", province.url]
    async with room(province, AT) as there:
        ward = Ward(there)
        aside = Aside(lambda: beside(urls.pop(0), there.clock, []))
        try:
            asked = operation(there, "Register", ward.register_body(WHO))
            with pytest.raises(Fault) as caught:
                await aside.post(asked)
            assert caught.value.reason is FaultReason.OVERLOADED
            reply = visit_pb2.RegisterResponse.FromString(await aside.post(asked))
            assert reply.outcome.code == 1
        finally:
            await aside.stop()


async def test_one_that_was_never_used_stops_at_once() -> None:
    await Aside(lambda: beside("", ManualClock(), [])).stop()
