"""Visits on real PostgreSQL: kept, settled by visit, taken back, refused by name."""

import asyncio
from typing import Any

import pytest

from clients.bill import bill, item
from medswitch.v1 import reply_pb2, visit_pb2
from switch.model.fault import Fault, FaultReason
from switch.pipeline import visit_lines
from tests.fix_filings import today_of
from tests.fix_province import Province, original_of, room
from tests.fix_visits import ADMISSION, DISCHARGE, REGISTRATION, Ward, charge, withdrawal

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_in_service"
AT = "ningbo_tertiary"
STATE = """
SELECT m.version, (SELECT jsonb_agg(to_jsonb(v)) FROM visit v WHERE v.member_id = m.member_id),
    (SELECT count(*) FROM visit_line l WHERE l.bucket = m.bucket),
    (SELECT count(*) FROM visit_line l WHERE l.bucket = m.bucket AND withdrawn IS NOT NULL)
FROM member m WHERE member_id = %s
"""


def state(province: Province, who: str = WHO) -> tuple[Any, ...]:
    return province.one(STATE, province.member_id(who))


def code_of(reply: Any) -> str:
    return reply_pb2.ReplyCode.Name(reply.outcome.code).removeprefix("REPLY_CODE_")


def facts_of(reply: Any) -> dict[str, str]:
    return {fact.key: fact.value for fact in reply.outcome.facts}


async def test_a_stay_is_settled_as_it_goes_and_its_deductible_is_paid_once(
    province: Province,
) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO)
        await ward.upload(visit, [charge(n, ward.day(-8), "100.00") for n in range(1, 101)])
        first = await ward.settle(visit, card, interim=True)
        assert first.outcome.code == OK, first.outcome.message_en
        assert first.decision.split.total_fen == 1_000_000
        assert first.decision.split.deductible_fen > 0
        await ward.upload(visit, [charge(101, ward.day(-2), "100.00")])
        assert (await ward.discharge(visit)).visit.state == visit_pb2.VISIT_STATE_DISCHARGED
        last = await ward.settle(visit, card)
        assert last.outcome.code == OK, last.outcome.message_en
        assert (last.decision.split.total_fen, last.decision.split.deductible_fen) == (10_000, 0)
        told = await ward.told(visit, after_line=0)
        assert told.visit.state == visit_pb2.VISIT_STATE_SETTLED
        assert [one.final for one in told.visit.settlements] == [False, True]
        assert (len(told.lines), told.unsettled_fen) == (101, 0)
        assert all(one.settled for one in told.lines)


async def test_lines_come_in_batches_and_what_is_there_is_ignored(province: Province) -> None:
    async with room(province, AT) as there:
        ward = Ward(there)
        visit = await ward.admit(WHO)
        lines = [charge(n, ward.day(-5)) for n in range(1, 6)]
        assert (await ward.upload(visit, lines[:3])).added == 3
        again = await ward.upload(visit, lines)
        assert (again.added, again.ignored, again.lines) == (2, 3, 5)
        before = state(province)
        nothing = await ward.upload(visit, lines)
        assert (nothing.outcome.code, nothing.added, nothing.ignored) == (OK, 0, 5)
        assert state(province)[1:] == before[1:]
        other = await ward.upload(visit, [charge(6, ward.day(-4)), charge(2, ward.day(-5), "1.00")])
        assert (code_of(other), facts_of(other)) == ("VISIT_LINE_DIFFERS", {"line": "2"})
        assert state(province)[1:] == before[1:]


async def test_a_negative_line_withdraws_no_more_than_was_charged(province: Province) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO)
        three = charge(1, ward.day(-5), quantity=3)
        await ward.upload(visit, [three])
        taken = await ward.upload(visit, [withdrawal(2, three, ward.day(-4))])
        assert taken.outcome.code == OK, taken.outcome.message_en
        too_much = await ward.upload(visit, [withdrawal(3, three, ward.day(-4), quantity=3)])
        assert (code_of(too_much), facts_of(too_much)["line"]) == ("VISIT_LINE_OVERDRAWN", "1")
        unknown = await ward.upload(visit, [withdrawal(4, charge(9, ward.day(-5)), ward.day(-4))])
        assert code_of(unknown) == "VISIT_LINE_UNKNOWN"
        of_another = withdrawal(5, charge(1, ward.day(-5), code="DEMO-AMLOD-TAB"), ward.day(-4))
        assert code_of(await ward.upload(visit, [of_another])) == "VISIT_LINE_UNKNOWN"
        of_withdrawal = withdrawal(6, charge(2, ward.day(-5)), ward.day(-4))
        assert code_of(await ward.upload(visit, [of_withdrawal])) == "VISIT_LINE_UNKNOWN"
        # A line that a negative one names goes with it only.
        alone = await ward.withdraw(visit, 1)
        assert (code_of(alone), facts_of(alone)["line"]) == ("VISIT_LINE_OVERDRAWN", "1")
        told = await ward.told(visit, after_line=0)
        assert told.unsettled_fen == 8_000
        settled = await ward.settle(visit, card, interim=True)
        assert settled.decision.split.total_fen == 8_000
        frozen = await ward.upload(visit, [withdrawal(7, three, ward.day(-4))])
        assert code_of(frozen) == "VISIT_LINE_SETTLED"
        assert code_of(await ward.withdraw(visit, 2)) == "VISIT_LINE_SETTLED"


async def test_withdrawn_lines_are_gone_and_their_numbers_free(province: Province) -> None:
    async with room(province, AT) as there:
        ward = Ward(there)
        visit = await ward.admit(WHO)
        await ward.upload(visit, [charge(n, ward.day(-5)) for n in (1, 2, 3)])
        assert (await ward.withdraw(visit, 2)).withdrawn == 1
        assert code_of(await ward.withdraw(visit, 2)) == "VISIT_LINE_UNKNOWN"
        again = await ward.upload(visit, [charge(2, ward.day(-4), "1.00")])
        assert (again.outcome.code, again.lines) == (OK, 3)
        told = await ward.told(visit, after_line=0)
        assert [(one.line.number, one.line.amount_fen) for one in told.lines] == [
            (1, 4_000), (2, 100), (3, 4_000),
        ]  # fmt: skip
        assert (await ward.withdraw(visit)).lines == 0
        assert (await ward.withdraw(visit)).withdrawn == 0
        assert (await ward.told(visit, after_line=0)).unsettled_fen == 0


async def test_only_the_last_settlement_of_a_visit_is_cancelled(province: Province) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO)
        bodies = []
        for number in (1, 2):
            await ward.upload(visit, [charge(number, ward.day(-5), "9.00")])
            claim = await ward.bill(visit, interim=True)
            shown = await there.presettle(claim, card)
            bodies.append(there.settle_body(claim, card, shown))
            assert (await there.settle(bodies[-1])).outcome.code == OK
        before = state(province)
        originals = [original_of(body, visit.member_id) for body in bodies]
        refused = await there.cancel(originals[0])
        assert code_of(refused) == "LATER_SETTLEMENTS_DEPEND"
        last = (await ward.told(visit)).visit.settlements[1].settlement_id
        assert last in refused.outcome.message_zh
        assert state(province)[1:] == before[1:]
        assert (await there.cancel(originals[1])).outcome.code == OK
        assert (await ward.told(visit, after_line=0)).unsettled_fen == 900
        assert (await there.cancel(originals[0])).outcome.code == OK
        told = await ward.told(visit, after_line=0)
        assert (told.unsettled_fen, len(told.visit.settlements)) == (1_800, 0)
        assert not any(one.settled for one in told.lines)
        assert (await ward.settle(visit, card, interim=True)).decision.split.total_fen == 1_800


async def test_a_reversal_is_never_refused_and_its_lines_are_settled_with_the_next(
    province: Province,
) -> None:
    """An earlier settlement reversed leaves a hole, which the next settlement takes along."""
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO)
        bodies = []
        for number in (1, 2):
            await ward.upload(visit, [charge(number, ward.day(-5), f"{number}.00")])
            claim = await ward.bill(visit, interim=True)
            bodies.append(there.settle_body(claim, card, await there.presettle(claim, card)))
            await there.settle(bodies[-1])
        reversed_ = await there.reverse(original_of(bodies[0], visit.member_id))
        assert reversed_.outcome.code == OK
        told = await ward.told(visit, after_line=0)
        assert [one.settled for one in told.lines] == [False, True]
        await ward.upload(visit, [charge(3, ward.day(-1), "4.00")])
        last = await ward.settle(visit, card, interim=True)
        assert last.decision.split.total_fen == 500
        assert (await ward.told(visit, after_line=0)).unsettled_fen == 0


async def test_a_registration_its_fee_and_its_bill_of_one_day(province: Province) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = (await ward.register(WHO, kind="11", begun=0)).visit
        today = today_of(there.clock)
        fee = bill("12", "330299", today, [item("DEMO-CEFTRI-INJ", "挂号费", 1, "10.00")],
                   visit_id=visit.visit_id)  # fmt: skip
        shown = await there.presettle(fee, card)
        assert code_of(shown) == "OK", shown.outcome.message_en
        body = there.settle_body(fee, card, shown)
        assert (await there.settle(body)).outcome.code == OK
        [settled] = (await ward.told(visit)).visit.settlements
        assert not settled.takes_lines
        refused = await ward.take_back(visit, REGISTRATION)
        assert code_of(refused) == "VISIT_SETTLEMENTS_LIVE"
        assert settled.settlement_id in refused.outcome.message_en
        await ward.upload(visit, [charge(1, ward.day())])
        outpatient = await ward.settle(visit, card)
        assert outpatient.decision.split.total_fen == 4_000
        # Open for a second bill; refunded, the lines are free again.
        assert (await ward.told(visit)).visit.state == visit_pb2.VISIT_STATE_REGISTERED
        assert (await there.cancel(original_of(body, visit.member_id))).outcome.code == OK
        assert code_of(await ward.take_back(visit, REGISTRATION)) == "VISIT_SETTLEMENTS_LIVE"


async def test_a_discharge_is_undone_and_done_again(province: Province) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO)
        await ward.upload(visit, [charge(1, ward.day(-5))])
        assert (await ward.discharge(visit, -3)).outcome.code == OK
        late = await ward.upload(visit, [charge(2, ward.day(-2))])
        assert (code_of(late), facts_of(late)["on"]) == ("VISIT_DISCHARGED", ward.day(-3))
        undone = await ward.take_back(visit, DISCHARGE)
        assert (undone.visit.state, undone.visit.ended_on) == (
            visit_pb2.VISIT_STATE_REGISTERED, "",
        )  # fmt: skip
        assert (await ward.upload(visit, [charge(2, ward.day(-2))])).outcome.code == OK
        early = await ward.discharge(visit, -3)
        assert (code_of(early), facts_of(early)["line_day"]) == ("VISIT_LINES_BEYOND", ward.day(-2))
        assert (await ward.discharge(visit, -2)).outcome.code == OK
        assert (await ward.settle(visit, card)).outcome.code == OK
        assert code_of(await ward.take_back(visit, DISCHARGE)) == "VISIT_SETTLED"
        assert code_of(await ward.upload(visit, [charge(3, ward.day(-2))])) == "VISIT_SETTLED"


async def test_a_person_is_in_one_stay_at_a_time_wherever(province: Province) -> None:
    async with (
        room(province, AT) as here,
        room(province, "ningbo_community", here.clock) as there,
    ):
        ward, other = Ward(here), Ward(there)
        visit = await ward.admit(WHO)
        before = state(province)
        refused = await other.register(WHO)
        assert code_of(refused) == "VISIT_STAY_OPEN"
        assert facts_of(refused) == {"visit": visit.visit_id, "institution": here.institution}
        assert state(province) == before
        assert (await other.register(WHO, kind="11", begun=0)).outcome.code == OK
        assert (await ward.discharge(visit)).outcome.code == OK
        second = await other.admit(WHO, begun=0)
        back = await ward.take_back(visit, DISCHARGE)
        assert (code_of(back), facts_of(back)["visit"]) == ("VISIT_STAY_OPEN", second.visit_id)
        assert (await other.take_back(second, ADMISSION)).outcome.code == OK
        assert (await ward.take_back(visit, DISCHARGE)).outcome.code == OK


async def test_two_admissions_of_one_batch_are_one(province: Province) -> None:
    async with room(province, AT) as there:
        ward = Ward(there)
        bodies = [ward.register_body(WHO, begun=0) for _ in range(2)]
        replies = await asyncio.gather(*(there.send("Register", body) for body in bodies))
        codes = sorted(map(code_of, map(visit_pb2.RegisterResponse.FromString, replies)))
        assert codes == ["OK", "VISIT_STAY_OPEN"]
        assert await there.send("Register", bodies[0]) == replies[0]


async def test_another_institution_and_another_person_are_refused(province: Province) -> None:
    async with (
        room(province, AT) as here,
        room(province, "ningbo_community", here.clock) as there,
    ):
        ward, other = Ward(here), Ward(there)
        visit = await ward.admit(WHO)
        await ward.upload(visit, [charge(1, ward.day(-5))])
        before = state(province)
        line = [charge(2, ward.day(-5))]
        for reply in (
            await other.upload(visit, line),
            await other.withdraw(visit, 1),
            await other.discharge(visit),
            await other.take_back(visit, ADMISSION),
            await other.told(visit),
        ):
            assert code_of(reply) == "VISIT_OF_ANOTHER"
        claim = await ward.bill(visit, interim=True)
        elsewhere = await there.presettle(claim, province.card(WHO))
        assert code_of(elsewhere) == "VISIT_OF_ANOTHER"
        stranger = await here.presettle(claim, province.card("employee_retired"))
        assert code_of(stranger) == "VISIT_UNKNOWN"
        visit.member_id = province.member_id("employee_retired")
        assert code_of(await ward.upload(visit, line)) == "VISIT_UNKNOWN"
        assert state(province)[1:] == before[1:]


async def test_what_a_claim_says_of_its_visit_must_be_so(province: Province) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO)
        empty = await there.presettle(await ward.bill(visit, interim=True), card)
        assert code_of(empty) == "VISIT_NOTHING_TO_SETTLE"
        await ward.upload(visit, [charge(1, ward.day(-5))])
        claim = await ward.bill(visit)
        assert code_of(await there.presettle(claim, card)) == "VISIT_NOT_DISCHARGED"
        claim.interim = True
        for field, value, national in (
            ("kind", "24", "med_type"),
            ("admitted_on", ward.day(-8), "adm_time"),
            ("discharged_on", ward.day(), "dscg_time"),
            ("insurance", "390", "insutype"),
            ("region_insured", "330199", "insuplc_admdvs"),
        ):
            before = getattr(claim, field)
            setattr(claim, field, value)
            differs = await there.presettle(claim, card)
            assert (code_of(differs), facts_of(differs)["field"]) == ("VISIT_DIFFERS", national)
            setattr(claim, field, before)
        claim.total_fen += 1
        wrong = await there.presettle(claim, card)
        assert code_of(wrong) == "VISIT_TOTAL_DIFFERS"
        assert (facts_of(wrong)["sum"], facts_of(wrong)["stated"]) == ("4000", "4001")
        claim.total_fen -= 1
        assert code_of(await there.presettle(claim, card)) == "OK"


async def test_a_visit_holds_so_many_lines_and_no_more(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit_lines, "LINES_MAX", 5)
    async with room(province, AT) as there:
        ward = Ward(there)
        visit = await ward.admit(WHO)
        await ward.upload(visit, [charge(n, ward.day(-5)) for n in range(1, 5)])
        refused = await ward.upload(visit, [charge(n, ward.day(-5)) for n in (5, 6)])
        assert code_of(refused) == "VISIT_LINES_TOO_MANY"
        assert (await ward.upload(visit, [charge(5, ward.day(-5))])).lines == 5
        with pytest.raises(Fault) as caught:
            await ward.upload(visit, [charge(n, ward.day(-5)) for n in range(1, 502)])
        assert (caught.value.reason, caught.value.field) == (FaultReason.MALFORMED, "lines")


async def test_days_are_in_order(province: Province) -> None:
    async with room(province, AT) as there:
        ward = Ward(there)
        visit = await ward.admit(WHO, begun=-5)
        early = await ward.upload(visit, [charge(1, ward.day(-6))])
        assert (code_of(early), facts_of(early)["earliest"]) == (
            "VISIT_LINE_TOO_EARLY", ward.day(-5),
        )  # fmt: skip
        before = await ward.discharge(visit, -6)
        assert code_of(before) == "VISIT_DISCHARGE_BEFORE_ADMISSION"
        await ward.upload(visit, [charge(1, ward.day(-4))])
        later = visit_pb2.VisitDetails(kind="21", begun_on=ward.day(-3))
        moved = await ward.change("Update", visit, details=later)
        assert code_of(moved) == "VISIT_LINES_BEYOND"
        earlier = visit_pb2.VisitDetails(kind="24", begun_on=ward.day(-7), diagnoses=["I21.900"])
        moved = await ward.change("Update", visit, details=earlier)
        assert moved.outcome.code == OK, moved.outcome.message_en
        assert moved.visit.details.begun_on == ward.day(-7)
        outpatient = visit_pb2.VisitDetails(kind="11", begun_on=ward.day(-7))
        kind = await ward.change("Update", visit, details=outpatient)
        assert (code_of(kind), facts_of(kind)["field"]) == ("VISIT_DIFFERS", "med_type")
        wrong = await ward.take_back(visit, REGISTRATION)
        assert (code_of(wrong), facts_of(wrong)["field"]) == ("VISIT_DIFFERS", "what")
        assert (await ward.take_back(visit, ADMISSION)).outcome.code == OK
        gone = await ward.upload(visit, [charge(2, ward.day(-4))])
        assert code_of(gone) == "VISIT_CANCELLED"


async def test_a_number_of_the_institution_is_one_open_visit_of_a_person(
    province: Province,
) -> None:
    async with room(province, AT) as there:
        ward = Ward(there)
        first = await ward.register(WHO, kind="11", begun=0, number="MZ1")
        again = await ward.register(WHO, kind="11", begun=0, number="MZ1")
        assert code_of(again) == "VISIT_NUMBER_USED"
        assert facts_of(again) == {"visit": first.visit.visit_id}
        other = await ward.register("employee_retired", kind="11", begun=0, number="MZ1")
        assert other.outcome.code == OK


async def test_a_repeat_is_answered_as_before_and_changes_nothing(province: Province) -> None:
    async with room(province, AT) as there:
        ward = Ward(there)
        visit = await ward.admit(WHO)
        body = ward.body(visit_pb2.UploadLinesRequest, visit, lines=[charge(1, ward.day(-5))],
                         reason={"operator": "赵三", "why": "医嘱"})  # fmt: skip
        first = await there.send("UploadLines", body)
        assert (await ward.withdraw(visit)).withdrawn == 1
        before = state(province)
        assert await there.send("UploadLines", body) == first
        assert state(province) == before


async def test_two_replicas_charge_one_visit_at_once(province: Province) -> None:
    """Each decides on what it read; who was overtaken decides again, and nothing is lost."""
    async with (
        room(province, "ningbo_community") as one,
        room(province, "ningbo_community", one.clock, number=2) as two,
    ):
        wards = [Ward(one), Ward(two)]
        visit = await wards[0].admit(WHO)
        uploads = [
            wards[n % 2].upload(visit, [charge(10 * n + k, wards[0].day(-5)) for k in (1, 2, 3)])
            for n in range(8)
        ]
        replies = await asyncio.gather(*uploads)
        assert [reply.outcome.code for reply in replies] == [OK] * 8
        assert sorted(reply.lines for reply in replies) == [3 * n for n in range(1, 9)]
        told = await wards[1].told(visit, after_line=0)
        assert (len(told.lines), told.unsettled_fen) == (24, 24 * 4_000)


async def test_an_agency_may_look_and_touch_nothing(province: Province) -> None:
    async with (
        room(province, AT) as here,
        room(province, "ningbo_agency", here.clock) as ningbo,
        room(province, "hangzhou_agency", here.clock) as hangzhou,
    ):
        visit = await Ward(here).admit(WHO)
        assert (await Ward(ningbo).told(visit)).visit == visit
        assert code_of(await Ward(hangzhou).told(visit)) == "VISIT_OF_ANOTHER"
