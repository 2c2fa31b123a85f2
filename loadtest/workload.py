"""Who comes where with which bill, and what happens to it afterwards: drawn from a seed alone.

Few institutions and few members take most of the traffic, as in life: a terminal's weight falls
with its institution's rank, and members are drawn with a square. No clock and no I/O.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from random import Random
from typing import Final

LINES: Final = 5
BILLS: Final = 32
"""Bills of each kind, drawn once and shared by all users."""
OUTPATIENT: Final = "11"
PHARMACY: Final = "41"

_DRUGS: Final = (
    ("DEMO-AMOX-CAP", "阿莫西林胶囊", "0.80"),
    ("DEMO-CEFURO-TAB", "头孢呋辛酯片", "5.00"),
    ("DEMO-AMLOD-TAB", "苯磺酸氨氯地平片", "1.00"),
    ("DEMO-METFORM-TAB", "盐酸二甲双胍片", "0.70"),
    ("DEMO-OMEPRA-CAP", "奥美拉唑肠溶胶囊", "1.25"),
    ("DEMO-IBUPRO-CAP", "布洛芬缓释胶囊", "1.10"),
    ("DEMO-BANLANGEN", "板蓝根颗粒", "0.65"),
    ("DEMO-LIANHUA-CAP", "连花清瘟胶囊", "0.55"),
)
_SERVICES: Final = (
    ("DEMO-REG-GENERAL", "普通门诊诊查费", "10.00"),
    ("DEMO-BLOOD-COUNT", "血常规", "20.00"),
    ("DEMO-ECG", "心电图", "30.00"),
    ("DEMO-GLUCOSE", "血糖测定", "15.00"),
)
"""Item of the demonstration catalogue, name, price in yuan."""


class After(StrEnum):
    """What happens around a settlement, beside the settlement."""

    NOTHING = "nothing"
    QUERY = "query"
    """The terminal asks what became of it."""
    REPEAT = "repeat"
    """The same bytes arrive again: the same reply."""
    CANCEL = "cancel"
    """It is cancelled, known to have posted."""
    REVERSE = "reverse"
    """It is reversed, as if its answer had been lost."""
    OVERTAKEN = "overtaken"
    """Its reversal arrives first, and the late original is refused."""


SHARES: Final = {
    After.NOTHING: 78, After.QUERY: 10, After.REPEAT: 4, After.CANCEL: 4, After.REVERSE: 2,
    After.OVERTAKEN: 2,
}  # fmt: skip
"""Of 100 visits."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: so much of an item at a price in yuan."""

    code: str
    name: str
    quantity: int
    unit_price: str


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill of five lines."""

    kind: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """Indices into a user's own terminals and members, and into the bills of a kind."""

    terminal: int
    member: int
    bill: int
    after: After


def draw_bills(seed: int, kind: str) -> tuple[Bill, ...]:
    """Return the bills of a kind: drugs at a pharmacy, drugs and services elsewhere."""
    drawn = Random(f"{seed}/bills/{kind}")
    items = _DRUGS if kind == PHARMACY else _SERVICES + _DRUGS
    return tuple(
        Bill(
            kind,
            tuple(
                Line(code, name, drawn.randrange(1, 12), price)
                for code, name, price in drawn.sample(items, LINES)
            ),
        )
        for _ in range(BILLS)
    )


class Workload:
    """The visits of one user. `ranks`: its terminals' institutions' places in the order of size.

    Raises: ValueError for a user without terminals or members.
    """

    def __init__(self, seed: int, user: int, ranks: Sequence[int], members: int) -> None:
        if not ranks or members < 1:
            raise ValueError("a user needs at least one terminal and one member of its own")
        self._random = Random(f"{seed}/user/{user}")
        self._members = members
        self._terminals = range(len(ranks))
        # Weights in 1/1,000,000 of the first's, so that the drawing is exact on every machine.
        self._weights = list(accumulate(1_000_000 // (rank + 1) for rank in ranks))
        self._afters = list(SHARES)
        self._after_weights = list(accumulate(SHARES.values()))

    def visit(self) -> Visit:
        """Return the next visit."""
        drawn = self._random
        (terminal,) = drawn.choices(self._terminals, cum_weights=self._weights)
        (after,) = drawn.choices(self._afters, cum_weights=self._after_weights)
        member = max(drawn.randrange(self._members) - drawn.randrange(self._members), 0)
        return Visit(terminal, member, drawn.randrange(BILLS), after)

    def rotation(self) -> list[int]:
        """Return all members in an order of this user's, each once."""
        return self._random.sample(range(self._members), self._members)


def deal(things: int, users: int, user: int) -> range:
    """Return one user's share of so many things: every users-th, nothing twice.

    Raises: ValueError when there are fewer things than users.
    """
    if things < users:
        raise ValueError(f"{things} cannot be dealt to {users} users: each needs its own")
    return range(user, things, users)
