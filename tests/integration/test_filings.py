"""Filings on real PostgreSQL: taken, told, withdrawn; refused by name; in force at once."""

import asyncio
from typing import Any

import pytest

from clients.bill import bill, item
from medswitch.v1 import common_pb2, reply_pb2
from switch.model.fault import Fault, FaultReason
from switch.pipeline import filing
from tests.fix_filings import (
    DESIGNATED,
    HANGZHOU,
    REASON,
    REFERRAL,
    RESIDENCE,
    SPECIAL,
    Filer,
    day,
    today_of,
)
from tests.fix_province import Province, Room, original_of, room

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_without_filing"
STATE = """
SELECT version, (SELECT count(*) FROM filing f WHERE f.member_id = m.member_id),
    (SELECT count(*) FROM filing f WHERE f.member_id = m.member_id AND f.ended IS NOT NULL)
FROM member m WHERE member_id = %s
"""


def state(province: Province, who: str = WHO) -> tuple[Any, ...]:
    return province.one(STATE, province.member_id(who))


def bill_of_today(there: Room) -> common_pb2.Claim:
    """An outpatient bill at a hospital of Hangzhou."""
    lines = [item("DEMO-CEFTRI-INJ", "头孢曲松", 200, "40.00")]
    return bill("11", "330199", today_of(there.clock), lines)


async def test_a_filing_is_in_force_on_the_very_next_transaction_and_so_is_its_end(
    province: Province,
) -> None:
    async with (
        room(province, "ningbo_agency") as counter,
        room(province, "hangzhou_tertiary", counter.clock) as there,
    ):
        agency, card = Filer(counter), province.card(WHO)
        before = await there.presettle(bill_of_today(there), card)
        taken = await agency.file(WHO)
        assert taken.outcome.code == OK, taken.outcome.message_en
        filed = taken.record.filing
        settled = await there.buy(bill_of_today(there), card)
        assert settled.outcome.code == OK
        assert settled.decision.filing_id == filed.filing_id
        # 10 points less without a filing, none at the place of residence (policy of 2021).
        assert settled.decision.split.fund_fen > before.decision.split.fund_fen
        ended = await agency.withdraw(WHO, filed.filing_id)
        assert ended.outcome.code == OK
        assert ended.record.filing.until == day(counter.clock, -1)
        after = await there.presettle(bill_of_today(there), card)
        assert after.decision.filing_id == ""
        assert state(province) == (4, 1, 1)


async def test_a_filing_and_a_bill_of_one_batch_are_decided_in_turn(province: Province) -> None:
    async with room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        bodies = [agency.file_body(WHO), agency.file_body(WHO, place="330300")]
        bodies.append(agency.file_body(WHO))
        replies = await asyncio.gather(*map(agency.send_file, bodies))
        codes = [reply.outcome.code for reply in replies]
        assert codes == [OK, OK, reply_pb2.REPLY_CODE_FILING_OVERLAPS]
        assert province.one("SELECT count(*) FROM batch WHERE requests = 3") == (1,)
        assert state(province) == (3, 2, 0)


async def test_who_when_and_why_stay_with_a_filing_for_ever(province: Province) -> None:
    async with room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        taken = await agency.file(WHO, place="33", until=day(counter.clock, 30))
        filing_id = taken.record.filing.filing_id
        counter.clock.advance(seconds=5)
        ended = await agency.withdraw(WHO, filing_id)
        record = (await agency.list(WHO)).records[0]
        assert record == ended.record
        assert record.granted == taken.record.granted
        assert (record.granted.operator, record.granted.why) == (REASON.operator, REASON.why)
        assert (record.ended.operator, record.ended.why) == ("李二", "已返回参保地")
        assert record.ended.at_ms - record.granted.at_ms == 5_000
        assert record.granted.institution == counter.institution
        assert record.filing.place == "33"
        assert record.filing.until == day(counter.clock, -1)


async def test_policy_gives_a_filing_its_last_day(province: Province) -> None:
    """A referral holds for a year in Ningbo; one that would hold longer is refused."""
    async with room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        taken = await agency.file(WHO, kind=REFERRAL)
        first, last = taken.record.filing.since, taken.record.filing.until
        assert (first, last[:4]) == (day(counter.clock), str(int(first[:4]) + 1))
        longer = await agency.file(WHO, kind=REFERRAL, place="330300", until="2099-01-01")
        assert longer.outcome.code == reply_pb2.REPLY_CODE_FILING_TOO_LONG
        assert {fact.key: fact.value for fact in longer.outcome.facts}["latest"] == last


REFUSED: list[Any] = [
    pytest.param(fields, code, id=name)
    for name, fields, code in (
        ("a filing in the past", {"since": "2018-12-01"}, "FILING_TOO_EARLY"),
        ("an unknown place", {"place": "990100"}, "FILING_PLACE_UNKNOWN"),
        ("an unknown city of ours", {"place": "331900"}, "FILING_PLACE_UNKNOWN"),
        ("the insured city", {"place": "330203"}, "FILING_PLACE_AT_HOME"),
        ("an unknown disease", {"kind": SPECIAL, "disease_code": "M99999"},
         "FILING_DISEASE_UNKNOWN"),
        ("an unknown institution", {"kind": DESIGNATED, "institution": "H99999999999"},
         "FILING_INSTITUTION_UNKNOWN"),
        ("an insured region he has none in", {"region_insured": "330199"}, "NOT_INSURED"),
        ("an insurance he has not", {"insurance": "390"}, "NOT_INSURED"),
        ("nobody", {"member_id": "0001ZZZZZZZZ"}, "IDENTITY_UNKNOWN"),
    )
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code"), REFUSED)
async def test_what_cannot_be_filed_is_refused_by_name_and_changes_nothing(
    province: Province, fields: dict[str, Any], code: str
) -> None:
    async with room(province, "ningbo_agency") as counter:
        before = state(province)
        body = Filer(counter).file_body(WHO, **fields)
        refused = await Filer(counter).send_file(body)
        assert reply_pb2.ReplyCode.Name(refused.outcome.code) == f"REPLY_CODE_{code}"
        assert not refused.HasField("record")
        assert state(province) == before
        assert await Filer(counter).send_file(body) == refused
        recorded = "SELECT count(*) FROM request WHERE writes IS NULL AND member_version IS NULL"
        assert province.one(recorded) == (1,)


async def test_a_filing_that_overlaps_another_is_refused_naming_it(province: Province) -> None:
    async with room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        taken = await agency.file(WHO, until=day(counter.clock, 10))
        overlaps: list[dict[str, Any]] = [
            {},
            {"since": day(counter.clock, 10)},
            {"place": "330106"},
            {"place": "330000"},
        ]
        for fields in overlaps:
            refused = await agency.file(WHO, **fields)
            assert refused.outcome.code == reply_pb2.REPLY_CODE_FILING_OVERLAPS
            assert taken.record.filing.filing_id in refused.outcome.message_zh
        apart = ({"since": day(counter.clock, 11)}, {"kind": REFERRAL}, {"place": "330300"})
        for fields in apart:
            assert (await agency.file(WHO, **fields)).outcome.code == OK
        # Withdrawn, it holds no day any more.
        ids = [one.filing.filing_id for one in (await agency.list(WHO, kind=RESIDENCE)).records]
        for filing_id in ids:
            assert (await agency.withdraw(WHO, filing_id)).outcome.code == OK
        assert (await agency.file(WHO, place=HANGZHOU)).outcome.code == OK


async def test_a_filing_is_withdrawn_once(province: Province) -> None:
    async with room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        filing_id = (await agency.file(WHO)).record.filing.filing_id
        body = agency.withdraw_body(WHO, filing_id)
        first = await agency.send_withdraw(body)
        assert await agency.send_withdraw(body) == first
        twice = await agency.withdraw(WHO, filing_id)
        assert twice.outcome.code == reply_pb2.REPLY_CODE_FILING_OVER
        unknown = await agency.withdraw(WHO, "BA0")
        assert unknown.outcome.code == reply_pb2.REPLY_CODE_FILING_UNKNOWN
        others = await agency.withdraw("referral_patient", filing_id)
        assert others.outcome.code == reply_pb2.REPLY_CODE_FILING_UNKNOWN
        assert state(province) == (3, 1, 1)
        # One that was there before, and ended by itself.
        old = (await agency.list("employee_filing_ended")).records[0]
        assert not old.HasField("granted")
        over = await agency.withdraw("employee_filing_ended", old.filing.filing_id)
        assert over.outcome.code == reply_pb2.REPLY_CODE_FILING_OVER


async def test_each_files_only_for_whom_it_may(province: Province) -> None:
    async with (
        room(province, "ningbo_agency") as ningbo,
        room(province, "hangzhou_agency", ningbo.clock) as hangzhou,
        room(province, "ningbo_tertiary", ningbo.clock) as hospital,
        room(province, "ningbo_community", ningbo.clock) as clinic,
        room(province, "hangzhou_tertiary", ningbo.clock) as away,
    ):
        agency, other = Filer(ningbo), Filer(hangzhou)
        doctor, nurse, stranger = Filer(hospital), Filer(clinic), Filer(away)
        elsewhere = await other.file(WHO)
        assert elsewhere.outcome.code == reply_pb2.REPLY_CODE_FILING_NOT_SERVED
        residence = await doctor.file(WHO)
        assert residence.outcome.code == reply_pb2.REPLY_CODE_FILING_AGENCY_ONLY
        far = await stranger.file(WHO, kind=REFERRAL)
        assert far.outcome.code == reply_pb2.REPLY_CODE_FILING_AGENCY_ONLY
        # In Ningbo the hospital refers; it withdraws its own, and no other hospital does.
        referred = await doctor.file(WHO, kind=REFERRAL)
        assert referred.outcome.code == OK, referred.outcome.message_en
        filing_id = referred.record.filing.filing_id
        foreign = await nurse.withdraw(WHO, filing_id)
        assert foreign.outcome.code == reply_pb2.REPLY_CODE_FILING_OF_ANOTHER
        unserved = await other.withdraw(WHO, filing_id)
        assert unserved.outcome.code == reply_pb2.REPLY_CODE_FILING_NOT_SERVED
        # Each is told what it may know.
        chosen = await agency.file(WHO, kind=DESIGNATED, institution=clinic.institution)
        assert chosen.outcome.code == OK, chosen.outcome.message_en
        known = [
            len((await one.list(WHO)).records) for one in (agency, other, doctor, nurse, stranger)
        ]
        assert known == [2, 0, 1, 1, 0]
        assert (await doctor.withdraw(WHO, filing_id)).outcome.code == OK
        assert (await agency.list(WHO, kind=REFERRAL)).records[0].HasField("ended")


async def test_two_replicas_take_one_filing_once(province: Province) -> None:
    async with (
        room(province, "ningbo_agency") as one,
        room(province, "ningbo_agency", one.clock) as two,
    ):
        two.sequence += 500
        replies = await asyncio.gather(*(Filer(counter).file(WHO) for counter in (one, two)))
        codes = sorted(reply.outcome.code for reply in replies)
        assert codes == [OK, reply_pb2.REPLY_CODE_FILING_OVERLAPS]
        assert state(province) == (2, 1, 0)


async def test_the_same_id_with_another_filing_is_refused_naming_the_field(
    province: Province,
) -> None:
    async with room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        request_id = counter.request_id()
        await agency.file(WHO, request_id=request_id)
        with pytest.raises(Fault) as caught:
            await agency.file(WHO, request_id=request_id, place="330300")
        assert (caught.value.reason, caught.value.field) == (
            FaultReason.REQUEST_ID_REUSED, "place",
        )  # fmt: skip


async def test_a_filing_cannot_be_reversed_and_what_was_reversed_is_never_filed(
    province: Province,
) -> None:
    async with room(province, "ningbo_tertiary") as hospital:
        doctor, member = Filer(hospital), province.member_id(WHO)
        body = doctor.file_body(WHO, kind=REFERRAL)
        await doctor.send_file(body)
        claim = hospital.claim()
        card = province.card(WHO)
        settle = hospital.settle_body(claim, card, await hospital.presettle(claim, card))
        original = original_of(settle, member)
        taken = hospital.codec.decode("File", hospital.call("File", body))
        original.request_id = taken.request_id  # type: ignore[union-attr] # a File
        refused = await hospital.reverse(original)
        assert refused.outcome.code == reply_pb2.REPLY_CODE_ORIGINAL_DIFFERS
        original.request_id = hospital.request_id()
        assert (await hospital.reverse(original)).undone.tombstone
        late = await doctor.file(WHO, kind=REFERRAL, place="330300", request_id=original.request_id)
        assert late.outcome.code == reply_pb2.REPLY_CODE_REVERSED
        assert state(province) == (2, 1, 0)


async def test_a_person_has_so_many_filings_and_no_more(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "FILINGS_MAX", 2)
    async with room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        for place, code in (
            ("330100", OK),
            ("330300", OK),
            ("330400", reply_pb2.REPLY_CODE_FILINGS_TOO_MANY),
        ):
            assert (await agency.file(WHO, place=place)).outcome.code == code
