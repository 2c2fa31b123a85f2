"""Flows between regions as inline SVG: from the insured's region to the place of care."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from switch.clearing.netting import Due
from switch.pages.markup import Html, tag
from switch.pages.words import money_text

WIDTH: Final = 900
_LEFT: Final = 210
_BLOCK: Final = 14
_EACH: Final = 64
_HEIGHT_MAX: Final = 420
_GAP: Final = 14
_INK: Final = "#172033"
_SOFT: Final = "#5b6475"
_COLOURS: Final = (
    "#0f766e", "#1d4ed8", "#d97706", "#9f5f80", "#64748b", "#2a9d8f", "#5b83e6", "#b5a642",
    "#c2410c", "#a3a380", "#334155",
)  # fmt: skip


def draw(dues: Sequence[Due], names: Mapping[str, str]) -> Html:
    """Return a Sankey of what regions owe each other; dues that undoings turned are left out."""
    owed = [due for due in dues if due.amount_fen > 0]
    homes = _sums((due.home, due.amount_fen) for due in owed)
    cares = _sums((due.care, due.amount_fen) for due in owed)
    total = sum(homes.values())
    most = max(len(homes), len(cares), 1)
    whole = min(_HEIGHT_MAX, _EACH * most)
    room = whole - _GAP * most
    left, right = _places(homes, total, room), _places(cares, total, room)
    marks: list[Html] = []
    used_left, used_right = dict.fromkeys(homes, 0), dict.fromkeys(cares, 0)
    for due in owed:
        height = max(1, room * due.amount_fen // total)
        y1, y2 = left[due.home] + used_left[due.home], right[due.care] + used_right[due.care]
        used_left[due.home] += height
        used_right[due.care] += height
        marks.append(_band(y1, y2, height, _colour(due.home, homes), due, names))
    marks += _blocks(homes, left, total, room, _LEFT, names, end="end", homes=homes)
    marks += _blocks(cares, right, total, room, WIDTH - _LEFT, names, end="start", homes=homes)
    said = "；".join(
        f"{names.get(due.home, due.home)} → {names.get(due.care, due.care)} "
        f"{money_text(due.amount_fen)}"
        for due in owed
    )
    return tag(
        "svg", tag("title", "异地费用流向 Flows between regions"), tag("desc", said), *marks,
        viewBox=f"0 0 {WIDTH} {whole + 10}", role="img",
    )  # fmt: skip


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for region, fen in pairs:
        found[region] = found.get(region, 0) + fen
    return dict(sorted(found.items()))


def _places(sums: Mapping[str, int], total: int, room: int) -> dict[str, int]:
    """Return where each region's block begins."""
    at, found = 4, {}
    for region, fen in sums.items():
        found[region] = at
        at += max(1, room * fen // (total or 1)) + _GAP
    return found


def _band(y1: int, y2: int, height: int, colour: str, due: Due, names: Mapping[str, str]) -> Html:
    x1, x2 = _LEFT + _BLOCK, WIDTH - _LEFT
    middle = (x1 + x2) // 2
    path = (
        f"M{x1},{y1} C{middle},{y1} {middle},{y2} {x2},{y2} L{x2},{y2 + height} "
        f"C{middle},{y2 + height} {middle},{y1 + height} {x1},{y1 + height} Z"
    )
    told = (
        f"{names.get(due.home, due.home)} → {names.get(due.care, due.care)}: "
        f"{money_text(due.amount_fen)}"
    )
    return tag("path", tag("title", told), d=path, fill=colour, fill_opacity="0.35")


def _blocks(
    sums: Mapping[str, int],
    places: Mapping[str, int],
    total: int,
    room: int,
    x: int,
    names: Mapping[str, str],
    *,
    end: str,
    homes: Mapping[str, int],
) -> list[Html]:
    marks: list[Html] = []
    text_x = x - 8 if end == "end" else x + _BLOCK + 8
    for region, fen in sums.items():
        y, height = places[region], max(1, room * fen // (total or 1))
        colour = _colour(region, homes) if end == "end" else "#334155"
        marks.append(tag("rect", x=x, y=y, width=_BLOCK, height=height, fill=colour, rx=2))
        marks.append(
            tag("text", names.get(region, region), x=text_x, y=y + 10, font_size="12.5",
                text_anchor=end, fill=_INK)
        )  # fmt: skip
        marks.append(
            tag("text", money_text(fen), x=text_x, y=y + 24, font_size="11", text_anchor=end,
                fill=_SOFT)
        )  # fmt: skip
    return marks


def _colour(region: str, homes: Mapping[str, int]) -> str:
    order = list(homes)
    return _COLOURS[order.index(region) % len(_COLOURS)] if region in homes else _SOFT
