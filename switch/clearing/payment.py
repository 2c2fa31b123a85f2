"""Payments: what is instructed, what a bank reports of it, and what may follow what.

Money moves in the books when the bank reports it moved, not when it was asked to. What comes back
stands in suspense until it is paid again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from switch.model.ids import RegionCode


class PaymentState(StrEnum):
    """How a payment stands."""

    INSTRUCTED = "instructed"
    ACCEPTED = "accepted"
    """The bank has carried it out."""
    REJECTED = "rejected"
    """The bank has not: it may be instructed again."""
    RETURNED = "returned"
    """It was carried out and came back: it stands in suspense until paid again."""


class Reported(StrEnum):
    """What a bank says of a payment, in three words; anything else says nothing final."""

    DONE = "done"
    """ACSC, ACCC: settled on the debtor's, on the creditor's account."""
    REFUSED = "refused"
    """RJCT."""
    PENDING = "pending"
    """RCVD, ACTC, ACCP, ACSP, PDNG and whatever else is on its way."""


OPEN: Final = frozenset({PaymentState.INSTRUCTED, PaymentState.ACCEPTED})
"""While a payment stands so, its payee is not paid again for the period."""

_AFTER: Final[Mapping[tuple[PaymentState, Reported], PaymentState]] = {
    (PaymentState.INSTRUCTED, Reported.DONE): PaymentState.ACCEPTED,
    (PaymentState.INSTRUCTED, Reported.REFUSED): PaymentState.REJECTED,
    (PaymentState.ACCEPTED, Reported.DONE): PaymentState.ACCEPTED,
    (PaymentState.ACCEPTED, Reported.REFUSED): PaymentState.RETURNED,
    (PaymentState.REJECTED, Reported.REFUSED): PaymentState.REJECTED,
    (PaymentState.RETURNED, Reported.REFUSED): PaymentState.RETURNED,
    (PaymentState.RETURNED, Reported.DONE): PaymentState.RETURNED,
}
"""A report that repeats an earlier one changes nothing; a rejected payment that is said to be done
is a contradiction."""


class Contradiction(ValueError):
    """A bank reports what cannot follow from what it reported before."""


def after(state: PaymentState, reported: Reported) -> PaymentState:
    """Return the state a report leads to. Raises: Contradiction."""
    if reported is Reported.PENDING:
        return state
    following = _AFTER.get((state, reported))
    if following is None:
        raise Contradiction(f"a {state} payment is reported {reported}")
    return following


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where somebody has money. `bank`: BICFI, 8 or 11 characters."""

    owner: str
    bank: str
    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One credit transfer. `end_to_end_id` names it for ever; `attempt` counts from 1."""

    end_to_end_id: str
    payee: BankAccount
    amount_fen: int
    attempt: int
    text: str


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """One instruction of one paying account, carried out by the partner bank that holds it."""

    message_id: str
    payer: BankAccount
    created_at: datetime
    execute_on: date
    payments: Sequence[Payment]

    @property
    def total_fen(self) -> int:
        """The control sum."""
        return sum(one.amount_fen for one in self.payments)


@dataclass(frozen=True, slots=True)
class Ordered:
    """What is to be paid: to whom, how much, the how-manieth attempt."""

    payee: BankAccount
    amount_fen: int
    attempt: int


def files(
    payers: Mapping[str, BankAccount],
    region: RegionCode,
    period: str,
    ordered: Sequence[Ordered],
    created_at: datetime,
    execute_on: date,
    written: Mapping[str, int],
) -> tuple[PaymentFile, ...]:
    """Return one file for each paying account, in order.

    `payers`: the region's accounts by partner bank; a payee at a bank where it has none is paid
    from the first. `written`: files of this region, period and bank before. Ids are made of what
    they name, so that the same order twice is the same id, and refused; 35 characters at most.
    Raises: ValueError without a paying account.
    """
    if not payers:
        raise ValueError(f"{region} has no paying account")
    first = payers[min(payers)]
    month = period.replace("-", "")
    by_bank: dict[str, list[Payment]] = {}
    for one in sorted(ordered, key=lambda one: one.payee.owner):
        payment = Payment(
            f"{region}{month}{one.payee.owner}{one.attempt:02d}",
            one.payee,
            one.amount_fen,
            one.attempt,
            f"{period} {region}",
        )
        payer = payers.get(one.payee.bank, first)
        by_bank.setdefault(payer.bank, []).append(payment)
    return tuple(
        PaymentFile(
            f"{region}{month}{bank}{written.get(bank, 0) + 1:03d}", payers[bank], created_at,
            execute_on, tuple(payments),
        )
        for bank, payments in sorted(by_bank.items())
    )  # fmt: skip
