"""The amounts of one JSON object, by the interface's names, with all that is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from switch.national.amounts import Json, has_decimals_at_most, read_amount
from switch.national.document import Object
from switch.national.fields import Field, plain
from switch.national.words import Note


@dataclass(frozen=True, slots=True)
class Fault:
    """An amount that is not as the interface allows: which field, and what is wrong."""

    field: str
    why: Note


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one object. A field that is none of these is absent."""

    amounts: Mapping[str, int]
    """Field → 10^-20 yuan (or pieces, or a ratio)."""
    spelled: Mapping[str, str]
    """Field → the name it was read under, where that is another one."""
    unreadable: frozenset[str]
    empty: frozenset[str]
    """Fields that stand there with null or an empty text, under whatever spelling."""
    others: Mapping[str, int]
    """Another spelling → its amount, where it differs from the one that is used."""
    faults: tuple[Fault, ...]

    def get(self, name: str) -> int | None:
        """Return an amount, or None when it is absent or cannot be read."""
        return self.amounts.get(name)


class Names:
    """The values of a JSON object, looked up without case and underscores."""

    __slots__ = ("_exact", "_plain", "repeated")

    def __init__(self, node: Mapping[str, Json]) -> None:
        self._exact = node
        self._plain = {plain(name): value for name, value in node.items()}
        repeated = node.repeated if isinstance(node, Object) else ()
        self.repeated = frozenset(plain(name) for name in repeated)

    def get(self, name: str) -> Json:
        """Return a value; the exact spelling of the name wins."""
        if name in self._exact:
            return self._exact[name]
        return self._plain.get(plain(name))

    def text(self, name: str) -> str:
        """Return an id, code or time as text, empty when it is none."""
        value = self.get(name)
        return value.strip() if isinstance(value, str) else ""

    def count(self, fields: tuple[Field, ...]) -> int:
        """Return how many of the fields stand here, whatever their values."""
        return sum(plain(field.name) in self._plain for field in fields)

    def __contains__(self, name: str) -> bool:
        return plain(name) in self._plain


def read(node: Mapping[str, Json], fields: tuple[Field, ...]) -> Reading:
    """Return the amounts of an object."""
    names = Names(node)
    amounts: dict[str, int] = {}
    spelled: dict[str, str] = {}
    faults: list[Fault] = []
    others: dict[str, int] = {}
    unreadable: set[str] = set()
    for field in fields:
        for name, value in _given(names, field):
            if isinstance(value, Note):
                faults.append(Fault(name, value))
                if field.name not in amounts:
                    unreadable.add(field.name)
                continue
            if not has_decimals_at_most(value, field.decimals):
                faults.append(Fault(name, _too_fine(field.decimals)))
            if field.name not in amounts:
                amounts[field.name] = value
                if name != field.name:
                    spelled[field.name] = name
            elif amounts[field.name] != value:
                others[name] = value
    empty = {field.name for field in fields if any(name in names for name in _spellings(field))}
    return Reading(
        amounts,
        spelled,
        frozenset(unreadable) - amounts.keys(),
        frozenset(empty) - amounts.keys() - unreadable,
        others,
        tuple(faults),
    )


def _given(names: Names, field: Field) -> Iterator[tuple[str, int | Note]]:
    for name in _spellings(field):
        if plain(name) in names.repeated:
            yield name, Note("同名字段出现两次且取值不同", "given twice with different values")
            continue
        value = read_amount(names.get(name))
        if value is not None:
            yield name, value


def _spellings(field: Field) -> tuple[str, ...]:
    return (field.name, *field.spellings)


def _too_fine(decimals: int) -> Note:
    return Note(f"小数超过 {decimals} 位", f"more than {decimals} decimals")
