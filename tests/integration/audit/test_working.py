"""The audit of a switch at work: nothing is stopped, and nothing is falsely accused."""

import asyncio

from clients.bill import item
from tests.fix_ledger import OK, Ledger, SignedRoom, signed_room
from tests.fix_province import ManualClock

AUDITS = 8
SETTLEMENTS = 25
"""By each room while one audit reads: they take about as long as it does."""


async def test_an_audit_between_postings_finds_nothing(ledger: Ledger) -> None:
    """Two replicas post while one audit follows the other: each is clean."""
    province, clock = ledger.province, ManualClock()

    async def post(here: SignedRoom, who: str) -> None:
        me = province.identity(who)
        for _ in range(SETTLEMENTS):
            claim = here.claim(lines=[item("DEMO-MASK", "口罩", 1, "1.00")])
            assert (await here.buy(claim, me)).outcome.code == OK

    async with (
        signed_room(province, clock=clock, number=1) as one,
        signed_room(province, clock=clock, number=2) as two,
    ):
        before = province.one("SELECT count(*) FROM request")[0]
        for _ in range(AUDITS):
            async with asyncio.TaskGroup() as together:
                audit = together.create_task(asyncio.to_thread(ledger.audit))
                together.create_task(post(one, "ceiling_patient"))
                together.create_task(post(two, "adult_resident"))
            report = audit.result()
            assert report.clean, [v for r in report.results for v in r.violations]
        posted = province.one("SELECT count(*) FROM request")[0] - before
    assert posted == 2 * AUDITS * SETTLEMENTS
    assert ledger.audit().clean


async def test_a_room_never_makes_a_request_id_twice(ledger: Ledger) -> None:
    """Not for thousands of requests of two rooms in one standing second."""
    clock = ManualClock()
    async with (
        signed_room(ledger.province, clock=clock, number=1) as one,
        signed_room(ledger.province, clock=clock, number=2) as two,
    ):
        ids = [here.request_id() for _ in range(2_500) for here in (one, two)]
    assert len(set(ids)) == len(ids)
