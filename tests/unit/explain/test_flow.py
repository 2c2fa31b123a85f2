"""The picture's columns each are the whole bill, and what leaves a block is what it holds."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings

from switch.explain.figure import HEIGHT, draw
from switch.explain.flow import Flow, flow_of
from switch.model.decision import Decision
from switch.rules.adjudicate import adjudicate
from tests.property.test_rules import situations
from tests.unit.explain.fix_statement import SITUATIONS, Situation, example, statement_of
from tests.unit.rules.fix_rules import shipped_rules


def check(flow: Flow, total: int) -> None:
    for column in flow.columns:
        assert sum(node.amount_fen for node in column) == total
        assert all(node.amount_fen > 0 for node in column)
    for number, column in enumerate(flow.columns):
        for place, node in enumerate(column):
            out = [s for s in flow.streams if (s.column, s.source) == (number, place)]
            into = [s for s in flow.streams if (s.column + 1, s.target) == (number, place)]
            if number < len(flow.columns) - 1:
                assert sum(s.amount_fen for s in out) == node.amount_fen
            if number:
                assert sum(s.amount_fen for s in into) == node.amount_fen


@given(situations())
@settings(max_examples=200, deadline=None)
def test_every_column_is_the_bill_and_every_stream_is_exact(situation: Situation) -> None:
    decision = adjudicate(*situation, shipped_rules())
    if isinstance(decision, Decision):
        check(flow_of(decision, ("310100", "390100")), decision.split.total_fen)


@pytest.mark.parametrize("situation", [one for _, one in SITUATIONS])
def test_the_flow_of_a_statement_is_exact(situation: Situation) -> None:
    statement = statement_of(situation)
    check(statement.flow, statement.decision.split.total_fen)


def test_the_fund_pays_of_the_bands_and_further_payers_of_the_burden() -> None:
    flow = statement_of(example()).flow
    payers = [node.key for node in flow.columns[-1]]
    sources: dict[str, set[str]] = {}
    for stream in flow.streams:
        if stream.column == 2:
            source = flow.columns[2][stream.source].key
            sources.setdefault(payers[stream.target], set()).add(source)
    assert sources["310100"] == {"fund"}
    assert sources["cash"] == {"person"}
    further = set(payers) - {"310100", "cash", "current", "earlier", "hospital"}
    assert further
    assert all(sources[one] == {"person"} for one in further)


@pytest.mark.parametrize("situation", [one for _, one in SITUATIONS])
def test_the_picture_is_well_formed_and_names_never_overlap(situation: Situation) -> None:
    picture = ET.fromstring(draw(statement_of(situation).flow))
    names: dict[str, list[float]] = {}
    for group in picture.iter("{http://www.w3.org/2000/svg}g"):
        text = group.findall("{http://www.w3.org/2000/svg}text")[0]
        names.setdefault(text.attrib["x"], []).append(float(text.attrib["y"]))
    assert len(names) == 4
    for ys in names.values():
        assert all(b - a >= 30 for a, b in pairwise(ys))
    heights = [float(r.attrib["height"]) for r in picture.iter("{http://www.w3.org/2000/svg}rect")]
    assert max(heights) <= HEIGHT


def test_a_bill_of_nothing_has_no_picture() -> None:
    assert draw(Flow(((), (), (), ()), ())) == ""
