"""PostgreSQL array literals, made at the speed of `join`.

psycopg dumps a list element by element in Python: half the client's cost of posting a batch. The
posting function's columns are of few types, so each is one generator here; the server casts.
Source of the quoting: PostgreSQL manual, "Array Value Input".
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any


def array_literal(values: Sequence[Any]) -> str:
    """Return the text of a one-dimensional array of int, str, bytes, date, datetime or None.

    Raises: TypeError for any other element.
    """
    kind = next((type(value) for value in values if value is not None), None)
    return "{" + ",".join(_elements(kind, values)) + "}"


def _elements(kind: type | None, values: Sequence[Any]) -> Iterable[str]:
    if kind is None:
        return ["NULL"] * len(values)
    if issubclass(kind, int):
        return ["NULL" if value is None else str(int(value)) for value in values]
    if issubclass(kind, str):
        return ["NULL" if value is None else _quoted(value) for value in values]
    if issubclass(kind, bytes):
        return ["NULL" if value is None else '"\\\\x' + value.hex() + '"' for value in values]
    if issubclass(kind, datetime):
        return ["NULL" if value is None else f'"{value.isoformat()}"' for value in values]
    if issubclass(kind, date):
        return ["NULL" if value is None else value.isoformat() for value in values]
    raise TypeError(f"no array literal for {kind.__name__}")


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
