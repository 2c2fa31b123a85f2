"""Rows beside the ledger on real PostgreSQL: posted with their request, or not at all."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from medswitch.v1 import settlement_pb2
from switch.model.act import Act
from switch.model.codes import FilingKind
from switch.model.filing import FilingRecord
from switch.model.ids import MemberId, RegionCode
from switch.model.member import Filing
from switch.model.reply import ReplyCode
from switch.model.stages import Cancel
from switch.pipeline.view import Outcome
from switch.store.posting import Decided
from switch.store.postman import Refused
from tests.fix_province import Province, Room, room

WHO = "employee_in_service"
ROWS = "SELECT count(*) FROM filing WHERE member_id = %s"


async def write(counter: Room, *records: FilingRecord) -> str:
    """Post a request that writes these rows and nothing else; return what came of it."""
    province, postman = counter.province, counter.lane._postman
    member_id = MemberId(province.member_id(WHO))
    original = settlement_pb2.Original(
        request_id=counter.request_id(), method="Settle", member_id=member_id
    )
    message = settlement_pb2.CancelRequest(request_id=counter.request_id(), original=original)
    call = counter.call("Cancel", message.SerializeToString())
    operation: Any = counter.codec.decode(call.received.method, call)
    assert isinstance(operation, Cancel)
    reference = await counter.lane._load_reference()
    view = await postman.read([operation], reference, counter.clock.now())
    before = view.people[member_id]
    after = replace(before, version=before.version + 1)
    await postman.next_batch()
    outcome = Outcome(b"", ReplyCode.OK, member_id=member_id, member=after, writes=records)
    answer = await postman.post(
        [Decided(operation, outcome, 0)],
        {member_id: before},
        reference.epoch,
        counter.clock.now(),
        lambda: None,
    )
    return answer.outcome


def record(province: Province, filing_id: str, **fields: Any) -> FilingRecord:
    """A filing as an agency would write it."""
    act = Act(
        "A33020000001201812011000000001", "A33020000001", "T1", "王一", "迁居",  # type: ignore[arg-type] # words as they are written
        datetime.now(UTC),
    )  # fmt: skip
    stated = Filing(
        filing_id, FilingKind.RESIDENCE, RegionCode("330299"), "330100", "", date(2018, 12, 1), None
    )
    member_id = MemberId(province.member_id(WHO))
    return FilingRecord(member_id, replace(stated, **fields), act)


async def test_rows_stand_with_their_request_and_the_next_reading_finds_them(
    province: Province,
) -> None:
    async with room(province) as counter:
        one, two = record(province, "BA1"), record(province, "BA2", place="330300")
        assert await write(counter, one, two) == "posted"
        member = province.member_id(WHO)
        assert province.one(ROWS, member) == (2,)
        kept = province.one("SELECT writes -> 'filing' -> 1 ->> 'place' FROM request")
        assert kept == ("330300",)
        ended = replace(one, filing=replace(one.filing, until=date(2018, 12, 3)), ended=one.granted)
        assert await write(counter, ended) == "posted"
        assert province.one(ROWS + " AND until = '2018-12-03' AND ended IS NOT NULL", member) == (
            1,
        )
        shown = await counter.presettle(counter.claim(), province.card(WHO))
        assert shown.member_id == member
        assert province.one("SELECT version FROM member WHERE member_id = %s", member) == (3,)


async def test_a_row_that_cannot_be_written_leaves_nothing_of_its_request(
    province: Province,
) -> None:
    async with room(province) as counter:
        bad = replace(record(province, "BA1"), member_id=MemberId("0001" + "Z" * 8))
        torn: Any = replace(bad, filing=replace(bad.filing, kind=None))  # type: ignore[arg-type] # what the table refuses
        with pytest.raises(Refused):
            await write(counter, torn)
        for table in ("SELECT count(*) FROM request", "SELECT count(*) FROM batch WHERE lane > 1"):
            assert province.one(table) == (0,)
        assert await write(counter) == "posted"
        assert province.one("SELECT count(*) FROM request WHERE writes IS NULL") == (1,)
