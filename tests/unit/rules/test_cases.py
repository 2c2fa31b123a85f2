"""Runs every case of tests/cases through the product's own runner; amounts are derived by hand."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from switch.cases.files import run_file
from switch.cases.run import CaseResult
from tests.unit.rules.fix_rules import shipped_rules

CASES = Path(__file__).parents[2] / "cases"
FILES = sorted(CASES.rglob("*.toml"))
CASE_FILES = [
    path for path in FILES if "." not in path.stem and "[[case]]" in path.read_text("utf-8")
]
"""Policies stand beside their cases, as X.policy.toml or policy.toml."""


def load_results() -> list[Any]:
    return [
        pytest.param(result, id=f"{path.stem}: {result.name}")
        for path in CASE_FILES
        for result in run_file(path, shipped_rules)
    ]


@pytest.mark.parametrize("result", load_results())
def test_case_gives_the_amounts_derived_by_hand(result: CaseResult) -> None:
    assert not result.fault, result.fault
    assert {one.label: one.differences for one in result.outcomes if one.differences} == {}


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: str(path.stem))
def test_every_case_has_a_name_of_its_own_a_source_and_amounts(path: Path) -> None:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    given = document.get("given", {})
    names = Counter(case["name"] for case in document["case"])
    assert [name for name, times in names.items() if times > 1] == []
    for case in document["case"]:
        assert {**given, **case}.get("source"), case["name"]
        steps = [*case.get("settlements", []), case]
        expected = [step["expect"] for step in steps if "expect" in step]
        assert expected, case["name"]


def test_there_are_enough_cases() -> None:
    assert len(load_results()) >= 230
