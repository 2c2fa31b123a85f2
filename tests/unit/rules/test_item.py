"""What an item of a policy file is refused for, by name; how it is read."""

from datetime import date
from typing import Any

import pytest

from switch.rules.catalogue import Catalogue
from switch.rules.item import read_item
from switch.rules.number import Number

EARLY = date(1950, 1, 1)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"code": "a 1"}, "code 'a 1' is not 1..50"),
        ({"code": "A" * 51}, "is not 1..50"),
        ({"code": "药"}, "is not 1..50"),
        ({"since": "2020"}, "since is '2020'; write a day"),
        ({"until": 2020}, "until is 2020; write a day"),
        ({"since": date(2020, 1, 2), "until": date(2020, 1, 1)}, "lies before since"),
        ({"class": "D"}, "class is 'D'; write one of A, B, C"),
        ({"category": "food"}, "category is 'food'; write one of bed, drug, material, service"),
        ({"first_pay": 101}, "within 0..100 percent"),
        ({"first_pay": "5%"}, "write a number, 0 or more, to 2 decimals"),
        ({"ceiling": Number("1.23456")}, "at most four decimals"),
        ({"ceiling": -1}, "price '-1'; write yuan"),
        ({"ceiling": True}, "ceiling is True; write a number"),
        ({"ceiling": "1e3"}, "price '1e3'; write yuan"),
        ({"limit_per": "week"}, "limit_per is 'week'; write one of day, unit, visit"),
        ({"prescription": "yes"}, "write true or false"),
        ({"diseases": 1}, "write a list of words"),
        ({"only": [{"reason": "x"}]}, "only 1: unknown fields"),
        ({"only": [1]}, "only holds 1; write tables"),
        ({"ratios": [{"levels": ["tertiary"]}]}, "ratios 1: first_pay is missing"),
        ({"ceilings": [{"levels": ["tertiary"]}]}, "ceilings 1: ceiling is missing"),
        ({"tiers": [{"below": 1, "first_pay": 1}]}, "the last tier has no end"),
        (
            {"tiers": [{"below": 2, "first_pay": 1}, {"below": 2, "first_pay": 1}]},
            "tiers 2: below does not rise",
        ),
        ({"tiers": [{"first_pay": 1}, {"first_pay": 1}]}, "tiers 1: below is missing"),
        ({"by_price": [{"below": 999999, "first_pay": 1}]}, "by_price 1: below does not rise"),
        ({"by_price": [], "tiers": [{"first_pay": 1}]}, "unknown fields .'tiers'."),
        ({"split": [{"share": 50, "first_pay": 1}]}, "do not add up to 100 percent"),
        (
            {"split": [{"share": 100, "first_pay": 1}], "tiers": [{"first_pay": 1}]},
            "split and tiers stand side by side",
        ),
        ({"colour": "red"}, "unknown fields .'colour'."),
    ],
)
def test_a_wrong_item_is_refused_by_name(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        read_item({"code": "A-1", **fields}, "catalogue 339901, item 7", EARLY)
    assert str(refused.value).startswith("catalogue 339901, item 7")
    if "code" not in fields:
        assert "(A-1)" in str(refused.value)


@pytest.mark.parametrize(
    ("written", "ceiling_e4"),
    [
        (12, 120_000),
        (Number("12.3456"), 123_456),
        ("0.0001", 1),
        (999_999, None),
        ("99999999", None),
        ("", None),
    ],
)
def test_a_price_is_read_to_the_hundredth_of_a_fen(written: object, ceiling_e4: int | None) -> None:
    item = read_item({"code": "A-1", "ceiling": written}, "here", EARLY)
    assert item.ceiling_e4 == ceiling_e4


def test_an_item_without_more_has_its_code_for_names_and_is_of_class_a() -> None:
    item = read_item({"code": "A-1"}, "here", EARLY)
    assert (item.name_zh, item.name_en, item.item_class, item.category) == (
        "A-1", "A-1", "A", "service",
    )  # fmt: skip
    assert (item.since, item.until, item.rule) == (EARLY, None, "catalogue/A-1@1950-01-01")
    assert not item.plain
    assert read_item({"code": "A-1", "first_pay": 0}, "here", EARLY).plain


@pytest.mark.parametrize(
    "more",
    [
        {"prescription": True},
        {"limit_per": "day"},
        {"only": [{}]},
        {"ratios": [{"first_pay": 1}]},
        {"ceilings": [{"ceiling": 1}]},
        {"tiers": [{"first_pay": 1}]},
        {"split": [{"share": 100, "first_pay": 1}]},
    ],
)
def test_an_item_with_anything_more_is_not_plain(more: dict[str, Any]) -> None:
    assert not read_item({"code": "A-1", "first_pay": 0, **more}, "here", EARLY).plain


def test_spells_of_an_item_may_follow_but_not_meet() -> None:
    first = {"code": "A-1", "until": date(2020, 1, 1)}
    later = {"code": "A-1", "since": date(2020, 1, 2), "zh": "后"}
    catalogue = Catalogue.of_items("339901", [later, first])
    names = [catalogue.find("A-1", date(2020, 1, day)) for day in (1, 2)]
    assert [item.name_zh if item else "" for item in names] == ["A-1", "后"]
    with pytest.raises(ValueError, match="339901: A-1 from 1950-01-01 overlaps 2020-01-01"):
        Catalogue.of_items("339901", [first, {**later, "since": date(2020, 1, 1)}])
    with pytest.raises(ValueError, match="overlaps"):
        Catalogue.of_items("339901", [{"code": "A-1"}, later])
