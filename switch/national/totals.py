"""3201: the totals a hospital sends, what the centre answers, and the settlements in the input.

The answer carries a result; some centres repeat the totals with it. Whether the settlements in the
input are all that the totals count is told by the number of settlements, which 3201 states.
Source: domain facts 1.1, 5 (reconciliation).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from switch.national.amounts import YUAN_E20
from switch.national.fields import TOTALS
from switch.national.finding import Finding, compared, undecided
from switch.national.identities import absent, amounts_finding
from switch.national.message import (
    Kind,
    Message,
    Settlement,
    TotalsReply,
    TotalsSent,
    code,
)
from switch.national.pool import Pool
from switch.national.reading import Reading
from switch.national.words import Note, State

_COUNT: Final = "fixmedins_setl_cnt"
_MEANINGS: Final = {
    "101": Note("中心多", "the centre has more"),
    "102": Note("医药机构多", "the institution has more"),
    "103": Note("数据不一致", "they differ"),
}


def sent_findings(sent: TotalsSent, found: Sequence[Message], pool: Pool) -> Iterator[Finding]:
    """Yield the findings on totals that a hospital sent."""
    yield amounts_finding([("", sent.reading)])
    reply = _reply_to(sent, found)
    if reply is None:
        note = Note("输入中没有对应的回执", "its reply is not in the input")
        yield undecided("totals-result", notes=[note])
    else:
        yield result_finding(reply)
        for field in TOTALS:
            answered = reply.reading.get(field.name)
            if answered is not None:
                yield _answered(sent.reading, field.name, answered)
    yield from _settled(sent, found, pool)


def reply_findings(reply: TotalsReply, found: Sequence[Message]) -> Iterator[Finding]:
    """Yield the findings on an answer; its result stands with the request, where that is there."""
    yield amounts_finding([("", reply.reading)])
    requests = [one for one in found if isinstance(one, TotalsSent)]
    if not any(_reply_to(one, found) is reply for one in requests):
        yield result_finding(reply)


def result_finding(reply: TotalsReply) -> Finding:
    """Return what the centre found: 0, however many zeros, is equal."""
    if not reply.result:
        return undecided("totals-result", ["stmt_rslt"])
    notes = [Note(f"stmt_rslt {reply.result}", f"stmt_rslt {reply.result}")]
    if not code(reply.result):
        return Finding("totals-result", State.HOLDS, notes=tuple(notes))
    if reply.result in _MEANINGS:
        notes.append(_MEANINGS[reply.result])
    if reply.described:
        notes.append(Note(reply.described, reply.described))
    return Finding("totals-result", State.FAILS, notes=tuple(notes))


def _reply_to(sent: TotalsSent, found: Sequence[Message]) -> TotalsReply | None:
    """Return the answer to a request: from the same envelope, else the next one after it.

    Answers name no request; only the agency may stand in both, and then it must agree.
    """
    replies = [one for one in found if isinstance(one, TotalsReply)]
    here = [one for one in replies if one.place.group == sent.place.group]
    if here:
        return here[0]
    requests = [one for one in found if isinstance(one, TotalsSent)]
    following = [one.place.group for one in requests if one.place.group > sent.place.group]
    end = min(following, default=None)
    return next(
        (
            one
            for one in replies
            if one.place.group > sent.place.group
            and (end is None or one.place.group < end)
            and _agree(one.setl_optins, sent.setl_optins)
        ),
        None,
    )


def _agree(one: str, other: str) -> bool:
    return not (one and other) or code(one) == code(other)


def _answered(sent: Reading, name: str, answered: int) -> Finding:
    missing = absent(sent, (name,))
    if missing:
        return undecided("totals-reply", missing, subject=name)
    return compared("totals-reply", sent.amounts[name], answered, subject=name)


def _settled(sent: TotalsSent, found: Sequence[Message], pool: Pool) -> Iterator[Finding]:
    """Yield each total against the settlements here, where they are as many as it counts."""
    bills = [one for one in found if isinstance(one, Settlement) and _within(one, sent)]
    settled = [one for one in bills if one.kind is Kind.SETTLE]
    cancels = [one for one in bills if one.kind is Kind.CANCEL]
    if not settled and not cancels:
        return
    stated = sent.reading.get(_COUNT)
    # Refunds are counted with the settlements, beside them, or not at all, as a province likes.
    undone = sum(isinstance(pool.settlement_of(one), Settlement) for one in cancels)
    counts = {len(settled) + len(cancels), len(settled), len(settled) - undone}
    if stated is None or stated not in {count * YUAN_E20 for count in counts}:
        note = Note(
            f"输入中有 {len(settled)} 笔结算、{len(cancels)} 笔撤销，与所报笔数不符",
            f"{len(settled)} settlements and {len(cancels)} cancels here are not all it counts",
        )
        yield undecided("totals-settled", absent(sent.reading, (_COUNT,)), [note])
        return
    for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay"):
        missing = absent(sent.reading, (name,))
        gaps = [f"{name} of {one.setl_id}" for one in bills if one.reading.get(name) is None
                and one.kind in {Kind.SETTLE, Kind.CANCEL}]  # fmt: skip
        if missing or gaps:
            yield undecided("totals-settled", (*missing, *gaps), subject=name)
            continue
        total = sum(one.reading.amounts[name] for one in (*settled, *cancels))
        yield compared("totals-settled", sent.reading.amounts[name], total, subject=name)


def _within(bill: Settlement, sent: TotalsSent) -> bool:
    day = _day(bill.setl_time)
    begins, ends = _day(sent.begins), _day(sent.ends)
    return (
        _agree(bill.insutype, sent.insutype)
        and _agree(bill.clr_type, sent.clr_type)
        and _agree(bill.clr_optins, sent.setl_optins)
        and (not day or not begins or begins <= day)
        and (not day or not ends or day <= ends)
    )


def _day(time: str) -> str:
    return "".join(sign for sign in time if sign.isdigit())[:8]
