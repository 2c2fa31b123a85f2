"""Amounts are read exactly, whatever they were typed as, or named as what they are not."""

import pytest

from switch.national.amounts import (
    FEN_E20,
    YUAN_E20,
    Json,
    Number,
    half_up_fen,
    has_decimals_at_most,
    read_amount,
    yuan,
)
from switch.national.words import Note


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("-0.00", 0),
        ("0e9999", 0),
        ("4.52", 452),
        ("+4.52", 452),
        ("4.5200000000", 452),
        ("-4.52", -452),
        (".5", 50),
        ("5.", 500),
        ("1e2", 10_000),
        ("1.5E+3", 150_000),
        ("452e-2", 452),
        ("0.0452E2", 452),
        ("99999999.000000", 9_999_999_900),
        ("9999999999999999.99", 999_999_999_999_999_999),
        (" 4.52\t", 452),
    ],
)
def test_number_and_text_read_alike(text: str, fen: int) -> None:
    assert read_amount(text) == fen * FEN_E20
    assert read_amount(Number(text)) == fen * FEN_E20


@pytest.mark.parametrize("raw", [None, "", "  ", "\t"])
def test_none_is_not_zero(raw: Json) -> None:
    assert read_amount(raw) is None


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("10000000000000000", "absurd"),
        ("-1e16", "absurd"),
        ("1e9999", "absurd"),
        ("9" * 61, "decimals"),
        ("1e-21", "decimals"),
        ("1e-9999", "decimals"),
        ("1e99999", "not a number"),
        ("0.000000000000000000001", "decimals"),
        ("1,234.00", "not a number"),
        ("1_000", "not a number"),
        ("４.５２", "not a number"),
        ("4.52元", "not a number"),
        ("--1", "not a number"),
        (".", "not a number"),
        ("-", "not a number"),
        ("e5", "not a number"),
        ("Infinity", "not a number"),
        ("null", "not a number"),
        (True, "true / false"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_what_is_no_amount_is_named(raw: Json, why: str) -> None:
    found = read_amount(raw)
    assert isinstance(found, Note)
    assert why in found.en


def test_a_float_sum_keeps_its_noise() -> None:
    """0.1 + 0.2 of a sender that adds floats: named by its decimals, never rounded away."""
    found = read_amount(Number("0.30000000000000004"))
    assert isinstance(found, int)
    assert found - 30 * FEN_E20 == 4000
    assert not has_decimals_at_most(found, 2)
    assert yuan(found) == "0.30000000000000004"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0", "0.00"), ("-0.05", "-0.05"), ("12.3", "12.30"), ("1234567.005", "1234567.005")],
)
def test_yuan_are_shown_exactly(text: str, shown: str) -> None:
    value = read_amount(text)
    assert isinstance(value, int)
    assert yuan(value) == shown


@pytest.mark.parametrize(
    ("thousandths", "fen"),
    [(224, 22), (225, 23), (226, 23), (-225, -23), (-224, -22), (0, 0)],
)
def test_halves_go_away_from_zero(thousandths: int, fen: int) -> None:
    assert half_up_fen(thousandths * YUAN_E20 * YUAN_E20 // 1000) == fen * FEN_E20
