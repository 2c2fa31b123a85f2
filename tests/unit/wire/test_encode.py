"""Answers as messages: what a receipt prints is there, and sums are the national ones."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.model.answer import DeclineAnswer, MemberAnswer, State, StateAnswer, UndoAnswer
from switch.model.decision import Decline
from switch.model.money import Fen
from switch.model.reply import REPLY_TEXTS, ReplyCode
from switch.model.stages import Original
from switch.wire.encode import encode
from switch.wire.methods import PATHS
from switch.wire.national import setlinfo
from tests.fix_wire import (
    MEMBER,
    NUMBER,
    ORIGINAL,
    RECEIVED_AT,
    REQUEST,
    SETTLEMENT,
    a_decision,
    a_member,
    presettled,
    settled,
)

SETTLED = Original(ORIGINAL, "Settle", MEMBER, Fen(3_702))
LOST = Decline(ReplyCode.CARD_LOST, {})
AT_MS = 1_543_629_605_123


def undone(**fields: Any) -> UndoAnswer:
    known: dict[str, Any] = {
        "request_id": REQUEST,
        "original": SETTLED,
        "undo": "2" * 27,
        "undone": SETTLEMENT,
        "undone_at": RECEIVED_AT,
        "business_day": date(2018, 12, 1),
        "by": "",
        "total_fen": 3_702,
        "fund_fen": 2_300,
        "account_fen": 700,
        "cash_fen": 700,
        "hospital_fen": 2,
        "balance_current_fen": 430,
        "balance_earlier_fen": 312,
    }
    return UndoAnswer(**{**known, **fields})


def asked(answer: StateAnswer) -> settlement_pb2.GetSettlementResponse:
    return settlement_pb2.GetSettlementResponse.FromString(encode("GetSettlement", answer))


def test_a_settlement_carries_what_a_receipt_prints() -> None:
    reply = settlement_pb2.SettleResponse.FromString(encode(PATHS["Settle"], settled()))
    outcome = reply.outcome
    assert (outcome.code, outcome.next) == (reply_pb2.REPLY_CODE_OK, reply_pb2.NEXT_NOTHING)
    assert (outcome.message_zh, outcome.message_en) == ("成功", "Done")
    assert outcome.request_id == REQUEST
    assert reply.settlement_id == SETTLEMENT
    assert reply.settled_at_ms == AT_MS
    assert reply.business_day == "2018-12-01"
    assert (reply.member_id, reply.member_name) == (MEMBER, "张三")
    assert (reply.balance_current_fen, reply.balance_earlier_fen) == (30, 12)
    assert reply.balance_fen == 42
    decision = reply.decision
    assert (decision.region_insured, decision.region_care) == ("330299", "330199")
    assert (decision.insurance, decision.clearing_type, decision.filing_id) == ("310", "11", "F1")
    assert decision.member_class == common_pb2.MEMBER_CLASS_RETIRED
    assert decision.rule_book == "ab" * 32
    assert decision.ruled_on == "2018-12-01"
    payers = [(payer.fund_pay_type, payer.amount_fen) for payer in decision.split.payers]
    assert payers == [("310100", 2_000), ("330100", 300)]


def test_the_split_states_the_national_sums() -> None:
    reply = settlement_pb2.SettleResponse.FromString(encode("Settle", settled()))
    assert setlinfo(reply.decision.split) == {
        "medfee_sumamt": 3_702,
        "fulamt_ownpay_amt": 100,
        "overlmt_selfpay": 50,
        "preselfpay_amt": 52,
        "inscp_scp_amt": 3_500,
        "act_pay_dedc": 500,
        "hifp_pay": 2_000,
        "cvlserv_pay": 0,
        "hifes_pay": 0,
        "hifmi_pay": 0,
        "hifob_pay": 300,
        "hifdm_pay": 0,
        "maf_pay": 0,
        "oth_pay": 0,
        "fund_pay_sumamt": 2_300,
        "hosp_part_amt": 2,
        "psn_part_amt": 1_400,
        "acct_pay": 700,
        "acct_mulaid_pay": 0,
        "psn_cash_pay": 700,
    }
    split = reply.decision.split
    assert (split.account_current_fen, split.account_earlier_fen) == (400, 300)


def test_the_working_tells_no_limit_from_a_limit_of_zero() -> None:
    reply = settlement_pb2.SettleResponse.FromString(encode("Settle", settled()))
    share, ceiling = reply.decision.working
    assert (share.rule, share.base_fen, share.result_fen) == ("scope.b@2018-01-01", 1_000, 52)
    assert (share.rate_bp, share.line, share.note_zh) == (520, 2, "先行自付")
    assert not share.HasField("limit_fen")
    assert not share.HasField("left_fen")
    assert not ceiling.HasField("rate_bp")
    assert ceiling.HasField("limit_fen")
    assert ceiling.HasField("left_fen")
    assert (ceiling.limit_fen, ceiling.left_fen, ceiling.note_en) == (0, 0, "Ceiling")
    fund, in_scope = reply.decision.year_to_date
    assert (fund.name, fund.used, fund.limit) == ("fund", 10_300, 20_000_000)
    assert not in_scope.HasField("limit")


def test_a_presettlement_says_until_when_its_nonce_holds() -> None:
    reply = settlement_pb2.PresettleResponse.FromString(encode("Presettle", presettled()))
    assert reply.settle_nonce == presettled().settle_nonce
    assert reply.settle_nonce_expires_at_ms == AT_MS + 600_000
    assert reply.decision.split.total_fen == 3_702
    assert (reply.member_id, reply.member_name, reply.balance_fen) == (MEMBER, "张三", 42)


def test_a_member_is_told_with_insurances_filings_and_sums() -> None:
    answer = MemberAnswer(REQUEST, a_member())
    reply = settlement_pb2.ReadMemberResponse.FromString(encode("ReadMember", answer))
    member = reply.member
    assert (member.member_id, member.social_security_number) == (MEMBER, NUMBER)
    assert (member.name, member.sex, member.born_on) == ("张三", "1", "1950-01-01")
    assert member.card_status == settlement_pb2.CARD_STATUS_NORMAL
    assert (member.account_current_fen, member.account_earlier_fen) == (100, 200)
    assert member.account_fen == 300
    first, second = member.enrolments
    assert (first.since, first.until) == ("1999-01-01", "2009-12-31")
    assert (second.region, second.insurance, second.until) == ("330299", "310", "")
    assert second.member_class == common_pb2.MEMBER_CLASS_RETIRED
    (filing,) = member.filings
    assert (filing.filing_id, filing.kind) == ("F1", settlement_pb2.FILING_KIND_REFERRAL)
    assert (filing.region, filing.place, filing.until) == ("330299", "3301", "2018-12-31")
    sums = [(sum_.year_key, sum_.name, sum_.value) for sum_ in member.accumulators]
    assert sums == [("330299/310/2018", "fund", 8_000), ("330299/310/2018", "in_scope", 12_000)]


@pytest.mark.parametrize("method", ["ReadMember", "Presettle", "Settle", "Cancel", "Reverse"])
def test_every_method_declines_with_code_texts_facts_and_what_is_next(method: str) -> None:
    decline = Decline(ReplyCode.FILING_ENDED, {"until": "2018-11-30", "place": "3301"})
    body = encode(method, DeclineAnswer(REQUEST, decline))
    outcome = settlement_pb2.CancelResponse.FromString(body).outcome
    assert outcome.code == reply_pb2.REPLY_CODE_FILING_ENDED
    assert outcome.next == reply_pb2.NEXT_PATIENT_PAYS
    assert outcome.message_zh == "到3301的异地就医备案已于2018-11-30终止"
    assert outcome.message_en == "The cross-city filing for 3301 ended on 2018-11-30"
    assert [(fact.key, fact.value) for fact in outcome.facts] == [
        ("place", "3301"),
        ("until", "2018-11-30"),
    ]
    assert outcome.request_id == REQUEST


@pytest.mark.parametrize("code", ReplyCode)
def test_every_code_can_be_said_even_when_a_fact_is_missing(code: ReplyCode) -> None:
    body = encode("Settle", DeclineAnswer(REQUEST, Decline(code, {})))
    outcome = settlement_pb2.SettleResponse.FromString(body).outcome
    assert reply_pb2.ReplyCode.Name(outcome.code) == f"REPLY_CODE_{code.name}"
    assert outcome.message_zh == REPLY_TEXTS[code].zh


def test_changed_amounts_carry_the_new_split() -> None:
    decline = Decline(ReplyCode.AMOUNTS_CHANGED, {})
    body = encode("Settle", DeclineAnswer(REQUEST, decline, a_decision()))
    reply = settlement_pb2.SettleResponse.FromString(body)
    assert reply.outcome.next == reply_pb2.NEXT_PRESETTLE
    assert reply.decision.split.fund_fen == 2_300
    assert reply.settlement_id == ""


@pytest.mark.parametrize(
    ("method", "kind"),
    [("Cancel", settlement_pb2.CancelResponse), ("Reverse", settlement_pb2.ReverseResponse)],
)
def test_an_undo_says_what_it_gave_back(
    method: str, kind: type[settlement_pb2.CancelResponse | settlement_pb2.ReverseResponse]
) -> None:
    gave = kind.FromString(encode(method, undone())).undone
    assert gave.original.request_id == ORIGINAL
    assert gave.original.method == "Settle"
    assert not gave.tombstone
    assert (gave.undo_settlement_id, gave.undone_settlement_id) == ("2" * 27, SETTLEMENT)
    assert (gave.undone_at_ms, gave.business_day) == (AT_MS, "2018-12-01")
    assert gave.total_fen == gave.fund_fen + gave.account_fen + gave.cash_fen + gave.hospital_fen
    assert (gave.balance_current_fen, gave.balance_earlier_fen, gave.balance_fen) == (430, 312, 742)


def test_a_tombstone_has_no_money_and_no_balance() -> None:
    zeros = dict.fromkeys(("total_fen", "fund_fen", "account_fen", "cash_fen", "hospital_fen"), 0)
    answer = undone(
        undo=None, undone=None, business_day=None, balance_current_fen=None,
        balance_earlier_fen=None, **zeros,
    )  # fmt: skip
    gave = settlement_pb2.ReverseResponse.FromString(encode("Reverse", answer)).undone
    assert gave.tombstone
    assert (gave.business_day, gave.undone_settlement_id, gave.total_fen) == ("", "", 0)
    assert not gave.HasField("balance_fen")
    assert not gave.HasField("balance_current_fen")


def test_an_original_undone_by_another_is_no_tombstone() -> None:
    answer = undone(undo=None, undone=None, by=ORIGINAL)
    gave = settlement_pb2.ReverseResponse.FromString(encode("Reverse", answer)).undone
    assert (gave.tombstone, gave.undone_by) == (False, ORIGINAL)


def test_a_query_returns_the_recorded_reply_unchanged() -> None:
    recorded = encode("Settle", settled())
    reply = asked(StateAnswer(SETTLED, State.POSTED, None, recorded, "", None))
    assert reply.outcome.code == reply_pb2.REPLY_CODE_OK
    assert reply.outcome.request_id == ORIGINAL
    assert reply.state == settlement_pb2.SETTLEMENT_STATE_POSTED
    assert reply.settle.SerializeToString() == recorded
    assert not reply.HasField("decline")


def test_a_query_of_what_was_undone_says_by_whom_and_when() -> None:
    recorded = encode("Settle", settled())
    at = datetime(2018, 12, 1, 3, tzinfo=UTC)
    reply = asked(StateAnswer(SETTLED, State.CANCELLED, None, recorded, REQUEST, at))
    assert reply.state == settlement_pb2.SETTLEMENT_STATE_CANCELLED
    assert (reply.undone_by, reply.undone_at_ms) == (REQUEST, 1_543_633_200_000)
    assert reply.settle.settlement_id == SETTLEMENT


@pytest.mark.parametrize("given", [LOST, None])
def test_a_query_of_a_decline_says_why(given: Decline | None) -> None:
    recorded = encode("Settle", DeclineAnswer(ORIGINAL, LOST))
    reply = asked(StateAnswer(SETTLED, State.DECLINED, given, recorded, "", None))
    assert reply.outcome.code == reply_pb2.REPLY_CODE_OK
    assert reply.state == settlement_pb2.SETTLEMENT_STATE_DECLINED
    assert reply.decline.code == reply_pb2.REPLY_CODE_CARD_LOST


def test_a_decline_without_a_recorded_reply_is_told_by_its_state() -> None:
    reply = asked(StateAnswer(SETTLED, State.DECLINED, None, None, "", None))
    assert reply.state == settlement_pb2.SETTLEMENT_STATE_DECLINED
    assert not reply.HasField("decline")


def test_a_declined_query_says_nothing_of_the_request() -> None:
    decline = Decline(ReplyCode.ORIGINAL_DIFFERS, {"field": "psn_no"})
    reply = asked(StateAnswer(SETTLED, State.NEVER_SEEN, decline, None, "", None))
    assert reply.outcome.code == reply_pb2.REPLY_CODE_ORIGINAL_DIFFERS
    assert reply.state == settlement_pb2.SETTLEMENT_STATE_UNSPECIFIED


@pytest.mark.parametrize("state", [State.NEVER_SEEN, State.TOMBSTONE])
def test_a_query_may_find_no_reply(state: State) -> None:
    reply = asked(StateAnswer(SETTLED, state, None, None, "", None))
    assert reply.state == settlement_pb2.SettlementState.Value(f"SETTLEMENT_STATE_{state.name}")
    assert reply.WhichOneof("recorded") is None


@pytest.mark.parametrize("named", ["Settle", "Cancel", "Reverse"])
@pytest.mark.parametrize("recorded_as", ["Cancel", "Reverse"])
def test_recorded_bytes_are_what_they_are_whatever_the_caller_named(
    named: str, recorded_as: str
) -> None:
    recorded = encode(recorded_as, undone())
    original = replace(SETTLED, method=named)
    reply = asked(StateAnswer(original, State.POSTED, None, recorded, "", None))
    assert reply.WhichOneof("recorded") == recorded_as.lower()


@pytest.mark.parametrize("named", ["Settle", "Cancel", "Reverse"])
def test_a_recorded_decline_is_of_the_method_named(named: str) -> None:
    recorded = encode(named, DeclineAnswer(ORIGINAL, LOST))
    original = replace(SETTLED, method=named)
    reply = asked(StateAnswer(original, State.DECLINED, None, recorded, "", None))
    assert reply.WhichOneof("recorded") == named.lower()
    assert reply.decline.code == reply_pb2.REPLY_CODE_CARD_LOST


def test_an_answer_of_another_method_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="SettleAnswer does not answer Cancel"):
        encode("Cancel", settled())
    with pytest.raises(ValueError, match="UndoAnswer does not answer Settle"):
        encode("Settle", undone())
    with pytest.raises(ValueError, match="DeclineAnswer does not answer Presettle"):
        encode("Presettle", DeclineAnswer(REQUEST, LOST, a_decision()))
