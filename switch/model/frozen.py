"""`@frozen`: a slotted dataclass that nobody may change, at the price of one that anybody may.

To the type checker it is `@dataclass(frozen=True, slots=True)`, and the checker runs on every
change. At run time the guard is left out: it makes each field of a new value cost a call, three
times the price, and a settlement makes forty values. `replace` and hash work as for a frozen one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, dataclass_transform

T = TypeVar("T")

if TYPE_CHECKING:

    @dataclass_transform(frozen_default=True)
    def frozen(kind: type[T]) -> type[T]:
        """Return the class as a dataclass that the checker lets nobody change."""
        ...

else:

    def frozen(kind: type[T]) -> type[T]:
        """Return the class as a slotted dataclass with a hash."""
        return dataclass(slots=True, unsafe_hash=True)(kind)
