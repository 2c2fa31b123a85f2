"""The reconciliation desk on a real history: what it reads, asks the register, and keeps."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from switch.model.fault import Fault
from switch.model.ids import InstitutionCode
from switch.recon.difference import Difference, Kind, Repair
from switch.recon.record import NOTHING, Leg, Record, Scope, Total
from switch.recon.totals import Balance, sums
from switch.store.comparing import BUSY, COMPARISONS_MAX, Reconciler
from switch.store.recon_records import acts, totals
from tests.fix_ledger import Ledger
from tests.fix_province import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def scope_of(ledger: Ledger, at: str = "ningbo_community") -> Scope:
    code = ledger.province.people["institutions"][at]["code"]
    since, until = ledger.province.one("SELECT min(day), max(day) FROM clearing_window")
    return Scope(InstitutionCode(code), since, until)


def read(ledger: Ledger, scope: Scope) -> list[Record]:
    with psycopg.connect(ledger.province.url, autocommit=True) as connection:
        return list(acts(connection, scope))


def compared(
    ledger: Ledger, scope: Scope, theirs: Sequence[Record], clock: ManualClock,
    stated: Total | None = None,
) -> tuple[list[Difference], Balance, int]:  # fmt: skip
    async def run() -> tuple[list[Difference], Balance, int]:
        found: list[Difference] = []
        async with Reconciler(ledger.province.url, clock).compare(scope) as stand:
            given, more = list(theirs), True
            while given or more:
                piece, given = given[:2], given[2:]
                some, more = stand.go_on(piece, stated, complete=not given)
                found += some
            balance, count, _ = stand.end()
        assert count == len(found)
        return found, balance, stand.number

    return asyncio.run(run())


def standing(ledger: Ledger, scope: Scope, clock: ManualClock) -> list[Difference]:
    async def run() -> list[Difference]:
        async with Reconciler(ledger.province.url, clock).standing(scope) as rows:
            return [difference for _, _, difference in rows]

    return asyncio.run(run())


def test_acts_are_what_terminals_were_answered(ledger: Ledger) -> None:
    said = {
        (answer.reply.outcome.request_id, False): answer.reply.decision.split
        for answer in ledger.answers
        if answer.method == "Settle" and answer.reply.settlement_id
    } | {
        (answer.reply.undone.original.request_id, True): answer.reply.undone
        for answer in ledger.answers
        if answer.method in {"Cancel", "Reverse"} and answer.reply.undone.undo_settlement_id
    }
    found = {}
    for at in ("ningbo_community", "hangzhou_tertiary"):
        for one in read(ledger, scope_of(ledger, at)):
            found[one.settlement, one.leg is Leg.UNDONE] = one
    assert set(found) == set(said)
    for (_, undone), split in ((key, said[key]) for key in said):
        one, sign = found[_, undone], -1 if undone else 1
        assert one.parts.total_fen == sign * split.total_fen
        assert one.parts.fund_fen == sign * split.fund_fen
        assert one.parts.account_fen == sign * split.account_fen
    assert any(one.group.region != "330199" for one in found.values())


def test_totals_are_the_sums_of_the_acts(ledger: Ledger) -> None:
    scope = scope_of(ledger)
    with psycopg.connect(ledger.province.url, autocommit=True) as connection:
        assert totals(connection, scope) == sums(read(ledger, scope))


def test_equal_records_leave_nothing_standing(ledger: Ledger, clock: ManualClock) -> None:
    scope = scope_of(ledger)
    found, balance, _ = compared(ledger, scope, read(ledger, scope), clock)
    assert (found, balance.remainder) == ([], NOTHING)
    assert standing(ledger, scope, clock) == []


def test_the_register_tells_declined_reversed_and_other_days(
    ledger: Ledger, clock: ManualClock
) -> None:
    whole = scope_of(ledger)
    records = read(ledger, whole)
    (declined,) = ledger.province.one(
        "SELECT request_id FROM request WHERE method = 'Settle' AND code <> 1 LIMIT 1"
    )
    (tombstone,) = ledger.province.one("SELECT request_id FROM request WHERE method = 'Tombstone'")
    days = sorted({one.group.day for one in records})
    first, last = days[0], days[-1]
    today = replace(whole, until=first)
    ours = [one for one in records if one.group.day == first]
    shifted = next(one for one in records if one.group.day == last)
    like = ours[0]
    theirs = sorted(
        [
            *ours,
            replace(like, settlement=declined, settlement_id=""),
            replace(like, settlement=tombstone, settlement_id=""),
            replace(shifted, group=replace(shifted.group, day=first)),
        ],
        key=lambda one: one.key,
    )
    found, _, _ = compared(ledger, today, theirs, clock)
    repairs = {one.record.settlement: (one.kind, one.repair) for one in found}
    assert repairs == {
        declined: (Kind.ONLY_INSTITUTION, Repair.STRIKE),
        tombstone: (Kind.ONLY_INSTITUTION, Repair.STRIKE),
        shifted.settlement: (Kind.DAY, Repair.CORRECT),
    }
    (day_off,) = [one for one in found if one.kind is Kind.DAY]
    assert day_off.ours == shifted


def test_a_settlement_undone_on_a_later_day_is_not_reversed_again(
    ledger: Ledger, clock: ManualClock
) -> None:
    scope = scope_of(ledger)
    undone = next(one for one in read(ledger, scope) if one.leg is Leg.UNDONE)
    next_day = undone.group.day + timedelta(days=1)
    ledger.break_it(
        "UPDATE journal SET day = %s WHERE request_id = %s", next_day, undone.act
    )  # fmt: skip
    ledger.break_it(
        "UPDATE posting SET day = %s FROM journal j WHERE j.id = journal_id"
        " AND j.request_id = %s", next_day, undone.act,
    )  # fmt: skip
    day = replace(scope, since=undone.group.day, until=undone.group.day)
    theirs = [one for one in read(ledger, day) if one.settlement != undone.settlement]
    (found,), _, _ = compared(ledger, day, theirs, clock)
    assert (found.kind, found.repair) == (Kind.ONLY_SWITCH, Repair.RECORD)


def test_what_a_later_comparison_does_not_find_stands_no_longer(
    ledger: Ledger, clock: ManualClock
) -> None:
    scope = scope_of(ledger)
    records = read(ledger, scope)
    found, _, _ = compared(ledger, scope, records[1:], clock)
    assert found
    assert standing(ledger, scope, clock) == found
    only = replace(scope, until=scope.since - timedelta(days=1), since=date(2018, 1, 1))
    compared(ledger, only, [], clock)
    assert standing(ledger, scope, clock) == found
    compared(ledger, scope, records, clock)
    assert standing(ledger, scope, clock) == []


def test_a_comparison_that_was_broken_off_says_nothing(ledger: Ledger, clock: ManualClock) -> None:
    scope = scope_of(ledger)

    async def broken_off() -> None:
        async with Reconciler(ledger.province.url, clock).compare(scope) as stand:
            assert stand.go_on([], None, complete=True)[0]

    asyncio.run(broken_off())
    assert standing(ledger, scope, clock) == []


def test_an_end_before_all_was_compared_is_refused(ledger: Ledger, clock: ManualClock) -> None:
    scope = scope_of(ledger)

    async def hasty() -> None:
        async with Reconciler(ledger.province.url, clock).compare(scope) as stand:
            stand.go_on([], None, complete=False)
            with pytest.raises(Fault, match="not complete"):
                stand.end()

    asyncio.run(hasty())


def test_a_stated_total_that_differs_is_the_remainder(ledger: Ledger, clock: ManualClock) -> None:
    scope = scope_of(ledger)
    records = read(ledger, scope)
    theirs = Total(0, NOTHING)
    for one in records:
        theirs = theirs.with_record(one)
    stated = replace(theirs, parts=replace(theirs.parts, total_fen=theirs.parts.total_fen + 6_100))
    found, balance, number = compared(ledger, scope, records, clock, stated)
    assert found == []
    assert balance.remainder.total_fen == -6_100
    row = ledger.province.one(
        "SELECT remainder_total_fen, ours_count FROM comparison WHERE number = %s", number
    )
    assert row == (-6_100, theirs.count)


def test_comparisons_are_bounded_and_given_back(ledger: Ledger, clock: ManualClock) -> None:
    scope, desk = scope_of(ledger), Reconciler(ledger.province.url, clock)

    async def crowd() -> None:
        entered = [desk.compare(scope) for _ in range(COMPARISONS_MAX)]
        for one in entered:
            await one.__aenter__()
        with pytest.raises(Fault, match="run already"):
            await desk.totals(scope)
        for one in entered:
            await one.__aexit__(None, None, None)
        assert await desk.totals(scope)

    asyncio.run(crowd())
    assert str(COMPARISONS_MAX) in BUSY


def test_the_past_of_nobody_is_empty(ledger: Ledger, clock: ManualClock) -> None:
    nobody = Scope(InstitutionCode("H33029999999"), date(2018, 1, 1), date(2018, 1, 1))
    found, balance, _ = compared(ledger, nobody, [], clock)
    assert (found, balance.ours) == ([], Total(0, NOTHING))
