import pytest

from switch.rules.number import Number, number_text, scaled


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (12, 2, 1_200),
        (-12, 2, -1_200),
        (Number("12.5"), 2, 1_250),
        (Number("12.500"), 1, 125),
        (Number("+0.01"), 2, 1),
        (Number("-0.01"), 2, -1),
        (Number("1_000.25"), 2, 100_025),
        ("92.5", 2, 9_250),
        ("0", 0, 0),
        ("007.10", 2, 710),
        (Number("12.55"), 1, None),
        ("", 2, None),
        ("1e3", 2, None),
        (Number("1e3"), 2, None),
        (Number("nan"), 2, None),
        (Number("inf"), 2, None),
        ("1.", 2, None),
        (".5", 2, None),
        ("１２", 2, None),
        (" 1", 2, None),
        ("1" * 19, 0, None),
        (True, 2, None),
        (None, 2, None),
        ([1], 2, None),
        (1.5, 2, None),
    ],
)
def test_a_number_is_exact_or_none(value: object, decimals: int, expected: int | None) -> None:
    assert scaled(value, decimals) == expected


def test_a_number_is_told_as_it_is_written() -> None:
    assert [number_text(one) for one in (7, "7.0", Number("1_0.50"), False, None)] == [
        "7", "7.0", "10.50", None, None,
    ]  # fmt: skip
