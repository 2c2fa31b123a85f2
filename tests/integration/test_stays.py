"""Stays by visit under policies: New Year, a transfer, care before the admission, a crash."""

from datetime import date
from typing import Any

from clients.bill import bill, item
from clients.card import Credential
from medswitch.v1 import reply_pb2, settlement_pb2, visit_pb2
from tests.fix_filings import today_of
from tests.fix_province import Province, original_of, room
from tests.fix_visits import Ward, charge, open_stay_terms

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_in_service"
AT = "ningbo_tertiary"


def details(kind: str, begun_on: str) -> visit_pb2.VisitDetails:
    return visit_pb2.VisitDetails(kind=kind, begun_on=begun_on)


async def settle_on(
    ward: Ward, visit: visit_pb2.Visit, card: Credential, on: str, **fields: Any
) -> settlement_pb2.SettleResponse:
    claim = await ward.bill(visit, **fields)
    claim.service_on = on
    settled = await ward.room.buy(claim, card)
    assert settled.outcome.code == OK, settled.outcome.message_en
    return settled


async def test_a_stay_over_new_year_takes_one_deductible_and_the_next_stay_its_own(
    province: Province,
) -> None:
    """Ningbo's is one a year; the part of the stay settled in the new year owes no second one."""
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO, details=details("21", "2018-12-20"))
        await ward.upload(visit, [charge(1, "2018-12-25", "4000.00")])
        old = await settle_on(ward, visit, card, "2018-12-31", interim=True)
        assert old.decision.split.deductible_fen == 150_000
        await ward.upload(visit, [charge(2, "2019-01-05", "4000.00")])
        ended = await ward.change("Discharge", visit, ended_on="2019-01-10")
        assert ended.outcome.code == OK
        new = await settle_on(ward, visit, card, "2019-01-10")
        assert new.decision.split.deductible_fen == 0
        assert new.decision.split.fund_fen > old.decision.split.fund_fen
        second = await ward.admit(WHO, details=details("21", "2019-02-01"))
        await ward.upload(second, [charge(1, "2019-02-02", "4000.00")])
        await ward.change("Discharge", second, ended_on="2019-02-03")
        other = await settle_on(ward, second, card, "2019-02-03")
        assert other.decision.split.deductible_fen == 150_000


async def test_a_stay_over_a_change_of_policy_is_ruled_by_its_day(province: Province) -> None:
    """Ningbo's deductible fell from 1,500 to 1,200 with 2023; a stay is ruled by its discharge."""
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO, details=details("21", "2022-12-20"))
        await ward.upload(visit, [charge(1, "2022-12-25", "4000.00")])
        await ward.change("Discharge", visit, ended_on="2023-01-10")
        settled = await settle_on(ward, visit, card, "2023-01-10")
        assert settled.decision.split.deductible_fen == 120_000
        assert settled.decision.ruled_on == "2023-01-10"


async def test_a_transfer_is_one_stay_where_policy_says_so(province: Province) -> None:
    open_stay_terms(province)
    async with (
        room(province, "ningbo_community") as first,
        room(province, AT, first.clock) as second,
    ):
        here, there, card = Ward(first), Ward(second), province.card(WHO)
        visit = await here.admit(WHO, begun=-9)
        await here.upload(visit, [charge(1, here.day(-8), "4000.00")])
        unknown = await there.register(WHO, begun=-2, continues=visit.visit_id)
        assert unknown.outcome.code == reply_pb2.REPLY_CODE_VISIT_NOT_CONTINUED
        assert (await here.discharge(visit, -3)).outcome.code == OK
        early = await there.register(WHO, begun=-4, continues=visit.visit_id)
        assert early.outcome.code == reply_pb2.REPLY_CODE_VISIT_NOT_CONTINUED
        joined = await there.admit(WHO, begun=-2, continues=visit.visit_id)
        assert joined.stay == visit.visit_id
        paid = await here.settle(visit, card)
        await there.upload(joined, [charge(1, there.day(-1), "4000.00")])
        await there.discharge(joined, -1)
        rest = await there.settle(joined, card)
        # The higher level's deductible, less what the community hospital took of it.
        taken = [one.decision.split.deductible_fen for one in (paid, rest)]
        assert taken[0] > 0
        assert sum(taken) == 120_000
        later = await here.admit(WHO, begun=0, continues=joined.visit_id)
        assert later.stay == joined.stay


async def test_a_transfer_without_such_a_policy_is_two_stays(province: Province) -> None:
    async with room(province, AT) as there:
        ward = Ward(there)
        visit = await ward.admit(WHO, begun=-9)
        await ward.discharge(visit, -3)
        second = await ward.admit(WHO, begun=-3, continues=visit.visit_id)
        assert second.stay == second.visit_id


async def test_care_before_a_stay_joins_it_within_the_days_of_the_policy(
    province: Province,
) -> None:
    """An emergency, or tests before day surgery: withdrawn there, charged to the stay."""
    open_stay_terms(province)
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        emergency = (await ward.register(WHO, kind="13", begun=-3)).visit
        lines = [charge(n, ward.day(-3), "300.00") for n in (1, 2)]
        assert (await ward.upload(emergency, lines)).outcome.code == OK
        stay = await ward.admit(WHO, kind="28", begun=0)
        assert (await ward.withdraw(emergency)).withdrawn == 2
        assert (await ward.upload(stay, lines)).outcome.code == OK
        early = await ward.upload(stay, [charge(3, ward.day(-4))])
        assert early.outcome.code == reply_pb2.REPLY_CODE_VISIT_LINE_TOO_EARLY
        await ward.upload(stay, [charge(3, ward.day(0), "2000.00")])
        await ward.discharge(stay)
        settled = await ward.settle(stay, card)
        assert settled.decision.split.total_fen == 260_000


async def test_the_fee_of_a_registration_names_its_visit(province: Province) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = (await ward.register(WHO, kind="11", begun=0)).visit
        today: date = today_of(there.clock)
        fee = [item("DEMO-REGISTRATION", "挂号费", 1, "10.00")]
        claim = bill("12", "330299", today, fee, visit_id=visit.visit_id)
        assert (await there.buy(claim, card)).outcome.code == OK
        [held] = (await ward.told(visit)).visit.settlements
        assert (held.takes_lines, held.final) == (False, False)
        # A stay's lines are its visit's, never the claim's own.
        wrong = bill("21", "330299", today, fee, visit_id=visit.visit_id)
        refused = await there.presettle(wrong, card)
        assert refused.outcome.code == reply_pb2.REPLY_CODE_VISIT_DIFFERS


async def test_a_settlement_of_a_visit_is_not_replaced(province: Province) -> None:
    async with room(province, AT) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = await ward.admit(WHO)
        lines = [charge(n, ward.day(-5), "10.00") for n in (1, 2)]
        await ward.upload(visit, lines)
        claim = await ward.bill(visit, interim=True)
        body = await there.bill_body(claim, card)
        assert (await there.settle(body)).outcome.code == OK
        original = original_of(body, visit.member_id)
        rest = bill("21", "330299", today_of(there.clock), lines[:1], visit_id=visit.visit_id)
        refused = await there.presettle(rest, card, original)
        assert refused.outcome.code == reply_pb2.REPLY_CODE_VISIT_NOT_REPLACED
        assert (await there.cancel(original)).outcome.code == OK
