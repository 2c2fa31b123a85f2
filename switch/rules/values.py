"""Reads one dated value of a rule: units, words and numbers, each error naming file, line and rule.

Must not know: what the rules mean. A value is a TOML table already in memory; its decimals are
`Number`, never a float.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NoReturn

from switch.model.money import AMOUNT_FEN_MAX, RATE_ONE_BP
from switch.rules.number import number_text, scaled

EVIDENCE: Final = frozenset({"stated", "seen_on", "assumed"})
"""stated: an official text gives value and date. seen_on: a source describes the value as in force
on its day. assumed: ours, the nearest known value; the note says why."""

_MONEY: Final = {"fen": 0, "yuan": 2}
"""Unit of money → decimals to the fen."""
_RATE: Final = {"bp": 0, "percent": 2}
"""Unit of ratios → decimals to the basis point."""
UNITS: Final = frozenset({*_MONEY, *_RATE, "none"})
META: Final = frozenset({"since", "until", "evidence", "source", "note", "unit"})


class Reader:
    """Takes the fields of one table, checking each, and refuses what nobody asked for."""

    __slots__ = ("_asked", "_looked", "_table", "_units", "where")

    def __init__(self, table: Mapping[str, object], where: str, units: frozenset[str]) -> None:
        self.where = where
        self._table = table
        self._asked: set[str] = set(META)
        self._looked: set[str] = set()
        self._units = units

    def fail(self, problem: str) -> NoReturn:
        """Refuse the value. Raises: ValueError naming file, line and rule."""
        raise ValueError(f"{self.where}: {problem}")

    def has(self, key: str) -> bool:
        """Say whether an optional field is present."""
        self._looked.add(key)
        return key in self._table

    def word(
        self, key: str, allowed: Iterable[str] | None = None, default: str | None = None
    ) -> str:
        """Return a text field, one of the words allowed."""
        if default is not None and key not in self._table:
            self._asked.add(key)
            return default
        value = self._take(key)
        if not isinstance(value, str) or not value:
            self.fail(f"{key} is {value!r}; write a word")
        if allowed is not None and value not in (allowed := set(allowed)):
            self.fail(f"{key} is {value!r}; write one of {', '.join(sorted(allowed))}")
        return value

    def words(self, key: str, allowed: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return a list of different words, a single word as a list of one; none when missing."""
        if key not in self._table:
            self._asked.add(key)
            return ()
        value = self._take(key)
        value = [value] if isinstance(value, str) and value else value
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail(f"{key} is {value!r}; write a list of words")
        if len(set(value)) != len(value):
            self.fail(f"{key} names a word twice: {value}")
        known = None if allowed is None else set(allowed)
        wrong = [item for item in value if known is not None and item not in known]
        if wrong:
            self.fail(f"{key} names {wrong}; write words of {', '.join(sorted(known or ()))}")
        return tuple(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key) if key in self._table else default
        if not isinstance(value, bool):
            self.fail(f"{key} is {value!r}; write true or false")
        return value

    def count(self, key: str, default: int | None = None) -> int:
        """Return a whole number ≥ 0 without unit (an age, an order)."""
        if default is not None and key not in self._table:
            self._asked.add(key)
            return default
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.fail(f"{key} is {value!r}; write a whole number, 0 or more")
        return value

    def number_text(self, key: str) -> str:
        """Return a number as it is written, without exponent or sign."""
        value = self._take(key)
        text = number_text(value)
        if text is None:
            self.fail(f"{key} is {value!r}; write a number")
        return text

    def money(self, key: str, default: int | None = None) -> int:
        """Return an amount in fen."""
        if default is not None and key not in self._table:
            self._asked.add(key)
            return default
        return self._amount(key, self._take(key))

    def money_or_none(self, key: str) -> int | None:
        """Return an amount in fen, or None for the word "none"."""
        if self._table.get(key) == "none":
            self._asked.add(key)
            return None
        return self.money(key)

    def moneys(self, key: str) -> tuple[int, ...]:
        """Return a list of amounts in fen; a single one is a list of one, none when missing."""
        self._asked.add(key)
        value = self._table.get(key, [])
        items = value if isinstance(value, list) else [value]
        return tuple(self._amount(key, item) for item in items)

    def rate(self, key: str, default: int | None = None) -> int:
        """Return a ratio in basis points, 0..10,000."""
        if default is not None and key not in self._table:
            self._asked.add(key)
            return default
        return self._ratio(key, self._take(key))

    def rates(self, key: str) -> tuple[int, ...]:
        """Return a list of ratios in basis points; a single ratio is a list of one."""
        value = self._take(key)
        items = value if isinstance(value, list) else [value]
        return tuple(self._ratio(key, item) for item in items)

    def tables(self, key: str, plain: str = "") -> tuple["Reader", ...]:
        """Return a list of tables, each to be read in turn and closed with `done`.

        `plain`: a word in the list, or alone, stands for a table with that one field.
        """
        self._asked.add(key)
        rows = []
        one = self._table.get(key) if plain else None
        items = [one] if one and isinstance(one, str) else self._optional_list(key)
        for number, item in enumerate(items, start=1):
            table = {plain: item} if plain and isinstance(item, str) else item
            if not isinstance(table, dict):
                self.fail(f"{key} holds {item!r}; write tables")
            rows.append(Reader(table, f"{self.where}, {key} {number}", self._units))
        return tuple(rows)

    def mapping(self, key: str, allowed: Iterable[str]) -> dict[str, str]:
        """Return a table of words; empty when the field is missing."""
        if key not in self._table:
            self._asked.add(key)
            return {}
        known = set(allowed)
        value = self._take(key)
        if not isinstance(value, dict) or not all(
            isinstance(item, str) and item in known for item in value.values()
        ):
            self.fail(f"{key} is {value!r}; each is one of {', '.join(sorted(known))}")
        return dict(value)

    def done(self) -> None:
        """Refuse fields that no one read. Raises: ValueError."""
        unknown = sorted(set(self._table) - self._asked)
        if unknown:
            known = sorted((self._asked | self._looked) - META)
            self.fail(f"unknown fields {unknown}; known here: {known}")

    def _take(self, key: str) -> object:
        self._asked.add(key)
        if key not in self._table:
            self.fail(f"{key} is missing")
        return self._table[key]

    def _optional_list(self, key: str) -> Sequence[object]:
        self._asked.add(key)
        value = self._table.get(key, [])
        if not isinstance(value, list):
            self.fail(f"{key} is {value!r}; write a list")
        return value

    def _amount(self, key: str, value: object) -> int:
        fen = self._scaled(key, value, self._unit(_MONEY, key))
        if fen > AMOUNT_FEN_MAX:
            self.fail(f"{key} is {value!r}: above any amount of a claim")
        return fen

    def _ratio(self, key: str, value: object) -> int:
        rate_bp = self._scaled(key, value, self._unit(_RATE, key))
        if rate_bp > RATE_ONE_BP:
            self.fail(f"{key} is {value!r}: a ratio lies within 0..100 percent")
        return rate_bp

    def _scaled(self, key: str, value: object, decimals: int) -> int:
        """Return a number × 10^decimals, exactly, as a whole number ≥ 0."""
        number = scaled(value, decimals)
        if number is None or number < 0:
            self.fail(f"{key} is {str(value)!r}; write a number, 0 or more, to {decimals} decimals")
        return number

    def _unit(self, decimals: Mapping[str, int], key: str) -> int:
        named = self._units & set(decimals)
        if len(named) != 1:
            self.fail(f"{key} needs exactly one unit of {', '.join(decimals)} in `unit`")
        return decimals[next(iter(named))]


def parse_day(value: object, key: str, where: str) -> date:
    """Return a TOML date (not a date-time). Raises: ValueError."""
    if type(value) is not date:
        raise ValueError(f"{where}: {key} is {value!r}; write a day as 2018-12-01")
    return value
