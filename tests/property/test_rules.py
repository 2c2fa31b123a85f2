"""Properties of every decision, over members, places, kinds, lines and days."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.model.claim import Claim
from switch.model.decision import Decision
from switch.model.member import Institution, Member
from switch.model.money import Fen
from switch.rules.adjudicate import adjudicate
from tests.unit.rules.fix_rules import (
    Person,
    make_claim,
    make_filing,
    make_institution,
    make_line,
    make_member,
    shipped_rules,
)

CODES = (
    "DEMO-NURSING-1", "DEMO-CEFURO-TAB", "DEMO-MRI-HEAD", "DEMO-VITC-EFF", "DEMO-PACLI-INJ",
    "DEMO-CAPECI-TAB", "DEMO-STENT", "DEMO-DIALYSIS", "UNKNOWN",
)  # fmt: skip
NAMES = (
    "inpatient.in_scope", "inpatient.deductible", "outpatient.self_segment", "outpatient.in_scope",
    "special.fund", "critical_illness.burden", "outpatient.fund", "outpatient.deductible",
)  # fmt: skip
DAYS = (date(2018, 12, 1), date(2021, 7, 1), date(2023, 3, 1))
Situation = tuple[Claim, Member, Institution]

amounts = st.one_of(st.integers(0, 300_000), st.integers(0, 60_000_000))


@st.composite
def lines_of(draw: st.DrawFn, on: date) -> list[Any]:
    return [
        make_line(
            number,
            draw(amounts),
            draw(st.sampled_from(CODES)),
            on=on,
            quantity_e4=draw(st.integers(1, 50_000)),
            disease=draw(st.sampled_from(("", "", "M00500"))),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    on = draw(st.sampled_from(DAYS))
    region, insurance, member_class = draw(
        st.sampled_from(
            (
                ("330299", "310", "in_service"),
                ("330299", "310", "retired"),
                ("330299", "390", "adult"),
                ("330299", "390", "minor"),
                ("339900", "310", "retired"),
            )
        )
    )
    care = draw(st.sampled_from((region, region, "330199")))
    kind = draw(
        st.sampled_from(("11", "14", "21", "41") if insurance == "310" else ("11", "14", "21"))
    )
    level = draw(st.sampled_from(("community", "secondary", "tertiary")))
    history = {name: draw(amounts) for name in draw(st.sets(st.sampled_from(NAMES)))}
    if "inpatient.deductible" in history:
        history["inpatient.deductible"] = history["inpatient.deductible_highest"] = 60_000
    years = {f"{region}/{insurance}/{year}": history for year in range(2017, 2024)}
    person = Person(
        region=region,
        insurance=insurance,
        member_class=member_class,
        born_on=date(draw(st.integers(1930, 1999)), 6, 1),
        current_fen=draw(amounts),
        earlier_fen=draw(amounts),
        history=years,
        filings=[
            make_filing("referral", region=region),
            make_filing("special_disease", disease="M00500", region=region),
        ],
    )
    claim = make_claim(
        draw(lines_of(on)),
        kind,
        on=on,
        care=care,
        disease="M00500" if kind == "14" else "",
        use_account=draw(st.booleans()),
    )
    return claim, make_member(person), make_institution(care, level)


def settle(situation: Situation) -> Decision | None:
    found = adjudicate(*situation, shipped_rules())
    return found if isinstance(found, Decision) else None


@given(situations())
@settings(max_examples=400, deadline=None)
def test_parts_add_up_and_nothing_is_negative(situation: Situation) -> None:
    """`Split` itself refuses a sum that does not hold; here the total is the claim's too."""
    decision = settle(situation)
    if decision is None:
        return
    split = decision.split
    assert split.total_fen == situation[0].total_fen
    assert split.deductible_fen <= split.in_scope_fen
    assert split.account_current_fen <= situation[1].account_current_fen
    assert split.account_earlier_fen <= situation[1].account_earlier_fen
    pooled = sum(p.amount_fen for p in split.payers if p.fund in {"310100", "390100"})
    assert pooled <= split.in_scope_fen
    assert split.fund_fen <= split.in_scope_fen + split.first_self_pay_fen


@given(situations(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_order_of_lines_does_not_matter(situation: Situation, random: Any) -> None:
    claim, member, institution = situation
    lines = list(claim.lines)
    random.shuffle(lines)
    first = settle(situation)
    second = settle((replace(claim, lines=tuple(lines)), member, institution))
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.split == second.split
        assert first.deltas == second.deltas


@given(situations())
@settings(max_examples=200, deadline=None)
def test_without_the_account_the_account_pays_nothing(situation: Situation) -> None:
    claim, member, institution = situation
    decision = settle((replace(claim, use_account=False), member, institution))
    if decision is not None:
        assert decision.split.account_fen == 0
        assert decision.split.person_fen == decision.split.cash_fen


def after(member: Member, decision: Decision) -> Member:
    """Return the person as the posting would leave him."""
    moved = {year: dict(values) for year, values in member.accumulators.items()}
    for year, deltas in decision.deltas.items():
        values = moved.setdefault(year, {})
        for name, delta in deltas.items():
            values[name] = values.get(name, 0) + delta
    return replace(
        member,
        account_current_fen=Fen(member.account_current_fen - decision.split.account_current_fen),
        account_earlier_fen=Fen(member.account_earlier_fen - decision.split.account_earlier_fen),
        accumulators=moved,
    )


@given(situations())
@settings(max_examples=200, deadline=None)
def test_two_bills_come_to_the_same_as_one_within_rounding(situation: Situation) -> None:
    """Ningbo's rules are cumulative: per rounded step a fen, at most eight steps a bill.

    The critical-illness payer may take the fen of a step again at 90 %. Bills whose account
    segment meets `use_account = no` stay wider than the balance and are left out, as the segment
    is then measured anew for each bill.
    """
    claim, member, institution = situation
    region = member.enrolments[0].region
    if region != "330299" or len(claim.lines) < 2 or not claim.use_account:
        return
    whole = settle(situation)
    first = settle((replace(claim, lines=claim.lines[:1]), member, institution))
    if whole is None or first is None:
        return
    second = settle((replace(claim, lines=claim.lines[1:]), after(member, first), institution))
    assert second is not None
    ways = (first.split.fund_fen + second.split.fund_fen, whole.split.fund_fen)
    assert abs(ways[0] - ways[1]) <= 16
    cash = (first.split.cash_fen + second.split.cash_fen, whole.split.cash_fen)
    assert abs(cash[0] - cash[1]) <= 16


@given(situations(), st.integers(1, 100_000))
@settings(max_examples=300, deadline=None)
def test_more_cost_is_never_less_to_bear(situation: Situation, more_fen: int) -> None:
    """In scope, whole items only: the person's part never falls by more than a fen's rounding."""
    claim, member, institution = situation
    if member.enrolments[0].region != "330299":
        return
    line = make_line(1, 100_000, on=claim.service_on)
    dearer = make_line(1, 100_000 + more_fen, on=claim.service_on)
    low = settle((replace(claim, kind=claim.kind, lines=(line,)), member, institution))
    high = settle((replace(claim, kind=claim.kind, lines=(dearer,)), member, institution))
    if low is not None and high is not None:
        assert high.split.person_fen >= low.split.person_fen - 4
        assert high.split.fund_fen >= low.split.fund_fen - 4
