"""The audit proves closings, statements and cut-offs, and names each row that was meddled with."""

import pytest

from switch.audit import Report
from switch.audit.findings import CLEARED, RECORDS
from switch.office.change import Kind as ChangeKind
from switch.office.change import Verb
from switch.office.clearing import CutOff
from tests.fix_office import signer_of
from tests.integration.clearing.fix_clearing import HOME, Clearing, day


@pytest.fixture
def closed(office: Clearing) -> Clearing:
    """A month closed, reopened and closed anew, and a cut-off set."""
    month = office.close_month()
    office.reopen(month)
    office.close(month)
    since = office.now.date().replace(year=office.now.year + 2)
    content = CutOff(HOME, since, 1_320).content()
    change = office.registrar.propose(
        signer_of("li"), ChangeKind.SET_CUT_OFF, content, "x", office.now
    )
    office.registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", office.now)
    return office


def found(report: Report) -> str:
    return " | ".join(f"{one.key}: {one.detail}" for one in report.violations(CLEARED))


def test_what_is_closed_is_clean_and_each_breach_is_named(closed: Clearing) -> None:
    """One ledger, broken in one way after the other, each mended before the next."""
    ledger = closed.ledger
    report = ledger.audit()
    assert CLEARED not in report.broken, found(report)
    assert RECORDS not in report.broken
    breaches = [
        ("UPDATE statement_line SET amount_fen = amount_fen + %s WHERE number = 1", 1, -1,
         "its lines are not what was posted"),
        ("UPDATE statement SET fund_fen = fund_fen + %s, payable_fen = payable_fen + 1", 1, -1,
         "its amounts are not those of its lines"),
        ("UPDATE closing SET fund_fen = fund_fen + %s WHERE kind = 'day'", 1, -1,
         "is not what act"),
        ("UPDATE closing SET version = version + %s WHERE version = 2", 7, -7, "is not what act"),
        ("UPDATE cut_off SET minutes = minutes + %s", 1, -1, "does not set it"),
        ("UPDATE posting SET amount_fen = amount_fen + %s WHERE debit LIKE 'FUND:%%'", 1, -1,
         "are posted"),
        ("UPDATE closing SET reopened_record = reopened_record + %s WHERE reopened_at IS NOT NULL",
         1, -1, "which does not say"),
    ]  # fmt: skip
    for statement, there, back, told in breaches:
        ledger.break_it(statement, there)
        assert told in found(ledger.audit()), statement
        mend = statement.replace("payable_fen + 1", "payable_fen - 1")
        ledger.break_it(mend.replace("version = 2", "version = 9") if there == 7 else mend, back)
    assert CLEARED not in ledger.audit().broken


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE clearing_act SET body = replace(body, 'li', 'wang') WHERE number = 1",
         "its seal is not that of its words"),
        ("UPDATE clearing_act SET signature = ''", "is not signed by li"),
        ("DELETE FROM clearing_act WHERE number = 1", "follows act 0"),
        ("DELETE FROM closing", "closed what stands nowhere"),
    ],
)  # fmt: skip
def test_an_act_that_is_not_as_it_was_sealed_is_named(
    office: Clearing, statement: str, told: str
) -> None:
    office.close(day(office.first_day()))
    office.pass_days(following := office.open_day(HOME))
    office.close(day(following))
    office.ledger.break_it(statement)
    assert told in found(office.ledger.audit())
