"""Filings over gRPC to PostgreSQL: real MACs, answers that get lost, a clean audit after all."""

import pytest

from clients.faults import OutcomeUnknown, SwitchFault
from clients.filing import FilingClient
from clients.outbox import EntryState
from medswitch.v1 import filing_pb2, reply_pb2, settlement_pb2
from switch.audit import audit_database
from switch.model.fault import FaultReason
from switch.server.authenticate import Proven
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


def test_a_message_that_breaks_the_contract_is_refused_at_its_field(whole: Served) -> None:
    agency = whole.counter("ningbo_agency_1")
    filings, member = FilingClient(agency), whole.province.member_id(WHO)
    with pytest.raises(SwitchFault) as caught:
        filings.file(member, wanted(whole, disease_code="M00500"), operator="王一", why="x")
    assert (caught.value.reason, caught.value.field) == (FaultReason.MALFORMED, "disease_code")
    assert agency.outbox.pending() == []
    assert whole.province.one("SELECT count(*) FROM request") == (0,)
