"""When a row of a table holds: tests on the facts of a claim, and tables whose first match wins.

Must not know: files, money. `Facts` is all that a row may ask about.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final, Generic, TypeVar

T = TypeVar("T")

AGE_MAX: Final = 200
ORDINAL_MAX: Final = 10_000


@dataclass(slots=True)
class Facts:
    """What tables are looked up by, for one group of lines.

    `standings`, `tags`, `holding` (kinds of filing in force) and `filed` (the special diseases that
    filings in force are for) are sets of words; `ordinal` is the
    number of this admission within the insurance year, from 1. Nothing changes it once it is made;
    it is not frozen, for twenty fields of a frozen one take 2 µs more on every claim.
    """

    insurance: str
    kind: str
    level: str
    deductible_level: str
    prescriber_level: str
    member_class: str
    sex: str
    age: int
    area: str
    filing: str
    place: str
    institution: str
    emergency: str
    disease: str
    ordinal: int
    filed: frozenset[str]
    standings: frozenset[str]
    tags: frozenset[str]
    holding: frozenset[str]
    diagnoses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """All tests of a row; no test at all always holds.

    `one_of`: the fact is one of the words. `some_of`, `none_of`: of a set of words. `begins`: the
    fact, or one of a list, begins with one of the prefixes.
    """

    one_of: tuple[tuple[str, frozenset[str]], ...] = ()
    some_of: tuple[tuple[str, frozenset[str]], ...] = ()
    none_of: tuple[tuple[str, frozenset[str]], ...] = ()
    begins: tuple[tuple[str, tuple[str, ...]], ...] = ()
    age: tuple[int, int] | None = None
    """From the first to below the second, in full years."""
    ordinal: tuple[int, int] | None = None
    """From the first to the second, both included."""

    seldom: bool = field(init=False, repr=False, compare=False)
    """Whether anything beside words of facts and an age is tested; most rows test nothing else."""

    def __post_init__(self) -> None:
        more = self.some_of or self.none_of or self.begins or self.ordinal
        object.__setattr__(self, "seldom", bool(more))

    def holds(self, facts: Facts) -> bool:
        """Say whether the row holds for these facts."""
        for name, words in self.one_of:
            if getattr(facts, name) not in words:
                return False
        if self.age is not None and not self.age[0] <= facts.age < self.age[1]:
            return False
        return not self.seldom or self._holds_seldom(facts)

    def _holds_seldom(self, facts: Facts) -> bool:
        if self.ordinal is not None and not self.ordinal[0] <= facts.ordinal <= self.ordinal[1]:
            return False
        for name, words in self.some_of:
            if words.isdisjoint(getattr(facts, name)):
                return False
        for name, words in self.none_of:
            if not words.isdisjoint(getattr(facts, name)):
                return False
        return all(_begins(getattr(facts, name), prefixes) for name, prefixes in self.begins)

    @property
    def is_firm(self) -> bool:
        """Whether nothing is tested that a table may leave open: sets of words and prefixes."""
        return not (self.some_of or self.none_of or self.begins)

    def covers(self, other: "Condition") -> bool:
        """Say whether this row holds wherever the other does (by its tests alone)."""
        ours, theirs = dict(self.one_of), dict(other.one_of)
        return (
            all(name in theirs and theirs[name] <= words for name, words in ours.items())
            and _within(other.age, self.age)
            and _within(other.ordinal, self.ordinal)
            and set(self.some_of) <= set(other.some_of)
            and set(self.none_of) <= set(other.none_of)
            and set(self.begins) <= set(other.begins)
        )


ALWAYS: Final = Condition()


def _begins(fact: str | tuple[str, ...], prefixes: tuple[str, ...]) -> bool:
    if isinstance(fact, str):
        return fact.startswith(prefixes)
    return any(one.startswith(prefixes) for one in fact)


def _within(inner: tuple[int, int] | None, outer: tuple[int, int] | None) -> bool:
    if outer is None:
        return True
    return inner is not None and outer[0] <= inner[0] and inner[1] <= outer[1]


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """Rows in order; the first whose condition holds gives the cell."""

    rows: tuple[tuple[Condition, T], ...]

    def find(self, facts: Facts) -> T | None:
        """Return the cell for these facts, or None when no row holds."""
        for condition, cell in self.rows:
            if condition.holds(facts):
                return cell
        return None


def always(cell: T) -> Table[T]:
    """Return a table with one cell for everybody."""
    return Table(((ALWAYS, cell),))


def check_reached(rows: Sequence[tuple[Condition, str]]) -> None:
    """Refuse a row that an earlier one always anticipates. Raises: ValueError naming the row."""
    for number, (condition, where) in enumerate(rows):
        for before, other in rows[:number]:
            if before.covers(condition):
                raise ValueError(f"{where}: never reached, for the row at {other} holds first")


_CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "area": frozenset({"home", "province", "national"}),
    "emergency": frozenset({"yes", "no"}),
    "sex": frozenset({"1", "2"}),
}
_OPEN: Final = frozenset({"disease", "institution", "filing"})
_OTHER: Final = "any other"


def check_whole(conditions: Iterable[Condition], classes: Sequence[str], where: str) -> None:
    """Refuse a table that leaves out a cell: a class, an age, an ordinal of a level it names.

    A level or kind that no row names is no gap: the table is not for it. Rows that test sets of
    words or prefixes do not count, for they are exceptions.
    Raises: ValueError naming the cell.
    """
    firm = [condition for condition in conditions if condition.is_firm]
    domain: dict[str, list[str]] = {"member_class": list(classes) or [_OTHER]}
    for name in sorted({name for one in firm for name, _ in one.one_of} - {"member_class"}):
        named = {word for one in firm for word in dict(one.one_of).get(name, ())}
        domain[name] = sorted(_CLOSED.get(name, named) | ({_OTHER} if name in _OPEN else set()))
    ages = sorted({0} | {edge for one in firm if one.age for edge in one.age} - {AGE_MAX})
    ordinals = sorted({1} | {edge for one in firm if one.ordinal for edge in _edges(one.ordinal)})
    for words in product(*domain.values()):
        cell = dict(zip(domain, words, strict=True))
        for age, ordinal in product(ages, ordinals):
            if not any(_takes(one, cell, age, ordinal) for one in firm):
                text = ", ".join(f"{name} {word}" for name, word in cell.items())
                raise ValueError(
                    f"{where}: no row for {text}, age {age}, ordinal {ordinal} (gap); "
                    "a last row without conditions holds for everybody else"
                )


def _edges(ordinal: tuple[int, int]) -> Iterable[int]:
    first, last = ordinal
    return {first, last + 1} if last < ORDINAL_MAX else {first}


def _takes(condition: Condition, cell: Mapping[str, str], age: int, ordinal: int) -> bool:
    return (
        all(cell[name] in words for name, words in condition.one_of)
        and (condition.age is None or condition.age[0] <= age < condition.age[1])
        and (condition.ordinal is None or condition.ordinal[0] <= ordinal <= condition.ordinal[1])
    )
