"""What `@frozen` promises at run time; the type checker promises the rest."""

import pickle
from dataclasses import fields, replace

import pytest

from switch.model.frozen import frozen


@frozen
class Pair:
    """Two numbers, one of them private."""

    left: int
    right: int = 2

    def __repr__(self) -> str:
        return f"Pair({self.left}, hidden)"


def test_it_is_a_slotted_dataclass_with_equality_and_hash() -> None:
    assert [field.name for field in fields(Pair)] == ["left", "right"]
    assert not hasattr(Pair(1), "__dict__")
    assert Pair(1) == Pair(1, 2) != Pair(1, 3)
    assert len({Pair(1), Pair(1, 2), Pair(2)}) == 2
    assert replace(Pair(1), right=5) == Pair(1, 5)
    assert pickle.loads(pickle.dumps(Pair(1))) == Pair(1)


def test_a_name_that_is_no_field_has_no_place() -> None:
    with pytest.raises(AttributeError):
        Pair(1).middle = 3  # type: ignore[attr-defined] # that is what is tried


def test_a_repr_of_ones_own_stays() -> None:
    """Cards and people say of themselves what a log may say, whatever the decorator makes."""
    assert repr(Pair(1)) == "Pair(1, hidden)"
