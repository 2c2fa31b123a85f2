"""The lane on real PostgreSQL: repeats, undoing, races between replicas, lost connections."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from clients.bill import item
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.model.fault import Fault, FaultReason
from tests.fix_cards import Office
from tests.fix_province import ManualClock, Province, original_of, room

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_in_service"


async def test_a_settlement_posts_once_and_a_repeat_gets_the_same_bytes(province: Province) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        body = counter.settle_body(claim, card, await counter.presettle(claim, card))
        first = await counter.send("Settle", body)
        assert settlement_pb2.SettleResponse.FromString(first).outcome.code == OK
        assert await counter.send("Settle", body) == first
        assert province.one("SELECT count(*) FROM journal WHERE kind = 'settlement'") == (1,)


async def test_the_same_id_with_another_body_is_refused_naming_the_field(
    province: Province,
) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        body = counter.settle_body(claim, card, await counter.presettle(claim, card))
        await counter.send("Settle", body)
        other = settlement_pb2.SettleRequest.FromString(body)
        other.claim.visit_id = "V2"
        with pytest.raises(Fault) as caught:
            await counter.send("Settle", other.SerializeToString())
        assert caught.value.reason is FaultReason.REQUEST_ID_REUSED
        assert "visit_id" in caught.value.field


async def test_one_id_for_two_people_of_two_buckets_meets_itself(province: Province) -> None:
    """The register's key is the id alone: the other person's bucket does not hide it."""
    async with room(province) as counter:
        shared = counter.request_id()
        bodies = []
        for who in (WHO, "pharmacy_buyer"):
            card, claim = province.card(who), counter.claim()
            shown = await counter.presettle(claim, card)
            bodies.append(counter.settle_body(claim, card, shown, shared))
        await counter.send("Settle", bodies[0])
        with pytest.raises(Fault) as caught:
            await counter.send("Settle", bodies[1])
        assert caught.value.reason is FaultReason.REQUEST_ID_REUSED
        assert province.one("SELECT count(*) FROM request") == (1,)


async def test_repeats_at_the_same_instant_post_once(province: Province) -> None:
    async with room(province) as one, room(province, clock=one.clock) as two:
        card, claim = province.card(WHO), one.claim()
        body = one.settle_body(claim, card, await one.presettle(claim, card))
        answers = await asyncio.gather(
            *(counter.send("Settle", body) for counter in (one, two) for _ in range(5))
        )
        assert len(set(answers)) == 1
        assert province.one("SELECT count(*) FROM journal WHERE kind = 'settlement'") == (1,)


async def test_once_undone_a_repeat_never_gets_the_old_success(province: Province) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        for undo, code in (
            (counter.cancel, reply_pb2.REPLY_CODE_CANCELLED),
            (counter.reverse, reply_pb2.REPLY_CODE_REVERSED),
        ):
            body = counter.settle_body(claim, card, await counter.presettle(claim, card))
            await counter.settle(body)
            assert (await undo(original_of(body, province.member_id(WHO)))).outcome.code == OK
            assert (await counter.settle(body)).outcome.code == code


async def test_undoing_restores_account_accumulators_and_fund(province: Province) -> None:
    state = (
        "SELECT account_current_fen, account_earlier_fen, accumulators FROM member"
        " WHERE member_id = %s"
    )
    async with room(province) as counter:
        card = province.card("cancel_patient")
        member = province.member_id("cancel_patient")
        before = province.one(state, member)
        claim = counter.claim(lines=[item("DEMO-CEFTRI-INJ", "头孢", 40, "40.00")])
        body = counter.settle_body(claim, card, await counter.presettle(claim, card))
        settled = await counter.settle(body)
        assert settled.decision.split.fund_fen == 51_600  # 1,600 - 100 - 900 at 86 %
        assert province.one(state, member) != before
        undone = await counter.cancel(original_of(body, member))
        assert undone.undone.balance_fen == 10_000
        assert province.one(state, member) == before
        sums = province.one(
            "SELECT coalesce(sum(CASE WHEN debit LIKE 'FUND:%%' THEN amount_fen ELSE 0 END), 0)"
            " - coalesce(sum(CASE WHEN credit LIKE 'FUND:%%' THEN amount_fen ELSE 0 END), 0)"
            " FROM posting"
        )
        assert sums == (0,)


async def test_cancel_names_the_later_settlements_that_depend(province: Province) -> None:
    async with room(province) as counter:
        card, member = province.card(WHO), province.member_id(WHO)
        claim = counter.claim(lines=[item("DEMO-CEFTRI-INJ", "头孢", 20, "40.00")])
        body = counter.settle_body(claim, card, await counter.presettle(claim, card))
        await counter.settle(body)
        later = await counter.buy(claim, card)
        refused = await counter.cancel(original_of(body, member))
        assert refused.outcome.code == reply_pb2.REPLY_CODE_LATER_SETTLEMENTS_DEPEND
        assert later.settlement_id in refused.outcome.message_en
        # A reversal is never refused for later business.
        assert (await counter.reverse(original_of(body, member))).outcome.code == OK


@pytest.mark.parametrize("field", ["method", "member_id", "total_fen"])
async def test_an_original_that_differs_is_not_undone(province: Province, field: str) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        body = counter.settle_body(claim, card, await counter.presettle(claim, card))
        await counter.settle(body)
        original = original_of(body, province.member_id(WHO))
        wrong = {"method": "Cancel", "member_id": "00010001", "total_fen": 1}
        setattr(original, field, wrong[field])
        for undo in (counter.cancel, counter.reverse):
            assert (await undo(original)).outcome.code == reply_pb2.REPLY_CODE_ORIGINAL_DIFFERS
        assert province.one("SELECT count(*) FROM undo") == (0,)


async def test_reversal_of_unknown_request_leaves_tombstone(province: Province) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        body = counter.settle_body(claim, card, await counter.presettle(claim, card))
        original = original_of(body, province.member_id(WHO))
        assert (await counter.query(original)).state == settlement_pb2.SETTLEMENT_STATE_NEVER_SEEN
        assert (await counter.reverse(original)).undone.tombstone
        assert (await counter.query(original)).state == settlement_pb2.SETTLEMENT_STATE_TOMBSTONE
        late = await counter.settle(body)
        assert late.outcome.code == reply_pb2.REPLY_CODE_REVERSED
        again = await counter.reverse(original)
        assert again.outcome.code == OK
        assert province.one("SELECT count(*) FROM journal WHERE kind <> 'opening'") == (0,)


@pytest.mark.parametrize("attempt", range(6))
async def test_a_settle_and_its_reversal_at_once_leave_nothing_posted(
    province: Province, attempt: int
) -> None:
    """Whoever comes first, on two replicas: the money is back and the answers agree with it."""
    async with room(province) as one, room(province, clock=one.clock, number=2) as two:
        card, claim = province.card(WHO), one.claim()
        body = one.settle_body(claim, card, await one.presettle(claim, card))
        original = original_of(body, province.member_id(WHO))

        async def settle() -> int:
            await asyncio.sleep(0.0007 * (attempt % 3))
            return int((await one.settle(body)).outcome.code)

        async def reverse() -> settlement_pb2.ReverseResponse:
            await asyncio.sleep(0.0007 * (attempt // 2))
            return await two.reverse(original)

        code, reversed_ = await asyncio.gather(settle(), reverse())
        assert reversed_.outcome.code == OK
        if reversed_.undone.tombstone:
            assert code == reply_pb2.REPLY_CODE_REVERSED
        assert province.one("SELECT coalesce(sum(total_fen), 0) FROM journal") == (0,)
        assert province.one("SELECT count(*) FROM undo") == (1,)


async def test_two_cancels_at_once_undo_once(province: Province) -> None:
    async with room(province) as one, room(province, clock=one.clock, number=2) as two:
        card, claim = province.card(WHO), one.claim()
        body = one.settle_body(claim, card, await one.presettle(claim, card))
        await one.settle(body)
        original = original_of(body, province.member_id(WHO))
        answers = await asyncio.gather(
            one.cancel(original), two.cancel(original), one.cancel(original), two.reverse(original)
        )
        cancelled = [a for a in answers[:3] if a.outcome.code == OK]
        assert len(cancelled) <= 1
        assert province.one("SELECT count(*) FROM journal WHERE undoes_id IS NOT NULL") == (1,)


async def test_two_bills_near_a_ceiling_on_two_replicas_never_pass_it(province: Province) -> None:
    who = "ceiling_patient"
    async with room(province) as one, room(province, clock=one.clock, number=2) as two:
        me = province.identity(who)
        near = one.claim(lines=[item("DEMO-CEFTRI-INJ", "头孢", 95, "40.00")])
        assert (await one.buy(near, me)).decision.split.fund_fen == 228_000
        claim = one.claim()
        bodies = [
            counter.settle_body(claim, me, await counter.presettle(claim, me))
            for counter in (one, two)
        ]
        answers = await asyncio.gather(one.settle(bodies[0]), two.settle(bodies[1]))
        assert sorted(a.outcome.code for a in answers) == [OK, reply_pb2.REPLY_CODE_AMOUNTS_CHANGED]
        paid = province.one(
            "SELECT sum(amount_fen) FROM posting WHERE debit = 'FUND:330299:390100'"
        )
        assert paid == (240_000,)  # 4,000 in scope at 60 %, and not a fen more


async def test_a_repeated_counter_under_a_new_id_is_declined_and_stored(province: Province) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        shown = await counter.presettle(claim, card)
        clone = province.card(WHO)
        clone._atc = card.atc
        assert (await counter.settle(counter.settle_body(claim, card, shown))).outcome.code == OK
        copied = await counter.settle(counter.settle_body(claim, clone, shown))
        assert copied.outcome.code == reply_pb2.REPLY_CODE_CARD_COUNTER_USED


async def test_declines_are_recorded_and_repeat_themselves(province: Province) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        shown = await counter.presettle(claim, card)
        shown.decision.split.fund_fen += 1
        body = counter.settle_body(claim, card, shown)
        declined = await counter.send("Settle", body)
        answer = settlement_pb2.SettleResponse.FromString(declined)
        assert answer.outcome.code == reply_pb2.REPLY_CODE_AMOUNTS_CHANGED
        assert await counter.send("Settle", body) == declined
        member = province.member_id(WHO)
        stored = province.one("SELECT atc FROM member WHERE member_id = %s", member)
        assert stored == (card.atc,)


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(11, reply_pb2.REPLY_CODE_REQUEST_TOO_OLD), (-6, reply_pb2.REPLY_CODE_REQUEST_AHEAD)],
)
async def test_an_id_out_of_its_time_is_refused_and_not_recorded(
    province: Province, minutes: int, code: int
) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        shown = await counter.presettle(claim, card)
        body = counter.settle_body(claim, card, shown)
        counter.clock.advance(minutes=minutes)
        assert (await counter.settle(body)).outcome.code == code
        assert province.one("SELECT count(*) FROM request") == (0,)


async def test_a_presettlement_is_good_for_ten_minutes(province: Province) -> None:
    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        shown = await counter.presettle(claim, card)
        counter.clock.advance(minutes=10)
        late = await counter.settle(counter.settle_body(claim, card, shown))
        assert late.outcome.code == reply_pb2.REPLY_CODE_NONCE_EXPIRED


async def test_an_ended_session_posts_nothing_and_its_neighbours_do(province: Province) -> None:
    async with room(province) as counter:
        claim = counter.claim()
        bodies = []
        for who in (WHO, "cancel_patient"):
            card = province.card(who)
            bodies.append(counter.settle_body(claim, card, await counter.presettle(claim, card)))
        with psycopg.connect(province.url, autocommit=True) as connection:
            connection.execute(
                "UPDATE medswitch.session SET ended_at = now() WHERE terminal_id = %s",
                (counter.terminal,),
            )
        ended = asyncio.create_task(counter.settle(bodies[0]))
        async with room(province, clock=counter.clock, number=2) as other:
            card = province.card("cancel_patient")
            neighbour = await other.buy(claim, card)
        assert neighbour.outcome.code == OK
        with pytest.raises(Fault) as caught:
            await ended
        assert caught.value.reason is FaultReason.REFUSED
        assert province.one("SELECT count(*) FROM request") == (1,)


async def test_a_lost_report_is_seen_by_the_very_next_transaction(province: Province) -> None:
    async with (
        room(province) as counter,
        room(province, "ningbo_agency", counter.clock) as agency,
    ):
        card, claim = province.card("card_loser"), counter.claim()
        shown = await counter.presettle(claim, card)
        assert (await Office(agency).report_lost("card_loser")).outcome.code == OK
        declined = await counter.settle(counter.settle_body(claim, card, shown))
        assert declined.outcome.code == reply_pb2.REPLY_CODE_CARD_TEMPORARILY_LOST


async def test_the_cut_off_moves_what_is_in_flight_to_the_next_day(province: Province) -> None:
    from switch.store.windows import close_window

    async with room(province) as counter:
        card, claim = province.card(WHO), counter.claim()
        first = await counter.buy(claim, card)
        day = province.one("SELECT day FROM clearing_window WHERE book = '330299'")[0]
        with psycopg.connect(province.url, autocommit=True) as connection:
            assert close_window(connection, "330299", day, counter.clock.now())
            assert not close_window(connection, "330299", day, counter.clock.now())
        second = await counter.buy(claim, card)
        assert first.business_day == str(day)
        assert second.business_day == str(day + timedelta(days=1))


async def test_a_connection_cut_in_the_middle_loses_and_doubles_nothing(
    province: Province,
) -> None:
    """Backends are killed while forty settlements run: each is answered once, and posted once."""
    clock = ManualClock()
    async with room(province, clock=clock) as counter:
        claim = counter.claim(lines=[item("DEMO-MASK", "口罩", 1, "1.00")])
        me = province.identity("ceiling_patient")
        shown = await counter.presettle(claim, me)
        bodies = [counter.settle_body(claim, me, shown) for _ in range(40)]
        done = asyncio.Event()
        answers: list[settlement_pb2.SettleResponse] = []

        async def cut() -> None:
            """Cut every 20 ms, and more seldom while nothing is answered: a busy machine connects
            and plans in no less, and would never be let through."""
            pause_s, before = 0.02, 0
            with psycopg.connect(province.url, autocommit=True) as connection:
                while not done.is_set():
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                    pause_s = 0.02 if len(answers) > before else pause_s * 1.25
                    before = len(answers)
                    await asyncio.sleep(pause_s)

        killer = asyncio.create_task(cut())
        reasons: set[FaultReason] = set()
        for body in bodies:
            for _ in range(200):
                try:
                    answers.append(await counter.settle(body))
                    break
                except Fault as fault:
                    reasons.add(fault.reason)
            else:
                pytest.fail("never answered")
        done.set()
        await killer
        assert reasons <= {
            FaultReason.CONTENTION,
            FaultReason.OVERLOADED,
            FaultReason.UNDECIDED,
        }
        assert {a.outcome.code for a in answers} == {OK}
        assert len({a.settlement_id for a in answers}) == len(bodies)
        assert province.one("SELECT count(*) FROM journal WHERE kind = 'settlement'") == (40,)
        assert province.one(
            "SELECT count(*), max(batch) = count(*) FROM batch WHERE requests > 0"
        ) == (40, True)
