"""The identities of one `setlinfo` and its `setldetail` (domain facts 1.4).

Absent is not zero. A payer that is optional (a further fund, the hospital's part, a relative's
account) counts as 0 where the main amount of the sum is there, and the finding says so; of anything
else that is missing the finding says that it is missing, and what it would have to be.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from switch.model.codes import FundPayType
from switch.national.amounts import yuan
from switch.national.fields import FUNDS, NEGATED, PAYERS
from switch.national.finding import Finding, Term, compared, undecided
from switch.national.message import Kind, Settlement
from switch.national.reading import Reading
from switch.national.words import Note, State

MAYBE_NULL_IN_CANCEL: Final = frozenset({"hosp_part_amt", "acct_mulaid_pay"})
"""Null in cancel replies though the settlement had them (domain facts 1.4, point 5)."""

_MAIN_FUND: Final = FUNDS[0].name
_FURTHER_FUNDS: Final = tuple(field.name for field in FUNDS[1:])
_ACCOUNTS: Final = FundPayType.EMPLOYEE_ACCOUNT.value[:4]
_UNCERTAIN: Final = frozenset({FundPayType.OTHER.value, "630100", "630101"})
"""Entries that one sender lists for a fund and another for what the hospital bears or forgives."""


def settlement_findings(message: Settlement) -> Iterator[Finding]:
    """Yield the findings on one message taken alone."""
    yield amounts_finding(_readings(message))
    yield _sum(message, "total-parts", "medfee_sumamt", required=(
        "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt",
    ))  # fmt: skip
    if message.kind is Kind.REQUEST:
        return
    yield _sum(
        message, "total-payers", "medfee_sumamt",
        required=("fund_pay_sumamt", "psn_part_amt"), optional=("hosp_part_amt",),
    )  # fmt: skip
    yield _person(message)
    yield _sum(
        message, "fund-parts", "fund_pay_sumamt",
        required=(_MAIN_FUND,), optional=_FURTHER_FUNDS,
    )  # fmt: skip
    yield _deductible(message.reading)
    yield cancel_signs(message)
    yield from _detail_findings(message)


def amounts_finding(readings: Iterable[tuple[str, Reading]]) -> Finding:
    """Return whether every amount is a number of as many decimals as the interface has."""
    notes = [
        Note(f"{where}{fault.field} {fault.why.zh}", f"{where}{fault.field}: {fault.why.en}")
        for where, reading in readings
        for fault in reading.faults
    ]
    state = State.FAILS if notes else State.HOLDS
    return Finding("amounts", state, notes=tuple(notes))


def absent(reading: Reading, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the fields that have no amount; unreadable ones are marked."""
    return tuple(
        f"{name} (unreadable)" if name in reading.unreadable else name
        for name in names
        if name not in reading.amounts
    )


def said_of(reading: Reading, names: Iterable[str]) -> list[Note]:
    """Return what is to be said of the spellings the fields were read under."""
    return [
        Note(f"{name} 取自 {reading.spelled[name]}", f"{name} read from {reading.spelled[name]}")
        for name in names
        if name in reading.spelled
    ]


def explained(reading: Reading, difference: int, used: Iterable[str]) -> list[Note]:
    """Return the payers of the message that are as large as a difference: often the reason."""
    payers = {name: amount for name, amount in reading.amounts.items() if name in PAYERS}
    names = [
        name
        for name, amount in {**payers, **reading.others}.items()
        if abs(amount) == abs(difference) and name not in set(used)
    ]
    return [Note(f"差额等于 {name}", f"the difference equals {name}") for name in names]


def _sum(
    message: Settlement,
    identity: str,
    left: str,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
) -> Finding:
    reading = message.reading
    used = (left, *required, *optional)
    notes = said_of(reading, used)
    missing = absent(reading, (left, *required))
    broken = absent(reading, (name for name in optional if name in reading.unreadable))
    if missing or broken:
        if len(missing) == 1 and not broken and missing[0] in used:
            notes.append(_needed(reading, left, (*required, *optional), missing[0]))
        return undecided(identity, (*missing, *broken), notes)
    left_out = absent(reading, optional)
    terms = [Term(n, reading.amounts[n]) for n in (*required, *optional) if n in reading.amounts]
    total = sum(term.value for term in terms)
    difference = reading.amounts[left] - total
    unknown = [name for name in left_out if name in MAYBE_NULL_IN_CANCEL & reading.empty]
    # A part has the sign of the whole and is no larger; else it cannot be what is missing.
    part = 0 < difference * reading.amounts[left] <= reading.amounts[left] ** 2
    if part and unknown and message.kind is Kind.CANCEL:
        return undecided(identity, unknown, [*notes, _would_be(unknown[0], difference)])
    if left_out:
        notes.append(_read_as_zero(left_out))
    if difference:
        notes += explained(reading, difference, used)
    return compared(identity, reading.amounts[left], total, terms, notes)


def _needed(reading: Reading, left: str, right: tuple[str, ...], name: str) -> Note:
    total = sum(reading.amounts.get(part, 0) for part in right)
    if name == left:
        return _would_be(name, total)
    return _would_be(name, reading.amounts[left] - total)


def _would_be(name: str, value: int) -> Note:
    return Note(f"{name} 应为 {yuan(value)} 方能成立", f"{name} would have to be {yuan(value)}")


def _read_as_zero(names: Iterable[str]) -> Note:
    listed = ", ".join(names)
    return Note(f"{listed} 缺，按 0 计", f"{listed} absent, read as 0")


def _person(message: Settlement) -> Finding:
    """Identity 3. A relative's account is added; some senders count it within `acct_pay`."""
    plain = _sum(
        message, "person-parts", "psn_part_amt",
        required=("acct_pay", "psn_cash_pay"), optional=("acct_mulaid_pay",),
    )  # fmt: skip
    amounts = message.reading.amounts
    relative, own = amounts.get("acct_mulaid_pay", 0), amounts.get("acct_pay", 0)
    within = relative != 0 and relative * own > 0 and abs(relative) <= abs(own)
    if plain.state is State.FAILS and within and plain.difference == -relative:
        terms = [term for term in plain.terms if term.field != "acct_mulaid_pay"]
        note = Note(
            "acct_mulaid_pay 已含在 acct_pay 内", "acct_mulaid_pay is counted within acct_pay"
        )
        left = amounts["psn_part_amt"]
        return compared("person-parts", left, sum(t.value for t in terms), terms, [note])
    return plain


def _deductible(reading: Reading) -> Finding:
    used = ("act_pay_dedc", "inscp_scp_amt", "fund_pay_sumamt")
    missing = absent(reading, used)
    if missing:
        return undecided("deductible", missing, said_of(reading, used))
    taken, scope, fund = (reading.amounts[name] for name in used)
    if taken != scope or not taken:
        return undecided("deductible", notes=[Note(
            f"不适用：起付线 {yuan(taken)}，范围内 {yuan(scope)}",
            f"does not apply: deductible {yuan(taken)} of {yuan(scope)} in scope",
        )])  # fmt: skip
    whole = Note(f"起付线 = 范围内 = {yuan(taken)}", f"deductible = in scope = {yuan(taken)}")
    return compared("deductible", fund, 0, (), [whole, *said_of(reading, used)])


def cancel_signs(message: Settlement) -> Finding:
    """Return whether all amounts of a cancellation have the one sign; not a cancel: undecided."""
    if message.kind is not Kind.CANCEL:
        return undecided(
            "cancel-signs", notes=[Note("不适用：不是撤销", "does not apply: no cancel")]
        )
    terms = [
        Term(name, message.reading.amounts[name])
        for name in NEGATED
        if message.reading.amounts.get(name, 0) > 0
    ]
    terms += [
        Term(f"setldetail {detail.fund_pay_type}", paid)
        for detail in message.details or ()
        if (paid := detail.reading.get("fund_payamt") or 0) > 0
    ]
    state = State.FAILS if terms else State.HOLDS
    return Finding("cancel-signs", state, terms=tuple(terms))


def _detail_findings(message: Settlement) -> Iterator[Finding]:
    """Yield what `setldetail` adds up to; it lists account and hospital beside the funds."""
    if message.details is None:
        return
    if not message.details:
        yield undecided("detail-funds", ["setldetail"])
        return
    unread = [d for d in message.details if d.reading.get("fund_payamt") is None]
    if unread:
        yield undecided("detail-funds", [f"fund_payamt of {d.fund_pay_type}" for d in unread])
        return
    terms = [Term(d.fund_pay_type, d.reading.amounts["fund_payamt"]) for d in message.details]
    accounts = [term for term in terms if term.field.startswith(_ACCOUNTS)]
    hospital = [term for term in terms if term.field == FundPayType.HOSPITAL]
    funds = [term for term in terms if term not in accounts and term not in hospital]
    yield _detail_funds(message.reading, funds)
    if accounts:
        yield _detail_account(message.reading, accounts)
    if hospital:
        yield _detail_sum(message.reading, "detail-hospital", "hosp_part_amt", hospital)


def _detail_sum(reading: Reading, identity: str, left: str, terms: list[Term]) -> Finding:
    missing = absent(reading, (left,))
    notes = said_of(reading, (left,))
    if missing:
        return undecided(identity, missing, notes)
    total = sum(term.value for term in terms)
    difference = reading.amounts[left] - total
    if difference:
        notes += explained(reading, difference, (left,))
    return compared(identity, reading.amounts[left], total, terms, notes)


def _detail_account(reading: Reading, accounts: list[Term]) -> Finding:
    """A relative's account may stand among the entries, or not."""
    found = _detail_sum(reading, "detail-account", "acct_pay", accounts)
    relative = reading.get("acct_mulaid_pay") or 0
    if found.state is State.FAILS and relative and found.difference == -relative:
        note = Note("分项含 acct_mulaid_pay", "the entries hold acct_mulaid_pay too")
        left = reading.amounts["acct_pay"] + relative
        return compared("detail-account", left, sum(t.value for t in accounts), accounts, [note])
    return found


def _detail_funds(reading: Reading, funds: list[Term]) -> Finding:
    found = _detail_sum(reading, "detail-funds", "fund_pay_sumamt", funds)
    uncertain = [term for term in funds if term.field in _UNCERTAIN and term.value]
    if found.state is not State.FAILS or not uncertain:
        return found
    sure = [term for term in funds if term not in uncertain]
    left, paid = reading.amounts["fund_pay_sumamt"], sum(term.value for term in sure)
    if left != paid:
        return found
    listed = ", ".join(sorted({term.field for term in uncertain}))
    borne = reading.get("hosp_part_amt")
    if borne is None:
        note = Note(f"{listed} 可能是医院负担", f"{listed} may be the hospital's part")
        return undecided("detail-funds", absent(reading, ["hosp_part_amt"]), [note])
    if borne == sum(term.value for term in uncertain):
        note = Note(f"{listed} 是医院负担", f"{listed} is the hospital's part here")
        return compared("detail-funds", left, paid, sure, [note])
    return found


def _readings(message: Settlement) -> Iterator[tuple[str, Reading]]:
    yield "", message.reading
    for detail in message.details or ():
        yield f"setldetail {detail.fund_pay_type} ", detail.reading
