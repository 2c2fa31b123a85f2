"""The identities of one fee line as the platform answers it (domain facts 1.3)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from switch.national.amounts import FEN_E20, YUAN_E20, half_up_fen, yuan
from switch.national.finding import Finding, Term, compared, undecided
from switch.national.identities import absent, amounts_finding
from switch.national.message import Line, Lines
from switch.national.reading import Fault, Reading
from switch.national.words import Note, State

_PARTS: Final = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
_NO_LIMIT_E20: Final = 999_999 * YUAN_E20
"""999999 and 99999999 say "no limit" (domain facts 1.3): any run of nines from here on does."""


def lines_findings(message: Lines) -> Iterator[Finding]:
    """Yield the findings on every line of a reply; on a request only what it already states."""
    yield amounts_finding(
        (f"{subject(line)} ", _with_ratio(line.reading)) for line in message.lines
    )
    for line in message.lines:
        yield _price(line)
        if not message.request:
            yield _parts(line)
            yield _limit(line)
            yield _first(line)


def subject(line: Line) -> str:
    """Return how a line is named: its number within the message and its serial number."""
    return f"#{line.number} {line.feedetl_sn}".strip()


def _with_ratio(reading: Reading) -> Reading:
    ratio = reading.get("selfpay_prop")
    if ratio is None or 0 <= ratio <= YUAN_E20:
        return reading
    fault = Fault(
        "selfpay_prop", Note(f"比例 {yuan(ratio)} 不在 0 到 1 之间", "not within 0 and 1")
    )
    return replace(reading, faults=(*reading.faults, fault))


def _parts(line: Line) -> Finding:
    amounts = line.reading.amounts
    missing = absent(line.reading, ("det_item_fee_sumamt", *_PARTS))
    if missing:
        return undecided("line-parts", missing, subject=subject(line))
    terms = [Term(name, amounts[name]) for name in _PARTS]
    total = sum(term.value for term in terms)
    return compared("line-parts", amounts["det_item_fee_sumamt"], total, terms, (), subject(line))


def _price(line: Line) -> Finding:
    used = ("det_item_fee_sumamt", "pric", "cnt")
    missing = absent(line.reading, used)
    if missing:
        return undecided("line-price", missing, subject=subject(line))
    amount, price, count = (line.reading.amounts[name] for name in used)
    terms = (Term("pric", price), Term("cnt", count))
    product, least = divmod(price * count, YUAN_E20)
    holds = abs(amount * YUAN_E20 - price * count) <= FEN_E20 * YUAN_E20
    # Shown to 20 decimals; judged on all 40.
    state = State.HOLDS if holds else State.FAILS
    notes = (Note("乘积末位从略", "the product's last digits are left out"),) if least else ()
    return Finding("line-price", state, amount, product, terms, (), notes, subject(line))


def _limit(line: Line) -> Finding:
    """Judge the part above the limit; of a negative line (a refund) the signs are turned."""
    used = ("det_item_fee_sumamt", "cnt", "pric_uplmt_amt", "overlmt_amt")
    missing = absent(line.reading, used)
    if missing:
        return undecided("line-limit", missing, subject=subject(line))
    amount, count, limit, over = (line.reading.amounts[name] for name in used)
    named = subject(line)
    if _is_none(limit):
        note = Note("无限价", "no limit")
        return compared("line-limit", over, 0, [Term("pric_uplmt_amt", limit)], [note], named)
    if limit == 0:
        note = Note("限价 0 可能表示无限价", "a limit of 0 may say that there is none")
        return undecided("line-limit", notes=[note], subject=named)
    if amount and line.reading.get("fulamt_ownpay_amt") == amount:
        note = Note("全自费，限价无作用", "all own expense: a limit has nothing to bear on")
        return compared("line-limit", over, 0, (), [note], named)
    sign = -1 if amount < 0 else 1
    above_e40 = max(0, abs(amount) * YUAN_E20 - limit * abs(count))
    expected = sign * half_up_fen(above_e40)
    terms = (Term("pric_uplmt_amt", limit), Term("cnt", count))
    whole = above_e40 % (FEN_E20 * YUAN_E20) == 0
    if not whole and abs(over * YUAN_E20 - sign * above_e40) < FEN_E20 * YUAN_E20:
        note = Note("超出部分不足整分，舍入不限", "no whole fen: rounded either way")
        return Finding("line-limit", State.HOLDS, over, over, terms, (), (note,), named)
    return compared("line-limit", over, expected, terms, (), named)


def _is_none(limit: int) -> bool:
    return limit >= _NO_LIMIT_E20 and set(yuan(limit).rstrip("0")) <= {"9", "."}


def _first(line: Line) -> Finding:
    used = ("det_item_fee_sumamt", "fulamt_ownpay_amt", "overlmt_amt", "selfpay_prop")
    missing = absent(line.reading, (*used, "preselfpay_amt"))
    if missing:
        return undecided("line-first", missing, subject=subject(line))
    amount, own, over, ratio = (line.reading.amounts[name] for name in used)
    first = line.reading.amounts["preselfpay_amt"]
    if not 0 <= ratio <= YUAN_E20:
        note = Note("自付比例不在 0 到 1 之间", "the ratio is not within 0 and 1")
        return undecided("line-first", notes=[note], subject=subject(line))
    rest = amount - own - over
    terms = (Term("selfpay_prop", ratio), Term("the rest", rest))
    return compared("line-first", first, half_up_fen(ratio * rest), terms, (), subject(line))
