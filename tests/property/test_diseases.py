"""Properties of bills with several special diseases, under random policies that tell them apart."""

import re
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.cases.scene import Person
from switch.model.codes import Kind
from switch.model.decision import Decision
from switch.rules.adjudicate import adjudicate
from tests.property.fix_bills import Situation, catalogued, situations
from tests.property.fix_policies import KEY, REGION, Drawn, drawn_text, policies
from tests.unit.rules.fix_rules import make_filing

DISEASES = ("M1", "M2", "")
LIST = """
[[rule]]
id = "list"
type = "special_disease_list"
diseases = [{ code = "M1" }, { code = "M2" }]
[[rule]]
id = "modes"
type = "special_disease_modes"
home = { "*" = "split" }
elsewhere = { "*" = "split" }
[[rule]]
id = "ordinary"
type = "bands"
kinds = ["11"]
fund = 40
"""
BANDS = re.compile(r"edges = (\[.*?\])\npays = (\[.*?\])\n")


@st.composite
def told_apart(draw: st.DrawFn) -> Drawn:
    """A policy of kind 14 whose payers, hospital and accounts may ask for a disease."""
    policy = draw(policies())
    text = policy.text.replace('kinds = ["21"]', 'kinds = ["14"]') + LIST
    if draw(st.booleans()):
        rows = r'rates = [{ diseases = ["M2"], edges = \1, pays = \2 }, { pays = 25 }]' + "\n"
        text = BANDS.sub(rows, text)
    if draw(st.booleans()):
        text = text.replace('rows = [{ form = "over_', 'rows = [{ diseases = ["M2"], form = "over_')
    if draw(st.booleans()):
        account = '{ account = "current", parts'
        text = text.replace(account, '{ account = "current", diseases = ["M1"], parts')
    if draw(st.booleans()):
        text = text.replace('used = "burden.0"', 'used = "burden.0"\nby_disease = true')
    return drawn_text(text, policy.step_fen, kind="14")


@st.composite
def bills(draw: st.DrawFn, policy: Drawn) -> Situation:
    """A bill whose lines are of one disease or the other, or of none."""
    claim, member, institution = draw(situations(policy, least=2))
    lines = tuple(
        replace(line, disease_code=draw(st.sampled_from(DISEASES))) for line in claim.lines
    )
    claim = replace(claim, kind=Kind("14"), disease_code="M1", lines=lines)
    filings = tuple(
        make_filing("special_disease", disease=one, region=REGION) for one in ("M1", "M2")
    )
    return claim, replace(member, filings=filings), institution


def settle(policy: Drawn, situation: Situation) -> Decision:
    claim, member, institution = situation
    found = adjudicate(claim, member, institution, catalogued(policy.rules))
    assert isinstance(found, Decision), found
    return found


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_parts_add_up_whatever_asks_for_a_disease(data: st.DataObject) -> None:
    """`Split` itself refuses sums that do not hold; here, that they are the claim's."""
    policy = data.draw(told_apart())
    claim, _, _ = situation = data.draw(bills(policy))
    decision = settle(policy, situation)
    split = decision.split
    assert split.total_fen == claim.total_fen
    assert min(decision.parts.values()) >= 0
    assert sum(p.amount_fen for p in split.payers if p.fund == "310100") <= split.in_scope_fen
    assert all(change >= 0 for change in decision.deltas.get(KEY, {}).values())


@given(st.data(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_lines_and_diseases_does_not_matter(data: st.DataObject, random: Any) -> None:
    policy = data.draw(told_apart())
    claim, member, institution = situation = data.draw(bills(policy))
    lines = list(claim.lines)
    random.shuffle(lines)
    shuffled = replace(claim, lines=tuple(lines))
    assert settle(policy, (shuffled, member, institution)) == settle(policy, situation)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_bill_of_diseases_cancelled_and_done_again_is_the_same(data: st.DataObject) -> None:
    policy = data.draw(told_apart())
    claim, member, institution = situation = data.draw(bills(policy))
    first = settle(policy, situation)
    undone = Person(member, REGION, "310").after(first).undone(first)
    assert settle(policy, (claim, undone.member, institution)) == first
