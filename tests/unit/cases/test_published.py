"""Runs published examples (`cities`) and one policy clause after the other (`clauses`).

Each expected amount comes from the page that publishes it, or was derived by hand beside the case.
"""

from pathlib import Path

import pytest

from switch.cases.files import run_file
from switch.cases.run import CaseResult
from switch.rules.adjudicate import Rules

CASES = Path(__file__).parents[2] / "cases"


def none_shipped() -> Rules:
    """Every file here names its policies."""
    raise AssertionError("the shipped rules were asked for")


def results() -> list[object]:
    paths = [*CASES.glob("cities/*/cases.toml"), *CASES.glob("clauses/*.toml")]
    return [
        pytest.param(result, id=f"{path.parent.name}/{path.stem}: {result.name}")
        for path in sorted(paths)
        if not path.stem.endswith((".policy", ".care"))
        for result in run_file(path, none_shipped)
    ]


@pytest.mark.parametrize("result", results())
def test_case_holds(result: CaseResult) -> None:
    assert not result.fault
    assert [one.differences for one in result.outcomes if one.differences] == []
