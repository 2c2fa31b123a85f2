"""Bytes of a file to JSON values: the encodings and the layouts hospitals keep messages in.

One object, an array, JSON lines or objects one after another; UTF-8 with or without a mark,
GB18030, UTF-16 with a mark. Numbers keep their characters; a name that stands twice is remembered.
Must not know: the interface.
"""

import codecs
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from switch.national.amounts import Json, Number
from switch.national.words import Note

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BETWEEN: Final = " \t\r\n,\ufeff\x1e"
"""What may stand between two values: blanks, a comma, a mark inside joined files, RFC 7464's RS."""


class Object(dict[str, Json]):
    """A JSON object that knows which of its names stood twice with different values."""

    __slots__ = ("repeated",)
    repeated: frozenset[str]

    @classmethod
    def from_pairs(cls, pairs: Sequence[tuple[str, Json]]) -> "Object":
        """Build from the pairs as they were read; of a repeated name the last value is kept."""
        made = cls()
        repeated = set()
        for name, value in pairs:
            if name in made and made[name] != value:
                repeated.add(name)
            made[name] = value
        made.repeated = frozenset(repeated)
        return made


class Value(NamedTuple):
    """One JSON value of a document and the line it begins on."""

    line: int
    json: Json


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, or a part of it, that could not be read: where and why."""

    file: str
    line: int
    why: Note


_JSON: Final = json.JSONDecoder(
    object_pairs_hook=Object.from_pairs,
    parse_float=Number,
    parse_int=Number,
    parse_constant=Number,  # NaN and Infinity: no JSON, but written; no amount, and named so
    strict=False,  # a raw tab or line break inside a text
)


def decode(raw: bytes) -> str | Note:
    """Return the text of a file, or why it is none."""
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    for candidate in (encoding,) if encoding else ("utf-8", "gb18030"):
        try:
            return raw.decode(candidate)
        except UnicodeDecodeError:
            continue
    return Note("既非 UTF-8 也非 GB18030", "neither UTF-8 nor GB18030")


def parse(text: str) -> Json:
    """Return the one JSON value of a text. Raises: ValueError when it is not one."""
    try:
        value: Json = _JSON.decode(text.strip(_BETWEEN))
    except RecursionError:
        raise ValueError("nested too deep") from None
    return value


def values(file: str, text: str) -> tuple[list[Value], list[Unreadable]]:
    """Return the values of a document, and each part that is no JSON.

    After a fault reading goes on at the next line that begins with `{` or `[`: one broken line of
    JSON lines does not hide the others.
    """
    found: list[Value] = []
    faults: list[Unreadable] = []
    at = _skip(text, 0)
    line, counted = 1, 0
    while at < len(text):
        line += text.count("\n", counted, at)
        counted = at
        try:
            value, at = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            why = Note("JSON 嵌套过深", "JSON nested too deep")
            if isinstance(error, json.JSONDecodeError):
                why = Note(
                    f"不是 JSON（第 {error.lineno} 行第 {error.colno} 列）",
                    f"no JSON: {error.msg} at line {error.lineno} column {error.colno}",
                )
            faults.append(Unreadable(file, line, why))
            at = _next_start(text, at)
        else:
            found.append(Value(line, value))
        at = _skip(text, at)
    return found, faults


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BETWEEN:
        at += 1
    return at


def _next_start(text: str, at: int) -> int:
    starts = [text.find(f"\n{sign}", at) for sign in "{["]
    return min((start + 1 for start in starts if start >= 0), default=len(text))
