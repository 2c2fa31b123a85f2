"""Parameters in PostgreSQL's binary form, a whole column at a time.

A batch is some hundred columns of a few kinds. In binary nothing is quoted, doubled into hex or
parsed again at the other end, and whole numbers go out in one `pack`.
Source: PostgreSQL 18, `array_recv` and the `recv` functions of the types.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from struct import Struct, pack
from typing import Any, Final, NamedTuple

_DAY_ZERO: Final = date(2000, 1, 1).toordinal()
"""PostgreSQL counts days and microseconds from 2000."""
_TIME_ZERO: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_size = Struct(">i").pack
_head = Struct(">iiIii").pack
_NULL: Final = _size(-1)
_EMPTY: Final = Struct(">iiI").pack


class Kind(NamedTuple):
    """A type of the server: its number there, and what makes a value's bytes."""

    oid: int
    encode: Callable[[Any], bytes]


def _day(value: date) -> bytes:
    return _size(value.toordinal() - _DAY_ZERO)


def _instant(value: datetime) -> bytes:
    return pack(">q", (value - _TIME_ZERO) // _MICROSECOND)


def _array(oid: int, encode: Callable[[Any], bytes], values: Sequence[Any]) -> bytes:
    if not values:
        return _EMPTY(0, 0, oid)
    parts = [_head(1, None in values, oid, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            element = encode(value)
            parts.append(_size(len(element)))
            parts.append(element)
    return b"".join(parts)


def _numbers(oid: int, code: str, width: int, values: Sequence[int | None]) -> bytes:
    """Return an array of whole numbers: each behind its width, in one `pack` where none is NULL."""
    if not values or None in values:
        return _array(oid, partial(pack, f">{code}"), values)
    flat = [width] * (2 * len(values))
    flat[1::2] = values  # type: ignore[assignment] # none is None
    return _head(1, 0, oid, len(values), 1) + pack(">" + f"i{code}" * len(values), *flat)


KINDS: Final = {
    "int": Kind(23, _size),
    "bigint": Kind(20, Struct(">q").pack),
    "text": Kind(25, str.encode),
    "bytea": Kind(17, bytes),
    "date": Kind(1082, _day),
    "timestamptz": Kind(1184, _instant),
    "jsonb": Kind(3802, lambda text: b"\x01" + text.encode()),
    "bool[]": Kind(1000, partial(_array, 16, lambda yes: b"\x01" if yes else b"\x00")),
    "int[]": Kind(1007, partial(_numbers, 23, "i", 4)),
    "bigint[]": Kind(1016, partial(_numbers, 20, "q", 8)),
    "text[]": Kind(1009, partial(_array, 25, str.encode)),
    "bytea[]": Kind(1001, partial(_array, 17, bytes)),
    "date[]": Kind(1182, partial(_array, 1082, _day)),
    "timestamptz[]": Kind(1185, partial(_array, 1184, _instant)),
}
"""By the type's name in SQL. Each raises TypeError, struct.error or AttributeError for a value of
another kind, and struct.error for a number out of its range."""
