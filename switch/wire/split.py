"""Decisions as messages: the split, its working, and what is used of the year.

Written in place: a message handed to a constructor is copied with all below it, which for fourteen
steps costs as much as writing them (11.6 µs against 7.2). None stands for a field that is not set.
"""

from collections.abc import Mapping
from typing import Final

from medswitch.v1 import common_pb2
from switch.model.codes import MemberClass
from switch.model.decision import Decision, Split

MEMBER_CLASSES: Final[Mapping[MemberClass, common_pb2.MemberClass.ValueType]] = {
    word: common_pb2.MemberClass.Value(f"MEMBER_CLASS_{word.name}") for word in MemberClass
}


def write_split(target: common_pb2.Split, split: Split) -> None:
    """Write who pays what, with the sums that the national interface states."""
    target.total_fen = split.total_fen
    target.own_expense_fen = split.own_expense_fen
    target.over_limit_fen = split.over_limit_fen
    target.first_self_pay_fen = split.first_self_pay_fen
    target.in_scope_fen = split.in_scope_fen
    target.deductible_fen = split.deductible_fen
    add = target.payers.add
    for payer in split.payers:
        add(fund_pay_type=payer.fund, amount_fen=payer.amount_fen)
    target.fund_fen = split.fund_fen
    target.hospital_fen = split.hospital_fen
    target.person_fen = split.person_fen
    target.account_fen = split.account_fen
    target.account_current_fen = split.account_current_fen
    target.account_earlier_fen = split.account_earlier_fen
    target.account_relative_fen = split.account_relative_fen
    target.cash_fen = split.cash_fen


def write_decision(target: common_pb2.Decision, decision: Decision) -> None:
    """Write a decision with its working."""
    write_split(target.split, decision.split)
    target.region_insured = decision.region_insured
    target.region_care = decision.region_care
    target.insurance = decision.insurance
    target.member_class = MEMBER_CLASSES[decision.member_class]
    target.clearing_type = decision.clearing_type
    target.filing_id = decision.filing_id
    add_step = target.working.add
    for step in decision.working:
        add_step(
            rule=step.rule,
            base_fen=step.base_fen,
            result_fen=step.result_fen,
            rate_bp=step.rate_bp,
            limit_fen=step.limit_fen,
            left_fen=step.left_fen,
            line=step.line,
            note_zh=step.note_zh,
            note_en=step.note_en,
        )
    add_sum = target.year_to_date.add
    for sum_ in decision.year_to_date:
        add_sum(name=sum_.name, used=sum_.used, limit=sum_.limit)
    target.rule_book = decision.rule_book
    target.ruled_on = decision.ruled_on.isoformat()
