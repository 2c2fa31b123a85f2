"""The result in words and as JSON values: rows of tables, for terminal and page alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from switch.pages import words
from switch.pages.words import Words, money_text
from switch.simulate.sums import CHANGES_FEN, DIMENSIONS, Cell, Sums

TITLES: Final[Mapping[str, Words]] = {
    "insurance": ("险种", "Insurance"),
    "class": ("人员类别", "Member class"),
    "age": ("年龄组", "Age group"),
    "level": ("机构级别", "Hospital level"),
    "kind": ("医疗类别", "Kind of care"),
}
_PAYERS: Final[Mapping[str, Words]] = {
    **words.FUNDS,
    "hospital": words.HOSPITAL,
    **words.ACCOUNTS,
    "cash": words.CASH,
}
_ORDER: Final = {name: number for number, name in enumerate(_PAYERS)}
_SORTED: Final[Mapping[str, list[str]]] = {
    "class": list(words.CLASSES),
    "level": list(words.LEVELS),
    "kind": list(words.KINDS),
}


@dataclass(frozen=True, slots=True)
class Result:
    """A simulation and what it was of. `fresh`: sums that the candidate counts and no book did."""

    sums: Sums
    journals: int
    candidates: tuple[tuple[str, str], ...]
    since: date | None
    until: date | None
    fresh: tuple[str, ...]
    seconds_ms: int


@dataclass(frozen=True, slots=True)
class PayerRow:
    """One payer, before and after."""

    code: str
    words: Words
    before: int
    after: int

    @property
    def change(self) -> int:
        """How much more it pays."""
        return self.after - self.before


def payer_rows(sums: Sums) -> list[PayerRow]:
    """Return the payers: funds, hospital, accounts, cash."""
    return [
        PayerRow(code, words.named(_PAYERS, code), *sums.payers[code])
        for code in sorted(sums.payers, key=lambda one: (_ORDER.get(one, -1), one))
    ]


def group_rows(sums: Sums, dimension: str) -> list[tuple[Words, Cell]]:
    """Return the groups of a dimension in their own order."""
    cells = sums.groups[dimension]
    known = _SORTED.get(dimension, [])

    def place(group: str) -> tuple[int, Any]:
        if dimension == "age":
            return int(group.partition("-")[0]), group
        return next((n for n, one in enumerate(known) if group.startswith(one)), 99), group

    return [(group_words(dimension, one), cells[one]) for one in sorted(cells, key=place)]


def group_words(dimension: str, group: str) -> Words:
    """Return what a group is called."""
    match dimension:
        case "insurance":
            region, _, insurance = group.partition("/")
            zh, en = words.named(words.INSURANCES, insurance)
            return f"{region} {zh}", en
        case "class":
            return words.named(words.CLASSES, group)
        case "level":
            return words.level(group)
        case "kind":
            return words.named(words.KINDS, group)
        case _:
            least, _, most = group.partition("-")
            return (f"{least} 岁以上", f"{least} and over") if most == "999" else (
                f"{least}–{most} 岁", f"{least} to {most}"
            )  # fmt: skip


def step_rows(sums: Sums) -> Iterator[tuple[Words, int, int]]:
    """Yield (how much a person's burden changes, how many gain, how many lose)."""
    edges = [0, *CHANGES_FEN]
    for number, least in enumerate(edges):
        low = money_text(least).removesuffix(".00")
        if number + 1 < len(edges):
            high = money_text(edges[number + 1]).removesuffix(".00")
            named = (f"{low}–{high} 元", "") if least else (f"不足 {high} 元", f"below {high}")
        else:
            named = (f"{low} 元以上", f"{low} and over")
        yield named, sums.steps.get((1, number), 0), sums.steps.get((-1, number), 0)


def as_json(result: Result) -> dict[str, Any]:
    """Return the result as JSON values; amounts in fen."""
    sums = result.sums
    return {
        "candidates": [{"region": region, "hash": digest} for region, digest in result.candidates],
        "from": None if result.since is None else result.since.isoformat(),
        "to": None if result.until is None else result.until.isoformat(),
        "journals_read": result.journals,
        "seconds": f"{result.seconds_ms // 1000}.{result.seconds_ms % 1000:03d}",
        "whole": cell_json(sums.whole),
        "settlements_changed": sums.changed,
        "payers": {
            one.code: {"before_fen": one.before, "after_fen": one.after, "change_fen": one.change}
            for one in payer_rows(sums)
        },
        **{
            f"by_{dimension}": {group: cell_json(cell) for group, cell in sorted(cells.items())}
            for dimension, cells in ((name, sums.groups[name]) for name in DIMENSIONS)
        },
        "persons_by_change": [
            {"from_fen": least, "gain": gain, "lose": lose}
            for least, (_, gain, lose) in zip((0, *CHANGES_FEN), step_rows(sums), strict=True)
        ],
        "declined": {
            code: {"settlements": count, "total_fen": total}
            for code, (count, total) in sorted(sums.declines.items())
        },
        "unread": dict(sorted(sums.unread.items())),
        "sums_without_history": list(result.fresh),
    }


def cell_json(cell: Cell) -> dict[str, int]:
    """Return a group as JSON values."""
    return {
        "settlements": cell.settlements,
        "persons": cell.persons,
        "total_fen": cell.total,
        "fund_before_fen": cell.fund_before,
        "fund_after_fen": cell.fund_after,
        "person_before_fen": cell.person_before,
        "person_after_fen": cell.person_after,
        "gainers": cell.gainers,
        "gained_fen": cell.gained,
        "losers": cell.losers,
        "lost_fen": cell.lost,
    }


def signed(amount_fen: int) -> str:
    """Return a change with its sign; 0 is a dash."""
    if not amount_fen:
        return "–"
    return f"+{money_text(amount_fen)}" if amount_fen > 0 else money_text(amount_fen)
