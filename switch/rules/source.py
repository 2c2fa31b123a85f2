"""Policy files to dated terms: structure, days in force, gaps and overlaps, canonical form.

A file is TOML: `region`, optionally `demonstration = true`, then `[[rule]]` tables, each with
`id`, `type`, `insurances`, `kinds` and its `[[rule.value]]` tables in order of their first day.
`as_before = true` repeats the former value under another evidence.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from switch.model.codes import Kind
from switch.model.ids import parse_region
from switch.rules.read import READERS
from switch.rules.terms import Term
from switch.rules.values import CLASSES, EVIDENCE, Reader, parse_day

DAY: Final = timedelta(days=1)

_HEAD: Final = frozenset({"id", "type", "insurances", "kinds", "area", "value"})
_AREAS: Final = frozenset({"home", "province"})
_META: Final = frozenset({"since", "until", "evidence", "source", "note"})


@dataclass(frozen=True, slots=True)
class DatedTerm:
    """A term in force from `since` to `until`, both days included; `until` None is open-ended."""

    since: date
    until: date | None
    term: Term


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a file for one insurance: its terms in order of their first day."""

    where: str
    rule_id: str
    kind_of_rule: str
    insurance: str
    kinds: tuple[str, ...]
    area: str
    terms: tuple[DatedTerm, ...]


def read_files(texts: Mapping[str, str]) -> tuple[str, str, tuple[Rule, ...]]:
    """Return (region, canonical hash, rules) of one region's files.

    Raises: ValueError naming file, rule and what is wrong.
    """
    regions: set[str] = set()
    tables: list[tuple[str, dict[str, object]]] = []
    for name in sorted(texts):
        try:
            document = tomllib.loads(texts[name])
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{name}: not TOML: {error}") from error
        unknown = sorted(set(document) - {"region", "demonstration", "rule"})
        if unknown:
            raise ValueError(f"{name}: unknown fields {unknown}")
        try:
            regions.add(parse_region(str(document.get("region", ""))))
        except ValueError as error:
            raise ValueError(f"{name}: region: {error}") from error
        tables += [(name, table) for table in document.get("rule", [])]
    if len(regions) != 1:
        raise ValueError(f"{', '.join(sorted(texts))}: one book is of one region, not {regions}")
    rules: list[Rule] = []
    canonical: dict[str, object] = {}
    for name, table in tables:
        rule_id, values = _check_head(name, table, canonical)
        canonical[rule_id] = {**table, "value": values}
        rules += _read_rule(f"{name}: rule {rule_id}", rule_id, table, values)
    region = next(iter(regions))
    text = json.dumps(
        {"region": region, "rules": canonical},
        sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=date.isoformat,
    )  # fmt: skip
    return region, hashlib.sha256(text.encode()).hexdigest(), tuple(rules)


def _check_head(
    name: str, table: Mapping[str, object], seen: Mapping[str, object]
) -> tuple[str, list[dict[str, object]]]:
    rule_id = table.get("id")
    if not isinstance(rule_id, str) or not rule_id:
        raise ValueError(f"{name}: a rule has no id")
    where = f"{name}: rule {rule_id}"
    if rule_id in seen:
        raise ValueError(f"{where}: the id stands twice")
    unknown = sorted(set(table) - _HEAD)
    if unknown:
        raise ValueError(f"{where}: unknown fields {unknown}")
    if table.get("type") not in READERS:
        raise ValueError(f"{where}: type {table.get('type')!r} is none of {sorted(READERS)}")
    if (table.get("type") == "cross_city") != ("area" in table):
        raise ValueError(f"{where}: cross_city rules, and only they, name an area")
    if table.get("area", "home") not in _AREAS:
        raise ValueError(f"{where}: area {table['area']!r} is none of {sorted(_AREAS)}")
    values = table.get("value")
    if not isinstance(values, list) or not values:
        raise ValueError(f"{where}: no [[rule.value]]")
    return rule_id, _repeat_values(where, values)


def _repeat_values(where: str, values: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the values with `as_before = true` written out."""
    written: list[dict[str, object]] = []
    for value in values:
        current = dict(value)
        if current.pop("as_before", False):
            if not written:
                raise ValueError(f"{where}: as_before has no value before it")
            extra = sorted(set(current) - _META)
            if extra:
                raise ValueError(f"{where}: as_before stands beside {extra}")
            before = {key: item for key, item in written[-1].items() if key not in _META}
            current = {**before, **current}
        written.append(current)
    return written


def _read_rule(
    where: str, rule_id: str, table: Mapping[str, object], values: list[dict[str, object]]
) -> list[Rule]:
    head = Reader({key: table[key] for key in table if key != "value"}, where, frozenset())
    kind_of_rule = head.word("type")
    insurances = head.words("insurances", frozenset(CLASSES))
    kinds = head.words("kinds", frozenset(Kind))
    if not insurances or not kinds:
        head.fail("a rule is for at least one insurance and one kind of care")
    area = head.word("area") if head.has("area") else ""
    rules = []
    for insurance in insurances:
        terms: list[DatedTerm] = []
        for value in values:
            dated = _read_value(where, rule_id, kind_of_rule, value, CLASSES[insurance])
            if terms:
                _check_joint(where, terms[-1], dated)
            terms.append(dated)
        rules.append(Rule(where, rule_id, kind_of_rule, insurance, kinds, area, tuple(terms)))
    return rules


def _read_value(
    where: str,
    rule_id: str,
    kind_of_rule: str,
    value: Mapping[str, object],
    classes: tuple[str, ...],
) -> DatedTerm:
    since = parse_day(value.get("since"), "since", where)
    here = f"{where} from {since}"
    until = parse_day(value["until"], "until", here) if "until" in value else None
    if until is not None and until < since:
        raise ValueError(f"{here}: until {until} lies before its first day")
    unit = value.get("unit")
    if not isinstance(unit, str):
        raise ValueError(f"{here}: unit is missing; write e.g. 'yuan, percent', or 'none'")
    reader = Reader(value, here, frozenset(word.strip() for word in unit.split(",")))
    evidence = reader.word("evidence", EVIDENCE)
    reader.word("source")
    if evidence == "assumed" or reader.has("note"):
        reader.word("note")
    term = READERS[kind_of_rule](reader, f"{rule_id}@{since}", classes)
    reader.done(top=True)
    return DatedTerm(since, until, term)


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
