"""The audit of a switch at work: nothing is stopped, and nothing is falsely accused."""

import asyncio

from clients.bill import item
from tests.fix_ledger import OK, Ledger, signed_room
from tests.fix_province import ManualClock


async def test_an_audit_between_postings_finds_nothing(ledger: Ledger) -> None:
    """Two replicas post while one audit follows the other: each is clean."""
    province, clock = ledger.province, ManualClock()
    posting = True

    async def post(who: str, number: int) -> None:
        async with signed_room(province, clock=clock, number=number) as here:
            me = province.identity(who)
            while posting:
                claim = here.claim(lines=[item("DEMO-MASK", "口罩", 1, "1.00")])
                assert (await here.buy(claim, me)).outcome.code == OK

    people = ("ceiling_patient", "adult_resident")
    tasks = [asyncio.create_task(post(who, n)) for n, who in enumerate(people, start=1)]
    for _ in range(8):
        report = await asyncio.to_thread(ledger.audit)
        assert report.clean, [v for r in report.results for v in r.violations]
    posting = False
    await asyncio.gather(*tasks)
    assert ledger.audit().clean
