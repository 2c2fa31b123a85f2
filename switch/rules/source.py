"""Policy files to dated terms: structure, lines, days in force, gaps and overlaps, canonical form.

A file is TOML: `region`, optionally `demonstration = true`, a `[given]` table of what holds for all
its rules, then `[[rule]]` tables, each with `id`, `type`, `insurances`, `kinds` and its
`[[rule.value]]` tables in order of their first day; a rule with one value may hold it itself.
`as_before = true` repeats the former value under another evidence. Manual: `docs/policy.md`.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from switch.model.codes import FilingKind, Insurance
from switch.model.ids import parse_region
from switch.rules.number import Number
from switch.rules.read import READERS
from switch.rules.read_rows import Context
from switch.rules.terms import Term
from switch.rules.values import EVIDENCE, META, UNITS, Reader, parse_day
from switch.rules.words import AREAS, CARDS, FILING, KINDS

DAY: Final = timedelta(days=1)

_TOP: Final = frozenset({"region", "demonstration", "name", "given", "rule", "item"})
_HEAD: Final = frozenset({"id", "type", "insurances", "kinds", "filings", "area", "value"})
_GIVEN: Final = META | {"insurances", "kinds"}
_UNIT: Final = "yuan, percent"
_RULE: Final = re.compile(r"\s*\[\[\s*rule\s*\]\]")
_VALUE: Final = re.compile(r"\s*\[\[\s*rule\s*\.\s*value\s*\]\]")


@dataclass(frozen=True, slots=True)
class DatedTerm:
    """A term in force from `since` to `until`, both days included; `until` None is open-ended.

    `term` None: the value says that there is nothing, such as no ceiling.
    """

    since: date
    until: date | None
    term: Term | None
    where: str
    evidence: str
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a file for one insurance: its terms in order of their first day.

    `kinds`: kinds of care, of a `filing` rule kinds of filing, of a rule of cards its own type.
    """

    where: str
    rule_id: str
    kind_of_rule: str
    insurance: str
    kinds: tuple[str, ...]
    area: str
    terms: tuple[DatedTerm, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One region's files, read: its rules, and the catalogue items that stand beside them."""

    region: str
    hash: str
    rules: tuple[Rule, ...]
    items: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """A rule as it is written, with the lines of its head and of its values."""

    file: str
    line: int
    table: Mapping[str, object]
    values: tuple[tuple[int, Mapping[str, object]], ...]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}: rule {self.table.get('id')}"


def read_files(texts: Mapping[str, str]) -> Source:
    """Return what one region's files (name → TOML text) say.

    Raises: ValueError naming file, line, rule and what is wrong.
    """
    regions: set[str] = set()
    written: dict[str, _Written] = {}
    items: list[Mapping[str, object]] = []
    for name in sorted(texts):
        document = parse_toml(name, texts[name])
        unknown = sorted(set(document) - _TOP)
        if unknown:
            raise ValueError(f"{name}: unknown fields {unknown}")
        try:
            regions.add(parse_region(str(document.get("region", ""))))
        except ValueError as error:
            raise ValueError(f"{name}: region: {error}") from error
        items += _tables(name, "item", document.get("item", []))
        for one in _written(name, texts[name], document):
            rule_id = str(one.table["id"])
            if rule_id in written:
                raise ValueError(f"{one.where}: the id stands twice")
            written[rule_id] = one
    if len(regions) != 1:
        raise ValueError(f"{', '.join(sorted(texts))}: one book is of one region, not {regions}")
    region = next(iter(regions))
    canonical = {
        rule_id: {
            **{key: item for key, item in one.table.items() if key in _HEAD},
            "value": [value for _, value in one.values],
        }
        for rule_id, one in written.items()
    }
    text = json.dumps(
        {"region": region, "rules": canonical, "items": sorted(items, key=repr)},
        sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str,
    )  # fmt: skip
    rules = tuple(rule for one in written.values() for rule in _read_rule(one))
    return Source(region, hashlib.sha256(text.encode()).hexdigest(), rules, tuple(items))


def parse_toml(name: str, text: str) -> dict[str, object]:
    """Return a TOML document whose decimals are exact. Raises: ValueError naming file and line."""
    try:
        return tomllib.loads(text, parse_float=Number)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: not TOML: {error}") from error


def _tables(where: str, key: str, value: object) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(f"{where}: write [[{key}]] tables")
    return value


def _written(name: str, text: str, document: Mapping[str, object]) -> list[_Written]:
    """Return the rules of a file with what `[given]` says written into each."""
    given = document.get("given", {})
    if not isinstance(given, dict):
        raise ValueError(f"{name}: write [given] as a table")
    unknown = sorted(set(given) - _GIVEN)
    if unknown:
        raise ValueError(f"{name}: [given] holds {unknown}; it may hold {sorted(_GIVEN)}")
    lines = _lines(text)
    found = []
    for number, table in enumerate(_tables(name, "rule", document.get("rule", []))):
        line, value_lines = lines[number] if number < len(lines) else (0, [])
        where = f"{name}:{line}"
        if not isinstance(table.get("id"), str) or not table["id"]:
            raise ValueError(f"{where}: a rule has no id")
        where = f"{where}: rule {table['id']}"
        alone = table.get("type") in CARDS | {FILING}
        shared = ("insurances",) if alone else ("insurances", "kinds")
        head = {key: given[key] for key in shared if key in given}
        head |= {key: item for key, item in table.items() if key in _HEAD}
        own = {key: item for key, item in table.items() if key not in _HEAD}
        values = _tables(where, "rule.value", table.get("value", [own]))
        if "value" in table and own:
            raise ValueError(
                f"{where}: {sorted(own)} stand beside [[rule.value]] tables; "
                "write them into each value"
            )
        if not values:
            raise ValueError(f"{where}: no [[rule.value]]")
        meta = {key: item for key, item in given.items() if key in META}
        full = [{**meta, **value} for value in _repeated(where, values)]
        places = [*value_lines, *([line] * len(full))]
        found.append(_Written(name, line, head, tuple(zip(places, full, strict=False))))
    return found


def _lines(text: str) -> list[tuple[int, list[int]]]:
    """Return the line of each [[rule]] and of its [[rule.value]] tables, in order."""
    found: list[tuple[int, list[int]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if _RULE.match(line):
            found.append((number, []))
        elif _VALUE.match(line) and found:
            found[-1][1].append(number)
    return found


def _repeated(where: str, values: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the values with `as_before = true` written out."""
    written: list[dict[str, object]] = []
    for value in values:
        current = dict(value)
        as_before = current.pop("as_before", False)
        if not isinstance(as_before, bool):
            raise ValueError(f"{where}: as_before is {as_before!r}; write true")
        if as_before:
            if not written:
                raise ValueError(f"{where}: as_before has no value before it")
            extra = sorted(set(current) - META)
            if extra:
                raise ValueError(f"{where}: as_before stands beside {extra}")
            kept = META - {"unit"}
            current = {k: v for k, v in written[-1].items() if k not in kept} | current
        written.append(current)
    return written


def _read_rule(one: _Written) -> list[Rule]:
    head = Reader(one.table, one.where, frozenset())
    rule_id, kind_of_rule = head.word("id"), head.word("type", READERS)
    insurances = head.words("insurances", frozenset(Insurance))
    for_filings = kind_of_rule == FILING
    kinds = head.words("filings", FilingKind) if for_filings else head.words("kinds", KINDS)
    if kind_of_rule in CARDS:
        if kinds:
            head.fail("a rule of cards names neither `kinds` nor `filings`")
        kinds = (kind_of_rule,)
    if not insurances or not kinds:
        head.fail(
            "a rule is for at least one insurance and one kind of "
            + ("filing" if for_filings else "care")
        )
    if head.has("kinds" if for_filings else "filings"):
        head.fail("a filing rule names `filings`, any other `kinds`")
    if head.has("area") and kind_of_rule != "cross_city":
        head.fail("only cross_city rules name an area")
    area = head.word("area", AREAS, default="province")
    rules = []
    for insurance in insurances:
        terms: list[DatedTerm] = []
        for line, value in one.values:
            where = f"{one.file}:{line}: rule {rule_id}"
            dated = _read_value(where, rule_id, kind_of_rule, value, insurance)
            if terms:
                _check_joint(where, terms[-1], dated)
            terms.append(dated)
        rules.append(Rule(one.where, rule_id, kind_of_rule, insurance, kinds, area, tuple(terms)))
    return rules


def _read_value(
    where: str, rule_id: str, kind_of_rule: str, value: Mapping[str, object], insurance: str
) -> DatedTerm:
    since = parse_day(value.get("since"), "since", where)
    here = f"{where} from {since}"
    until = parse_day(value["until"], "until", here) if "until" in value else None
    if until is not None and until < since:
        raise ValueError(f"{here}: until {until} lies before its first day")
    unit = value.get("unit", _UNIT)
    units = frozenset(word.strip() for word in str(unit).split(","))
    if not units <= UNITS:
        raise ValueError(f"{here}: unit is {unit!r}; write words of {', '.join(sorted(UNITS))}")
    reader = Reader(value, here, units)
    evidence = reader.word("evidence", EVIDENCE, default="seen_on")
    source = reader.word("source")
    noted = evidence == "assumed" or reader.has("note")
    note = reader.word("note") if noted else ""
    term = READERS[kind_of_rule](reader, Context(f"{rule_id}@{since}", rule_id, insurance))
    reader.done()
    return DatedTerm(since, until, term, here, evidence, source, note)


def _check_joint(where: str, before: DatedTerm, after: DatedTerm) -> None:
    """Refuse a gap or an overlap between two values of one rule.

    A value without `until` ends the day before the next begins.
    """
    if after.since <= before.since:
        raise ValueError(f"{where}: {after.since} does not follow {before.since}")
    if before.until is None:
        return
    if before.until >= after.since:
        raise ValueError(
            f"{where}: the value until {before.until} overlaps the one from {after.since}"
        )
    if before.until + DAY != after.since:
        raise ValueError(
            f"{where}: no value from {before.until + DAY} to {after.since - DAY} (gap)"
        )


def last_day(terms: tuple[DatedTerm, ...], number: int) -> date | None:
    """Return the last day of a rule's value: its own, or the day before the next begins."""
    if terms[number].until is not None or number + 1 == len(terms):
        return terms[number].until
    return terms[number + 1].since - DAY
