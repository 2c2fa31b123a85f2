"""The picture of the split: columns of blocks and the streams between them, as inline SVG.

Blocks and streams are as high as their amounts; a block that is too low for its name gets the room
for it, so that names never lie on one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from switch.explain.flow import Flow, Node
from switch.pages.markup import Html, tag
from switch.pages.words import money_text

WIDTH: Final = 920
BLOCK: Final = 13
HEIGHT: Final = 250
"""Height of the whole bill, in the picture's units, if every block had room."""
SLOT: Final = 34
"""Room of a name: two lines."""
GAP: Final = 7
TOP: Final = 34
_COLUMNS: Final = (156, 330, 526, 702)
_TITLES: Final = (
    ("账单", "the bill"), ("按规则", "by the rules"), ("由谁承担", "who bears it"),
    ("由谁支付", "who pays"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Box:
    node: Node
    y: int
    height: int


def draw(flow: Flow) -> Html:
    """Return the picture, or nothing for a bill of nothing."""
    total = sum(node.amount_fen for node in flow.columns[0])
    if not total:
        return Html()
    columns = [_stack(column, total) for column in flow.columns]
    height = max(column[-1].y + max(column[-1].height, SLOT) for column in columns) + 8
    ribbons = _ribbons(flow, columns)
    blocks = [
        _block(box, _COLUMNS[number], left=number == 0)
        for number, column in enumerate(columns)
        for box in column
    ]
    said = "；".join(f"{node.words[0]} {money_text(node.amount_fen)}" for node in flow.columns[-1])
    return tag(
        "svg",
        tag("title", "费用如何分担 How the bill is divided"),
        tag("desc", said),
        *_titles(),
        *ribbons,
        *blocks,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
        font_family="inherit",
    )


def _stack(nodes: Sequence[Node], total: int) -> list[_Box]:
    """Place the blocks of a column below one another, each with room for its name."""
    boxes: list[_Box] = []
    y = TOP
    for node in nodes:
        height = max(2, HEIGHT * node.amount_fen // total)
        room = max(height, SLOT)
        boxes.append(_Box(node, y + (room - height) // 2, height))
        y += room + GAP
    return boxes


def _titles() -> list[Html]:
    return [
        tag(
            "text", zh, " ", tag("tspan", en, fill="#5b6475", font_size="11"),
            x=x + BLOCK if number == 0 else x, y=16, font_size="12.5", font_weight="600",
            fill="#172033", text_anchor="end" if number == 0 else "start",
        )
        for number, ((zh, en), x) in enumerate(zip(_TITLES, _COLUMNS, strict=True))
    ]  # fmt: skip


def _ribbons(flow: Flow, columns: Sequence[Sequence[_Box]]) -> list[Html]:
    """Return the streams; each leaves and meets a block below the ones before it."""
    leaving: dict[tuple[int, int], int] = {}
    meeting: dict[tuple[int, int], int] = {}
    found = []
    for stream in flow.streams:
        source = columns[stream.column][stream.source]
        target = columns[stream.column + 1][stream.target]
        out, into = (stream.column, stream.source), (stream.column + 1, stream.target)
        spent, filled = leaving.get(out, 0), meeting.get(into, 0)
        leaving[out] = spent + stream.amount_fen
        meeting[into] = filled + stream.amount_fen
        found.append(
            _ribbon(
                (_COLUMNS[stream.column] + BLOCK, *_part(source, spent, stream.amount_fen)),
                (_COLUMNS[stream.column + 1], *_part(target, filled, stream.amount_fen)),
                target.node.colour,
            )
        )
    return found


def _part(box: _Box, before: int, amount: int) -> tuple[int, int]:
    """Return the upper and lower end of a stream at a block."""
    whole = box.node.amount_fen
    upper = box.y + box.height * before // whole
    return upper, max(upper + 1, box.y + box.height * (before + amount) // whole)


def _ribbon(source: tuple[int, int, int], target: tuple[int, int, int], colour: str) -> Html:
    (x1, top1, low1), (x2, top2, low2) = source, target
    middle = (x1 + x2) // 2
    path = (
        f"M{x1} {top1}C{middle} {top1} {middle} {top2} {x2} {top2}"
        f"L{x2} {low2}C{middle} {low2} {middle} {low1} {x1} {low1}Z"
    )
    return tag("path", d=path, fill=colour, fill_opacity="0.22")


def _block(box: _Box, x: int, *, left: bool) -> Html:
    """Return a block with its name and amount beside it, light behind the letters."""
    node, middle = box.node, box.y + box.height // 2
    at = x - 8 if left else x + BLOCK + 8
    anchor = "end" if left else "start"
    halo = {"stroke": "#fff", "stroke_width": "3", "paint_order": "stroke",
            "stroke_linejoin": "round"}  # fmt: skip
    zh, en = node.words
    return tag(
        "g",
        tag("rect", x=x, y=box.y, width=BLOCK, height=box.height, fill=node.colour, rx="2"),
        tag(
            "text", zh, " ",
            tag("tspan", money_text(node.amount_fen), font_weight="650"),
            x=at, y=middle - 1, font_size="13.5", fill="#172033", text_anchor=anchor, **halo,
        ),
        tag("text", en, x=at, y=middle + 13, font_size="11.5", fill="#5b6475",
            text_anchor=anchor, **halo),
    )  # fmt: skip
