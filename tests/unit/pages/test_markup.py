"""Markup escapes whatever is not markup."""

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.codes import FundPayType, Insurance, Kind, Level, MemberClass
from switch.pages import words
from switch.pages.markup import Html, both, document, tag, text
from switch.rules.words import COUNTS, PERIODS


@given(st.text())
def test_text_comes_back_and_holds_no_markup(given_text: str) -> None:
    made = tag("td", given_text, title=given_text)
    assert "<" not in made.removeprefix("<td").removesuffix("</td>")
    assert unescape(text(given_text)) == given_text or "\r" in given_text


def test_markup_is_left_alone_and_none_left_out() -> None:
    assert tag("p", tag("b", "<"), None, 7) == "<p><b>&lt;</b>7</p>"
    assert tag("p", class_=None, data_x="a&b") == '<p data-x="a&amp;b"></p>'
    assert tag("br") == "<br/>"
    assert isinstance(tag("p"), Html)


def test_a_word_without_english_stands_alone() -> None:
    assert both(("甲", "")) == '<span class="both"><span lang="zh">甲</span></span>'


def test_a_document_is_chinese_and_escapes_its_title() -> None:
    page = document("<t>", "p > b { }", "x")
    assert page.startswith('<!DOCTYPE html>\n<html lang="zh-CN">')
    assert "<title>&lt;t&gt;</title>" in page
    assert "<style>p > b { }</style>" in page


@pytest.mark.parametrize(
    ("value_e4", "said"),
    [(10_000, "1"), (25_000, "2.5"), (-1, "-0.0001"), (12_345_678, "1,234.5678"), (0, "0")],
)
def test_numbers_in_ten_thousandths(value_e4: int, said: str) -> None:
    assert words.number_text(value_e4) == said


@pytest.mark.parametrize(
    ("bp", "said"), [(0, "0%"), (8_600, "86%"), (50, "0.5%"), (9_255, "92.55%")]
)
def test_ratios_in_percent(bp: int, said: str) -> None:
    assert words.rate_text(bp) == said


def test_every_code_has_words() -> None:
    assert set(words.FUNDS) == set(FundPayType)
    assert set(words.INSURANCES) == set(Insurance)
    assert set(words.CLASSES) == set(MemberClass)
    assert {kind for kind in Kind if not kind.startswith("990") or kind == "9901"} <= set(
        words.KINDS
    )
    assert all(words.level(one) != (one, "") for one in Level)
    assert set(words.COUNTS) == COUNTS
    assert set(words.PERIODS) == set(PERIODS)
    assert words.level("tertiary_a") == ("三级甲等", "Tertiary A")
    assert words.level("x_a") == ("x_a", "")
    assert words.named(words.FUNDS, "1") == ("1", "")
