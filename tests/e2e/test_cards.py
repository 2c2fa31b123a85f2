"""A card office over gRPC to PostgreSQL: real MACs, answers that get lost, a clean audit after."""

import pytest

from clients.bill import item, outpatient
from clients.card_office import PERSON, PHONE, WEB, CardOffice
from clients.faults import OutcomeUnknown, SwitchFault
from clients.outbox import EntryState
from medswitch.v1 import card_pb2, reply_pb2, settlement_pb2
from switch.audit import audit_database
from switch.model.fault import FaultReason
from switch.server.authenticate import Proven
from tests.fix_province import KEK
from tests.fix_served import Served, lost

OK = reply_pb2.REPLY_CODE_OK
WHO = "card_loser"


def test_a_card_is_lost_found_and_replaced_though_every_answer_is_lost_once(
    whole: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = whole.counter("ningbo_agency_1")
    shop = whole.counter("ningbo_community_1")
    person = whole.files.people[WHO]
    office, number = CardOffice(agency, operator="王一"), person.social_security_number
    day = whole.province.one("SELECT max(day) FROM clearing_window")[0]
    bill = outpatient("330299", day, [item("DEMO-AMLOD-TAB", "氨氯地平片", 28, "1.00")])
    old = whole.files.card(WHO)
    shown = shop.presettle(bill, old)
    assert shown.outcome.code == OK, shown.outcome.message_en
    monkeypatch.setattr(Proven, "sign", lost("/ReportLost", 1))
    reported = office.report_lost(number, PHONE, why="电话挂失")
    assert reported.outcome.code == OK, reported.outcome.message_en
    frozen = shop.settle(bill, old, shown)
    assert frozen.outcome.code == reply_pb2.REPLY_CODE_CARD_TEMPORARILY_LOST
    monkeypatch.setattr(Proven, "sign", lost("/Release", 2))
    assert office.release(number, WEB, why="网上解挂").outcome.code == OK
    assert office.confirm_lost(number, why="再次遗失").outcome.code == OK
    assert person.replacement is not None
    monkeypatch.setattr(Proven, "sign", lost("/Replace", 1))
    replaced = office.replace(number, person.replacement, why="补卡")
    assert replaced.outcome.code == OK, replaced.outcome.message_en
    assert shop.presettle(bill, old).outcome.code == reply_pb2.REPLY_CODE_CARD_REPLACED
    new = whole.files.personalise(WHO, person.replacement)
    settled = shop.settle(bill, new, shop.presettle(bill, new))
    assert settled.outcome.code == OK, settled.outcome.message_en
    state = office.get(number).state
    assert [one.change for one in state.events] == [
        card_pb2.CARD_CHANGE_REPORTED_LOST, card_pb2.CARD_CHANGE_RELEASED,
        card_pb2.CARD_CHANGE_CONFIRMED_LOST, card_pb2.CARD_CHANGE_REPLACED,
    ]  # fmt: skip
    assert state.status == settlement_pb2.CARD_STATUS_NORMAL
    assert agency.outbox.pending() == shop.outbox.pending() == []
    assert whole.province.one("SELECT count(*) FROM request") == (6,)
    assert audit_database(whole.province.url, KEK).clean


def test_a_report_of_unknown_outcome_is_resolved_and_carried_out_once(
    whole: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = whole.counter("ningbo_agency_1")
    office = CardOffice(agency, operator="王一")
    number = whole.files.people[WHO].social_security_number
    monkeypatch.setattr(Proven, "sign", lost("/ReportLost", 5))
    with pytest.raises(OutcomeUnknown):
        office.report_lost(number, PHONE, why="电话挂失")
    [pending] = agency.outbox.pending()
    [found] = agency.resolve()
    assert (found.entry.request_id, found.entry.state) == (
        pending.request_id, EntryState.ANSWERED,
    )  # fmt: skip
    again = office.report_lost(number, PHONE, why="电话挂失")
    assert again.outcome.code == reply_pb2.REPLY_CODE_CARD_LOST_ALREADY
    assert len(office.get(number).state.events) == 1


def test_no_hospital_sees_to_cards(whole: Served) -> None:
    hospital = CardOffice(whole.counter("ningbo_tertiary_1"), operator="王一")
    number = whole.files.people[WHO].social_security_number
    with pytest.raises(SwitchFault) as caught:
        hospital.report_lost(number, PHONE, why="x")
    assert caught.value.reason == FaultReason.NOT_PERMITTED
    assert whole.province.one("SELECT count(*) FROM request") == (0,)


def test_a_message_that_breaks_the_contract_is_refused_at_its_field(whole: Served) -> None:
    agency = whole.counter("ningbo_agency_1")
    office = CardOffice(agency, operator="王一")
    number = whole.files.people[WHO].social_security_number
    with pytest.raises(SwitchFault) as caught:
        office.lock(number, PERSON, "2018-01-01", why="x")
    assert (caught.value.reason, caught.value.field) == (FaultReason.MALFORMED, "since")
    with pytest.raises(SwitchFault) as unstated:
        office.release(number, card_pb2.CARD_CHANNEL_UNSPECIFIED, why="x")
    assert unstated.value.field == "request.channel"
    assert agency.outbox.pending() == []
