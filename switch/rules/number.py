"""Decimals as they are written in a file, turned into whole numbers without a fraction in between.

Must not know: units. A TOML reader is given `Number` for its `parse_float`, so that no float ever
exists; `scaled` then counts in tenths, hundredths, … of the unit.
"""

import re
from dataclasses import dataclass
from typing import Final

_DECIMAL: Final = re.compile(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{1,18}))?")


@dataclass(frozen=True, slots=True)
class Number:
    """A number with a point, by its digits; underscores between them are dropped."""

    text: str

    def __str__(self) -> str:
        return self.text.replace("_", "")


def number_text(value: object) -> str | None:
    """Return a whole number, a `Number` or a text as digits, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Number | str):
        return None
    return str(value)


def scaled(value: object, decimals: int) -> int | None:
    """Return value × 10^decimals, exact; None when it is no number or has more decimals than that.

    Zeros at the end do not count: 12.500 has one decimal. Exponents, "inf" and "nan" are none.
    """
    found = _DECIMAL.fullmatch(number_text(value) or "")
    if found is None:
        return None
    sign, whole, rest = found[1], found[2], (found[3] or "").rstrip("0")
    if len(rest) > decimals:
        return None
    number = int(whole + rest.ljust(decimals, "0"))
    return -number if sign == "-" else number
