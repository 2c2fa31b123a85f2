"""Invariant 18, of payments: what was ordered, reported and moved is what the acts say, once.

The acts are played again from the first: orders make payments, reports move them, and each move has
its postings. Nobody was paid what no confirmed statement owed him.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from switch.audit.context import Run
from switch.audit.findings import CLEARED, Violation
from switch.clearing.payment import PaymentState
from switch.model.journal import Posting
from switch.model.money import Fen
from switch.store.paying import deposits, moves

_PAYMENTS: Final = """
SELECT end_to_end_id, message_id, region, to_char(since, 'YYYY-MM-DD'), payee, account,
    amount_fen, state, act FROM payment ORDER BY 1
"""
_BANKS: Final = "SELECT message_id, bank FROM payment_file"
_POSTINGS: Final = """
SELECT act, number, book, debit, credit, amount_fen FROM clearing_posting ORDER BY 1, 2
"""
_OWED: Final = """
SELECT region, to_char(since, 'YYYY-MM-DD'), institution, payable_fen, withheld_fen FROM statement
WHERE state = 'confirmed'
"""

Row = tuple[int, int, str, str, str, int]


@dataclass(slots=True)
class Played:
    """The payments as the acts leave them: (message, region, month, account, fen), state, act."""

    banks: Mapping[str, str]
    told: dict[str, tuple[str, str, str, str, int]] = field(default_factory=dict)
    states: dict[str, tuple[PaymentState, int]] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)
    postings: list[Row] = field(default_factory=list)

    def order(self, act: int, said: Mapping[str, Any]) -> None:
        """Play an order."""
        for message, _, payments in said["files"]:
            for end_to_end, account, fen in payments:
                place = (message, said["region"], said["since"], account, fen)
                self.told[end_to_end] = place
                self.states[end_to_end] = (PaymentState.INSTRUCTED, act)
        self._post(act, deposits(said["region"], said["deposits"]))

    def report(self, act: int, said: Mapping[str, Any]) -> None:
        """Play a report."""
        postings: list[Posting] = []
        for end_to_end, word, _ in said["payments"]:
            state = PaymentState(word)
            message, region, _, _, fen = self.told[end_to_end]
            payee, attempt = end_to_end[12:-2], end_to_end[:-2]
            postings += moves(
                region, payee, Fen(fen), self.banks.get(message, ""), state,
                again=attempt in self.returned,
            )  # fmt: skip
            if state is PaymentState.RETURNED:
                self.returned.add(attempt)
            self.states[end_to_end] = (state, act)
        self._post(act, postings)

    def _post(self, act: int, postings: list[Posting]) -> None:
        self.postings += [
            (act, number, one.book, one.debit, one.credit, one.amount_fen)
            for number, one in enumerate(postings)
        ]


def check_payments(run: Run, acts: Mapping[int, Mapping[str, Any]]) -> Iterator[Violation]:
    """Payments and their postings are what the acts come to; each was owed, and none twice."""
    banks: dict[str, str] = dict(run.reader.all(_BANKS))
    played = Played(banks)
    for number, said in acts.items():
        if said["act"] == "order":
            played.order(number, said)
        elif said["act"] == "report":
            played.report(number, said)
    rows = {row[0]: row[1:] for row in run.reader.all(_PAYMENTS)}
    for missing in sorted(set(played.told) ^ set(rows)):
        yield Violation(CLEARED, f"payment {missing}", "stands where no act does, or the reverse")
    owed = {row[:3]: row[3] for row in run.reader.all(_OWED)}
    live: set[tuple[str, str, str]] = set()
    for end_to_end, (message, region, since, payee, account, fen, state, act) in rows.items():
        key = f"payment {end_to_end}"
        told = played.told.get(end_to_end)
        if told != (message, region, since, account, fen):
            yield Violation(CLEARED, key, "is not what its order says")
        if played.states.get(end_to_end) != (PaymentState(state), act):
            yield Violation(CLEARED, key, f"is {state}, which no report says")
        if owed.get((region, since, payee)) != fen:
            yield Violation(CLEARED, key, "is of another amount than a confirmed statement")
        if state in {PaymentState.INSTRUCTED, PaymentState.ACCEPTED}:
            if (region, since, payee) in live:
                yield Violation(CLEARED, key, f"pays {payee} twice")
            live.add((region, since, payee))
    if sorted(played.postings) != run.reader.all(_POSTINGS):
        yield Violation(CLEARED, "clearing postings", "are not what orders and reports move")
