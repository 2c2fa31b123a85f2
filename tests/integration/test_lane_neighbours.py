"""One request does not decide another's fate, whoever stands beside it in its batch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from clients.bill import item
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RequestId, make_request_id
from switch.pipeline.undo import TOMBSTONE_AGE_MAX
from tests.fix_ledger import Ledger, signed_room
from tests.fix_province import Province, Room, original_of, room

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_in_service"
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


@asynccontextmanager
async def changed_meanwhile(province: Province, who: str, *statements: str) -> AsyncIterator[None]:
    """Change a person after a batch has read him: its post waits, and then finds him changed."""
    member = {"member": province.member_id(who)}
    with psycopg.connect(province.url) as connection:
        connection.execute("SET search_path = medswitch")
        connection.execute(
            "UPDATE member SET version = version + 1 WHERE member_id = %(member)s", member
        )
        yield
        while province.one(WAITS) == (0,):  # noqa: ASYNC110 - PostgreSQL sets no event of ours
            await asyncio.sleep(0.005)
        for statement in statements:
            connection.execute(statement, member)


async def forged_and_honest(
    counter: Room, province: Province
) -> tuple[settlement_pb2.SettleRequest, bytes]:
    """One card twice: shown with another person's number, and truly; both are signed by it."""
    card, claim = province.card(WHO), counter.claim()
    shown = await counter.presettle(claim, card)
    forged = settlement_pb2.SettleRequest.FromString(counter.settle_body(claim, card, shown))
    stranger = province.people["people"]["pharmacy_buyer"]["social_security_number"]
    forged.evidence.card.social_security_number = stranger
    return forged, counter.settle_body(claim, card, shown)


@pytest.mark.parametrize("forged_first", [False, True])
async def test_a_card_shown_with_another_persons_number_hides_nobodys_card(
    province: Province, forged_first: bool
) -> None:
    """Both are read in one batch; the identifier is the same, the bucket is not."""
    async with room(province) as counter:
        forged, honest = await forged_and_honest(counter, province)
        pair = [counter.settle(forged.SerializeToString()), counter.settle(honest)]
        if not forged_first:
            pair.reverse()
        answers = await asyncio.gather(*pair)
        if not forged_first:
            answers.reverse()
        assert province.one("SELECT count(DISTINCT batch) FROM request") == (1,)
        assert answers[1].outcome.code == OK, answers[1].outcome.message_en
        assert answers[0].outcome.code == reply_pb2.REPLY_CODE_CARD_UNKNOWN


async def test_a_card_shown_with_another_persons_number_is_unknown_alone_too(
    province: Province,
) -> None:
    async with room(province) as counter:
        forged, honest = await forged_and_honest(counter, province)
        before = province.one("SELECT atc FROM member WHERE member_id = %s", own(province))
        answer = await counter.settle(forged.SerializeToString())
        assert answer.outcome.code == reply_pb2.REPLY_CODE_CARD_UNKNOWN
        assert province.one("SELECT atc FROM member WHERE member_id = %s", own(province)) == before
        assert (await counter.settle(honest)).outcome.code == OK


async def test_a_reversal_of_what_is_years_old_and_unknown_is_not_a_fault(ledger: Ledger) -> None:
    """Such an id is refused by its time for ever: nothing is left to take, no month holds it."""
    province, who = ledger.province, "adult_resident"
    async with signed_room(province, number=2) as counter:
        me, claim = province.identity(who), counter.claim()
        old = RequestId(f"{counter.institution}201501010000000001")
        late = counter.settle_body(claim, me, await counter.presettle(claim, me), old)
        original = original_of(late, province.member_id(who))
        body = counter.undo_body(settlement_pb2.ReverseRequest, original)
        first = await counter.send("Reverse", body)
        reply = settlement_pb2.ReverseResponse.FromString(first)
        assert (reply.outcome.code, reply.undone.tombstone) == (OK, True)
        assert await counter.send("Reverse", body) == first
        assert (await counter.reverse(original)).undone.tombstone
        too_old = await counter.settle(late)
        assert too_old.outcome.code == reply_pb2.REPLY_CODE_REQUEST_TOO_OLD
        recorded = province.one(
            "SELECT count(*), count(journal_id) FROM request WHERE reply = %s", first
        )
        assert recorded == (1, 0)
        assert province.one("SELECT count(*) FROM undo WHERE original_id = %s", old) == (0,)
    assert ledger.audit().clean


@pytest.mark.parametrize(("seconds", "rows"), [(-1, 1), (0, 1), (1, 0)])
async def test_an_unknown_original_leaves_a_tombstone_up_to_four_weeks_old(
    province: Province, seconds: int, rows: int
) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        body = counter.settle_body(claim, card, await counter.presettle(claim, card))
        original = original_of(body, own(province))
        at = counter.clock.now() - TOMBSTONE_AGE_MAX - timedelta(seconds=seconds)
        original.request_id = make_request_id(counter.institution, at, 1)
        reply = await counter.reverse(original)
        assert (reply.outcome.code, reply.undone.tombstone) == (OK, True)
        assert province.one("SELECT count(*) FROM undo") == (rows,)
        assert province.one("SELECT count(*) FROM request") == (1 + rows,)


async def test_a_cancel_is_not_declined_for_a_settlement_that_never_posted(
    province: Province,
) -> None:
    """Both are in one batch; the later settlement is decided again, and now declined."""
    who = "ceiling_patient"
    async with room(province) as counter:
        me = province.identity(who)
        claim = counter.claim(lines=[item("DEMO-CEFTRI-INJ", "头孢曲松", 20, "40.00")])
        body = counter.settle_body(claim, me, await counter.presettle(claim, me))
        assert (await counter.settle(body)).outcome.code == OK
        later = counter.settle_body(claim, me, await counter.presettle(claim, me))
        original = original_of(body, province.member_id(who))
        async with changed_meanwhile(
            province, who,
            "UPDATE enrolment SET until = '2018-01-31' WHERE member_id = %(member)s",
        ):  # fmt: skip
            both = asyncio.gather(counter.settle(later), counter.cancel(original))
        settled, cancelled = await both
        assert settled.outcome.code == reply_pb2.REPLY_CODE_NOT_INSURED
        assert cancelled.outcome.code == OK, cancelled.outcome.message_en
        assert province.one("SELECT coalesce(sum(total_fen), 0) FROM journal") == (0,)


async def test_a_request_told_that_it_is_malformed_does_not_post_with_its_neighbour(
    province: Province,
) -> None:
    """On old reference data it is malformed; a neighbour's post finds that they are old."""
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        shown = await counter.presettle(claim, card)
        moved = counter.settle_body(claim, card, shown)
        move_institution(counter, "330199")
        with pytest.raises(Fault, match="the institution lies in region 330199"):
            await counter.settle(moved)
        move_institution(counter, "330299")
        unknown = original_of(counter.settle_body(claim, card, shown), own(province))
        settled, cancelled = await asyncio.gather(
            counter.settle(moved), counter.cancel(unknown), return_exceptions=True
        )
        assert not isinstance(cancelled, BaseException)
        assert cancelled.outcome.code == reply_pb2.REPLY_CODE_ORIGINAL_UNKNOWN
        assert not isinstance(settled, BaseException), settled
        assert settled.outcome.code == OK
        assert province.one("SELECT count(*) FROM journal WHERE kind = 'settlement'") == (1,)


def move_institution(counter: Room, region: str) -> None:
    with psycopg.connect(counter.province.url, autocommit=True) as connection:
        connection.execute(
            "UPDATE medswitch.institution SET region = %s WHERE code = %s",
            (region, counter.institution),
        )
        connection.execute("UPDATE medswitch.epoch SET epoch = epoch + 1")


async def test_a_row_that_cannot_be_read_fails_its_own_person_only(province: Province) -> None:
    async with room(province) as counter:
        claim = counter.claim()
        cards = [province.card(who) for who in (WHO, "cancel_patient")]
        bodies = [
            counter.settle_body(claim, card, await counter.presettle(claim, card)) for card in cards
        ]
        with psycopg.connect(province.url, autocommit=True) as connection:
            connection.execute(
                "UPDATE medswitch.member SET card_status = 'melted' WHERE member_id = %s",
                (own(province),),
            )
        broken, whole = await asyncio.gather(*map(counter.settle, bodies), return_exceptions=True)
        assert isinstance(broken, Fault)
        assert broken.reason is FaultReason.INTERNAL
        assert not isinstance(whole, BaseException)
        assert whole.outcome.code == OK
        asked = [counter.presettle(claim, card) for card in cards]
        unknown, shown = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(unknown, Fault)
        assert unknown.reason is FaultReason.INTERNAL
        assert not isinstance(shown, BaseException)
        assert shown.outcome.code == OK


async def test_a_request_whose_caller_went_away_in_the_queue_is_not_worked_on(
    province: Province,
) -> None:
    async with room(province) as counter:
        claim = counter.claim()
        bodies = []
        for who in (WHO, "cancel_patient"):
            card = province.card(who)
            bodies.append(counter.settle_body(claim, card, await counter.presettle(claim, card)))
        async with changed_meanwhile(province, WHO):
            first = asyncio.create_task(counter.settle(bodies[0]))
            await asyncio.sleep(0)  # The lane takes it; what comes now waits for the next batch.
            await asyncio.sleep(0)
            gone = asyncio.create_task(counter.settle(bodies[1]))
            await asyncio.sleep(0)
            gone.cancel()
        assert (await first).outcome.code == OK
        with pytest.raises(asyncio.CancelledError):
            await gone
        await counter.lane.stop()
        assert province.one("SELECT count(*) FROM request") == (1,)


def own(province: Province) -> str:
    return province.member_id(WHO)
