"""Checks of single fields: each returns the model's word or refuses, naming path and remedy.

Identity numbers, card identifiers and card numbers are never repeated in a text.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final, TypeVar

from switch.model.fault import Fault, FaultReason, malformed
from switch.model.ids import (
    InstitutionCode,
    RequestId,
    parse_request_id,
    request_institution,
)
from switch.model.money import AMOUNT_FEN_MAX, Fen

K = TypeVar("K")
W = TypeVar("W")

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INSTITUTION: Final = re.compile(r"[A-Z0-9]{12}")
_INSURANCE: Final = re.compile(r"[0-9]{3}")


@lru_cache(maxsize=8_192)  # days repeat: the lines of a bill have one or a few
def parse_day(text: str) -> date:
    """Return the day. Raises: ValueError when it is not yyyy-MM-dd."""
    # fromisoformat also takes 20181201 and 2018-W48-6.
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        raise ValueError("a day is written yyyy-MM-dd")
    return date.fromisoformat(text)


def day(field: str, text: str) -> date:
    """Return a day that must be given."""
    try:
        return parse_day(text)
    except ValueError:
        raise malformed(field, f"{field} {text[:12]!r} is no day; write yyyy-MM-dd") from None


def past_day(field: str, text: str, today: date) -> date:
    """Return a day that must be given and not lie in the future."""
    on = day(field, text)
    if on > today:
        raise malformed(
            field, f"{field} {on} is in the future: today is {today}; correct the day or the clock"
        )
    return on


def past_day_or_none(field: str, text: str, today: date) -> date | None:
    """Return a day that may be left out."""
    return past_day(field, text, today) if text else None


def text_of(field: str, text: str, low: int, high: int) -> str:
    """Return a text of low..high characters without control characters."""
    if not low <= len(text) <= high:
        raise malformed(field, f"{field} has {len(text)} characters; send {low}..{high}")
    if not text.isprintable() and _CONTROL.search(text):
        raise malformed(field, f"{field} holds a control character; send plain text")
    return text


def amount(field: str, value: int) -> Fen:
    """Return an amount of zero or more within bounds."""
    if value < 0:
        raise malformed(field, f"{field} {value} is negative; amounts here are zero or more")
    if value > AMOUNT_FEN_MAX:
        raise malformed(field, f"{field} {value} is above {AMOUNT_FEN_MAX}; amounts are in fen")
    return Fen(value)


def bytes_of(field: str, value: bytes, length: int) -> bytes:
    """Return bytes of exactly one length."""
    if len(value) != length:
        raise malformed(field, f"{field} has {len(value)} bytes; send {length}")
    return value


def shaped(field: str, text: str, parse: Callable[[str], W]) -> W:
    """Return what a parser of the model makes of a text."""
    try:
        return parse(text)
    except ValueError as error:
        raise malformed(field, f"{field}: {error}") from None


def one_of(field: str, value: K, table: Mapping[K, W]) -> W:
    """Return the model's word of a code."""
    found = table.get(value)
    if found is None:
        known = ", ".join(str(code) for code in table)
        raise malformed(field, f"{field} {str(value)[:20]!r} is not known; send one of {known}")
    return found


def request_id(field: str, text: str, institution: InstitutionCode) -> RequestId:
    """Return a request id of the caller's own institution. Raises: Fault NOT_PERMITTED too."""
    parsed = shaped(field, text, parse_request_id)
    if request_institution(parsed) != institution:
        raise Fault(
            FaultReason.NOT_PERMITTED,
            f"{field} begins with another institution than this terminal's; use your own ids",
            field,
        )
    return parsed


def insurance(field: str, text: str) -> str:
    """Return an insurance code, or "" where it is left out.

    A code of the national table that no policy here knows is declined by the pipeline, with its
    name; only what can be no such code is malformed.
    """
    if text and not _INSURANCE.fullmatch(text):
        raise malformed(field, f"{field} {text[:12]!r} is no insutype; send three digits")
    return text


def institution(field: str, text: str) -> InstitutionCode:
    """Return an institution code."""
    if not _INSTITUTION.fullmatch(text):
        raise malformed(field, f"{field} {text[:20]!r} is no institution; send 12 of A-Z 0-9")
    return InstitutionCode(text)
