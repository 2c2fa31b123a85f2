"""Reads the fields of a case: amounts in yuan, days, words; each error names the case.

Must not know: what a field is for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NoReturn

from switch.rules.number import scaled


class Fields:
    """The fields of one table of a case file, taken one by one; what nobody took is refused."""

    __slots__ = ("_looked", "_table", "_taken", "where")

    def __init__(self, table: Mapping[str, Any], where: str) -> None:
        self.where = where
        self._table = table
        self._taken: set[str] = set()
        self._looked: set[str] = set()

    def fail(self, problem: str) -> NoReturn:
        """Refuse the case. Raises: ValueError naming file and case."""
        raise ValueError(f"{self.where}: {problem}")

    @property
    def names(self) -> frozenset[str]:
        """The names of all fields that stand."""
        return frozenset(self._table)

    def has(self, key: str) -> bool:
        """Say whether a field stands."""
        self._looked.add(key)
        return key in self._table

    def take(self, key: str, default: Any = None) -> Any:
        """Return a field as it is written."""
        self._taken.add(key)
        return self._table.get(key, default)

    def text(self, key: str, default: str = "") -> str:
        """Return a text."""
        value = self.take(key, default)
        if not isinstance(value, str):
            self.fail(f"{key} is {value!r}; write a text in quotes")
        return value

    def word(self, key: str, allowed: Iterable[str], default: str) -> str:
        """Return one of the words allowed."""
        value = self.text(key, default)
        if value not in (known := set(allowed)):
            self.fail(f"{key} is {value!r}; write one of {', '.join(sorted(known))}")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of words."""
        value = self.take(key, [])
        value = [value] if isinstance(value, str) and value else value
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.fail(f"{key} is {value!r}; write a list of words")
        return tuple(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.take(key, default)
        if not isinstance(value, bool):
            self.fail(f"{key} is {value!r}; write true or false")
        return value

    def day(self, key: str, default: date | None = None) -> date | None:
        """Return a day; "" stands for none."""
        value = self.take(key, default)
        if value == "":
            return None
        if value is not None and type(value) is not date:
            self.fail(f"{key} is {value!r}; write a day as 2018-12-01, without quotes")
        return value

    def whole(self, key: str, default: int) -> int:
        """Return a whole number."""
        value = self.take(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(f"{key} is {value!r}; write a whole number")
        return value

    def fen(self, key: str, default: int = 0) -> int:
        """Return an amount of yuan, in fen."""
        return fen_of(self.take(key), key, self.where) if self.has(key) else default

    def e4(self, key: str, default: int) -> int:
        """Return a number in 1/10,000."""
        if not self.has(key):
            return default
        number = scaled(value := self.take(key), 4)
        if number is None:
            self.fail(f"{key} is {str(value)!r}; write a number with at most four decimals")
        return number

    def tables(self, key: str) -> Sequence["Fields"]:
        """Return a list of tables."""
        value = self.take(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.fail(f"{key} is {value!r}; write a list of tables")
        return [Fields(one, f"{self.where}, {key} {number}") for number, one in enumerate(value, 1)]

    def table(self, key: str) -> Mapping[str, Any]:
        """Return a table."""
        value = self.take(key, {})
        if not isinstance(value, dict):
            self.fail(f"{key} is {value!r}; write a table")
        return value

    def rest(self, keep: Callable[[str], bool]) -> dict[str, Any]:
        """Take every other field whose name is wanted."""
        found = {
            key: item for key, item in self._table.items() if key not in self._taken and keep(key)
        }
        self._taken |= set(found)
        return found

    def done(self, known: Iterable[str] = ()) -> None:
        """Refuse fields that no one took. Raises: ValueError."""
        unknown = sorted(set(self._table) - self._taken - set(known))
        if unknown:
            self.fail(f"unknown fields {unknown}; known here: {sorted(self._taken | self._looked)}")


def fen_of(value: object, key: str, where: str) -> int:
    """Return an amount of yuan written as a number or a text, in fen. Raises: ValueError."""
    fen = scaled(value.replace(",", "") if isinstance(value, str) else value, 2)
    if fen is None:
        raise ValueError(f"{where}: {key} is {str(value)!r}; write yuan with at most two decimals")
    return fen


def times_of(value: object, key: str, where: str) -> int:
    """Return a count. Raises: ValueError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{where}: {key} is {value!r}; it is counted in times, write a number")
    return value
