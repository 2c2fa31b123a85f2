"""Finding messages in a document: whole envelopes, `output` or `setlinfo` alone, requests, arrays.

A node is known by its field names, not by where it lies: replies carry no transaction number, and
middle layers wrap them in shapes of their own (domain facts 1.2).
Must not know: which identities there are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from switch.national.amounts import Json
from switch.national.document import Value, parse
from switch.national.fields import DETAIL, LINE, NEGATED, SETTLEMENT, TOTALS, plain
from switch.national.reading import Names, Reading, read

CANCELS: Final = frozenset({"2103", "2208", "2305"})
_DEPTH_MAX: Final = 40


class Kind(StrEnum):
    """What a settlement message is."""

    REQUEST = "request"
    PRESETTLE = "presettle"
    SETTLE = "settle"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands. `group`: the top-level value it came in, counted over all files."""

    file: str
    line: int
    path: str
    group: int


@dataclass(frozen=True, slots=True)
class Detail:
    """One entry of `setldetail`: a fund, an account or the hospital's part."""

    fund_pay_type: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Settlement:
    """A `setlinfo`, or the totals a settle request carries."""

    place: Place
    kind: Kind
    setl_id: str
    init_setl_id: str
    mdtrt_id: str
    setl_time: str
    insutype: str
    clr_type: str
    clr_optins: str
    reading: Reading
    details: tuple[Detail, ...] | None
    """None: there is no `setldetail`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fee line. Visit and settlement are named on lines of requests and of queries only."""

    number: int
    feedetl_sn: str
    mdtrt_id: str
    setl_id: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Lines:
    """The fee lines of one reply or request."""

    place: Place
    request: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TotalsSent:
    """What a 3201 request states."""

    place: Place
    insutype: str
    clr_type: str
    setl_optins: str
    begins: str
    ends: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class TotalsReply:
    """What the centre answers to 3201 (`stmtinfo`)."""

    place: Place
    setl_optins: str
    result: str
    described: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Other:
    """An envelope with no amounts that we check: refused, or another transaction."""

    place: Place
    infno: str
    infcode: str
    said: str


Message = Settlement | Lines | TotalsSent | TotalsReply | Other


@dataclass(frozen=True, slots=True)
class _Context:
    place: Place
    infno: str = ""
    request: bool = False


def messages(file: str, value: Value, first_group: int) -> list[Message]:
    """Return the messages of one top-level value; the elements of an array are groups of their own.

    An empty list: nothing in it is a message of the interface.
    """
    parts = value.json if isinstance(value.json, list) else [value.json]
    if all(isinstance(part, dict) and _is_line(Names(part)) for part in parts):
        parts = [value.json]  # the lines of one reply
    found: list[Message] = []
    for index, part in enumerate(parts):
        path = f"$[{index}]" if part is not value.json else "$"
        context = _Context(Place(file, value.line, path, first_group + index))
        inside = list(_walk(part, context, 0))
        found += inside or _other(part, context)
    return found


def _walk(node: Json, context: _Context, depth: int) -> Iterator[Message]:
    node = _opened(node)
    if depth > _DEPTH_MAX:
        return
    if isinstance(node, list):
        inside = [item for item in node if isinstance(item, dict)]
        if inside and all(_is_line(Names(item)) for item in inside):
            lines = tuple(_line(number, item) for number, item in enumerate(inside, start=1))
            yield Lines(context.place, context.request, lines)
            return
        for index, item in enumerate(node):
            yield from _walk(item, _below(context, f"[{index}]"), depth + 1)
    elif isinstance(node, dict):
        yield from _walk_object(node, context, depth)


def _walk_object(node: Mapping[str, Json], context: _Context, depth: int) -> Iterator[Message]:
    names = Names(node)
    if "infno" in names:
        context = replace(context, infno=names.text("infno"))
    if _is_line(names):
        yield Lines(context.place, context.request, (_line(1, node),))
        return
    if _is_totals(names):
        yield _totals_sent(node, context.place)
        return
    if _is_settlement(names):
        yield _settlement(node, names.get("setldetail"), context)
    for name, value in node.items():
        word = plain(name)
        below = _below(context, f".{name}")
        if word in {"input", "output"}:
            below = replace(below, request=word == "input")
        if word == "setldetail":
            continue
        opened = _opened(value)
        if word == "setlinfo" and isinstance(opened, dict):
            inner = Names(opened)
            if inner.count(SETTLEMENT):
                holder = names if "setldetail" in names else inner
                yield _settlement(opened, holder.get("setldetail"), below)
        elif word == "stmtinfo" and isinstance(opened, dict):
            yield _totals_reply(opened, below.place)
        elif isinstance(opened, dict | list):
            yield from _walk(opened, below, depth + 1)


def _below(context: _Context, step: str) -> _Context:
    return replace(context, place=replace(context.place, path=context.place.path + step))


def _opened(node: Json) -> Json:
    """Return what a text holds when it is itself a JSON object or array: some layers wrap twice."""
    if isinstance(node, str) and node.lstrip()[:1] in {"{", "["}:
        try:
            return parse(node)
        except ValueError:
            return node
    return node


def _is_line(names: Names) -> bool:
    return "det_item_fee_sumamt" in names or ("feedetl_sn" in names and names.count(LINE) > 0)


def _is_totals(names: Names) -> bool:
    dated = "stmt_begndate" in names and names.count(TOTALS) > 0
    return dated or "fixmedins_setl_cnt" in names


def _is_settlement(names: Names) -> bool:
    return "setlinfo" not in names and names.count(SETTLEMENT) >= 3


def _settlement(node: Mapping[str, Json], details: Json, context: _Context) -> Settlement:
    names = Names(node)
    reading = read(node, SETTLEMENT)
    return Settlement(
        context.place,
        _kind(names, reading, context),
        names.text("setl_id"),
        names.text("init_setl_id"),
        names.text("mdtrt_id"),
        names.text("setl_time"),
        names.text("insutype"),
        names.text("clr_type"),
        names.text("clr_optins"),
        reading,
        _details(details),
    )


def _kind(names: Names, reading: Reading, context: _Context) -> Kind:
    """Tell a cancellation by the sign that most amounts have: one wrong sign does not hide it."""
    if context.request:
        return Kind.REQUEST
    amounts = [reading.amounts[name] for name in NEGATED if name in reading.amounts]
    negative = sum(amount < 0 for amount in amounts)
    if context.infno in CANCELS or negative > sum(amount > 0 for amount in amounts):
        return Kind.CANCEL
    return Kind.SETTLE if names.text("setl_id") else Kind.PRESETTLE


def _details(node: Json) -> tuple[Detail, ...] | None:
    opened = _opened(node)
    entries = [opened] if isinstance(opened, dict) else opened
    if not isinstance(entries, list):
        return None
    return tuple(
        Detail(code(Names(entry).text("fund_pay_type")), read(entry, DETAIL))
        for entry in entries
        if isinstance(entry, dict)
    )


def _line(number: int, node: Mapping[str, Json]) -> Line:
    names = Names(node)
    return Line(
        number,
        names.text("feedetl_sn"),
        names.text("mdtrt_id"),
        names.text("setl_id"),
        read(node, LINE),
    )


def _totals_sent(node: Mapping[str, Json], place: Place) -> TotalsSent:
    names = Names(node)
    return TotalsSent(
        place,
        names.text("insutype"),
        names.text("clr_type"),
        names.text("setl_optins"),
        names.text("stmt_begndate"),
        names.text("stmt_enddate"),
        read(node, TOTALS),
    )


def _totals_reply(node: Mapping[str, Json], place: Place) -> TotalsReply:
    names = Names(node)
    return TotalsReply(
        place,
        names.text("setl_optins"),
        names.text("stmt_rslt"),
        names.text("stmt_rslt_dscr"),
        read(node, TOTALS),
    )


def _other(node: Json, context: _Context) -> list[Message]:
    if not isinstance(node, dict):
        return []
    names = Names(node)
    if not any(name in names for name in ("infcode", "infno", "input", "output")):
        return []
    said = names.text("err_msg")
    return [Other(context.place, names.text("infno"), names.text("infcode"), said)]


def id_key(text: str) -> str:
    """Return an id for comparison: one that was typed as a number has lost its leading zeros."""
    return text.strip().lstrip("0")


def code(text: str) -> str:
    """Return a code for comparison: leading zeros vary between provinces (domain facts 1.5)."""
    return text.strip().lstrip("0")
