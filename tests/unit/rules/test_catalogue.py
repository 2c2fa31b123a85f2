import csv
from datetime import date

import pytest

from switch.rules.catalogue import COLUMNS, Catalogue, generate_rows
from tests.unit.rules.fix_rules import PARAMETERS, shipped_rules

ROW = dict(
    zip(
        COLUMNS,
        ("A-1", "甲", "A", "drug", "B", "500", "12.5", "M00500", "2018-01-01", "", "example", ""),
        strict=True,
    )
)


def test_a_row_is_read_exactly() -> None:
    item = Catalogue.parse("330000", [ROW]).find("A-1", date(2018, 1, 1))
    assert item is not None
    assert (item.first_pay_bp, item.ceiling_e4, item.diseases) == (
        500,
        125_000,
        frozenset({"M00500"}),
    )


@pytest.mark.parametrize("text", ["", "999999", "99999999"])
def test_no_limit_is_written_in_three_ways(text: str) -> None:
    item = Catalogue.parse("330000", [{**ROW, "price_ceiling_yuan": text}]).find(
        "A-1", date(2018, 1, 1)
    )
    assert item is not None
    assert item.ceiling_e4 is None


@pytest.mark.parametrize(
    ("column", "text", "wrong"),
    [
        ("code", "a b", "code 'a b'"),
        ("class", "D", "class 'D'"),
        ("category", "food", "category 'food'"),
        ("first_pay_bp", "10001", "outside 0..10000"),
        ("first_pay_bp", "5%", "outside 0..10000"),
        ("price_ceiling_yuan", "1.23456", "at most four decimals"),
        ("since", "2018", "is no day"),
        ("until", "2017-12-31", "lies before since"),
        ("basis", "rumour", "basis"),
        ("name_zh", "", "needs both names"),
    ],
)
def test_a_wrong_row_is_refused_by_number(column: str, text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as refused:
        Catalogue.parse("330000", [{**ROW, column: text}])
    assert "row 2" in str(refused.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="columns \\['note'\\] are missing"):
        Catalogue.parse("330000", [{key: ROW[key] for key in COLUMNS if key != "note"}])


def test_spells_of_one_code_may_follow_but_not_meet() -> None:
    ended = {**ROW, "until": "2019-12-31"}
    later = {**ROW, "since": "2020-01-01", "first_pay_bp": "1000"}
    catalogue = Catalogue.parse("330000", [later, ended])
    last, first = (catalogue.find("A-1", day) for day in (date(2019, 12, 31), date(2020, 1, 1)))
    assert last is not None
    assert first is not None
    assert (last.first_pay_bp, first.first_pay_bp) == (500, 1000)
    for before in ({**ROW}, {**ROW, "until": "2020-01-01"}):
        with pytest.raises(ValueError, match="overlaps"):
            Catalogue.parse("330000", [before, later])


def test_codes_and_days_outside_are_not_held() -> None:
    catalogue = Catalogue.parse("330000", [{**ROW, "until": "2019-12-31"}])
    assert catalogue.find("B-1", date(2018, 1, 1)) is None
    assert catalogue.find("A-1", date(2017, 12, 31)) is None
    assert catalogue.find("A-1", date(2020, 1, 1)) is None


def test_shipped_catalogue_is_marked_as_an_example() -> None:
    with (PARAMETERS / "catalogue_330000.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 60
    assert all(row["code"].startswith("DEMO-") and row["basis"] == "example" for row in rows)


def test_generated_catalogue_is_the_same_each_time() -> None:
    first = Catalogue.parse("330000", generate_rows(2_000))
    second = Catalogue.parse("330000", generate_rows(2_000))
    assert len(first.latest) == 2_000
    assert first.hash == second.hash != Catalogue.parse("330000", generate_rows(1_999)).hash


def test_a_region_finds_its_own_catalogue_then_its_citys_then_its_provinces() -> None:
    rules = shipped_rules()
    assert rules.catalogue_of("330281") is rules.catalogues["330000"]
    assert rules.catalogue_of("310199") is None
