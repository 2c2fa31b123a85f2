"""The worked examples beside docs/policy.md: every policy loads, every case holds by hand."""

import re
from pathlib import Path

import pytest

from switch.cases.files import read_policies, run_file
from switch.cases.run import CaseResult
from switch.rules.adjudicate import Rules

DOCS = Path(__file__).parents[3] / "docs"
EXAMPLES = DOCS / "examples"


def none_shipped() -> Rules:
    """An example brings its own policy: it must not lean on what the package ships."""
    raise AssertionError("the shipped rules were asked for")


def example_cases() -> list[object]:
    return [
        pytest.param(result, id=f"{path.stem}: {result.name}")
        for path in sorted(EXAMPLES.glob("*_cases.toml"))
        for result in run_file(path, none_shipped)
    ]


@pytest.mark.parametrize("result", example_cases())
def test_an_example_gives_the_amounts_derived_by_hand(result: CaseResult) -> None:
    differences = [one for outcome in result.outcomes for one in outcome.differences]
    assert not differences
    assert result.holds, result.fault


def test_the_manual_links_every_example_and_each_has_cases() -> None:
    linked = set(re.findall(r"\(examples/(\w+\.toml)\)", (DOCS / "policy.md").read_text("utf-8")))
    files = {path.name for path in EXAMPLES.glob("*.toml")}
    assert linked == {name for name in files if not name.endswith("_cases.toml")}
    assert {name.replace(".toml", "_cases.toml") for name in linked} == files - linked


def test_examples_stand_under_fictitious_regions_only() -> None:
    policies = [path for path in EXAMPLES.glob("*.toml") if not path.stem.endswith("_cases")]
    regions = set(read_policies(policies).books)
    assert len(regions) == len(policies)
    assert all(region.startswith("33990") for region in regions)
