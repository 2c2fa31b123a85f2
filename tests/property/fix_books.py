"""Two books of the same business, one of them spoilt at random, and the repairs applied to both.

The switch's side is a dict of acts, as the register would know them; the institution's a list of
records, in which anything may be lost, doubled, shifted or altered.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from switch.model.ids import RequestId
from switch.recon.compare import compare
from switch.recon.difference import (
    Difference,
    Kind,
    Repair,
    Standing,
    State,
    judged,
    needs_standing,
)
from switch.recon.record import Group, Leg, Parts, Record

FIRST = date(2018, 12, 3)
DAYS = 4
NOW = datetime(2018, 12, 20, tzinfo=UTC)
TODAY = date(2018, 12, 20)
REGIONS = tuple(f"33{city:02d}99" for city in range(1, 12))
FAULTS = (
    "lose", "lose undoing", "double", "double undoing", "invent", "invent undoing", "amount",
    "day", "day outside", "person", "group", "swap", "lose all",
)  # fmt: skip


def by_key(records: Sequence[Record]) -> list[Record]:
    return sorted(records, key=lambda record: record.key)


def within(records: Sequence[Record], since: date, until: date) -> list[Record]:
    return by_key([one for one in records if since <= one.group.day <= until])


def undoing(record: Record, day: date) -> Record:
    group = replace(record.group, day=day)
    return replace(record, leg=Leg.UNDONE, group=group, parts=-record.parts)


@dataclass
class Books:
    """What both sides keep."""

    switch: dict[tuple[str, int], Record] = field(default_factory=dict)
    institution: list[Record] = field(default_factory=list)

    def standing(self, theirs: Record) -> Standing:
        """What the register knows of an act."""
        settled = self.switch.get((theirs.settlement, Leg.SETTLED))
        if settled is None:
            return Standing(State.UNKNOWN)
        undone = (theirs.settlement, Leg.UNDONE) in self.switch
        return Standing(State.POSTED, self.switch.get(theirs.key), undone)

    def compare(self, since: date, until: date) -> list[Difference]:
        """Compare the records of some days, as the switch does."""
        ours = within(list(self.switch.values()), since, until)
        theirs = within(self.institution, since, until)
        return [
            judged(one, self.standing(one.record), NOW) if needs_standing(one) else one
            for one in compare(ours, theirs)
        ]

    def totals(self, since: date, until: date) -> Parts:
        """Switch less institution."""
        left = Parts(0, 0, 0)
        for one in within(list(self.switch.values()), since, until):
            left += one.parts
        for one in within(self.institution, since, until):
            left -= one.parts
        return left

    def repair(self, found: Sequence[Difference]) -> None:
        """Do the one repair of each difference, at both sides where it takes both.

        Doubles go first; every other repair says what stands under a key, perhaps twice.
        """
        for one in found:
            if one.kind is Kind.TWICE:
                assert one.repair is Repair.STRIKE
                assert one.theirs is not None
                self.institution.remove(one.theirs)
        for one in found:
            if one.kind is Kind.TWICE:
                continue
            match one.repair:
                case Repair.RECORD | Repair.CORRECT:
                    assert one.ours is not None
                    self._keep(one.ours.key, one.ours)
                case Repair.STRIKE | Repair.RESEND:
                    self._keep(one.record.key, None)
                case Repair.REVERSE:
                    assert one.ours is not None
                    self._keep(one.ours.key, one.ours)
                    self._undo(one.ours)
                case Repair.CANCEL:
                    self._undo(self.switch[one.record.settlement, Leg.SETTLED])

    def _undo(self, settled: Record) -> None:
        undone = undoing(settled, TODAY)
        assert undone.key not in self.switch
        self.switch[undone.key] = undone
        self._keep(undone.key, undone)

    def _keep(self, key: tuple[str, int], record: Record | None) -> None:
        self.institution = [one for one in self.institution if one.key != key]
        if record is not None:
            self.institution.append(record)


def make_books(chance: random.Random, settlements: int) -> Books:
    """Return books that agree: settlements over some days, some of them undone."""
    books = Books()
    for number in range(settlements):
        day = FIRST + timedelta(days=chance.randrange(DAYS))
        total = chance.randrange(1, 100_000)
        fund = chance.randrange(total + 1)
        group = Group(day, chance.choice(("310", "390")), "11", chance.choice(REGIONS))
        settled = Record(
            RequestId(f"H33020000001{day:%Y%m%d}09{number // 10_000:04d}{number % 10_000:04d}"),
            Leg.SETTLED, f"{number % 1024:04d}000001", group,
            Parts(total, fund, chance.randrange(total - fund + 1)),
        )  # fmt: skip
        books.switch[settled.key] = settled
        if chance.random() < 0.1:
            later = min(day + timedelta(days=chance.randrange(3)), FIRST + timedelta(DAYS - 1))
            undone = undoing(settled, later)
            books.switch[undone.key] = undone
    books.institution = list(books.switch.values())
    return books


def spoil(books: Books, chance: random.Random, fault: str) -> None:
    """Put one fault into the institution's records."""
    records = books.institution
    if not records:
        return
    place = chance.randrange(len(records))
    one = records[place]
    leg = Leg.UNDONE if "undoing" in fault else Leg.SETTLED
    of_leg = [record for record in records if record.leg is leg] or records
    match fault:
        case "lose" | "lose undoing":
            records.remove(chance.choice(of_leg))
        case "lose all":
            books.institution = [r for r in records if r.settlement != one.settlement]
        case "double" | "double undoing":
            records.append(chance.choice(of_leg))
        case "invent":
            number = chance.randrange(10_000)
            invented = RequestId(f"H33020000001{one.group.day:%Y%m%d}235959{number:04d}")
            records.append(replace(one, settlement=invented, leg=Leg.SETTLED))
        case "invent undoing":
            if (one.settlement, Leg.UNDONE) not in {record.key for record in records}:
                records.append(undoing(one, one.group.day))
        case "amount":
            wrong = one.parts + chance.choice((Parts(1, 0, 0), Parts(0, -1, 0), Parts(0, 0, 6_100)))
            records[place] = replace(one, parts=wrong)
        case "day" | "day outside":
            by = 1 if fault == "day" else -30
            day = one.group.day + timedelta(days=by)
            records[place] = replace(one, group=replace(one.group, day=day))
        case "person":
            records[place] = replace(one, member_id="1023999999")
        case "group":
            records[place] = replace(one, group=replace(one.group, insurance="399"))
        case "swap":
            other = chance.randrange(len(records))
            parts, others = one.parts, records[other].parts
            records[place] = replace(records[place], parts=others)
            records[other] = replace(records[other], parts=parts)
        case _:
            raise AssertionError(fault)
