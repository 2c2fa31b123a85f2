"""Pages of a period: sums agree, everything is escaped, and the chart holds every flow."""

import re
from datetime import UTC, date, datetime

import pytest

from switch.clearing.netting import Due, Mode, settle
from switch.clearing.period import Period
from switch.clearing.statement import Flow, statements
from switch.model.ids import InstitutionCode, RegionCode, RequestId
from switch.pages.markup import Html
from switch.recon.record import Group, Leg, Parts, Record
from switch.report.between import draw
from switch.report.page import file_name, institution_page, region_page
from switch.report.view import Act, InstitutionView, Place, RegionView

A, B, C, HUB = map(RegionCode, ("330199", "330299", "330399", "330000"))
NAMES: dict[str, str] = {A: "杭州市本级", B: "宁波市本级", C: "<温州>"}
AT = datetime(2026, 12, 1, tzinfo=UTC)
MONTH = Period.parse("2026-11")
CODE = InstitutionCode("H33020100001")
FLOWS = [
    Flow(CODE, B, B, "310", "11", "310100", 7, 123_456),
    Flow(CODE, B, A, "390", "21", "390100", 1, 50_000),
    Flow(CODE, B, B, "310", "11", "310200", 7, 1_000),
]
DUES = [Due(A, B, 50_000), Due(B, A, 20_000), Due(C, B, 30_000), Due(A, C, -5)]


def place(name: str = "示例医院") -> Place:
    (one,) = statements(FLOWS, {B: 500})
    return Place(CODE, name, one, "confirmed", 2, "accepted")


def region(name: str = "示例医院", dues: list[Due] = DUES) -> str:
    return region_page(RegionView(
        B, MONTH, "已结账", AT, 8, FLOWS, [place(name)], dues, Mode.BILATERAL,
        settle(dues, Mode.BILATERAL, HUB), NAMES,
    ))  # fmt: skip


def test_a_regions_page_tells_totals_states_and_links_down() -> None:
    page = region()
    # Of 1,734.56 that funds paid five per cent are withheld, nothing of 10.00 from accounts.
    assert "1,734.56" in page
    assert "86.73" in page
    assert "1,657.83" in page
    for told in ("confirmed", "2 笔差异", "accepted", f'href="{file_name(CODE)}"', "310100"):
        assert told in page
    assert "positions sum to 0.00" in page


def test_names_are_escaped_wherever_they_stand() -> None:
    page = region("<script>alert(1)</script>")
    assert "<script>" not in page
    assert "<温州>" not in page
    assert "&lt;温州&gt;" in page


def test_a_region_without_others_has_no_chart() -> None:
    assert "<svg" not in region(dues=[])


def test_the_chart_holds_every_flow_and_its_bands_fill_their_blocks() -> None:
    picture = draw(DUES, NAMES)
    assert picture.count("<path ") == 3  # the one that undoings turned is no flow
    for told in ("杭州市本级 → 宁波市本级: 500.00", "300.00", "200.00"):
        assert told in picture
    heights = [int(h) for h in re.findall(r'<rect[^>]*height="(\d+)"', picture)]
    assert len(heights) == 5
    left = sum(heights[:3])
    assert abs(left - sum(heights[3:])) <= 3


def act(leg: Leg, working: str | None) -> Act:
    total = 10_000 if leg is Leg.SETTLED else -10_000
    record = Record(
        RequestId("H33020100001202611250900000001"), leg, "0001000001",
        Group(date(2026, 11, 25), "310", "11", B), Parts(total, total, 0), "2" * 27,
    )  # fmt: skip
    return Act(record, None if working is None else Html(working))


@pytest.mark.parametrize("working", ["<table>step</table>", None])
def test_an_institutions_page_opens_a_settlement(working: str | None) -> None:
    acts = [act(Leg.SETTLED, working), act(Leg.UNDONE, None)]
    page = institution_page(InstitutionView(B, MONTH, AT, place(), acts, NAMES))
    assert ("<details>" in page) == (working is not None)
    assert "撤销 undone" in page
    assert "-100.00" in page
    assert page.count("390100") == 1
