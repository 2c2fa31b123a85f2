"""Two books laid over one another: per insurance, kind and rule, what changed from when to when."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from switch.compare.facets import ORDER, Facets, facets, item_facets
from switch.rules.book import RuleBook, key_of
from switch.rules.catalogue import Catalogue
from switch.rules.source import DAY, DatedTerm, Rule, last_day

SOURCES = ("依据 source", "证据 evidence", "说明 note")
"""Facets of where a value comes from, beside the value itself."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the same. None: it does not stand there at all."""

    name: str
    before: str | None
    after: str | None

    @property
    def of_source(self) -> bool:
        """Whether only where the value comes from differs."""
        return self.name in SOURCES


@dataclass(frozen=True, slots=True)
class Change:
    """What differs in one rule over a stretch of days. `until` None: from then on.

    `before`, `after`: the rule ids, "" where the book has none. `insurance` "" is the catalogue.
    """

    insurance: str
    kinds: tuple[str, ...]
    key: str
    before: str
    after: str
    since: date
    until: date | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Spell:
    """A value in force over some days, taken apart."""

    since: date
    until: date | None
    rule_id: str
    facets: Facets


def compare(before: RuleBook, after: RuleBook) -> tuple[Change, ...]:
    """Return every change between two books, in order of insurance, rule and day.

    Kinds of care for which a rule changes alike stand in one change.
    """
    ours, theirs = _timelines(before), _timelines(after)
    joined: dict[Change, list[str]] = {}
    for insurance, kind, key in sorted(ours.keys() | theirs.keys()):
        name = (insurance, kind, key)
        for since, until, one, other in _stretches(ours.get(name, ()), theirs.get(name, ())):
            found = tuple(_differences(one, other))
            if found:
                change = Change(
                    insurance, (), key, one.rule_id if one else "", other.rule_id if other else "",
                    since, until, found,
                )  # fmt: skip
                joined.setdefault(change, []).append(kind)
    changes = [
        Change(c.insurance, tuple(kinds), c.key, c.before, c.after, c.since, c.until, c.differences)
        for c, kinds in joined.items()
    ]
    changes += _items(before.catalogue, after.catalogue)
    return tuple(sorted(changes, key=lambda c: (c.insurance == "", c.insurance, c.kinds, c.key,
                                                c.since)))  # fmt: skip


def _timelines(book: RuleBook) -> dict[tuple[str, str, str], list[_Spell]]:
    found: dict[tuple[str, str, str], list[_Spell]] = {}
    for rule in book.rules:
        for number, dated in enumerate(rule.terms):
            spell = _spell(rule, dated, last_day(rule.terms, number))
            for kind in rule.kinds:
                name = (rule.insurance, kind, key_of(rule, dated.term))
                found.setdefault(name, []).append(spell)
    for spells in found.values():
        spells.sort(key=lambda spell: spell.since)
    return found


def _spell(rule: Rule, dated: DatedTerm, until: date | None) -> _Spell:
    taken = {
        **facets(dated.term),
        SOURCES[0]: dated.source,
        SOURCES[1]: dated.evidence,
        SOURCES[2]: dated.note or "–",
    }
    return _Spell(dated.since, until, rule.rule_id, taken)


def _stretches(
    ours: Sequence[_Spell], theirs: Sequence[_Spell]
) -> Iterator[tuple[date, date | None, _Spell | None, _Spell | None]]:
    """Yield the stretches of days over which neither side changes, with what holds on each side.

    Neighbouring stretches that differ alike, on one value each, are not joined: each is a value.
    """
    days = {spell.since for spell in (*ours, *theirs)}
    days |= {spell.until + DAY for spell in (*ours, *theirs) if spell.until is not None}
    starts = sorted(days)
    for number, since in enumerate(starts):
        until = starts[number + 1] - DAY if number + 1 < len(starts) else None
        one, other = _holding(ours, since), _holding(theirs, since)
        if one is not None or other is not None:
            yield since, until, one, other


def _holding(spells: Sequence[_Spell], on: date) -> _Spell | None:
    for spell in spells:
        if spell.since <= on and (spell.until is None or on <= spell.until):
            return spell
    return None


def _differences(one: _Spell | None, other: _Spell | None) -> Iterator[Difference]:
    before: Mapping[str, str] = {} if one is None else one.facets
    after: Mapping[str, str] = {} if other is None else other.facets
    names = [*before, *(name for name in after if name not in before)]
    for name in names:
        old, new = before.get(name), after.get(name)
        if old != new and (not name.endswith(ORDER) or _same_rows(old, new)):
            yield Difference(name, old, new)


def _same_rows(before: str | None, after: str | None) -> bool:
    """Say whether the rows are the same but for their order; new rows are told by themselves."""
    if before is None or after is None:
        return False
    return sorted(before.split("；")) == sorted(after.split("；"))


def _items(before: Catalogue | None, after: Catalogue | None) -> Iterator[Change]:
    both = [one for one in (before, after) if one is not None]
    for code in sorted({code for catalogue in both for code in catalogue.latest}):
        one, other = (
            [_item_spell(item) for item in (catalogue.spells(code) if catalogue else ())]
            for catalogue in (before, after)
        )
        for since, until, left, right in _stretches(one, other):
            found = tuple(_differences(left, right))
            if found:
                yield Change("", (), f"item {code}", left.rule_id if left else "",
                             right.rule_id if right else "", since, until, found)  # fmt: skip


def _item_spell(item: object) -> _Spell:
    taken = dict(item_facets(item))
    since, until = taken.pop("since"), taken.pop("until")
    return _Spell(
        date.fromisoformat(since),
        date.fromisoformat(until) if until[0].isdigit() else None,
        taken.get("code", ""),
        taken,
    )
