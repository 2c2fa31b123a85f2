"""A catalogue item: what it is, what the person pays of it first, and for whom it counts.

Must not know: files and claims. `catalogue.py` finds items; `scope.py` applies them to lines.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from switch.rules.condition import Condition
from switch.rules.read_rows import read_condition
from switch.rules.values import Reader, parse_day

CATEGORIES: Final = frozenset({"drug", "service", "material", "bed"})
NO_LIMIT: Final = frozenset({"", "999999", "99999999"})
"""How "no limit" is written in price columns of the field (domain facts 1.3)."""
LIMITS: Final = ("unit", "day", "visit")

_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,49}")
_PRICE: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,4}))?")
_UNITS: Final = frozenset({"yuan", "percent"})


@dataclass(frozen=True, slots=True)
class Restriction:
    """For whom an item counts; for anybody else it is own expense, for this reason."""

    condition: Condition
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Tier:
    """A stretch of the unit price from the last tier's end to below `upper_e4`, and its ratio."""

    upper_e4: int
    first_pay_bp: int


@dataclass(frozen=True, slots=True)
class Portion:
    """A share of the line, in basis points, at a ratio of its own."""

    share_bp: int
    first_pay_bp: int


@dataclass(frozen=True, slots=True)
class Item:
    """A catalogue item over a spell of days, both included.

    `first_pay_bp` None: the policy's ratio for its class. `ratios`, `ceilings`: exceptions by
    condition, the first that holds. `ceiling_e4` is in 1/10,000 yuan per `limit_per`, or None: no
    limit. `tiers` and `portions` divide the line; `tiers_whole`: the whole line takes the ratio of
    the tier its unit price lies in. Class A pays no first share, class C is own expense; the ratio
    decides, not the class (domain facts 1.3).
    """

    code: str
    name_zh: str
    name_en: str
    category: str
    item_class: str
    group: str
    first_pay_bp: int | None
    ceiling_e4: int | None
    limit_per: str
    diseases: frozenset[str]
    since: date
    until: date | None
    rule: str
    prescription: bool = False
    only: tuple[Restriction, ...] = ()
    ratios: tuple[tuple[Condition, int], ...] = ()
    ceilings: tuple[tuple[Condition, int | None], ...] = ()
    tiers: tuple[Tier, ...] = ()
    tiers_whole: bool = False
    portions: tuple[Portion, ...] = ()
    stated: tuple[int, int, int] | None = None
    """Own expense, over limit and first self-pay in fen, where another has scoped the line."""

    plain: bool = field(init=False)
    """Whether one ratio and one unit price ceiling are all there is to it."""

    def __post_init__(self) -> None:
        more = (
            self.first_pay_bp is None
            or self.only
            or self.ratios
            or self.ceilings
            or self.tiers
            or self.portions
            or self.stated
            or self.prescription
            or self.limit_per != "unit"
        )
        object.__setattr__(self, "plain", not more)


@dataclass(frozen=True, slots=True)
class Spell:
    """What is read of an item for nearly every line, in an object of its own that is small.

    In a catalogue too large for the processor's cache each stretch of 64 bytes that is touched
    costs more than all the reading; the whole item is four of them, and lies far apart.
    """

    since: date
    until: date | None
    plain: bool
    prescription: bool
    group: str
    first_pay_bp: int | None
    ceiling_e4: int | None
    rule: str
    item: Item

    @classmethod
    def of(cls, item: Item) -> "Spell":
        """Return what is read of an item."""
        return cls(
            item.since, item.until, item.plain, item.prescription, item.group, item.first_pay_bp,
            item.ceiling_e4, item.rule, item,
        )  # fmt: skip

    def covers(self, on: date) -> bool:
        """Say whether the item is this on a day."""
        return self.since <= on and (self.until is None or on <= self.until)


def is_code(text: str) -> bool:
    """Say whether a text can be an item's code: 1..50 of A-Z 0-9 . -."""
    return _CODE.fullmatch(text) is not None


def read_item(table: Mapping[str, object], where: str, no_earlier_than: date) -> Item:
    """Return the item of an `[[item]]` table of a policy file.

    Raises: ValueError naming the item and what is wrong with it.
    """
    reader = Reader(table, where, _UNITS)
    code = reader.word("code")
    if not is_code(code):
        reader.fail(f"code {code!r} is not 1..50 of A-Z 0-9 . -")
    where = reader.where = f"{where} ({code})"
    since = parse_day(table.get("since", no_earlier_than), "since", where)
    until = parse_day(table["until"], "until", where) if "until" in table else None
    if until is not None and until < since:
        reader.fail(f"until {until} lies before since {since}")
    name = reader.word("zh", default=code)
    restrictions = []
    for row in reader.tables("only"):
        zh = row.word("reason_zh", default="超出限定范围，自费")
        en = row.word("reason_en", default="Outside the item's restriction: own expense")
        restrictions.append(Restriction(read_condition(row), zh, en))
        row.done()
    ratios = []
    for row in reader.tables("ratios"):
        ratios.append((read_condition(row), row.rate("first_pay")))
        row.done()
    ceilings = []
    for row in reader.tables("ceilings"):
        ceilings.append((read_condition(row), _price(row, "ceiling")))
        row.done()
    tiers, whole = _tiers(reader)
    portions = _portions(reader)
    if tiers and portions:
        reader.fail("split and tiers stand side by side; a line is divided by the one or the other")
    item = Item(
        code=code,
        name_zh=name,
        name_en=reader.word("en", default=name),
        category=reader.word("category", CATEGORIES, default="service"),
        item_class=reader.word("class", {"A", "B", "C"}, default="A"),
        group=reader.word("group", default="-").removeprefix("-"),
        first_pay_bp=reader.rate("first_pay") if reader.has("first_pay") else None,
        ceiling_e4=_price(reader, "ceiling") if reader.has("ceiling") else None,
        limit_per=reader.word("limit_per", LIMITS, default="unit"),
        diseases=frozenset(reader.words("diseases")),
        since=since,
        until=until,
        rule=f"catalogue/{code}@{since}",
        prescription=reader.flag("prescription", default=False),
        only=tuple(restrictions),
        ratios=tuple(ratios),
        ceilings=tuple(ceilings),
        tiers=tiers,
        tiers_whole=whole,
        portions=portions,
    )
    reader.done()
    return item


def _tiers(reader: Reader) -> tuple[tuple[Tier, ...], bool]:
    """Return the tiers of the unit price; `tiers` divide it, `by_price` chooses by it."""
    found: list[Tier] = []
    whole = reader.has("by_price")
    rows = reader.tables("by_price" if whole else "tiers")
    for number, row in enumerate(rows):
        last = number == len(rows) - 1
        upper = (1 << 62) if last and not row.has("below") else _price(row, "below")
        if upper is None or (found and upper <= found[-1].upper_e4):
            row.fail("below does not rise")
        found.append(Tier(upper, row.rate("first_pay")))
        row.done()
    if found and found[-1].upper_e4 != 1 << 62:
        reader.fail("the last tier has no end: leave its `below` out")
    return tuple(found), whole


def _portions(reader: Reader) -> tuple[Portion, ...]:
    found = []
    for row in reader.tables("split"):
        found.append(Portion(row.rate("share"), row.rate("first_pay")))
        row.done()
    if found and sum(one.share_bp for one in found) != 10_000:
        reader.fail("the shares of split do not add up to 100 percent")
    return tuple(found)


def _price(reader: Reader, key: str) -> int | None:
    """Return a price in 1/10,000 yuan; None where it says "no limit"."""
    text = reader.number_text(key)
    return None if text in NO_LIMIT else parse_price_e4(text, reader.where)


def parse_price_e4(text: str, where: str) -> int:
    """Return a price in yuan with at most four decimals, in 1/10,000 yuan. Raises: ValueError."""
    found = _PRICE.fullmatch(text)
    if not found:
        raise ValueError(f"{where}: price {text!r}; write yuan with at most four decimals")
    return int(found[1]) * 10_000 + int((found[2] or "").ljust(4, "0"))
