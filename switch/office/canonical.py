"""Canonical JSON: one text for one value, so that what was signed can be signed again.

Objects, lists, text, whole numbers, true, false and null; nothing that two writers spell apart.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

Content = Mapping[str, Any]
"""What a change says or an act records, as JSON values."""


def canonical(value: Content) -> str:
    """Return the text of a value: keys sorted by code point, no spaces, no escapes but JSON's own.

    Raises: ValueError naming the place of what has no canonical text.
    """
    _check(value, "$")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parse_canonical(text: str) -> dict[str, Any]:
    """Return the object of a canonical text. Raises: ValueError for any other spelling."""
    value = json.loads(text, parse_float=_refuse, parse_constant=_refuse)
    if not isinstance(value, dict) or canonical(value) != text:
        raise ValueError("not an object in canonical JSON")
    return value


def _check(value: object, place: str) -> None:
    match value:
        case None | bool() | int():
            return
        case str():
            # A lone surrogate has no UTF-8; PostgreSQL keeps no NUL.
            if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
                raise ValueError(f"{place}: text that cannot be kept")
        case list() | tuple():
            for number, item in enumerate(value):
                _check(item, f"{place}[{number}]")
        case dict():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise ValueError(f"{place}: key {key!r} is no text")
                _check(key, place)
                _check(item, f"{place}.{key}")
        case _:
            raise ValueError(f"{place}: {type(value).__name__} has no canonical text")


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no whole number")
