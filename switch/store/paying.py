"""Paying confirmed statements: orders into files, banks' reports into the books.

One order is one transaction: payments, files and the deposits withheld, or nothing. Run again it
finds nothing to order, and writes the same files from the same rows. A bank's report moves
INSTITUTION against BANK when money moved, and BANK against SUSPENSE when it came back.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.clearing.payment import (
    BankAccount,
    Ordered,
    Payment,
    PaymentFile,
    PaymentState,
    Reported,
    after,
    files,
)
from switch.clearing.period import Period
from switch.ledger import chart
from switch.model.ids import BEIJING, RegionCode
from switch.model.journal import Posting
from switch.model.money import Fen
from switch.store import clearing_acts
from switch.store.office import Signer
from switch.store.posting import Sealer

_PAYERS: Final = "SELECT bank, account, name FROM medswitch.bank_account WHERE owner = %s"
_DUE: Final = """
SELECT s.version, s.institution, s.payable_fen, s.withheld_fen, b.bank, b.account, b.name,
    coalesce((SELECT max(attempt) FROM medswitch.payment p WHERE p.region = s.region
        AND p.since = s.since AND p.payee = s.institution), 0)
FROM medswitch.statement s
JOIN medswitch.closing c ON c.region = s.region AND c.kind = 'month' AND c.since = s.since
    AND c.version = s.version AND c.reopened_at IS NULL
LEFT JOIN medswitch.bank_account b ON b.owner = s.institution
WHERE s.region = %s AND s.since = %s AND s.state = 'confirmed' AND s.payable_fen > 0
    AND NOT EXISTS (SELECT FROM medswitch.payment p WHERE p.region = s.region
        AND p.since = s.since AND p.payee = s.institution
        AND p.state IN ('instructed', 'accepted'))
ORDER BY s.institution
"""
_WRITTEN: Final = """
SELECT bank, count(*) FROM medswitch.payment_file WHERE region = %s AND since = %s GROUP BY 1
"""
_FILE: Final = """
INSERT INTO medswitch.payment_file (message_id, region, since, bank, account, name, created_at,
    execute_on, total_fen, act) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_PAYMENT: Final = """
INSERT INTO medswitch.payment (end_to_end_id, message_id, region, since, version, payee, attempt,
    bank, account, name, amount_fen, state, act)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'instructed', %s)
"""
_POSTING: Final = """
INSERT INTO medswitch.clearing_posting (act, number, book, debit, credit, amount_fen)
VALUES (%s, %s, %s, %s, %s, %s)
"""
_FILES: Final = """
SELECT message_id, bank, account, name, created_at, execute_on FROM medswitch.payment_file
WHERE region = %s AND since = %s ORDER BY message_id
"""
_PAYMENTS: Final = """
SELECT end_to_end_id, payee, bank, account, name, amount_fen, attempt FROM medswitch.payment
WHERE message_id = %s ORDER BY payee
"""
_KNOWN: Final = """
SELECT p.end_to_end_id, p.region, p.payee, p.amount_fen, p.state, f.bank,
    EXISTS (SELECT FROM medswitch.payment e WHERE e.region = p.region AND e.since = p.since
        AND e.payee = p.payee AND e.attempt < p.attempt AND e.state = 'returned')
FROM medswitch.payment p JOIN medswitch.payment_file f ON f.message_id = p.message_id
WHERE p.message_id = %s FOR UPDATE OF p
"""
_MOVE: Final = """
UPDATE medswitch.payment SET state = %s, reason = %s, act = %s WHERE end_to_end_id = %s
"""


class CannotPay(Exception):
    """What cannot be ordered or read; the message says what and why."""


def order(
    conn: Connection[TupleRow], sealer: Sealer, region: RegionCode, month: Period,
    signer: Signer, now: datetime,
) -> tuple[PaymentFile, ...]:  # fmt: skip
    """Order what a month's confirmed statements come to and is not ordered yet.

    Raises: CannotPay, Refused.
    """
    with conn.transaction():
        clearing_acts.lock(conn)
        rows = conn.execute(_DUE, (region, month.since)).fetchall()
        missing = [row[1] for row in rows if row[4] is None]
        if missing:
            raise CannotPay(f"no bank account of {', '.join(missing[:5])}")
        if not rows:
            return ()
        payers = {
            bank: BankAccount(region, bank, account, name)
            for bank, account, name in conn.execute(_PAYERS, (region,))
        }
        written: dict[str, int] = dict(conn.execute(_WRITTEN, (region, month.since)).fetchall())
        ordered = [
            Ordered(BankAccount(owner, bank, account, name), payable, attempt + 1)
            for _, owner, payable, _, bank, account, name, attempt in rows
        ]
        execute_on = now.astimezone(BEIJING).date() + timedelta(days=1)
        try:
            made = files(payers, region, month.name, ordered, now, execute_on, written)
        except ValueError as error:
            raise CannotPay(str(error)) from error
        version = {row[1]: row[0] for row in rows}
        # The deposit leaves what is owed once, with the first order.
        held = [[row[1], row[3]] for row in rows if row[3] and not row[-1]]
        content = _ordered(region, month, made, now) | {"deposits": held, "by": signer.name}
        act = clearing_acts.add_act(conn, sealer, content, signer)
        _save(conn, month.since, made, version, act)
        _post(conn, act, deposits(region, held))
        return made


def written_files(
    conn: Connection[TupleRow], region: RegionCode, month: Period
) -> tuple[PaymentFile, ...]:
    """Return every file that was ordered for a month, as it was."""
    return tuple(
        PaymentFile(
            message_id, BankAccount(region, bank, account, name), created_at, execute_on,
            tuple(
                Payment(
                    end_to_end, BankAccount(payee, their_bank, number, whose), amount, attempt,
                    f"{month.name} {region}",
                )
                for end_to_end, payee, their_bank, number, whose, amount, attempt in conn.execute(
                    _PAYMENTS, (message_id,)
                ).fetchall()
            ),
        )
        for message_id, bank, account, name, created_at, execute_on in conn.execute(
            _FILES, (region, month.since)
        ).fetchall()
    )  # fmt: skip


def take_report(
    conn: Connection[TupleRow],
    sealer: Sealer,
    message_id: str,
    said: Mapping[str, tuple[Reported, str]],
    signer: Signer,
    now: datetime,
) -> dict[str, PaymentState]:
    """Take a bank's report; return the payments that it moved, and to what.

    `said`: by end-to-end id; "": of every payment. A report that says nothing new is no act.
    Raises: CannotPay for what we never ordered, Contradiction, Refused.
    """
    with conn.transaction():
        clearing_acts.lock(conn)
        rows = conn.execute(_KNOWN, (message_id,)).fetchall()
        unknown = sorted(set(said) - {row[0] for row in rows} - {""})
        if not rows or unknown:
            raise CannotPay(f"message {message_id}: {', '.join(unknown[:5]) or 'never ordered'}")
        moved: dict[str, PaymentState] = {}
        reasons: dict[str, str] = {}
        postings: list[Posting] = []
        for end_to_end, region, payee, amount, state, bank, again in rows:
            reported, reason = said.get(end_to_end) or said.get("") or (Reported.PENDING, "")
            following = after(PaymentState(state), reported)
            if following is PaymentState(state):
                continue
            moved[end_to_end], reasons[end_to_end] = following, reason
            postings += moves(region, payee, Fen(amount), bank, following, again=again)
        if not moved:
            return {}
        act = clearing_acts.add_act(conn, sealer, {
            "act": "report", "message_id": message_id, "at": now.isoformat(), "by": signer.name,
            "payments": [
                [one, state.value, reasons[one]] for one, state in sorted(moved.items())
            ],
        }, signer)  # fmt: skip
        for one, state in moved.items():
            conn.execute(_MOVE, (state, reasons[one], act, one))
        _post(conn, act, postings)
        return moved


def deposits(region: str, held: Iterable[Sequence[Any]]) -> list[Posting]:
    """Return what withholding moves: [institution, fen] each."""
    book = RegionCode(region)
    return [
        Posting(book, chart.institution(owner), chart.deposit(owner), Fen(fen))
        for owner, fen in held
    ]


def moves(
    region: str, payee: str, amount: Fen, bank: str, state: PaymentState, *, again: bool
) -> list[Posting]:
    """Return what a payment's new state moves. `again`: an earlier attempt came back."""
    book, money = RegionCode(region), chart.bank(region, bank)
    if state is PaymentState.ACCEPTED:
        owed = chart.suspense(region) if again else chart.institution(payee)
        return [Posting(book, owed, money, amount)]
    if state is PaymentState.RETURNED:
        return [Posting(book, money, chart.suspense(region), amount)]
    return []


def _save(
    conn: Connection[TupleRow],
    since: date,
    made: Sequence[PaymentFile],
    version: Mapping[str, int],
    act: int,
) -> None:
    for file in made:
        payer = file.payer
        conn.execute(
            _FILE,
            (
                file.message_id, payer.owner, since, payer.bank, payer.account, payer.name,
                file.created_at, file.execute_on, file.total_fen, act,
            ),
        )  # fmt: skip
        for one in file.payments:
            payee = one.payee
            conn.execute(
                _PAYMENT,
                (
                    one.end_to_end_id, file.message_id, payer.owner, since, version[payee.owner],
                    payee.owner, one.attempt, payee.bank, payee.account, payee.name,
                    one.amount_fen, act,
                ),
            )  # fmt: skip


def _post(conn: Connection[TupleRow], act: int, postings: Iterable[Posting]) -> None:
    for number, one in enumerate(postings):
        conn.execute(_POSTING, (act, number, one.book, one.debit, one.credit, one.amount_fen))


def _ordered(
    region: RegionCode, month: Period, made: Sequence[PaymentFile], now: datetime
) -> dict[str, Any]:
    """Return an order as its act says it: every payment, and to which account."""
    return {
        "act": "order", "region": region, "since": month.since.isoformat(), "at": now.isoformat(),
        "files": [
            [
                file.message_id, file.payer.account,
                [[one.end_to_end_id, one.payee.account, one.amount_fen] for one in file.payments],
            ]
            for file in made
        ],
    }  # fmt: skip
