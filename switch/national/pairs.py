"""Identities between messages: a cancellation and its settlement, a bill and its fee lines.

Replies name no transaction and 2204 replies name no visit, so what belongs together is found by
settlement, visit and line serial numbers; where that leaves a choice, nothing is decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from switch.national.fields import NEGATED
from switch.national.finding import Finding, Term, compared, undecided
from switch.national.identities import absent, explained
from switch.national.message import Kind, Line, Settlement
from switch.national.pool import Pool
from switch.national.reading import Reading
from switch.national.words import Note, State

LINE_SUMS: Final = (
    ("lines-total", "medfee_sumamt", "det_item_fee_sumamt"),
    ("lines-own", "fulamt_ownpay_amt", "fulamt_ownpay_amt"),
    ("lines-over", "overlmt_selfpay", "overlmt_amt"),
    ("lines-first", "preselfpay_amt", "preselfpay_amt"),
    ("lines-scope", "inscp_scp_amt", "inscp_scp_amt"),
)
"""Identity, field of `setlinfo`, field of a line."""


def cancel_negates(cancel: Settlement, pool: Pool) -> Finding:
    """Return whether every amount of a cancellation is its settlement's, negated."""
    original = pool.settlement_of(cancel)
    if isinstance(original, Note):
        return undecided("cancel-negates", notes=[original])
    here, there = _by_name(cancel), _by_name(original)
    wrong, left_out = [], []
    for name in dict.fromkeys((*there, *here)):
        amount, settled = here.get(name), there.get(name, 0)
        if amount is not None and amount != -settled:
            wrong.append(Term(name, amount, -settled))
        elif amount is None and settled:
            left_out.append(name)
    notes = [Note(f"对照 setl_id {original.setl_id}", f"against setl_id {original.setl_id}")]
    if left_out:
        listed = ", ".join(left_out)
        notes.append(Note(f"撤销未给出 {listed}", f"the cancel leaves out {listed}"))
    state = State.FAILS if wrong else State.HOLDS
    return Finding("cancel-negates", state, terms=tuple(wrong), notes=tuple(notes))


def _by_name(message: Settlement) -> Mapping[str, int]:
    """Return every amount that a cancellation negates; entries of `setldetail` by fund."""
    amounts = message.reading.amounts
    found = {name: amounts[name] for name in NEGATED if name in amounts}
    for detail in message.details or ():
        paid = detail.reading.get("fund_payamt")
        if paid is not None:
            name = f"setldetail {detail.fund_pay_type}"
            found[name] = found.get(name, 0) + paid
    return found


def bill_of_lines(message: Settlement, pool: Pool) -> Iterator[Finding]:
    """Yield whether the fee lines add up to the bill; nothing when the input has no lines."""
    if message.kind not in {Kind.PRESETTLE, Kind.SETTLE}:
        return
    lines = pool.lines_of(message)
    if isinstance(lines, Note):
        yield undecided(LINE_SUMS[0][0], notes=[lines])
    elif lines is not None:
        yield from _sums(message.reading, lines)


def _sums(bill: Reading, lines: Sequence[Line]) -> Iterator[Finding]:
    moved = _first_pay_moved(bill, lines)
    for identity, bill_field, line_field in LINE_SUMS:
        notes = [Note(f"{len(lines)} 条明细", f"of fee lines: {len(lines)}")]
        missing = absent(bill, (bill_field,))
        without = [line for line in lines if line.reading.get(line_field) is None]
        if missing or without:
            gaps = [f"{line_field} of {line.feedetl_sn or line.number}" for line in without]
            yield undecided(identity, (*missing, *gaps), notes)
            continue
        left = bill.amounts[bill_field]
        right = sum(line.reading.amounts[line_field] for line in lines)
        if left != right:
            notes += explained(bill, left - right, (bill_field,))
            if moved and identity in {"lines-first", "lines-scope"}:
                notes.append(moved)
        yield compared(identity, left, right, (), notes)


def _first_pay_moved(bill: Reading, lines: Sequence[Line]) -> Note | None:
    """Say when what the scope lacks is just what first self-pay has more: a first-pay rule does so.

    Source: care elsewhere, "first pay x %" (domain facts 2.3).
    """

    def excess(name: str) -> int:
        return (bill.get(name) or 0) - sum(line.reading.get(name) or 0 for line in lines)

    first = excess("preselfpay_amt")
    if first > 0 and first == -excess("inscp_scp_amt"):
        return Note(
            "同额由范围内移入先行自付，异地先行自付规则会如此",
            "the same amount moved from scope to first self-pay, as a first-pay rule does",
        )
    return None
