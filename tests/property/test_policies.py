"""Properties of every decision under small random policies."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from switch.cases.scene import Person
from switch.model.claim import Claim
from switch.model.decision import Decision
from switch.model.member import Member
from switch.model.money import Fen
from switch.rules.adjudicate import adjudicate
from tests.property.fix_bills import Situation, catalogued, situations
from tests.property.fix_policies import (
    DAY,
    KEY,
    PLAIN_CODES,
    REGION,
    Drawn,
    cumulative_policies,
    policies,
)
from tests.unit.rules.fix_rules import make_line

PAID = {("fund",), ("payer_paid",)}
"""What a meter counts that is held against a limit on payments."""


def settle(policy: Drawn, situation: Situation) -> Decision:
    claim, member, institution = situation
    found = adjudicate(claim, member, institution, catalogued(policy.rules))
    assert isinstance(found, Decision), found
    return found


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_parts_add_up_and_nothing_is_negative_or_above_its_limit(data: st.DataObject) -> None:
    """`Split` itself refuses sums that do not hold; here, that they are the claim's."""
    policy = data.draw(policies())
    claim, member, _institution = situation = data.draw(situations(policy))
    decision = settle(policy, situation)
    split = decision.split
    basic = sum(payer.amount_fen for payer in split.payers if payer.fund == "310100")
    assert split.total_fen == claim.total_fen
    assert min(decision.parts.values()) >= 0
    assert basic <= split.in_scope_fen
    assert decision.parts["deductible"] <= split.in_scope_fen
    assert sum(decision.parts.values()) <= split.total_fen
    assert split.account_current_fen <= member.account_current_fen
    assert split.account_earlier_fen <= member.account_earlier_fen
    assert split.account_relative_fen <= member.account_relative_fen
    assert claim.use_account or split.person_fen == split.cash_fen
    for line, scope in zip(claim.lines, decision.lines, strict=True):
        parts = (
            scope.own_expense_fen, scope.over_limit_fen, scope.first_self_pay_fen,
            scope.in_scope_fen,
        )  # fmt: skip
        assert line.amount_fen == sum(parts)
        assert min(parts) >= 0
    lines = decision.lines
    assert sum(line.own_expense_fen for line in lines) == split.own_expense_fen
    assert sum(line.over_limit_fen for line in lines) == split.over_limit_fen
    assert all(change >= 0 for change in decision.deltas.get(KEY, {}).values())
    counts = {meter.name: meter.counts for meter in policy.plan.meters}
    for one in decision.year_to_date:
        before = member.accumulators.get(KEY, {}).get(one.name, 0)
        name = one.name.partition("@")[0]
        held = one.limit is not None and (counts[name] in PAID or name == "limit")
        if held and "capped = false" not in policy.text:
            assert one.limit is not None
            assert one.used <= max(one.limit, before)


@given(st.data(), st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_the_order_of_lines_does_not_matter(data: st.DataObject, random: Any) -> None:
    policy = data.draw(policies())
    claim, member, institution = situation = data.draw(situations(policy, least=2))
    lines = list(claim.lines)
    random.shuffle(lines)
    shuffled = replace(claim, lines=tuple(lines))
    assert settle(policy, (shuffled, member, institution)) == settle(policy, situation)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_the_account_pays_for_the_person_and_never_for_a_fund(data: st.DataObject) -> None:
    """But for an account segment, whose width is what the account holds."""
    policy = data.draw(policies())
    assume('"account_segment" }' not in policy.text)
    claim, member, institution = data.draw(situations(policy))
    with_it, without = (
        settle(policy, (replace(claim, use_account=use), member, institution))
        for use in (True, False)
    )
    assert with_it.split.payers == without.split.payers
    assert with_it.split.person_fen == without.split.person_fen
    assert with_it.deltas == without.deltas


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_a_bill_cancelled_and_done_again_is_the_same(data: st.DataObject) -> None:
    policy = data.draw(policies())
    claim, member, institution = data.draw(situations(policy))
    more, _, _ = data.draw(situations(policy))
    person = Person(member, REGION, "310")
    first = settle(policy, (claim, member, institution))
    after = person.after(first)
    second = settle(policy, (more, after.member, institution))
    undone = after.after(second).undone(second)
    assert settle(policy, (more, undone.member, institution)) == second
    again = undone.undone(first)
    assert sums(again.member) == sums(member)
    assert settle(policy, (claim, again.member, institution)) == first


def sums(member: Member) -> Any:
    """Return everything of a person that a settlement moves, without sums of nothing."""
    kept = {name: n for name, n in member.accumulators.get(KEY, {}).items() if n}
    accounts = (member.account_current_fen, member.account_earlier_fen, member.account_relative_fen)
    return kept, accounts


def with_more(claim: Claim, more_fen: int) -> Claim:
    line = make_line(90, more_fen, "A", on=DAY)
    return replace(
        claim, lines=(*claim.lines, line), total_fen=Fen(claim.total_fen + more_fen)
    )  # fmt: skip


@given(st.data(), st.integers(1, 500_000))
@settings(max_examples=200, deadline=None)
def test_more_cost_is_never_less_to_bear(data: st.DataObject, more_fen: int) -> None:
    """By more than the roundings. Two further payers may each pay the whole of what is added, one
    by relieving a part that the other does not look at; the hospital pays what it does not earn.
    """
    policy = data.draw(policies())
    assume(policy.plan.hospital is None and len(policy.plan.payers) < 2)
    claim, member, institution = data.draw(situations(policy))
    low = settle(policy, (claim, member, institution))
    high = settle(policy, (with_more(claim, more_fen), member, institution))
    slack = 2 * policy.slack_fen()
    assert high.split.person_fen >= low.split.person_fen - slack
    assert high.split.fund_fen >= low.split.fund_fen - slack


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_one_bill_or_two_come_to_the_same_where_every_sum_runs_over_the_year(
    data: st.DataObject,
) -> None:
    policy = data.draw(cumulative_policies())
    claim, member, institution = data.draw(situations(policy, PLAIN_CODES, least=2))
    institution = replace(institution, region=member.enrolments[0].region)
    claim = replace(claim, region_care=institution.region, use_account=False)
    cut = data.draw(st.integers(1, len(claim.lines) - 1))
    one, other = (
        replace(claim, lines=lines, total_fen=Fen(sum(line.amount_fen for line in lines)))
        for lines in (claim.lines[:cut], claim.lines[cut:])
    )
    whole = settle(policy, (claim, member, institution))
    first = settle(policy, (one, member, institution))
    person = Person(member, REGION, "310").after(first)
    second = settle(policy, (other, person.member, institution))
    slack = 2 * policy.slack_fen()
    for found, expected in (
        (first.split.fund_fen + second.split.fund_fen, whole.split.fund_fen),
        (first.split.person_fen + second.split.person_fen, whole.split.person_fen),
        (first.split.deductible_fen + second.split.deductible_fen, whole.split.deductible_fen),
    ):
        assert abs(found - expected) <= slack
    names = {name for one in (first, second, whole) for name in one.deltas.get(KEY, {})}
    for name in names:
        parts = [one.deltas.get(KEY, {}).get(name, 0) for one in (first, second, whole)]
        assert abs(parts[0] + parts[1] - parts[2]) <= slack, name
