"""Reads what many rules share: the condition of a row, tables, meters, rounding, bands.

Must not know: any one type of rule.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from switch.model.codes import FilingKind, FundPayType, Insurance
from switch.rules.condition import (
    AGE_MAX,
    ALWAYS,
    ORDINAL_MAX,
    Condition,
    Table,
    always,
    check_reached,
    check_whole,
)
from switch.rules.rounding import MODES, STEPS_FEN, Rounding
from switch.rules.terms_benefit import ENDLESS, Band, Meter
from switch.rules.values import Reader
from switch.rules.words import (
    AREAS,
    BASIC_CLASSES,
    CLASSES,
    COUNTED_IN_TIMES,
    FILINGS,
    KINDS,
    LEVELS,
    PERIODS,
)

T = TypeVar("T")

FUNDS: Final = frozenset(set(FundPayType) - {FundPayType.EMPLOYEE_ACCOUNT, FundPayType.HOSPITAL})
"""Codes that may pay: the account and the hospital have rules of their own."""
_NUMBER: Final = re.compile(r"[1-9][0-9]?")
_SEXES: Final = {"male": "1", "female": "2"}
_HOLDINGS: Final = frozenset(FilingKind)


@dataclass(frozen=True, slots=True)
class Context:
    """Which rule a value belongs to: "id@first day", the id, and the insurance it is read for."""

    rule: str
    rule_id: str
    insurance: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes a table must not leave out."""
        return BASIC_CLASSES.get(self.insurance, ())


def read_condition(row: Reader, level_fact: str = "level") -> Condition:
    """Return the tests that a row states; none of the fields need stand."""
    one_of = [
        (level_fact, _expanded(row.words("levels", LEVELS), LEVELS)),
        ("member_class", _expanded(row.words("classes", CLASSES), CLASSES)),
        ("sex", frozenset(_SEXES[word] for word in row.words("sexes", _SEXES))),
        ("kind", frozenset(row.words("kinds", KINDS))),
        ("insurance", frozenset(row.words("insurances", frozenset(Insurance)))),
        ("area", frozenset(row.words("areas", AREAS))),
        ("filing", frozenset(row.words("filings", FILINGS))),
        ("institution", frozenset(row.words("institutions"))),
        ("disease", frozenset(row.words("diseases"))),
    ]
    if row.has("emergency"):
        yes = row.flag("emergency", default=False)
        one_of.append(("emergency", frozenset({"yes" if yes else "no"})))
    some_of = [
        ("standings", frozenset(row.words("standings"))),
        ("tags", frozenset(row.words("tags"))),
        ("holding", frozenset(row.words("holding", _HOLDINGS))),
    ]
    none_of = [
        ("standings", frozenset(row.words("without_standings"))),
        ("tags", frozenset(row.words("without_tags"))),
        ("holding", frozenset(row.words("not_holding", _HOLDINGS))),
    ]
    begins = [("diagnoses", row.words("diagnoses")), ("place", row.words("places"))]
    found = Condition(
        one_of=tuple((name, words) for name, words in one_of if words),
        some_of=tuple((name, words) for name, words in some_of if words),
        none_of=tuple((name, words) for name, words in none_of if words),
        begins=tuple((name, words) for name, words in begins if words),
        age=_range(row, "age_from", "age_below", 0, AGE_MAX),
        ordinal=_range(row, "ordinal_from", "ordinal_to", 1, ORDINAL_MAX),
    )
    return ALWAYS if found == ALWAYS else found


def _expanded(words: tuple[str, ...], tree: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(one for word in words for one in tree[word])


def _range(row: Reader, first: str, last: str, least: int, most: int) -> tuple[int, int] | None:
    if not row.has(first) and not row.has(last):
        return None
    lower, upper = row.count(first, least), row.count(last, most)
    if lower < least or upper < lower or (upper == lower and first == "age_from"):
        row.fail(f"{first} {lower} to {last} {upper} holds for nobody")
    return lower, upper


def read_table(
    reader: Reader,
    plural: str,
    take: Callable[[Reader], T],
    context: Context,
    *,
    level_fact: str = "level",
    whole: bool = True,
) -> Table[T]:
    """Return the table of a list of rows, or where the list is absent the one cell for everybody.

    `whole`: no class or age of a level named may be left out. Raises: ValueError also for a row
    that is never reached.
    """
    if not reader.has(plural):
        return always(take(reader))
    rows: list[tuple[Condition, T]] = []
    named: list[tuple[Condition, str]] = []
    for row in reader.tables(plural):
        condition = read_condition(row, level_fact)
        rows.append((condition, take(row)))
        named.append((condition, row.where))
        row.done()
    if not rows:
        reader.fail(f"{plural} is empty; leave the rule out instead")
    check_reached(named)
    if whole:
        check_whole((one for one, _ in rows), context.classes, f"{reader.where}, {plural}")
    return Table(tuple(rows))


def read_meter(
    reader: Reader,
    context: Context,
    counts: tuple[str, ...],
    *,
    per: str = "year",
    suffix: str = "",
    name_key: str = "used",
    per_key: str = "per",
) -> Meter | None:
    """Return the running sum a rule is held against; None for a single visit without a name.

    `per` is its period; `used` its name, for rules that share one, else the rule's id.
    """
    period = reader.word(per_key, PERIODS, default=per)
    by_disease = reader.flag("by_disease", default=False)
    named = reader.has(name_key)
    name = reader.word(name_key, default=f"{context.rule_id}{suffix}")
    if "@" in name or "#" in name:
        reader.fail(f"{name_key} is {name!r}; a name holds no @ and no #")
    if period == "visit" and not named:
        return None
    return Meter(name, counts, period, by_disease)


def read_explicit_meter(reader: Reader, counts: tuple[str, ...]) -> Meter:
    """Return the meter of an accumulator rule."""
    times = COUNTED_IN_TIMES.intersection(counts)
    if times and len(counts) > 1:
        reader.fail(f"{sorted(times)} are times and cannot be added to amounts")
    return Meter(
        reader.word("name"),
        counts,
        reader.word("per", PERIODS, default="year"),
        reader.flag("by_disease", default=False),
    )


def read_numbers(row: Reader, key: str) -> frozenset[int]:
    """Return the bands that a row names by their numbers, from 1; none where the field is missing.

    They are written as words, as every list of names is.
    """
    words = row.words(key)
    if not all(_NUMBER.fullmatch(word) for word in words):
        row.fail(f"{key} is {words}; write their numbers as words, such as '1'")
    return frozenset(int(word) for word in words)


def read_rounding(reader: Reader) -> Rounding:
    """Return the rounding a rule names; half-up to the fen, of the payer's part, per band."""
    return Rounding(
        mode=reader.word("rounding", MODES, default="half_up"),
        step_fen=STEPS_FEN[reader.word("rounded_to", STEPS_FEN, default="fen")],
        of_person=reader.word("rounded", {"fund", "person"}, default="fund") == "person",
        of_sum=reader.word("rounded_per", {"band", "sum"}, default="band") == "sum",
    )


def read_bands(
    row: Reader,
    rule: str,
    edges: tuple[int, ...],
    key: str,
) -> tuple[Band, ...]:
    """Return the bands between edges with their ratios; a row may state edges of its own.

    `others`: what further funds pay of the same bands. Raises: ValueError for edges that do not
    rise, ratios that are not one more than the edges, or payers that give more than the whole.
    """
    if row.has("edges"):
        edges = row.moneys("edges")
    rates = row.rates(key)
    if len(rates) != len(edges) + 1:
        row.fail(f"{len(edges)} edges make {len(edges) + 1} bands, but {len(rates)} ratios stand")
    others: list[list[tuple[FundPayType, int]]] = [[] for _ in rates]
    for other in row.tables("others"):
        payer = FundPayType(other.word("payer", FUNDS))
        pays = other.rates("pays")
        if len(pays) != len(rates):
            other.fail(f"{len(rates)} bands, but {len(pays)} ratios stand")
        for found, rate_bp in zip(others, pays, strict=True):
            if rate_bp:
                found.append((payer, rate_bp))
        other.done()
    bounds = (0, *edges, ENDLESS)
    for lower, upper in pairwise(bounds):
        if upper <= lower:
            row.fail(f"the band from {lower} to below {upper} fen is never reached")
    bands = []
    for number, (rate_bp, more) in enumerate(zip(rates, others, strict=True), start=1):
        if rate_bp + sum(one for _, one in more) > 10_000:
            row.fail(f"band {number}: the payers together give more than 100 percent")
        bands.append(
            Band(f"{rule}/{number}", bounds[number - 1], bounds[number], rate_bp, tuple(more))
        )
    return tuple(bands)
