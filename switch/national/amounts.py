"""Foreign amounts, read exactly: a JSON number or a string as it was written, never a float.

An amount is an integer of 10^-20 yuan (`_e20`). The unit is so small because a message under check
may carry what it should not (23442.460000000003 from a sender that adds floats): such an amount is
named and computed with as it stands, never rounded into one that looks right.
Must not know: fields and messages.
"""

import re
from typing import Final

from switch.national.words import Note

Json = dict[str, "Json"] | list["Json"] | str | bool | None
"""A parsed document: every number is a `Number`, which is a string."""

DECIMALS_MAX: Final = 20
YUAN_E20: Final = 10**DECIMALS_MAX
FEN_E20: Final = 10**18
AMOUNT_E20_MAX: Final = 10**16 * YUAN_E20
"""numeric(16,2), some fields (18,2) (domain facts 1.4): no amount reaches 10^16 yuan."""

_DIGITS_MAX: Final = 60
_NUMBER: Final = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?", re.ASCII)
_SHOWN_MAX: Final = 24


class Number(str):
    """A JSON number, as its characters stand in the document."""

    __slots__ = ()


def read_amount(raw: Json) -> int | Note | None:
    """Return an amount in 10^-20 yuan, None when there is none, or why it cannot be read.

    Null, an empty string and blanks are none (domain facts 1.4, point 7).
    """
    match raw:
        case None:
            return None
        case str():
            return _from_text(raw.strip()) if raw.strip() else None
        case _:
            kind = {bool: "true / false", list: "array", dict: "object"}
            word = kind.get(type(raw), kind[dict])
            return Note(f"不是数字（{word}）", f"not a number ({word})")


def _from_text(text: str) -> int | Note:
    found = _NUMBER.fullmatch(text)
    digits = (found[2] + (found[3] or "")) if found else ""
    if not found or not digits:
        shown = text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
        return Note(f"不是数字：{shown!r}", f"not a number: {shown!r}")
    significant = digits.lstrip("0")
    if not significant:
        return 0
    exponent = int(found[4] or 0) - len(found[3] or "")
    stripped = significant.rstrip("0")
    exponent += len(significant) - len(stripped)
    if len(stripped) > _DIGITS_MAX or exponent < -DECIMALS_MAX:
        return Note("小数位数超出常理", f"more than {DECIMALS_MAX} decimals")
    # The exponent is looked at before the power is taken: 1e9999 costs nothing.
    if len(stripped) + exponent > len(str(AMOUNT_E20_MAX)):
        return _too_large()
    value = int(stripped) * _ten_to(DECIMALS_MAX + exponent)
    if value >= AMOUNT_E20_MAX:
        return _too_large()
    return -value if found[1] == "-" else value


def _too_large() -> Note:
    return Note("金额荒谬：不小于 10^16 元", "an absurd amount: 10^16 yuan or more")


def has_decimals_at_most(value_e20: int, decimals: int) -> bool:
    """Say whether an amount needs no more decimals; trailing zeros are none."""
    return value_e20 % _ten_to(DECIMALS_MAX - decimals) == 0


def _ten_to(power: int) -> int:
    return int(10**power)  # for the type checker, to whom 10 to an int may be a fraction


def half_up_fen(value_e40: int) -> int:
    """Return 10^-40 yuan rounded to the fen, half away from zero, in 10^-20 yuan.

    Source: pre-self-pay is rounded half-up per line (domain facts 1.3).
    """
    unit = FEN_E20 * YUAN_E20
    fen = (abs(value_e40) + unit // 2) // unit
    return (fen if value_e40 >= 0 else -fen) * FEN_E20


def yuan(value_e20: int) -> str:
    """Return an amount in yuan, exactly: two decimals, or as many as it has."""
    whole, part = divmod(abs(value_e20), YUAN_E20)
    decimals = f"{part:0{DECIMALS_MAX}d}".rstrip("0").ljust(2, "0")
    return f"{'-' if value_e20 < 0 else ''}{whole}.{decimals}"
