"""A case's national fields are those that a settlement carries on the wire."""

from dataclasses import replace

import pytest

from switch.cases.expect import NATIONAL
from switch.cases.scene import Person
from switch.model.codes import FundPayType
from switch.model.decision import Payer
from switch.model.money import Fen
from switch.wire.national import FLAT_FIELDS, FUND_FIELDS
from tests.fix_wire import a_decision
from tests.unit.rules.fix_rules import Person as Said
from tests.unit.rules.fix_rules import make_member


@pytest.mark.parametrize("fund", sorted(FLAT_FIELDS))
def test_each_fund_stands_in_the_field_it_has_on_the_wire(fund: str) -> None:
    decision = a_decision()
    paid = decision.split.fund_fen
    split = replace(decision.split, payers=(Payer(FundPayType(fund), Fen(paid)),))
    found = replace(decision, split=split)
    person = Person(make_member(Said()), "330299", "310")
    amounts = {field: NATIONAL[field](found, person) for field in FUND_FIELDS}
    assert amounts == {**dict.fromkeys(FUND_FIELDS, 0), FLAT_FIELDS[fund]: paid}
