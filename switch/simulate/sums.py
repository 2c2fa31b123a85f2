"""Who pays how much more or less: added up per fund, age, level, class, kind; per person.

Sums of different processes add up to the same as one process's. Amounts in fen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from switch.rules.adjudicate import age_on
from switch.simulate.replay import Amounts, Effect

AGES: Final = ((0, 17), (18, 44), (45, 59), (60, 74), (75, 999))
"""Age groups, both ends included."""
DIMENSIONS: Final = ("insurance", "class", "age", "level", "kind")
CHANGES_FEN: Final = (1_000, 10_000, 50_000, 100_000, 500_000, 1_000_000)
"""Edges of how much a person gains or loses: 10, 100, 500, 1,000, 5,000, 10,000 yuan."""


@dataclass(slots=True)
class Cell:
    """One group: its bills, and who pays of them before and after; persons who gain and lose."""

    settlements: int = 0
    total: int = 0
    fund_before: int = 0
    fund_after: int = 0
    person_before: int = 0
    person_after: int = 0
    persons: int = 0
    gainers: int = 0
    gained: int = 0
    losers: int = 0
    lost: int = 0

    def add_bill(self, total: int, funds: tuple[int, int], person: tuple[int, int]) -> None:
        """Add one settlement: what the funds and the person pay of it, before and after."""
        self.settlements += 1
        self.total += total
        self.fund_before += funds[0]
        self.fund_after += funds[1]
        self.person_before += person[0]
        self.person_after += person[1]

    def add_person(self, gain: int) -> None:
        """Add one person, who bears so much less (or, below zero, more) in this group."""
        self.persons += 1
        if gain > 0:
            self.gainers += 1
            self.gained += gain
        elif gain < 0:
            self.losers += 1
            self.lost -= gain

    def join(self, other: "Cell") -> None:
        """Add another process's cell."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Sums:
    """The result. `payers`: who pays → (before, after). `groups`: dimension → group → cell.

    `steps`: how many persons gain (1) or lose (-1) within each step of `CHANGES_FEN`.
    `declines`: reply code → settlements that the candidate would decline, and their totals.
    `unread`: settlements that could not be decided again, by why.
    """

    whole: Cell = field(default_factory=Cell)
    changed: int = 0
    payers: dict[str, tuple[int, int]] = field(default_factory=dict)
    groups: dict[str, dict[str, Cell]] = field(
        default_factory=lambda: {name: {} for name in DIMENSIONS}
    )
    steps: dict[tuple[int, int], int] = field(default_factory=dict)
    declines: dict[str, tuple[int, int]] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)

    def add_person(self, effects: Iterable[Effect]) -> None:
        """Add everything one person would have had."""
        gains: dict[tuple[str, str], int] = {}
        gain = 0
        found = False
        for effect in effects:
            found = True
            before, after = effect.settled.paid, effect.after
            funds, person = (before.fund, after.fund), (before.person, after.person)
            self.whole.add_bill(before.total, funds, person)
            _add_payers(self.payers, before, 0)
            _add_payers(self.payers, after, 1)
            self.changed += before != after
            if effect.decline is not None:
                count, total = self.declines.get(effect.decline.code.name, (0, 0))
                self.declines[effect.decline.code.name] = (count + 1, total + before.total)
            less = person[0] - person[1]
            gain += less
            for key in groups_of(effect):
                cell = self.groups[key[0]].get(key[1])
                if cell is None:
                    cell = self.groups[key[0]][key[1]] = Cell()
                cell.add_bill(before.total, funds, person)
                gains[key] = gains.get(key, 0) + less
        if not found:
            return
        self.whole.add_person(gain)
        for (dimension, group), of_group in gains.items():
            self.groups[dimension][group].add_person(of_group)
        if gain:
            step = (1 if gain > 0 else -1, _step(abs(gain)))
            self.steps[step] = self.steps.get(step, 0) + 1

    def add_unread(self, why: str) -> None:
        """Count a settlement that cannot be decided again."""
        self.unread[why] = self.unread.get(why, 0) + 1

    def join(self, other: "Sums") -> None:
        """Add another process's sums."""
        self.whole.join(other.whole)
        self.changed += other.changed
        _join_pairs(self.payers, other.payers)
        _join_pairs(self.declines, other.declines)
        for dimension, cells in other.groups.items():
            for group, cell in cells.items():
                self.groups[dimension].setdefault(group, Cell()).join(cell)
        for why, count in other.unread.items():
            self.unread[why] = self.unread.get(why, 0) + count
        for step, count in other.steps.items():
            self.steps[step] = self.steps.get(step, 0) + count


def groups_of(effect: Effect) -> tuple[tuple[str, str], ...]:
    """Return the group of each dimension that a settlement belongs to."""
    settled = effect.settled
    age = age_on(settled.member.born_on, settled.claim.service_on)
    least, most = next(ends for ends in AGES if age <= ends[1])
    return (
        ("insurance", f"{settled.region}/{settled.insurance}"),
        ("class", settled.member_class),
        ("age", f"{least}-{most}"),
        ("level", settled.institution.level),
        ("kind", settled.claim.kind),
    )


def _step(amount: int) -> int:
    return sum(amount >= edge for edge in CHANGES_FEN)


def _add_payers(payers: dict[str, tuple[int, int]], amounts: Amounts, side: int) -> None:
    named = (
        *amounts.funds.items(),
        ("hospital", amounts.hospital),
        ("current", amounts.current),
        ("earlier", amounts.earlier),
        ("relative", amounts.relative),
        ("cash", amounts.cash),
    )
    for name, amount in named:
        if amount:
            before, after = payers.get(name, (0, 0))
            payers[name] = (before + amount, after) if side == 0 else (before, after + amount)


def _join_pairs(sums: dict[str, tuple[int, int]], more: Mapping[str, tuple[int, int]]) -> None:
    for name, (first, second) in more.items():
        before, after = sums.get(name, (0, 0))
        sums[name] = (before + first, after + second)
