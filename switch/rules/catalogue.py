"""The place of care's catalogue: what an item is on a day (就医地目录).

Must not know: files. It is given rows (CSV dictionaries) or item tables, and answers by code and
day in one dictionary access, whatever its size.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import pairwise
from sys import intern
from typing import Final

from switch.model.money import RATE_ONE_BP
from switch.rules.item import CATEGORIES, NO_LIMIT, Item, Spell, is_code, parse_price_e4, read_item

COLUMNS: Final = (
    "code", "name_zh", "name_en", "category", "class", "first_pay_bp", "price_ceiling_yuan",
    "diseases", "since", "until", "basis", "note",
)  # fmt: skip
BASES: Final = frozenset({"example", "stated"})

_FIRST_DAY: Final = date(1950, 1, 1)
"""An item without a first day was always there."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The items of a region of care; a province-wide catalogue carries the province's code.

    `latest`: of each code its last spell, which nearly every look-up wants; `earlier`: those
    before it, of the few codes that have any, in order.
    """

    region: str
    latest: Mapping[str, Spell]
    hash: str
    earlier: Mapping[str, tuple[Spell, ...]] = field(default_factory=dict)

    def with_items(self, region: str, items: Mapping[str, Item]) -> "Catalogue":
        """Return the catalogue of a region with items of its own in front."""
        own = {code: Spell.of(item) for code, item in items.items()}
        earlier = {code: found for code, found in self.earlier.items() if code not in own}
        return Catalogue(region, {**self.latest, **own}, self.hash, earlier)

    @classmethod
    def parse(cls, region: str, rows: Iterable[Mapping[str, str]]) -> "Catalogue":
        """Return the catalogue of CSV rows (`COLUMNS`).

        Raises: ValueError naming the row and what is wrong with it.
        """
        spells: dict[str, list[Item]] = {}
        digest = hashlib.sha256(region.encode())
        for number, row in enumerate(rows, start=2):
            item = _parse_row(row, f"catalogue {region}, row {number}")
            spells.setdefault(item.code, []).append(item)
            digest.update(repr([row[column] for column in COLUMNS]).encode())
        return cls._of_spells(region, spells, digest.hexdigest())

    @classmethod
    def of_items(cls, region: str, tables: Sequence[Mapping[str, object]]) -> "Catalogue":
        """Return the catalogue of `[[item]]` tables. Raises: ValueError naming the item."""
        spells: dict[str, list[Item]] = {}
        for number, table in enumerate(tables, start=1):
            item = read_item(table, f"catalogue {region}, item {number}", _FIRST_DAY)
            spells.setdefault(item.code, []).append(item)
        digest = hashlib.sha256(repr([region, *map(repr, tables)]).encode()).hexdigest()
        return cls._of_spells(region, spells, digest)

    @classmethod
    def _of_spells(cls, region: str, spells: Mapping[str, list[Item]], digest: str) -> "Catalogue":
        earlier = {}
        for code, found in spells.items():
            if len(found) > 1:
                _check_spells(region, code, found)
                earlier[code] = tuple(Spell.of(item) for item in found[:-1])
        latest = {code: Spell.of(found[-1]) for code, found in spells.items()}
        return cls(region, latest, digest, earlier)

    def find(self, code: str, on: date) -> Item | None:
        """Return the item a code means on a day, or None when the catalogue does not hold it."""
        spell = self.spell(code, on)
        return None if spell is None else spell.item

    def spell(self, code: str, on: date) -> Spell | None:
        """Return what is read of the item a code means on a day, or None."""
        spell = self.latest.get(code)
        # `Spell.covers` written out: a call a line is what this is to save.
        if spell is None or (spell.since <= on and (spell.until is None or on <= spell.until)):
            return spell
        return next((one for one in self.earlier.get(code, ()) if one.covers(on)), None)

    def spells(self, code: str) -> tuple[Item, ...]:
        """Return what a code has meant, spell by spell."""
        spell = self.latest.get(code)
        found = () if spell is None else (*self.earlier.get(code, ()), spell)
        return tuple(one.item for one in found)


def _check_spells(region: str, code: str, found: list[Item]) -> None:
    found.sort(key=lambda item: item.since)
    for before, after in pairwise(found):
        if before.until is None or before.until >= after.since:
            raise ValueError(
                f"catalogue {region}: {code} from {before.since} overlaps {after.since}"
            )


def _parse_row(row: Mapping[str, str], where: str) -> Item:
    # A row with fewer fields than the first line has None where they are missing.
    missing = [column for column in COLUMNS if row.get(column) is None]
    if missing:
        raise ValueError(f"{where}: columns {missing} are missing")
    code = row["code"]
    if not is_code(code):
        raise ValueError(f"{where}: code {code!r} is not 1..50 of A-Z 0-9 . -")
    where = f"{where} ({code})"
    if row["class"] not in {"A", "B", "C"} or row["category"] not in CATEGORIES:
        raise ValueError(f"{where}: class {row['class']!r}, category {row['category']!r}")
    if row["basis"] not in BASES or not row["name_zh"] or not row["name_en"]:
        raise ValueError(f"{where}: needs both names, and basis {' or '.join(sorted(BASES))}")
    ratio = row["first_pay_bp"]
    if not (ratio.isascii() and ratio.isdigit()) or int(ratio) > RATE_ONE_BP:
        raise ValueError(f"{where}: first_pay_bp {ratio!r} is outside 0..{RATE_ONE_BP}")
    since, until = _day(row["since"], where), row["until"]
    item = Item(
        code=code,
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        category=intern(row["category"]),
        item_class=intern(row["class"]),
        group=row.get("group", ""),
        first_pay_bp=_shared_ratio(ratio),
        ceiling_e4=None if row["price_ceiling_yuan"] in NO_LIMIT
        else _shared_price(parse_price_e4(row["price_ceiling_yuan"], where)),
        limit_per="unit",
        diseases=frozenset(row["diseases"].split()),
        since=since,
        until=_day(until, where) if until else None,
        rule=f"catalogue/{code}@{since}",
    )  # fmt: skip
    if item.until is not None and item.until < since:
        raise ValueError(f"{where}: until {until} lies before since {since}")
    return item


def _day(text: str, where: str) -> date:
    try:
        return _shared_day(text)
    except ValueError as error:
        raise ValueError(f"{where}: {text!r} is no day; write 2018-12-01") from error


@cache
def _shared_day(text: str) -> date:
    """Return a day, the same object for the same text: what a look-up reads stays in the cache."""
    return date.fromisoformat(text)


@cache
def _shared_ratio(text: str) -> int:
    return int(text)


@cache
def _shared_price(price_e4: int) -> int:
    return price_e4


def generate_rows(count: int) -> Iterator[dict[str, str]]:
    """Yield the rows of a catalogue of `count` items for scale tests, always the same ones.

    Codes GEN-000000 and up; each ratio and ceiling is an example, spread by a fixed formula.
    """
    ratios = ("0", "0", "500", "1000", "2000", "10000")
    for number in range(count):
        ratio = ratios[number * 7919 % len(ratios)]
        item_class = "A" if ratio == "0" else "C" if ratio == "10000" else "B"
        yield {
            "code": f"GEN-{number:06d}",
            "name_zh": f"示例项目{number}",
            "name_en": f"Example item {number}",
            "category": ("drug", "service", "material")[number % 3],
            "class": item_class,
            "first_pay_bp": ratio,
            "price_ceiling_yuan": f"{number * 31 % 977 + 1}.5" if number % 4 == 0 else "",
            "diseases": "M00500" if number % 10 == 0 else "",
            "since": "2010-01-01",
            "until": "",
            "basis": "example",
            "note": "generated",
        }
