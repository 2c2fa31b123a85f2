"""Confirmed statements are paid once, through files that banks accept; reports move the books."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from switch.audit.findings import CLEARED
from switch.bank import pain001, pain002
from switch.bank.schema import PAIN_001, NotThisMessage, check
from switch.clearing.payment import Contradiction, PaymentFile, PaymentState, Reported
from switch.clearing.period import Period
from switch.office.refusal import Refusal, Refused
from switch.store.paying import CannotPay, order, take_report, written_files
from tests.fix_office import signer_of
from tests.integration.clearing.fix_clearing import HOME, Clearing
from tests.unit.bank.fix_reports import status_report

AT = datetime(2027, 1, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def month(office: Clearing) -> Period:
    """A month that is closed, its statements confirmed."""
    closed = office.close_month()
    office.confirm(closed)
    return closed


def pay(office: Clearing, month: Period) -> tuple[PaymentFile, ...]:
    return order(office.conn, office.registrar.sealer, HOME, month, signer_of("li"), AT)


def tell(office: Clearing, file: PaymentFile, word: str, only: str = "") -> dict[str, PaymentState]:
    content = status_report(file.message_id, {only: word} if only else {"": word})
    said = pain002.read(content)
    return take_report(
        office.conn, office.registrar.sealer, said[0].message_id,
        {one.end_to_end_id: (one.reported, one.reason) for one in said}, signer_of("wang"), AT,
    )  # fmt: skip


def balance(office: Clearing, account: str) -> int:
    """Credits less debits of an account, settlements and clearing together."""
    total: int = office.ledger.province.one(
        "SELECT coalesce(sum(CASE WHEN credit = %s THEN 1 ELSE -1 END * amount_fen), 0)::bigint"
        " FROM (SELECT debit, credit, amount_fen FROM posting"
        "       UNION ALL SELECT debit, credit, amount_fen FROM clearing_posting) p"
        " WHERE %s IN (debit, credit)", account, account,
    )[0]  # fmt: skip
    return total


def test_a_confirmed_month_is_ordered_once_and_its_files_are_valid(
    office: Clearing, month: Period
) -> None:
    made = pay(office, month)
    assert made
    owed = office.ledger.province.one(
        "SELECT sum(payable_fen)::bigint FROM statement WHERE state = 'confirmed'"
    )[0]
    assert sum(file.total_fen for file in made) == owed
    assert len({file.payer.bank for file in made}) == len(made)
    contents = [pain001.write(file) for file in made]
    for content, file in zip(contents, made, strict=True):
        root = check(PAIN_001, content)
        names = {"n": root.tag[1:].partition("}")[0]}
        sums = [one.text for one in root.iterfind(".//n:CtrlSum", names)]
        assert sums == [f"{file.total_fen // 100}.{file.total_fen % 100:02d}"] * 2
        ids = [one.text for one in root.iterfind(".//n:EndToEndId", names)]
        assert ids == [one.end_to_end_id for one in file.payments]
        assert max(map(len, (file.message_id, *filter(None, ids)))) <= 35
    # Killed before the files were written: nothing is ordered anew, and they are the same bytes.
    assert pay(office, month) == ()
    again = written_files(office.conn, HOME, month)
    assert [pain001.write(file) for file in again] == contents


def test_money_moves_when_the_bank_says_it_moved(office: Clearing, month: Period) -> None:
    files = pay(office, month)
    first = files[0].payments[0]
    payee, bank = f"INSTITUTION:{first.payee.owner}", f"BANK:{HOME}:{files[0].payer.bank}"
    assert balance(office, payee) == first.amount_fen
    assert tell(office, files[0], "ACSP") == {}
    assert balance(office, payee) == first.amount_fen
    for file in files:
        tell(office, file, "ACSC")
    assert balance(office, payee) == 0
    # Credits less debits: what left the region's money at the bank.
    assert balance(office, bank) == files[0].total_fen
    held = office.ledger.province.one(
        "SELECT sum(withheld_fen)::bigint FROM statement WHERE state = 'confirmed'"
    )[0]
    deposits = office.ledger.province.one(
        "SELECT sum(amount_fen)::bigint FROM clearing_posting WHERE credit LIKE 'DEPOSIT:%%'"
    )[0]
    assert deposits == held
    # The same report again says nothing new.
    acts = office.ledger.province.one("SELECT count(*) FROM clearing_act")
    assert tell(office, files[0], "ACSC") == {}
    assert office.ledger.province.one("SELECT count(*) FROM clearing_act") == acts
    assert CLEARED not in office.ledger.audit().broken


def test_what_comes_back_stands_in_suspense_and_is_paid_again(
    office: Clearing, month: Period
) -> None:
    file = pay(office, month)[0]
    one = file.payments[0]
    tell(office, file, "ACSC")
    assert tell(office, file, "RJCT", one.end_to_end_id) == {
        one.end_to_end_id: PaymentState.RETURNED
    }
    assert balance(office, f"SUSPENSE:{HOME}") == one.amount_fen
    (again,) = pay(office, month)
    (payment,) = again.payments
    assert (payment.attempt, payment.amount_fen) == (2, one.amount_fen)
    assert again.message_id != file.message_id
    tell(office, again, "ACCC")
    assert balance(office, f"SUSPENSE:{HOME}") == 0
    assert balance(office, f"INSTITUTION:{one.payee.owner}") == 0
    assert CLEARED not in office.ledger.audit().broken


def test_what_was_never_carried_out_is_ordered_again(office: Clearing, month: Period) -> None:
    file = pay(office, month)[0]
    one = file.payments[0]
    tell(office, file, "RJCT", one.end_to_end_id)
    assert balance(office, f"SUSPENSE:{HOME}") == 0
    (again,) = pay(office, month)
    assert again.payments[0].attempt == 2
    with pytest.raises(Contradiction):
        tell(office, file, "ACSC", one.end_to_end_id)
    tell(office, again, "ACSC")
    assert balance(office, f"INSTITUTION:{one.payee.owner}") == 0
    assert CLEARED not in office.ledger.audit().broken


def test_a_report_of_what_was_never_ordered_changes_nothing(
    office: Clearing, month: Period
) -> None:
    file = pay(office, month)[0]
    with pytest.raises(CannotPay, match="never ordered"):
        take_report(
            office.conn, office.registrar.sealer, "NOTOURS", {"": (Reported.DONE, "")},
            signer_of("li"), AT,
        )  # fmt: skip
    with pytest.raises(CannotPay, match="SOMEBODYELSE"):
        tell(office, file, "ACSC", "SOMEBODYELSE")
    assert office.ledger.province.one("SELECT DISTINCT state FROM payment") == ("instructed",)


def test_nobody_is_paid_without_an_account_or_before_he_confirmed(office: Clearing) -> None:
    month = office.close_month()
    assert pay(office, month) == ()
    office.confirm(month)
    office.ledger.break_it("DELETE FROM bank_account WHERE owner LIKE 'H3302%%'")
    with pytest.raises(CannotPay, match="no bank account of H3302"):
        pay(office, month)
    assert office.ledger.province.one("SELECT count(*) FROM payment") == (0,)


def test_a_paid_month_is_not_reopened_and_the_database_refuses_a_second_payment(
    office: Clearing, month: Period
) -> None:
    pay(office, month)
    with pytest.raises(Refused) as error:
        office.reopen(month)
    assert error.value.reason is Refusal.PERIOD_COVERED
    with (
        psycopg.connect(office.ledger.province.url) as connection,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        connection.execute(
            "INSERT INTO medswitch.payment SELECT end_to_end_id || 'x', message_id, region, since,"
            " version, payee, attempt + 7, bank, account, name, amount_fen, state, reason, act"
            " FROM medswitch.payment LIMIT 1"
        )


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE payment SET amount_fen = amount_fen + 1", "is not what its order says"),
        ("UPDATE payment SET account = '1'", "is not what its order says"),
        ("UPDATE payment SET state = 'returned'", "which no report says"),
        ("DELETE FROM payment", "stands where no act does"),
        ("UPDATE clearing_posting SET amount_fen = amount_fen + 1", "are not what orders"),
        ("UPDATE statement SET state = 'disputed' WHERE state = 'confirmed'",
         "another amount than a confirmed"),
    ],
)  # fmt: skip
def test_the_audit_names_a_payment_that_was_meddled_with(
    office: Clearing, month: Period, statement: str, told: str
) -> None:
    pay(office, month)
    office.ledger.break_it(statement)
    found = office.ledger.audit().violations(CLEARED)
    assert any(told in one.detail for one in found), found


def test_a_file_that_is_no_status_report_is_refused(tmp_path: Path) -> None:
    good = status_report("M1", {"": "ACSC"})
    assert pain002.read(good)[0].reported is Reported.DONE
    for bad in (
        b"", b"<a/>", good.replace(b"ACSC", b"ACSCX"), good[:-9],
        good.replace(b"<Document", b'<!DOCTYPE d [<!ENTITY e "x">]><Document'),
        good.replace(b"pain.002.001.12", b"pain.002.001.99"),
    ):  # fmt: skip
        with pytest.raises(NotThisMessage):
            pain002.read(bad)
