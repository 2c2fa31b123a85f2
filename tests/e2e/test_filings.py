"""Filings over gRPC to PostgreSQL: real MACs, answers that get lost, a clean audit after all."""

from datetime import date, timedelta

import pytest

from clients.bill import inpatient, item
from clients.faults import OutcomeUnknown, SwitchFault
from clients.filing import FilingClient
from clients.outbox import EntryState
from medswitch.v1 import common_pb2, filing_pb2, reply_pb2, settlement_pb2
from switch.audit import audit_database
from switch.model.fault import FaultReason
from switch.server.authenticate import Proven
from tests.fix_filings import allow_filings_of_the_past
from tests.fix_province import KEK
from tests.fix_served import Served, lost

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_without_filing"


def wanted(whole: Served, **fields: str) -> filing_pb2.FileRequest:
    """A referral to Hangzhou from today on."""
    today = whole.province.one("SELECT max(day)::text FROM clearing_window")[0]
    stated = {"kind": settlement_pb2.FILING_KIND_REFERRAL, "place": "330100", "since": today}
    return filing_pb2.FileRequest(**{**stated, **fields})


def test_a_filing_goes_round_and_every_lost_answer_is_found_again(
    whole: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = whole.counter("ningbo_agency_1")
    filings, member = FilingClient(agency), whole.province.member_id(WHO)
    monkeypatch.setattr(Proven, "sign", lost("/File", 1))
    taken = filings.file(member, wanted(whole), operator="王一", why="转上级医院")
    assert taken.outcome.code == OK, taken.outcome.message_en
    monkeypatch.setattr(Proven, "sign", lost("/Withdraw", 1))
    filing_id = taken.record.filing.filing_id
    ended = filings.withdraw(member, filing_id, operator="王一", why="已返回")
    assert ended.outcome.code == OK
    assert [one.filing.filing_id for one in filings.list(member).records] == [filing_id]
    assert whole.province.one("SELECT count(*) FROM filing WHERE member_id = %s", member) == (1,)
    assert agency.outbox.pending() == []
    assert audit_database(whole.province.url, KEK).clean


def test_a_filing_of_unknown_outcome_stays_in_the_outbox_until_it_is_resolved(
    whole: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital = whole.counter("ningbo_tertiary_1")
    filings, member = FilingClient(hospital), whole.province.member_id(WHO)
    monkeypatch.setattr(Proven, "sign", lost("/File", 5))
    with pytest.raises(OutcomeUnknown):
        filings.file(member, wanted(whole), operator="王一", why="转上级医院")
    [pending] = hospital.outbox.pending()
    [found] = hospital.resolve()
    assert (found.entry.request_id, found.entry.state) == (
        pending.request_id,
        EntryState.ANSWERED,
    )
    assert found.entry.reply is not None
    reply = filing_pb2.FileResponse.FromString(found.entry.reply)
    assert reply.record.granted.request_id == pending.request_id
    assert hospital.resolve() == []
    # In force: the next one overlaps it.
    again = filings.file(member, wanted(whole), operator="王一", why="转上级医院")
    assert again.outcome.code == reply_pb2.REPLY_CODE_FILING_OVERLAPS
    assert audit_database(whole.province.url, KEK).clean


def test_a_stay_begun_within_a_filing_is_settled_under_it(whole: Served) -> None:
    """Taken for the past as policy allows, ended or withdrawn in the middle of the stay."""
    province = whole.province
    allow_filings_of_the_past(province, 10)
    agency, hospital = whole.counter("ningbo_agency_1"), whole.counter("hangzhou_tertiary_1")
    filings, member = FilingClient(agency), province.member_id(WHO)
    card = province.card(WHO)
    today = date.fromisoformat(province.one("SELECT max(day)::text FROM clearing_window")[0])

    def ago(days: int) -> date:
        return today - timedelta(days=days)

    def file(since: date, until: str = "", place: str = "330100") -> filing_pb2.FileResponse:
        asked = filing_pb2.FileRequest(
            kind=settlement_pb2.FILING_KIND_RESIDENCE, place=place, since=since.isoformat(),
            until=until,
        )  # fmt: skip
        return filings.file(member, asked, operator="王一", why="长期居住")

    def stay(admitted: date) -> common_pb2.Decision:
        lines = [item("DEMO-CEFTRI-INJ", "头孢曲松", 200, "40.00")]
        claim = inpatient("330199", admitted, today, lines)
        settled = hospital.settle(claim, card, hospital.presettle(claim, card))
        assert settled.outcome.code == OK, settled.outcome.message_en
        return settled.decision

    early = file(ago(11))
    assert early.outcome.code == reply_pb2.REPLY_CODE_FILING_TOO_EARLY
    assert {one.key: one.value for one in early.outcome.facts}["earliest"] == ago(10).isoformat()
    taken = file(ago(10), ago(4).isoformat())
    assert taken.outcome.code == OK, taken.outcome.message_en
    ended = taken.record.filing.filing_id
    assert stay(ago(4)).filing_id == ended
    assert stay(ago(3)).filing_id == ""
    again = file(ago(2)).record.filing.filing_id
    assert stay(ago(2)).filing_id == again
    assert filings.withdraw(member, again, operator="王一", why="已返回").outcome.code == OK
    assert stay(ago(1)).filing_id == again, "begun before it was withdrawn"
    assert stay(today).filing_id == ""
    assert audit_database(province.url, KEK).clean


def test_a_message_that_breaks_the_contract_is_refused_at_its_field(whole: Served) -> None:
    agency = whole.counter("ningbo_agency_1")
    filings, member = FilingClient(agency), whole.province.member_id(WHO)
    with pytest.raises(SwitchFault) as caught:
        filings.file(member, wanted(whole, disease_code="M00500"), operator="王一", why="x")
    assert (caught.value.reason, caught.value.field) == (FaultReason.MALFORMED, "disease_code")
    assert agency.outbox.pending() == []
    assert whole.province.one("SELECT count(*) FROM request") == (0,)
