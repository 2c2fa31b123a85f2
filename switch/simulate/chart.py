"""Charts of a simulation as inline SVG: who pays before and after, and who gains or loses."""

from collections.abc import Sequence
from typing import Final

from switch.pages import style
from switch.pages.markup import Html, tag
from switch.pages.words import Words, money_text
from switch.simulate.outcome import PayerRow, signed

WIDTH: Final = 900
_LABEL: Final = 210
_VALUE: Final = 220
_SOFT: Final = "#5b6475"
_INK: Final = "#172033"


def payers_chart(rows: Sequence[PayerRow]) -> Html:
    """Return two bars a payer: before, grey, and after, in colour; the change beside them."""
    top, step = 8, 46
    most = max((max(row.before, row.after) for row in rows), default=0)
    room = WIDTH - _LABEL - _VALUE
    marks = []
    for number, row in enumerate(rows):
        y = top + number * step
        marks += _label(row.words, y + 16)
        for at, amount, colour in (
            (y, row.before, "#cbd5e1"),
            (y + 17, row.after, _colour(row.code, number)),
        ):
            width = max(1, room * amount // most) if amount else 0
            marks.append(tag("rect", x=_LABEL, y=at, width=width, height=14, rx=2, fill=colour))
            marks.append(
                tag("text", money_text(amount), x=_LABEL + width + 6, y=at + 11,
                    font_size="11", fill=_SOFT)
            )  # fmt: skip
        marks.append(
            tag("text", signed(row.change), x=WIDTH - 4, y=y + 20, font_size="14",
                font_weight="650", text_anchor="end", fill=_INK)
        )  # fmt: skip
    said = "；".join(f"{row.words[0]} {signed(row.change)}" for row in rows)
    return _picture(top + len(rows) * step, "谁多付、谁少付 Who pays more, who less", said, marks)


def persons_chart(rows: Sequence[tuple[Words, int, int]]) -> Html:
    """Return how many persons gain (right) and lose (left), by how much."""
    top, step, middle = 26, 30, WIDTH // 2
    most = max((max(gain, lose) for _, gain, lose in rows), default=0) or 1
    room = middle - 190
    marks = [
        tag("text", "负担增加 lose", x=middle - 96, y=14, font_size="12.5", font_weight="600",
            text_anchor="end", fill=style.LOSS),
        tag("text", "负担减少 gain", x=middle + 96, y=14, font_size="12.5", font_weight="600",
            fill=style.GAIN),
    ]  # fmt: skip
    for number, ((zh, _), gain, lose) in enumerate(rows):
        y = top + number * step
        left, right = room * lose // most, room * gain // most
        marks.append(
            tag("text", zh, x=middle, y=y + 15, font_size="12", text_anchor="middle", fill=_INK)
        )
        for count, x, width, anchor, colour in (
            (lose, middle - 96 - left, left, "end", style.LOSS),
            (gain, middle + 96, right, "start", style.GAIN),
        ):
            marks.append(tag("rect", x=x, y=y, width=width, height=20, rx=2, fill=colour))
            at = x - 6 if anchor == "end" else x + width + 6
            marks.append(
                tag("text", f"{count:,}" if count else "–", x=at, y=y + 15, font_size="12",
                    text_anchor=anchor, fill=_SOFT)
            )  # fmt: skip
    said = "；".join(f"{zh}: +{gain} −{lose}" for (zh, _), gain, lose in rows)
    return _picture(top + len(rows) * step, "多少人受益、多少人受损 Persons", said, marks)


def _label(words: Words, y: int) -> list[Html]:
    zh, en = words
    return [
        tag("text", zh, x=_LABEL - 12, y=y, font_size="13", text_anchor="end", fill=_INK),
        tag("text", en, x=_LABEL - 12, y=y + 14, font_size="11", text_anchor="end", fill=_SOFT),
    ]


def _colour(code: str, number: int) -> str:
    if code[:1].isdigit():
        return style.FUND[min(number, len(style.FUND) - 1)]
    return {"hospital": style.HOSPITAL, "cash": style.CASH}.get(code, style.ACCOUNT[1])


def _picture(height: int, title: str, said: str, marks: Sequence[Html]) -> Html:
    return tag(
        "svg", tag("title", title), tag("desc", said), *marks,
        viewBox=f"0 0 {WIDTH} {height}", role="img", xmlns="http://www.w3.org/2000/svg",
        font_family="inherit",
    )  # fmt: skip
