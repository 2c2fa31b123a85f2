"""The page of a simulation: every group and payer is there, and it needs nothing else."""

import xml.etree.ElementTree as ET
from datetime import date

from switch.model.decision import Decline
from switch.model.reply import ReplyCode
from switch.pages.words import money_text
from switch.simulate.chart import payers_chart, persons_chart
from switch.simulate.outcome import (
    Result,
    as_json,
    group_rows,
    group_words,
    payer_rows,
    signed,
    step_rows,
)
from switch.simulate.page import render
from switch.simulate.replay import replay
from switch.simulate.sums import DIMENSIONS, Sums
from tests.unit.explain.test_page import Parsed
from tests.unit.rules.fix_rules import shipped_rules
from tests.unit.simulate.fix_past import Bill, Lived, candidate, decider, member


def result_of(sums: Sums, fresh: tuple[str, ...] = ()) -> Result:
    return Result(
        sums=sums, journals=7, candidates=(("330299", "f" * 64),), since=date(2018, 1, 1),
        until=None, fresh=fresh, seconds_ms=1_234,
    )  # fmt: skip


def some() -> Sums:
    sums = Sums()
    for bills in ([Bill(50_000), Bill(50_000)], [Bill(900_000, "21")]):
        events, _ = Lived(member(), shipped_rules()).live(bills)
        sums.add_person(replay(events, decider(candidate())))
    return sums


def test_every_group_and_payer_is_on_the_page() -> None:
    sums = some()
    page = render(result_of(sums))
    parsed = Parsed(page)
    for dimension in DIMENSIONS:
        for (zh, _), cell in group_rows(sums, dimension):
            assert any(
                zh in row and signed(cell.fund_after - cell.fund_before) in row
                and money_text(cell.fund_before) in row
                for row in parsed.rows
            )  # fmt: skip
    for payer in payer_rows(sums):
        assert payer.words[0] in parsed.text
        assert signed(payer.change) in parsed.text
    assert not {"script", "link", "img"} & set(parsed.tags)
    assert "2018-01-01" in parsed.text
    assert "Nothing would have changed" not in parsed.text


def test_what_is_to_be_known_is_said() -> None:
    sums = Sums()
    events, _ = Lived(member(), shipped_rules()).live([Bill(50_000)])
    sums.add_person(replay(events, lambda *_: Decline(ReplyCode.POLICY_NOT_HELD, {})))
    sums.add_unread("<b>")
    said = render(result_of(sums, fresh=("new.sum",)))
    assert "POLICY_NOT_HELD" in said
    assert "new.sum" in said
    assert "&lt;b&gt;" in said
    same = Sums()
    same.add_person(replay(events, decider(shipped_rules())))
    assert "Nothing would have changed" in render(result_of(same))


def test_charts_are_well_formed_and_within_their_frame() -> None:
    sums = some()
    for chart in (payers_chart(payer_rows(sums)), persons_chart(list(step_rows(sums)))):
        picture = ET.fromstring(chart)
        _, _, width, height = map(float, picture.attrib["viewBox"].split())
        for mark in picture.iter("{http://www.w3.org/2000/svg}rect"):
            left, top = float(mark.attrib["x"]), float(mark.attrib["y"])
            assert left >= 0
            assert left + float(mark.attrib["width"]) <= width
            assert top + float(mark.attrib["height"]) <= height
    assert ET.fromstring(payers_chart([])) is not None


def test_the_json_says_the_same() -> None:
    sums = some()
    report = as_json(result_of(sums))
    assert report["whole"]["fund_after_fen"] == sums.whole.fund_after
    assert report["payers"]["310100"]["before_fen"] == sums.payers["310100"][0]
    assert set(report) >= {f"by_{dimension}" for dimension in DIMENSIONS}
    assert report["seconds"] == "1.234"
    assert sum(row["gain"] for row in report["persons_by_change"]) == sums.whole.gainers
    assert (report["from"], report["to"]) == ("2018-01-01", None)


def test_groups_have_names() -> None:
    assert group_words("age", "75-999") == ("75 岁以上", "75 and over")
    assert group_words("insurance", "330299/310")[0] == "330299 职工基本医疗保险"
    assert group_words("level", "tertiary_a") == ("三级甲等", "Tertiary A")
    assert [signed(n) for n in (0, 5, -123_456)] == ["–", "+0.05", "-1,234.56"]
