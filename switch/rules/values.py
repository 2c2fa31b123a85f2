"""Reads one dated value of a rule: units, words and tables, each error naming file and rule.

Must not know: what the rules mean. A value is a TOML table already in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Generic, NoReturn, TypeVar

from switch.model.money import RATE_ONE_BP

T = TypeVar("T")

LEVELS: Final = frozenset(
    {"community", "primary", "secondary", "tertiary", "tertiary_lower", "pharmacy"}
)
"""Words for levels. `tertiary_lower` is a deductible level only (三级乙等, 丙等)."""

CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "310": ("in_service", "retired"),
    "390": ("adult", "minor"),
}
"""The member classes of each insurance."""

EVIDENCE: Final = frozenset({"stated", "seen_on", "assumed"})
"""stated: an official text gives value and date. seen_on: a source describes the value as in force
on its day. assumed: ours, the nearest known value; the note says why."""

AGE_MAX: Final = 200

_MONEY_FEN: Final = {"fen": 1, "yuan": 100}
_RATE_BP: Final = {"bp": 1, "percent": 100}
_META: Final = frozenset({"since", "until", "evidence", "source", "note", "unit"})


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """Cells by level ("*" any) and member class, each split by age: (from, below, cell)."""

    cells: Mapping[tuple[str, str], tuple[tuple[int, int, T], ...]]
    aged: bool

    def find(self, level: str, member_class: str, age: int) -> T | None:
        """Return the cell that holds for a level, class and age, or None."""
        rows = self.cells.get((level, member_class)) or self.cells.get(("*", member_class))
        if rows is None:
            return None
        for age_from, age_below, cell in rows:
            if age_from <= age < age_below:
                return cell
        return None


class Reader:
    """Takes the fields of one table, checking each, and refuses what nobody asked for."""

    __slots__ = ("_asked", "_table", "_units", "_units_used", "where")

    def __init__(self, table: Mapping[str, object], where: str, units: frozenset[str]) -> None:
        self.where = where
        self._table = table
        self._asked: set[str] = set(_META)
        self._units = units
        self._units_used: set[str] = set()

    def fail(self, problem: str) -> NoReturn:
        """Refuse the value. Raises: ValueError naming file and rule."""
        raise ValueError(f"{self.where}: {problem}")

    def has(self, key: str) -> bool:
        """Say whether an optional field is present."""
        return key in self._table

    def word(self, key: str, allowed: frozenset[str] | None = None) -> str:
        """Return a text field, one of the words allowed."""
        value = self._take(key)
        if not isinstance(value, str) or not value:
            self.fail(f"{key} is {value!r}; write a word")
        if allowed is not None and value not in allowed:
            self.fail(f"{key} is {value!r}; write one of {', '.join(sorted(allowed))}")
        return value

    def words(self, key: str, allowed: frozenset[str] | None = None) -> tuple[str, ...]:
        """Return a list of different words."""
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(f"{key} is {value!r}; write a list of words")
        if len(set(value)) != len(value):
            self.fail(f"{key} names a word twice: {value}")
        wrong = [item for item in value if allowed is not None and item not in allowed]
        if wrong:
            self.fail(f"{key} names {wrong}; write words of {', '.join(sorted(allowed or ()))}")
        return tuple(value)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return true or false."""
        if default is not None and key not in self._table:
            self._asked.add(key)
            return default
        value = self._take(key)
        if not isinstance(value, bool):
            self.fail(f"{key} is {value!r}; write true or false")
        return value

    def count(self, key: str, default: int | None = None) -> int:
        """Return a whole number ≥ 0 without unit (an age, an order)."""
        if default is not None and key not in self._table:
            self._asked.add(key)
            return default
        return self._whole(key, self._take(key))

    def money(self, key: str) -> int:
        """Return an amount in fen."""
        return self._whole(key, self._take(key)) * self._unit(_MONEY_FEN, key)

    def moneys(self, key: str) -> tuple[int, ...]:
        """Return a list of amounts in fen."""
        factor = self._unit(_MONEY_FEN, key)
        return tuple(self._whole(key, item) * factor for item in self._list(key))

    def rate(self, key: str) -> int:
        """Return a ratio in basis points, 0..10,000."""
        return self._ratio(key, self._take(key), self._unit(_RATE_BP, key))

    def rates(self, key: str) -> tuple[int, ...]:
        """Return a list of ratios in basis points."""
        factor = self._unit(_RATE_BP, key)
        return tuple(self._ratio(key, item, factor) for item in self._list(key))

    def tables(self, key: str) -> tuple["Reader", ...]:
        """Return a list of tables, each to be read in turn and closed with `done`."""
        rows = []
        for number, item in enumerate(self._list(key), start=1):
            if not isinstance(item, dict):
                self.fail(f"{key} holds {item!r}; write tables")
            row = Reader(item, f"{self.where}, {key} {number}", self._units)
            row._units_used = self._units_used
            rows.append(row)
        return tuple(rows)

    def mapping(self, key: str, allowed: frozenset[str]) -> dict[str, str]:
        """Return a table of words."""
        value = self._take(key)
        if not isinstance(value, dict) or not all(item in allowed for item in value.values()):
            self.fail(f"{key} is {value!r}; each is one of {', '.join(sorted(allowed))}")
        return dict(value)

    def done(self, *, top: bool = False) -> None:
        """Refuse fields and units that no one read. Raises: ValueError."""
        unknown = sorted(set(self._table) - self._asked)
        if unknown:
            self.fail(f"unknown fields {unknown}")
        idle = sorted(self._units - self._units_used - {"none"})
        if top and idle:
            self.fail(f"unit {idle} is named but nothing is counted in it")

    def _take(self, key: str) -> object:
        self._asked.add(key)
        if key not in self._table:
            self.fail(f"{key} is missing")
        return self._table[key]

    def _list(self, key: str) -> Sequence[object]:
        value = self._take(key)
        if not isinstance(value, list):
            self.fail(f"{key} is {value!r}; write a list")
        return value

    def _whole(self, key: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fail(f"{key} is {value!r}; write a whole number, 0 or more")
        return value

    def _ratio(self, key: str, value: object, factor: int) -> int:
        rate_bp = self._whole(key, value) * factor
        if rate_bp > RATE_ONE_BP:
            self.fail(f"{key} is {value!r}: a ratio lies within 0..100 percent")
        return rate_bp

    def _unit(self, factors: Mapping[str, int], key: str) -> int:
        named = self._units & set(factors)
        if len(named) != 1:
            self.fail(f"{key} needs exactly one unit of {', '.join(factors)} in `unit`")
        unit = next(iter(named))
        self._units_used.add(unit)
        return factors[unit]


def parse_day(value: object, key: str, where: str) -> date:
    """Return a TOML date (not a date-time). Raises: ValueError."""
    if type(value) is not date:
        raise ValueError(f"{where}: {key} is {value!r}; write a day as 2018-12-01")
    return value


def build_table(rows: Sequence[tuple[Reader, T]], classes: tuple[str, ...], where: str) -> Table[T]:
    """Return the table of rows that each name `levels`, `classes`, `age_from`, `age_below`.

    Raises: ValueError when two rows meet, or a class or an age is left out of a level named.
    """
    cells: dict[tuple[str, str], list[tuple[int, int, T]]] = {}
    for reader, cell in rows:
        levels = reader.words("levels", LEVELS) if reader.has("levels") else ("*",)
        named = reader.words("classes", frozenset(classes)) if reader.has("classes") else classes
        age_from, age_below = reader.count("age_from", 0), reader.count("age_below", AGE_MAX)
        reader.done()
        for level in levels:
            for member_class in named:
                cells.setdefault((level, member_class), []).append((age_from, age_below, cell))
    _check_cells(cells, classes, where)
    return Table(
        {key: tuple(found) for key, found in cells.items()},
        any(len(found) > 1 for found in cells.values()),
    )


def _check_cells(
    cells: Mapping[tuple[str, str], list[tuple[int, int, T]]],
    classes: tuple[str, ...],
    where: str,
) -> None:
    levels = {level for level, _ in cells}
    if not levels:
        raise ValueError(f"{where}: no rows")
    if "*" in levels and len(levels) > 1:
        raise ValueError(f"{where}: rows for any level stand beside rows for {levels - {'*'}}")
    for level in sorted(levels):
        for member_class in classes:
            found = cells.get((level, member_class))
            if found is None:
                raise ValueError(f"{where}: level {level} leaves out class {member_class}")
            found.sort(key=lambda row: row[:2])
            reached = 0
            for age_from, age_below, _ in found:
                if age_from != reached or age_below <= age_from:
                    raise ValueError(
                        f"{where}: level {level}, class {member_class}: ages {age_from} to below "
                        f"{age_below} leave a gap or overlap at {reached}"
                    )
                reached = age_below
            if reached != AGE_MAX:
                raise ValueError(
                    f"{where}: level {level}, class {member_class}: no row from age {reached}"
                )
