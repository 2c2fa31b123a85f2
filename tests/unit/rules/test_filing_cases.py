"""What shipped policies say of taking filings, case by case."""

import pytest

from switch.cli.cases import shipped_rules
from tests.fix_filing_cases import FilingCase, filing_cases


@pytest.mark.parametrize("case", filing_cases(), ids=lambda case: case.stated["name"])
def test_a_filing_is_taken_as_the_shipped_policy_says(case: FilingCase) -> None:
    assert case.outcome(shipped_rules()) == case.stated["gives"]
