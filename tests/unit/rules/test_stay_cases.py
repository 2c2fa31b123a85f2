"""What shipped policies say of the edges of a stay."""

import pytest

from switch.cli.cases import shipped_rules
from tests.fix_stay_cases import StayCase, stay_cases


@pytest.mark.parametrize("case", stay_cases(), ids=lambda case: str(case.stated["gives"]))
def test_a_stay_has_the_edges_its_policy_draws(case: StayCase) -> None:
    assert case.outcome(shipped_rules()) == case.stated["gives"]
