"""A rule book for tomorrow: approved while the switch runs, in force when the business day turns.

The day turns with the region's window, not with the clock: a settlement that still lands in the old
day's window is decided by the old day's book, whoever closes it and however late.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import psycopg
import pytest

from clients.bill import inpatient, item
from clients.card import SoftwareCard
from switch.audit import audit_database
from switch.model.ids import BEIJING
from switch.store import reference
from switch.store.reference import ReferenceCache
from switch.store.windows import close_due
from tests.fix_ledger import OK, SignedRoom, signed_room
from tests.fix_office import HOME, activate, found, opened
from tests.fix_province import KEK, ManualClock, Province

DAY = timedelta(days=1)


@dataclass
class Turn:
    """A day that is about to end: its books, and a clock two seconds before midnight."""

    province: Province
    clock: ManualClock
    today: date
    old: str
    new: str = ""
    seen: list[tuple[date, str]] = field(default_factory=list)
    cards: dict[str, SoftwareCard] = field(default_factory=dict)
    sold: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tomorrow(self) -> date:
        return self.today + DAY

    def approve(self) -> None:
        """Put another book in force from tomorrow on, as two officers do."""
        with opened(self.province.url) as registrar:
            found(registrar, self.clock.now())
            change = activate(registrar, self.tomorrow, self.clock.now())
        self.new = change.content["hash"]
        assert self.new != self.old

    def note(self, reply: Any) -> tuple[date, str]:
        """Write down under which day and book a bill was settled."""
        assert reply.outcome.code == OK, reply.outcome.message_en
        found_day = date.fromisoformat(reply.business_day), reply.decision.rule_book
        self.seen.append(found_day)
        self.sold.set()
        return found_day

    def card(self, who: str) -> SoftwareCard:
        """The one card of a person, whose counter rises."""
        return self.cards.setdefault(who, self.province.card(who))

    async def buy(self, here: SignedRoom, who: str = "employee_in_service") -> tuple[date, str]:
        return self.note(await here.buy(here.claim(), self.card(who)))


@pytest.fixture
def turn(province: Province, monkeypatch: pytest.MonkeyPatch) -> Turn:
    # A presettlement compares the epoch each time, so that no test waits for a second to pass.
    monkeypatch.setattr(reference, "RECENT_S", 0.0)
    clock = ManualClock()
    today, old = province.one(
        "SELECT w.day, a.hash FROM clearing_window w JOIN rule_book_activation a"
        " ON a.region = w.book WHERE w.book = %s", HOME,
    )  # fmt: skip
    clock.at = midnight_after(today) - timedelta(seconds=2)
    with psycopg.connect(province.url, autocommit=True) as connection:
        connection.execute("UPDATE medswitch.session SET expires_at = expires_at + interval '9d'")
    return Turn(province, clock, today, old)


def midnight_after(day: date) -> datetime:
    return datetime.combine(day + DAY, time(), BEIJING)


async def test_each_day_is_settled_under_its_own_book(turn: Turn) -> None:
    today, tomorrow = turn.today, turn.tomorrow
    async with signed_room(turn.province, clock=turn.clock) as here:
        assert await turn.buy(here) == (today, turn.old)
        turn.approve()
        assert await turn.buy(here) == (today, turn.old)
        turn.clock.advance(seconds=3)
        # Midnight is over and the window is not: it is still the old day's business.
        assert await turn.buy(here) == (today, turn.old)
        assert close_due(turn.province.url, turn.clock.now()) > 1
        assert await turn.buy(here) == (tomorrow, turn.new)
    report = audit_database(turn.province.url, KEK)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}


async def test_a_book_for_today_rules_from_its_approval(turn: Turn) -> None:
    async with signed_room(turn.province, clock=turn.clock) as here:
        assert await turn.buy(here) == (turn.today, turn.old)
        with opened(turn.province.url) as registrar:
            found(registrar, turn.clock.now())
            change = activate(registrar, turn.today, turn.clock.now())
        assert await turn.buy(here) == (turn.today, change.content["hash"])
    assert audit_database(turn.province.url, KEK).clean


async def test_the_day_turns_while_load_runs(turn: Turn) -> None:
    """Three counters never stop; nobody is refused, and no bill has one day and another's book."""
    places = (
        ("ningbo_community", 1, "employee_in_service"),
        ("ningbo_community", 2, "employee_retired"),
        ("ningbo_tertiary", 1, "pharmacy_buyer"),
    )
    end = midnight_after(turn.today) + timedelta(seconds=2)

    async def keep_buying(here: SignedRoom, who: str) -> None:
        while turn.clock.now() < end:
            await turn.buy(here, who)
            turn.clock.advance(milliseconds=60)

    async def keep_closing() -> None:
        while turn.clock.now() < end:
            await asyncio.to_thread(close_due, turn.province.url, turn.clock.now())
            await asyncio.sleep(0)

    async with AsyncExitStack() as stack:
        rooms = [
            (await stack.enter_async_context(signed_room(turn.province, at, turn.clock, n)), who)
            for at, n, who in places
        ]
        loads = [asyncio.create_task(keep_buying(here, who)) for here, who in rooms]
        loads.append(asyncio.create_task(keep_closing()))
        await turn.sold.wait()
        await asyncio.to_thread(turn.approve)
        await asyncio.gather(*loads)
    assert set(turn.seen) == {(turn.today, turn.old), (turn.tomorrow, turn.new)}
    report = audit_database(turn.province.url, KEK)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}


async def test_care_in_another_city_follows_the_insured_regions_day(turn: Turn) -> None:
    """Its window is the intercity one, which need not close at the same instant."""
    stay = inpatient(
        "330199", date(2018, 11, 26), date(2018, 12, 1),
        [item("DEMO-CEFTRI-INJ", "头孢曲松", 20, "40.00")],
    )  # fmt: skip
    turn.approve()
    async with signed_room(turn.province, "hangzhou_tertiary", turn.clock) as there:

        async def buy() -> tuple[date, str]:
            return turn.note(await there.buy(stay, turn.card("referral_patient")))

        assert await buy() == (turn.today, turn.old)
        turn.clock.advance(seconds=3)
        close_due(turn.province.url, turn.clock.now())
        assert await buy() == (turn.tomorrow, turn.new)
    assert audit_database(turn.province.url, KEK).clean


@asynccontextmanager
async def cache_of(turn: Turn) -> AsyncIterator[ReferenceCache]:
    yield ReferenceCache(turn.province.url, turn.clock)


async def test_a_region_without_a_window_follows_the_beijing_date(turn: Turn) -> None:
    turn.approve()
    with psycopg.connect(turn.province.url, autocommit=True) as connection:
        connection.execute("DELETE FROM medswitch.clearing_window WHERE book = %s", (HOME,))
    async with cache_of(turn) as cache:
        assert (await cache.fresh()).rules.books[HOME].hash == turn.old
        turn.clock.advance(seconds=2)
        assert (await cache.fresh()).rules.books[HOME].hash == turn.new


async def test_what_did_not_change_is_not_loaded_again(turn: Turn) -> None:
    async with cache_of(turn) as cache:
        turn.approve()
        first = await cache.fresh()
        turn.clock.advance(seconds=3)
        close_due(turn.province.url, turn.clock.now())
        second = await cache.fresh()
        assert second.rules.books[HOME].hash == turn.new
        assert second.rules.catalogues is first.rules.catalogues
        assert second.rules.books["339900"] is first.rules.books["339900"]
        with psycopg.connect(turn.province.url, autocommit=True) as connection:
            connection.execute("UPDATE medswitch.epoch SET epoch = epoch + 1")
        third = await cache.fresh()
        assert third.epoch == second.epoch + 1
        assert third.rules.catalogues is not second.rules.catalogues


async def test_a_window_of_an_earlier_day_brings_its_book_back(turn: Turn) -> None:
    turn.approve()
    turn.clock.advance(seconds=3)
    close_due(turn.province.url, turn.clock.now())
    async with cache_of(turn) as cache:
        assert (await cache.fresh()).rules.books[HOME].hash == turn.new
        with psycopg.connect(turn.province.url, autocommit=True) as connection:
            connection.execute(
                "UPDATE medswitch.clearing_window SET day = day - 2"
                " WHERE book = %s AND closed_at IS NULL", (HOME,),
            )  # fmt: skip
        assert HOME not in (await cache.fresh()).rules.books
