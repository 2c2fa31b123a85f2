"""Properties of every decision under every shipped policy, whichever regions are shipped."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.cases.scene import Person as Settled
from switch.model.claim import Claim
from switch.model.codes import Level, MemberClass
from switch.model.decision import Decision
from switch.model.member import Institution, Member, year_key
from switch.model.money import Fen
from switch.rules.adjudicate import adjudicate
from switch.rules.plan import Plan
from switch.rules.words import BASIC_CLASSES
from tests.unit.rules.fix_rules import (
    Person,
    make_claim,
    make_filing,
    make_institution,
    make_line,
    make_member,
    shipped_rules,
)

PLANS: Final = [
    (region, insurance, kind, since)
    for region, book in sorted(shipped_rules().books.items())
    for (insurance, kind), (days, held) in sorted(book.plans.items())
    for since, plan in zip(days, held, strict=True)
    if isinstance(plan, Plan)
]
"""Every plan that is held from some day on: region, insurance, kind of care, first day."""
DISEASES: Final = ("", "M00500", "M07800")

Situation = tuple[Claim, Member, Institution]
amounts = st.one_of(st.integers(0, 300_000), st.integers(0, 60_000_000))


def codes_of(region: str) -> Sequence[str]:
    catalogue = shipped_rules().catalogue_of(region)
    assert catalogue is not None
    return [*sorted(catalogue.latest), "UNKNOWN"]


def plan_of(region: str, insurance: str, kind: str, since: date) -> Plan:
    found = shipped_rules().books[region].held(insurance, kind, since)
    assert isinstance(found, Plan)
    return found


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A bill under a plan within its first year, at home or in another city, with a history."""
    region, insurance, kind, since = draw(st.sampled_from(PLANS))
    plan = plan_of(region, insurance, kind, since)
    on = since + timedelta(days=draw(st.sampled_from((0, 1, 30, 364))))
    care = draw(st.sampled_from((region, region, "330199", "330299")))
    lines = [
        make_line(
            number, draw(amounts), draw(st.sampled_from(codes_of(care))), on=on,
            quantity_e4=draw(st.sampled_from((1, 10_000, 70_000))),
            disease=draw(st.sampled_from(DISEASES)),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]  # fmt: skip
    names = [meter.name for meter in plan.meters if meter.period == "year"]
    history = {name: draw(amounts) for name in names if draw(st.booleans())}
    if "admissions" in history:
        history["admissions"] %= 5
    classes = BASIC_CLASSES.get(insurance, (MemberClass.IN_SERVICE,))
    person = Person(
        region=region,
        insurance=insurance,
        member_class=draw(st.sampled_from(classes)),
        born_on=date(draw(st.integers(1930, 2005)), 6, 1),
        since=date(2000, 1, 1),
        current_fen=draw(amounts),
        earlier_fen=draw(amounts),
        history={year_key(region, insurance, year): history for year in range(2000, 2030)},
        filings=[
            make_filing(word, region=region, place=care, disease=disease, since=date(2000, 1, 1))
            for word in ("referral", "residence", "special_disease")
            if draw(st.booleans())
            for disease in (DISEASES[1:] if word == "special_disease" else ("",))
        ],
    )
    claim = make_claim(
        lines, kind, on=on, care=care, use_account=draw(st.booleans()),
        disease=draw(st.sampled_from(DISEASES)) if kind == "14" else "",
    )  # fmt: skip
    level = draw(st.sampled_from(("community", "primary", "secondary", "tertiary", "pharmacy")))
    assert level in set(Level)
    return claim, make_member(person), make_institution(care, level)


def settle(situation: Situation) -> Decision | None:
    found = adjudicate(*situation, shipped_rules())
    return found if isinstance(found, Decision) else None


def test_every_plan_settles_something() -> None:
    """Or the properties below would hold of declines alone."""
    settled = set()
    for region, insurance, kind, since in PLANS:
        person = Person(
            region=region,
            insurance=insurance,
            member_class=BASIC_CLASSES.get(insurance, ("in_service",))[0],
            since=date(2000, 1, 1),
            filings=[make_filing("special_disease", disease="M00500", since=date(2000, 1, 1),
                                 region=region)],
        )  # fmt: skip
        claim = make_claim(
            [make_line(1, 1_000_000, on=since)], kind, on=since, care=region,
            disease="M00500" if kind == "14" else "",
        )  # fmt: skip
        for level in ("secondary", "community", "tertiary"):
            if settle((claim, make_member(person), make_institution(region, level))):
                settled.add((region, insurance, kind))
    assert {plan[:3] for plan in PLANS} == settled


@given(situations())
@settings(max_examples=400, deadline=None)
def test_parts_add_up_and_nothing_is_negative(situation: Situation) -> None:
    claim, member, _ = situation
    decision = settle(situation)
    if decision is None:
        return
    split = decision.split
    assert split.total_fen == claim.total_fen
    assert min(decision.parts.values()) >= 0
    assert sum(decision.parts.values()) <= split.total_fen
    basic = sum(p.amount_fen for p in split.payers if p.fund in {"310100", "390100"})
    assert basic <= split.in_scope_fen
    assert split.deductible_fen <= split.in_scope_fen
    assert split.account_current_fen <= member.account_current_fen
    assert split.account_earlier_fen <= member.account_earlier_fen
    assert claim.use_account or split.person_fen == split.cash_fen
    assert sum(line.own_expense_fen for line in decision.lines) == split.own_expense_fen
    assert sum(line.over_limit_fen for line in decision.lines) == split.over_limit_fen
    assert all(n >= 0 for sums in decision.deltas.values() for n in sums.values())


@given(situations(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_the_order_of_lines_does_not_matter(situation: Situation, random: Any) -> None:
    claim, member, institution = situation
    lines = list(claim.lines)
    random.shuffle(lines)
    shuffled = replace(claim, lines=tuple(lines))
    assert adjudicate(shuffled, member, institution, shipped_rules()) == adjudicate(
        claim, member, institution, shipped_rules()
    )


@given(situations())
@settings(max_examples=150, deadline=None)
def test_a_bill_cancelled_and_done_again_is_the_same(situation: Situation) -> None:
    claim, member, institution = situation
    first = settle(situation)
    if first is None:
        return
    person = Settled(member, first.region_insured, first.insurance)
    undone = person.after(first).undone(first)
    assert undone.member.account_current_fen == member.account_current_fen
    assert undone.member.account_earlier_fen == member.account_earlier_fen
    for key, before in member.accumulators.items():
        after = undone.member.accumulators.get(key, {})
        assert {n: v for n, v in after.items() if v} == {n: v for n, v in before.items() if v}
    assert settle((claim, undone.member, institution)) == first


@given(situations(), st.integers(1, 5_000_000))
@settings(max_examples=300, deadline=None)
def test_more_cost_is_never_less_to_bear(situation: Situation, more_fen: int) -> None:
    """By more than a fen for each rounded step; a plain item in scope is what costs more."""
    claim, member, institution = situation
    low = settle(situation)
    number = len(claim.lines) + 1
    line = make_line(number, more_fen, on=claim.service_on)
    dearer = replace(
        claim, lines=(*claim.lines, line), total_fen=Fen(claim.total_fen + more_fen)
    )  # fmt: skip
    high = settle((dearer, member, institution))
    if low is not None and high is not None:
        slack = len(low.working) + len(high.working)
        assert high.split.person_fen >= low.split.person_fen - slack
        assert high.split.fund_fen >= low.split.fund_fen - slack
