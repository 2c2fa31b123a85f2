"""Fee lines: each by itself, withdrawals against the lines they name, and the sum.

A withdrawal is the only negative line. It names an earlier line of the claim, with the same code,
and leaves neither its amount nor its quantity below zero.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from medswitch.v1 import common_pb2
from switch.model.claim import FeeLine
from switch.model.fault import Fault, malformed
from switch.model.money import AMOUNT_FEN_MAX, Fen, line_price_fen
from switch.wire.checks import parse_day, past_day, text_of

LINES_MAX: Final = 500
"""Lines inline in one claim, or in one upload to a visit."""
QUANTITY_E4_MAX: Final = 10**14
UNIT_PRICE_E4_MAX: Final = 10**14
"""Ten thousand million, of a unit or of yuan: far above any bill, far below int64."""
PRICE_OFF_FEN_MAX: Final = 1
"""How far an amount may lie from quantity × unit price: systems round differently."""


def fee_lines(
    messages: Sequence[common_pb2.FeeLine], total_fen: int, today: date
) -> tuple[FeeLine, ...]:
    """Return the lines of a claim, which add up to its total. Raises: Fault MALFORMED."""
    if not messages:
        raise malformed(
            "claim.lines",
            "the claim is empty; send 1..500 lines inline, or name a visit that Register gave",
        )
    if len(messages) > LINES_MAX:
        raise malformed(
            "claim.lines", f"{len(messages)} lines are above {LINES_MAX}; settle in parts"
        )
    by_number: dict[int, FeeLine] = {}
    total = 0
    withdrawals = False
    for place, message in enumerate(messages):
        line = _line(place, message, today)
        if line.number in by_number:
            raise _bad(place, "number", f"{line.number} is used twice; number each line once")
        by_number[line.number] = line
        total += line.amount_fen
        withdrawals = withdrawals or line.withdraws != 0
    lines = tuple(by_number.values())
    if withdrawals:
        _check_withdrawals(lines)
    if total != total_fen:
        raise malformed(
            "claim.total_fen",
            f"the lines add up to {total} fen, the total says {total_fen}; send their sum",
        )
    return lines


def uploaded_lines(messages: Sequence[common_pb2.FeeLine], today: date) -> tuple[FeeLine, ...]:
    """Return the lines of an upload, each right in itself. Raises: Fault MALFORMED.

    What a withdrawal names may have come with an earlier upload: the pipeline looks.
    """
    if not 1 <= len(messages) <= LINES_MAX:
        raise malformed("lines", f"{len(messages)} lines; send 1..{LINES_MAX}, and the rest after")
    by_number: dict[int, FeeLine] = {}
    try:
        for place, message in enumerate(messages):
            line = _line(place, message, today)
            if line.number in by_number:
                raise _bad(place, "number", f"{line.number} is used twice; number each line once")
            if line.withdraws == line.number:
                raise _bad(place, "withdraws", f"line {line.number} names itself")
            by_number[line.number] = line
    except Fault as fault:
        # The checks name a claim's line; here the message is the upload itself.
        field = fault.field.removeprefix("claim.")
        raise malformed(field, fault.text.replace(fault.field, field)) from None
    return tuple(by_number.values())


def _line(place: int, message: common_pb2.FeeLine, today: date) -> FeeLine:
    number = message.number
    if number == 0:
        raise _bad(place, "number", "0 is no line number; count from 1")
    quantity_e4, unit_price_e4 = message.quantity_e4, message.unit_price_e4
    amount_fen, withdraws = message.amount_fen, message.withdraws
    if not -AMOUNT_FEN_MAX <= amount_fen <= AMOUNT_FEN_MAX:
        raise _bad(place, "amount_fen", f"{amount_fen} is out of bounds; amounts are in fen")
    if not 0 <= unit_price_e4 <= UNIT_PRICE_E4_MAX:
        raise _bad(place, "unit_price_e4", f"{unit_price_e4} is not 0..{UNIT_PRICE_E4_MAX}")
    if withdraws == 0:
        _check_charge(place, quantity_e4, amount_fen)
    elif amount_fen >= 0:
        raise _bad(place, "amount_fen", f"{amount_fen} on a line that withdraws; send less than 0")
    elif not -QUANTITY_E4_MAX <= quantity_e4 < 0:
        raise _bad(
            place, "quantity_e4", f"{quantity_e4} on a line that withdraws; send less than 0"
        )
    price_fen = line_price_fen(quantity_e4, unit_price_e4)
    if not -PRICE_OFF_FEN_MAX <= price_fen - amount_fen <= PRICE_OFF_FEN_MAX:
        raise _bad(
            place,
            "amount_fen",
            f"{amount_fen} is more than 1 fen off quantity × unit price, {price_fen} fen",
        )
    return FeeLine(
        number,
        _text(place, "code", message.code, 1, 50),
        _text(place, "name", message.name, 0, 100),
        _day(place, message.on, today),
        quantity_e4,
        unit_price_e4,
        Fen(amount_fen),
        _text(place, "disease_code", message.disease_code, 0, 30),
        withdraws,
        _text(place, "category", message.category, 0, 20),
    )


def _check_charge(place: int, quantity_e4: int, amount_fen: int) -> None:
    if amount_fen < 0:
        raise _bad(
            place,
            "withdraws",
            f"a line of {amount_fen} fen names no earlier line; name the one it withdraws",
        )
    if not 0 < quantity_e4 <= QUANTITY_E4_MAX:
        raise _bad(place, "quantity_e4", f"{quantity_e4} is not 1..{QUANTITY_E4_MAX}")


def _check_withdrawals(lines: tuple[FeeLine, ...]) -> None:
    """Check each withdrawal against the line it names, in the order of the claim."""
    named: dict[int, FeeLine] = {}
    left: dict[int, tuple[int, int]] = {}
    for place, line in enumerate(lines):
        if not line.withdraws:
            named[line.number] = line
            left[line.number] = line.amount_fen, line.quantity_e4
            continue
        earlier = named.get(line.withdraws)
        if earlier is None:
            raise _bad(
                place,
                "withdraws",
                f"{line.withdraws} is no earlier line of this claim that charges",
            )
        if (earlier.code, earlier.disease_code) != (line.code, line.disease_code):
            raise _bad(place, "code", f"differs from line {line.withdraws}, which it withdraws")
        amount_fen, quantity_e4 = left[line.withdraws]
        amount_fen, quantity_e4 = amount_fen + line.amount_fen, quantity_e4 + line.quantity_e4
        if amount_fen < 0 or quantity_e4 < 0:
            raise _bad(
                place,
                "amount_fen" if amount_fen < 0 else "quantity_e4",
                f"more is withdrawn than line {line.withdraws} charged; withdraw the rest only",
            )
        left[line.withdraws] = amount_fen, quantity_e4


def _text(place: int, name: str, text: str, low: int, high: int) -> str:
    # The path is written only when it is needed: there are five hundred lines.
    if low <= len(text) <= high and text.isprintable():
        return text
    return text_of(f"claim.lines[{place}].{name}", text, low, high)


def _day(place: int, text: str, today: date) -> date:
    try:
        on = parse_day(text)
    except ValueError:
        on = date.max
    return on if on <= today else past_day(f"claim.lines[{place}].on", text, today)


def _bad(place: int, name: str, text: str) -> Fault:
    field = f"claim.lines[{place}].{name}"
    return malformed(field, f"{field}: {text}")
