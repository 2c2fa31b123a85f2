"""The signed words of an adjustment: each item whole, or refused."""

from typing import Any

import pytest

from switch.model.ids import OFFICE
from switch.office.adjustment import adjustment_content, read_items
from switch.office.canonical import canonical, parse_canonical

SETTLED = "20181201" + "1099511638016".zfill(19)
AMOUNTS = {"total": 100, "310100": 60, "hospital": 0, "current": 10, "earlier": 0, "relative": 0,
           "cash": 30}  # fmt: skip
ITEM: dict[str, Any] = {
    "request_id": f"{OFFICE}201812021200000000",
    "settlement": SETTLED,
    "original": "H33020100001201812010900000001",
    "standing": SETTLED,
    "member": "0123000001",
    "version": 4,
    "causes": ["line 3: 超限"],
    "before": AMOUNTS,
    "after": {**AMOUNTS, "310100": 70, "cash": 20},
    "body": "",
    "snapshot": "{}",
    "rule_book": "ab" * 32,
}


def test_items_come_back_as_they_were_signed() -> None:
    content = {"items": [ITEM]}
    items = read_items(parse_canonical(canonical(content)))
    assert adjustment_content(items) == content


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"request_id": "H33020100001201812021200000000"}, "begins OFFICE"),
        ({"version": 0}, "no version"),
        ({"version": True}, "no version"),
        ({"causes": "line"}, "list of texts"),
        ({"body": 1}, "are texts"),
        ({"standing": "1"}, "27 digits"),
        ({"before": {**AMOUNTS, "cash": 31}}, "does not add up"),
        ({"before": {"total": 0}}, "amounts name"),
        ({"after": {**AMOUNTS, "cash": True}}, "whole fen"),
        ({"more": 1}, "and no more"),
    ],
)
def test_an_item_of_other_words_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_items({"items": [{**ITEM, **changes}]})


@pytest.mark.parametrize("items", [[], [ITEM, ITEM], "items", [ITEM] * 201])
def test_a_change_is_of_some_settlements_each_once(items: Any) -> None:
    with pytest.raises(ValueError, match=r"1\.\.200|two items"):
        read_items({"items": items})
