"""What a decision says beside its amounts: working, deltas, what it read, what it refuses."""

from dataclasses import replace
from datetime import date

import pytest

from switch.model.codes import Insurance, MemberClass
from switch.model.decision import Decline, Step
from switch.model.ids import RegionCode
from switch.model.member import Enrolment
from switch.model.reply import ReplyCode, reply_message
from switch.rules.adjudicate import Rules, adjudicate
from tests.unit.rules.fix_rules import (
    Person,
    decide,
    make_claim,
    make_filing,
    make_institution,
    make_line,
    make_member,
    refuse,
    shipped_rules,
)

KEY = "330299/310/2018"


def test_working_names_every_step_of_lines_and_bill() -> None:
    claim = make_claim([make_line(4, 70_000, "DEMO-MRI-HEAD"), make_line(7, 1_000, "X")])
    history = {KEY: {"outpatient.self_segment": 59_000}}
    working = decide(claim, Person(history=history, earlier_fen=500)).working
    assert working == (
        Step("catalogue/DEMO-MRI-HEAD@2010-01-01", 70_000, 10_000, None, 60_000, 60_000, 4,
             "超限价自付", "Over the price ceiling"),
        Step("catalogue/DEMO-MRI-HEAD@2010-01-01", 60_000, 6_000, 1_000, None, 54_000, 4,
             "先行自付", "First self-pay"),
        Step("scope@2018-01-01", 1_000, 1_000, 10_000, None, 0, 7,
             "目录外项目", "Not in the catalogue"),
        Step("employee.outpatient.segments@2011-01-01", 54_000, 0, None, 0, 0, 0,
             "账户段", "Account segment"),
        Step("employee.outpatient.segments@2011-01-01", 54_000, 1_000, None, 1_000, 0, 0,
             "自负段", "Self segment"),
        Step("employee.outpatient.bands@2011-01-01/1", 53_000, 42_400, 8_000, None, 10_600, 0,
             "统筹基金支付", "Pooling fund"),
        Step("employee.outpatient.account@2011-01-01", 17_600, 500, None, 500, 0, 0,
             "历年账户支付", "Earlier-years account"),
    )  # fmt: skip


def test_decision_says_what_it_read_what_it_moves_and_what_is_left() -> None:
    claim = make_claim([make_line(1, 200_000)], "21", admitted=date(2018, 11, 20))
    decision = decide(claim)
    assert decision.deltas == {
        KEY: {
            "inpatient.deductible": 60_000,
            "inpatient.deductible_highest": 60_000,
            "inpatient.in_scope": 200_000,
        }
    }
    assert decision.consulted == {
        f"{KEY}#inpatient.deductible",
        f"{KEY}#inpatient.deductible_highest",
        f"{KEY}#inpatient.in_scope",
    }
    used = {item.name: (item.used, item.limit) for item in decision.year_to_date}
    assert used["inpatient.deductible"] == (60_000, 60_000)
    assert used["inpatient.in_scope"] == (200_000, None)
    assert decision.rule_book == shipped_rules().books["330299"].hash
    assert decision.clearing_type == "21"


def test_what_is_kept_only_for_the_receipt_is_not_consulted() -> None:
    decision = decide(make_claim([make_line(1, 200_000)]))
    assert decision.consulted == {
        f"{KEY}#{name}" for name in ("outpatient.self_segment", "employee.outpatient.segments.cash")
    }
    assert decision.deltas[KEY]["outpatient.in_scope"] == 200_000


def test_reduced_bands_name_the_reduction() -> None:
    on = date(2021, 7, 1)
    claim = make_claim([make_line(1, 1_000_000, on=on)], "21", on=on, care="330199")
    working = decide(claim, institution=make_institution("330199", "tertiary")).working
    assert working[-1].rate_bp == 7_000
    assert "cross_city.employee@2021-07-01/3" in working[-1].note_en


def test_a_decision_recomputes_to_itself() -> None:
    claim = make_claim([make_line(1, 123_457), make_line(2, 89, "DEMO-CEFURO-TAB")])
    assert decide(claim) == decide(claim)


def test_interim_settlement_is_no_admission() -> None:
    person, hospital = Person(region="339900"), make_institution("339900", "tertiary")
    claim = make_claim([make_line(1, 100_000)], "21", care="339900", interim=True)
    moved = decide(claim, person, hospital).deltas["339900/310/2018"]
    assert "inpatient.admissions" not in moved


def test_no_catalogue_at_the_place_of_care_is_no_policy() -> None:
    rules = shipped_rules()
    found = adjudicate(
        make_claim([make_line(1, 100)]),
        make_member(Person()),
        make_institution(),
        Rules(rules.books, {}),
    )
    assert isinstance(found, Decline)
    assert found.code is ReplyCode.POLICY_NOT_HELD


def test_a_person_without_insurance_is_told_so() -> None:
    member = replace(make_member(Person()), enrolments=())
    found = adjudicate(make_claim([make_line(1, 100)]), member, make_institution(), shipped_rules())
    assert isinstance(found, Decline)
    assert found.code is ReplyCode.NOT_INSURED
    assert found.facts["region"] == "-"


def test_ordinary_lines_of_a_special_bill_need_an_outpatient_policy() -> None:
    book = shipped_rules().books["330299"]
    plans = {key: value for key, value in book.plans.items() if key != ("310", "11")}
    rules = Rules({"330299": replace(book, plans=plans)}, shipped_rules().catalogues)
    person = Person(filings=[make_filing("special_disease", disease="M00500")])
    claim = make_claim([make_line(1, 100)], "14", disease="M00500")
    found = adjudicate(claim, make_member(person), make_institution(), rules)
    assert isinstance(found, Decline)
    assert found.facts["kind"] == "11"


def test_marks_are_ordinary_at_home_where_no_special_benefit_is_held() -> None:
    book = shipped_rules().books["330299"]
    plans = {key: value for key, value in book.plans.items() if key != ("310", "14")}
    rules = Rules({"330299": replace(book, plans=plans)}, shipped_rules().catalogues)
    person = Person(history={KEY: {"outpatient.self_segment": 60_000}})
    claim = make_claim([make_line(1, 10_000, "DEMO-PACLI-INJ", disease="M00500")])
    found = adjudicate(claim, make_member(person), make_institution(), rules)
    assert not isinstance(found, Decline)
    assert found.split.fund_fen == 8_000


@pytest.mark.parametrize(
    ("amount_fen", "quantity_e4", "named"),
    [(-101, -10_000, 1), (-100, -10_001, 1), (-100, -10_000, 2), (-100, -10_000, 0)],
)
def test_withdrawing_more_than_was_charged_is_refused(
    amount_fen: int, quantity_e4: int, named: int
) -> None:
    lines = [make_line(1, 100), make_line(3, amount_fen, quantity_e4=quantity_e4, withdraws=named)]
    with pytest.raises(ValueError, match="withdraw"):
        decide(make_claim(lines))


def test_every_decline_fills_its_texts() -> None:
    """Each fact that a reply text names is given by the decline that uses it."""
    declines = [
        refuse(make_claim([make_line(1, 1)], "21", care="330199"),
               institution=make_institution("330199", "tertiary")),
        refuse(make_claim([make_line(1, 1)], injury="work")),
        refuse(make_claim([make_line(1, 1)], "14")),
        refuse(make_claim([make_line(1, 1)], "41"), Person(insurance="390", member_class="adult")),
        refuse(make_claim([make_line(1, 1)]), Person(until=date(2018, 1, 1))),
        refuse(make_claim([make_line(1, 1)]), Person(region="330199")),
        refuse(make_claim([make_line(1, 1)]), institution=make_institution(kinds=["21"])),
    ]  # fmt: skip
    for decline in declines:
        for text in reply_message(decline.code, decline.facts):
            assert "{" not in text


def test_an_age_beyond_every_row_is_no_policy() -> None:
    found = refuse(make_claim([make_line(1, 100)]), Person(born_on=date(1801, 1, 1)))
    assert found.code is ReplyCode.POLICY_NOT_HELD


def test_of_two_spells_of_one_insurance_the_later_holds_in_any_order() -> None:
    earlier = Enrolment(
        RegionCode("330299"),
        Insurance.EMPLOYEE,
        MemberClass.IN_SERVICE,
        date(2009, 1, 1),
        None,
    )
    person = Person(member_class="retired", more_enrolments=[earlier])
    assert decide(make_claim([make_line(1, 100)]), person).member_class is MemberClass.RETIRED
