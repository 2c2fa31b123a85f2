"""A card's life on real PostgreSQL: frozen at once, released, replaced, locked; refused by name."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from clients.card_office import PHONE, WEB, WECHAT, card_record
from medswitch.v1 import card_pb2, settlement_pb2
from switch.model.fault import Fault, FaultReason
from switch.model.ids import CardIdentifier
from switch.model.member import Card
from tests.fix_cards import OK, REASON, Office, name_of, spare_of
from tests.fix_filings import day, today_of
from tests.fix_province import Province, room

WHO = "card_loser"
PERSON, EMPLOYER = card_pb2.CARD_LOCK_PERSON, card_pb2.CARD_LOCK_EMPLOYER
NORMAL = settlement_pb2.CARD_STATUS_NORMAL
STATE = """
SELECT m.version, m.card_status, m.locked_since, m.locked_until,
    (SELECT count(*) FROM card_event e WHERE e.member_id = m.member_id)
FROM member m WHERE member_id = %s
"""


def state(province: Province, who: str = WHO) -> tuple[Any, ...]:
    return province.one(STATE, province.member_id(who))


async def test_a_card_is_frozen_before_the_next_transaction_and_works_once_released(
    province: Province,
) -> None:
    async with (
        room(province, "ningbo_agency") as agency,
        room(province, clock=agency.clock) as shop,
    ):
        office, card = Office(agency), province.card(WHO)
        shown = await shop.presettle(shop.claim(), card)
        lost = await office.report_lost(WHO)
        assert lost.outcome.code == OK, lost.outcome.message_en
        assert lost.state.status == settlement_pb2.CARD_STATUS_TEMPORARILY_LOST
        frozen = await shop.settle(shop.settle_body(shop.claim(), card, shown))
        assert name_of(frozen) == "CARD_TEMPORARILY_LOST"
        formal = await office.change("ConfirmLost", WHO)
        assert formal.state.status == settlement_pb2.CARD_STATUS_LOST
        assert name_of(await shop.presettle(shop.claim(), card)) == "CARD_LOST"
        found = await office.change("Release", WHO)
        assert found.state.status == NORMAL
        settled = await shop.buy(shop.claim(), card)
        assert settled.outcome.code == OK, settled.outcome.message_en
        # Three changes, a settlement, and the counter that the declined one stored.
        assert state(province)[:2] == (6, "normal")


async def test_a_report_and_a_settlement_of_one_batch_are_decided_in_turn(
    province: Province,
) -> None:
    """One lane takes both: whichever comes first is decided first, and the other sees it."""
    async with room(province, "ningbo_agency") as agency:
        office, card = Office(agency), province.card(WHO)
        async with room(province, clock=agency.clock) as shop:
            shown = await shop.presettle(shop.claim(), card)
            body = shop.settle_body(shop.claim(), card, shown)
            settle: Any = shop.codec.decode("Settle", shop.call("Settle", body))
        lost, settled = await asyncio.gather(office.report_lost(WHO), agency.lane.post(settle))
        assert lost.outcome.code == OK
        reply = settlement_pb2.SettleResponse.FromString(settled)
        assert name_of(reply) == "CARD_TEMPORARILY_LOST"
        assert province.one("SELECT count(*) FROM batch WHERE requests = 2") == (1,)


async def test_a_replaced_card_is_dead_and_the_new_one_counts_from_its_own_beginning(
    province: Province,
) -> None:
    async with (
        room(province, "ningbo_agency") as agency,
        room(province, clock=agency.clock) as shop,
    ):
        office, old = Office(agency), province.card(WHO)
        assert (await shop.buy(shop.claim(), old)).outcome.code == OK
        before = province.people["people"][WHO]["card"]
        response = await office.replace(WHO)
        assert response.outcome.code == OK, response.outcome.message_en
        card = response.state.card
        assert card.number == before["number"]
        assert card.issued_on > before["issued_on"]
        (event,) = response.state.events
        assert event.replaced.hex().upper() == before["identifier"].upper()
        assert event.identifier == card.identifier
        assert name_of(await shop.presettle(shop.claim(), old)) == "CARD_REPLACED"
        stated = province.people["people"][WHO]
        new = {**stated, "card": stated["replacement"]}
        people = {**province.people, "people": {**province.people["people"], WHO: new}}
        fresh = replace(province, people=people).card(WHO)
        settled = await shop.buy(shop.claim(), fresh)
        assert settled.outcome.code == OK, settled.outcome.message_en
        assert province.one("SELECT atc FROM member WHERE member_id = %s",
                            province.member_id(WHO)) == (fresh.atc,)  # fmt: skip


async def test_a_lock_holds_between_its_days_and_outlives_a_loss(province: Province) -> None:
    async with (
        room(province, "ningbo_agency") as agency,
        room(province, clock=agency.clock) as shop,
    ):
        office, card, clock = Office(agency), province.card(WHO), agency.clock
        province.one("UPDATE session SET expires_at = now() + interval '9 days' RETURNING 1")
        locked = await office.change(
            "LockCard", WHO, lock=EMPLOYER, since=day(clock, 1), until=day(clock, 2)
        )
        assert locked.outcome.code == OK, locked.outcome.message_en
        assert (await shop.presettle(shop.claim(), card)).outcome.code == OK
        await office.report_lost(WHO)
        hidden = (await office.get(WHO)).state
        assert hidden.status == settlement_pb2.CARD_STATUS_TEMPORARILY_LOST
        assert hidden.events[-1].lock == EMPLOYER
        released = await office.change("Release", WHO)
        assert released.state.status == settlement_pb2.CARD_STATUS_LOCKED_EMPLOYER
        clock.advance(days=1)
        agency.sequence = shop.sequence = 0
        declined = await shop.presettle(shop.claim(), card)
        assert name_of(declined) == "CARD_LOCKED_EMPLOYER"
        assert day(clock, 1) in declined.outcome.message_en
        assert name_of(await office.change("UnlockCard", WHO, lock=PERSON)) == "CARD_NOT_LOCKED"
        clock.advance(days=2)
        assert (await shop.presettle(shop.claim(), card)).outcome.code == OK
        # What is over needs no end, and makes room for another.
        assert name_of(await office.change("UnlockCard", WHO, lock=EMPLOYER)) == "CARD_NOT_LOCKED"
        again = await office.change("LockCard", WHO, lock=PERSON, since=day(clock))
        assert again.state.status == settlement_pb2.CARD_STATUS_LOCKED_PERSON
        assert name_of(await shop.presettle(shop.claim(), card)) == "CARD_LOCKED_PERSON"
        twice = await office.change("LockCard", WHO, lock=EMPLOYER, since=day(clock))
        assert name_of(twice) == "CARD_LOCKED_ALREADY"
        freed = await office.change("UnlockCard", WHO, lock=PERSON)
        assert freed.state.status == NORMAL
        assert (await shop.presettle(shop.claim(), card)).outcome.code == OK


async def test_a_card_that_was_locked_before_requests_were_recorded_can_be_lost_and_found(
    province: Province,
) -> None:
    async with room(province, "ningbo_agency") as agency:
        office = Office(agency)
        assert (await office.report_lost("card_locked")).outcome.code == OK
        released = await office.change("Release", "card_locked")
        assert released.state.status == settlement_pb2.CARD_STATUS_LOCKED_EMPLOYER
        freed = await office.change("UnlockCard", "card_locked", lock=EMPLOYER)
        assert freed.state.status == NORMAL


def card_of(province: Province, **changes: Any) -> Any:
    return card_record(replace(spare_of(province, WHO), **changes))


def other_identifier(region: str = "330200", serial: int = 0x7F) -> CardIdentifier:
    return CardIdentifier(bytes.fromhex(f"{region}D156000005{serial:016X}"))


async def test_what_cannot_be_changed_is_refused_by_name_and_changes_nothing(
    province: Province,
) -> None:
    async with room(province, "ningbo_agency") as agency:
        office, today = Office(agency), today_of(agency.clock)
        taken = province.people["people"]["employee_in_service"]["card"]["identifier"]
        refused: list[tuple[str, str, dict[str, Any], str]] = [
            ("Release", WHO, {}, "CARD_NOT_LOST"),
            ("UnlockCard", WHO, {"lock": PERSON}, "CARD_NOT_LOCKED"),
            ("ReportLost", "card_lost", {"channel": PHONE}, "CARD_LOST_ALREADY"),
            ("ConfirmLost", "card_lost", {}, "CARD_LOST_ALREADY"),
            ("ConfirmLost", WHO, {"channel": PHONE}, "CARD_CHANNEL_CLOSED"),
            ("Release", "card_lost", {"channel": WECHAT}, "CARD_CHANNEL_CLOSED"),
            ("LockCard", WHO, {"channel": WEB, "lock": PERSON, "since": str(today)},
             "CARD_CHANNEL_CLOSED"),
            ("Replace", WHO, {"card": card_of(province, identifier=bytes.fromhex(taken))},
             "NEW_CARD_REGISTERED"),
            ("Replace", WHO, {"card": card_of(province, issued_on=today + timedelta(1))},
             "NEW_CARD_DATES"),
            ("Replace", WHO, {"card": card_of(province, issued_on=today - timedelta(9_999))},
             "NEW_CARD_DATES"),
            ("Replace", WHO, {"card": card_of(province, expires_on=today)}, "NEW_CARD_DATES"),
            ("Replace", WHO, {"card": card_of(province, key_version=9)}, "NEW_CARD_NOT_PROVABLE"),
            ("Replace", WHO, {"card": card_of(province, identifier=other_identifier("310000"))},
             "NEW_CARD_NOT_PROVABLE"),
        ]  # fmt: skip
        for method, who, fields, code in refused:
            before = state(province, who)
            body = office.body(method, who, **fields)
            declined = await office.send(method, body)
            assert name_of(declined) == code, (method, who, declined.outcome.message_en)
            assert not declined.HasField("state")
            assert await office.send(method, body) == declined
            assert state(province, who) == before
        unknown = {"social_security_number": "330203195001011238"}
        nobody = await office.send("ReportLost", office.body("ReportLost", WHO, PHONE, unknown))
        assert name_of(nobody) == "IDENTITY_UNKNOWN"
        recorded = "SELECT count(*) FROM request WHERE writes IS NULL AND member_version IS NULL"
        assert province.one(recorded) == (len(refused) + 1,)


async def test_an_agency_sees_to_the_cards_it_serves(province: Province) -> None:
    """By the region that issued the card, or by one that its holder is insured in."""
    async with (
        room(province, "ningbo_agency") as ningbo,
        room(province, "hangzhou_agency", ningbo.clock) as hangzhou,
    ):
        here, there = Office(ningbo), Office(hangzhou)
        assert name_of(await there.report_lost(WHO)) == "CARD_AGENCY_OTHER"
        assert name_of(await there.get(WHO)) == "CARD_AGENCY_OTHER"
        assert (await here.report_lost("wenzhou_card_holder")).outcome.code == OK
        assert (await here.get("two_insurances")).outcome.code == OK
        assert name_of(await here.get("jiaxing_employee")) == "CARD_AGENCY_OTHER"


async def test_who_when_and_why_stay_with_a_card_for_ever(province: Province) -> None:
    async with room(province, "ningbo_agency") as agency:
        office = Office(agency)
        made = [(await office.report_lost(WHO, channel)).state.events for channel in (WECHAT,)]
        agency.clock.advance(seconds=7)
        made.append((await office.change("Release", WHO, WEB)).state.events)
        told = (await office.get(WHO)).state
        assert [[event] for event in told.events] == [list(events) for events in made]
        first, second = told.events
        assert (first.channel, second.channel) == (WECHAT, WEB)
        assert (first.act.operator, first.act.why) == (REASON.operator, REASON.why)
        assert (first.act.institution, first.act.terminal_id) == (
            agency.institution, agency.terminal,
        )  # fmt: skip
        assert second.act.at_ms - first.act.at_ms == 7_000
        assert told.member_id == province.member_id(WHO)


async def test_costs_after_the_fifth_working_day_are_not_covered_until_replacement(
    province: Province,
) -> None:
    """By identity number a lost card's holder is still known; what counts is the day of care."""
    who = "card_loser"
    async with (
        room(province, "ningbo_agency") as agency,
        room(province, clock=agency.clock) as shop,
    ):
        office, clock = Office(agency), agency.clock
        # The Thursday before a New Year: 2018-12-27, counted 28, 29 (a working Saturday), 2, 3, 4.
        with psycopg.connect(province.url, autocommit=True) as connection:
            connection.execute(
                "UPDATE medswitch.member SET standings = '[[\"card_lost\", \"2019-01-05\", null]]',"
                " card_status = 'temporarily_lost' WHERE member_id = %s", (province.member_id(who),)
            )  # fmt: skip
        me = province.identity(who)
        for on, code in (("2019-01-04", "OK"), ("2019-01-05", "CARD_LOST_UNCOVERED")):
            claim = shop.claim(on=today_of(clock).fromisoformat(on))
            assert name_of(await shop.presettle(claim, me)) == code
        assert (await office.replace(who)).outcome.code == OK
        yesterday = today_of(clock) - timedelta(1)
        uncovered = await shop.presettle(shop.claim(on=yesterday), me)
        assert name_of(uncovered) == "CARD_LOST_UNCOVERED"
        assert str(yesterday) in uncovered.outcome.message_zh
        assert name_of(await shop.presettle(shop.claim(on=today_of(clock)), me)) == "OK"


async def test_a_loss_names_its_first_uncovered_day_and_a_release_in_time_leaves_none(
    province: Province,
) -> None:
    async with room(province, "ningbo_agency") as agency:
        office = Office(agency)
        lost = await office.report_lost(WHO)
        (event,) = lost.state.events
        first = today_of(agency.clock).fromisoformat(event.uncovered_since)
        assert timedelta(6) <= first - today_of(agency.clock) <= timedelta(8)
        assert (await office.change("ConfirmLost", WHO)).state.events[0].uncovered_since == (
            event.uncovered_since
        )
        assert not (await office.change("Release", WHO)).state.events[0].uncovered_since
        assert province.one("SELECT standings FROM member WHERE member_id = %s",
                            province.member_id(WHO)) == ([],)  # fmt: skip


async def test_a_card_is_issued_once_whoever_asks_and_in_one_batch(province: Province) -> None:
    async with room(province, "ningbo_agency") as agency:
        office, card = Office(agency), spare_of(province, WHO)
        replies = await asyncio.gather(
            office.replace(WHO, card), office.replace("employee_in_service", card)
        )
        assert [name_of(one) for one in replies] == ["OK", "NEW_CARD_REGISTERED"]
        assert name_of(await office.replace(WHO, card)) == "NEW_CARD_REGISTERED"


async def test_two_replicas_take_one_report_once(province: Province) -> None:
    async with (
        room(province, "ningbo_agency") as one,
        room(province, "ningbo_agency", one.clock) as two,
    ):
        two.sequence += 500
        replies = await asyncio.gather(*(Office(at).report_lost(WHO) for at in (one, two)))
        assert sorted(map(name_of, replies)) == ["CARD_LOST_ALREADY", "OK"]
        assert state(province)[:2] == (2, "temporarily_lost")


async def test_the_same_id_for_another_change_is_refused_naming_the_field(
    province: Province,
) -> None:
    async with room(province, "ningbo_agency") as agency:
        office = Office(agency)
        asked = {"request_id": agency.request_id()}
        await office.send("ReportLost", office.body("ReportLost", WHO, PHONE, asked))
        with pytest.raises(Fault) as caught:
            await office.send("ReportLost", office.body("ReportLost", WHO, WEB, asked))
        assert (caught.value.reason, caught.value.field) == (
            FaultReason.REQUEST_ID_REUSED, "request.channel",
        )  # fmt: skip


async def test_an_expired_card_is_replaced(province: Province) -> None:
    async with (
        room(province, "ningbo_agency") as agency,
        room(province, clock=agency.clock) as shop,
    ):
        old = province.card("card_expired")
        assert name_of(await shop.presettle(shop.claim(), old)) == "CARD_EXPIRED"
        spare = spare_of(province, WHO)
        new = Card(other_identifier(), "", spare.suite, spare.key_version, spare.specification,
                   today_of(agency.clock), spare.expires_on)  # fmt: skip
        response = await Office(agency).replace("card_expired", new)
        assert response.outcome.code == OK, response.outcome.message_en
        assert name_of(await shop.presettle(shop.claim(), old)) == "CARD_REPLACED"
