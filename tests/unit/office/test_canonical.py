"""One text for one value: what two writers could spell apart is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.office.canonical import canonical, parse_canonical

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(st.dictionaries(TEXT, VALUES))
def test_a_value_comes_back_from_its_text(value: dict[str, Any]) -> None:
    text = canonical(value)
    assert parse_canonical(text) == value
    assert canonical(parse_canonical(text)) == text


def test_keys_stand_sorted_without_a_space_and_chinese_stays_chinese() -> None:
    assert canonical({"b": [1, None, True], "a": {"理由": "年度"}}) == (
        '{"a":{"理由":"年度"},"b":[1,null,true]}'
    )


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": 1.0}, r"\$\.a: float"),
        ({"a": [1, {"b": float("nan")}]}, r"\$\.a\[1\]\.b"),
        ({"a": b"x"}, "bytes"),
        ({1: "a"}, "no text"),
        ({"a": "\ud800"}, "cannot be kept"),
        ({"a\0": 1}, "cannot be kept"),
        ({"a": {1, 2}}, "set"),
    ],
)
def test_what_has_no_canonical_text_is_refused_by_its_place(value: Any, place: str) -> None:
    with pytest.raises(ValueError, match=place):
        canonical(value)


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1,"a":2}', '{"a": 1}', '{"a":1,"a":1}', '{"a":1.0}', '{"a":1e2}', '{"a":NaN}',
        '{"a":Infinity}', '{"a":"\\u4e2d"}', "[]", "1", "{", "", '{"a":01}', '{"a":-0}',
    ],
)  # fmt: skip
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_canonical(text)
