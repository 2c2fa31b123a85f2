"""The tests of a row in words, each kind of test."""

import pytest

from switch.compare.conditions import in_words
from switch.rules.condition import ALWAYS
from switch.rules.read_rows import read_condition
from switch.rules.values import Reader


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"levels": ["tertiary", "community"]}, "三级 Tertiary/社区卫生服务机构 Community"),
        ({"levels": ["tertiary_a"]}, "三级甲等 Tertiary A"),
        ({"classes": ["in_service"]}, "在职 In service"),
        ({"age_from": 45}, "45 岁以上 from 45"),
        ({"age_below": 18}, "不满 18 岁 below 18"),
        ({"age_from": 45, "age_below": 60}, "45–59 岁 years"),
        ({"ordinal_from": 2}, "第 2起 on 次 admission"),
        ({"ordinal_from": 1, "ordinal_to": 1}, "第 1 次 admission"),
        ({"ordinal_from": 1, "ordinal_to": 2}, "第 1–2 次 admission"),
        ({"areas": ["national"], "filings": ["none"]}, "跨省 national，未备案 no filing"),
        ({"standings": ["b", "a"]}, "身份 standing a/b"),
        ({"without_tags": ["t"]}, "非 not 机构标记 tag t"),
        ({"places": ["3301"]}, "就医地 place 3301…"),
        ({"emergency": True, "sexes": ["female"]}, "女 female，急诊 emergency"),
        ({"kinds": ["11"]}, "类别 kind 11"),
    ],
)
def test_a_condition_in_words(row: dict[str, object], said: str) -> None:
    assert in_words(read_condition(Reader(row, "here", frozenset()))) == said


def test_a_row_for_everybody_says_nothing() -> None:
    assert in_words(ALWAYS) == ""
