from datetime import date

import pytest

from clients.bill import inpatient, item, outpatient, pharmacy, remaining, special_disease
from medswitch.v1 import common_pb2

ON = date(2018, 12, 1)


def test_lines_are_numbered_dated_and_summed() -> None:
    claim = outpatient("330299", ON, [item("A", "a", "2.5", "13.2"), item("B", "b", 1, "0.005")])
    assert [line.number for line in claim.lines] == [1, 2]
    assert {line.on for line in claim.lines} == {"2018-12-01"}
    assert [line.amount_fen for line in claim.lines] == [3300, 1]
    assert claim.total_fen == 3301
    assert (claim.kind, claim.use_account) == ("11", True)
    assert claim.injury_cause == common_pb2.INJURY_CAUSE_NONE
    assert claim.request_id == ""


def test_any_field_of_a_claim_may_be_stated() -> None:
    claim = pharmacy("330299", ON, [item("A", "a", 1, 1)], use_account=False, insurance="310")
    assert (claim.kind, claim.use_account, claim.insurance) == ("41", False, "310")
    with pytest.raises(ValueError, match="no_such_field"):
        pharmacy("330299", ON, [], no_such_field=1)


def test_special_disease_marks_its_lines_and_leaves_others_own() -> None:
    lines = [item("A", "a", 1, 1), item("B", "b", 1, 1, disease_code="M02")]
    claim = special_disease("330299", ON, "M01", lines)
    assert [line.disease_code for line in claim.lines] == ["M01", "M02"]
    assert (claim.kind, claim.disease_code) == ("14", "M01")
    assert lines[0].disease_code == ""


def test_stay_has_its_days() -> None:
    claim = inpatient("330299", date(2018, 11, 20), ON, [item("A", "a", 1, 100)])
    assert (claim.kind, claim.admitted_on, claim.discharged_on) == (
        "21",
        "2018-11-20",
        "2018-12-01",
    )
    assert claim.service_on == "2018-12-01"


def test_fifth_decimal_is_refused_not_rounded() -> None:
    with pytest.raises(ValueError, match="unit price"):
        item("A", "a", 1, "0.00001")


def test_what_remains_of_a_bill_is_the_bill_with_less_on_it() -> None:
    lines = [item("A", "甲", 10, "1.50"), item("B", "乙", 2, "3.00"), item("C", "丙", 1, "4.00")]
    whole = outpatient("330299", date(2018, 12, 1), lines)
    rest = remaining(whole, {1: "2.5", 2: 0})
    assert [(line.number, line.amount_fen) for line in rest.lines] == [(1, 375), (3, 400)]
    assert rest.total_fen == 775
    assert whole.total_fen == 2_500, "the bill itself is left alone"
    with pytest.raises(KeyError):
        remaining(whole, {9: 1})
