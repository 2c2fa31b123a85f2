"""A region's rule book: every policy compiled per insurance and kind into dated plans.

A look-up by service date is a dictionary access and a bisection; nothing is resolved while a
claim waits.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from typing import Any, Final, TypeVar

from switch.model.codes import INPATIENT_KINDS, SPECIAL_KINDS
from switch.rules.catalogue import Catalogue
from switch.rules.condition import ALWAYS, Condition
from switch.rules.filing import FilingTerms
from switch.rules.source import DAY, DatedTerm, Rule, last_day, read_files
from switch.rules.terms import (
    AccountUse,
    Accumulator,
    Adjustments,
    Bands,
    Ceiling,
    ClassRatio,
    Cover,
    CrossCity,
    Dates,
    Deductible,
    Entitlement,
    FlatGroup,
    FurtherPayer,
    Hospital,
    Identity,
    Meter,
    Plan,
    ScopeTerms,
    Segments,
    SpecialDiseases,
    SpecialModes,
    Term,
    Year,
)
from switch.rules.words import ADMISSIONS, AREAS, FILING, LEVELS

T = TypeVar("T")

_DEFAULT: Final = "default"
_SCOPE: Final = ScopeTerms(
    _DEFAULT, "care", "care", (),
    (ClassRatio(_DEFAULT, frozenset(), frozenset(), ALWAYS, 10_000),),
)  # fmt: skip
"""Without a rule: the place of care's catalogue, and what it does not hold is own expense."""
_MODES: Final = SpecialModes(
    _DEFAULT,
    {area: {"*": "open" if area == "home" else "refuse"} for area in AREAS},
    frozenset(LEVELS),
    items_listed=False,
)
_ONCE: Final = frozenset(
    {
        "cover", "dates", "year", "scope", "segments", "deductible", "bands", "account",
        "identity", "entitlement",
    }
)  # fmt: skip
"""Types of which one value holds on every covered day, once a book has the type for a kind."""


@dataclass(frozen=True, slots=True)
class NotCovered:
    """A policy that names a kind of care and does not cover it."""

    cover: Cover


Held = Plan | NotCovered | None
"""What is held for a day; None: no complete policy."""
Filings = tuple[tuple[date, ...], tuple[FilingTerms | None, ...]]
"""First days, and what is said of a kind of filing from each on; None: nothing."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One region's policies. `hash` is the SHA-256 of the canonical form, hex.

    `catalogue` holds the items that stand in the policy's own files, or is None.
    """

    region: str
    hash: str
    plans: Mapping[tuple[str, str], tuple[tuple[date, ...], tuple[Held, ...]]]
    catalogue: Catalogue | None
    filings: Mapping[tuple[str, str], Filings] = field(default_factory=dict)
    """(insurance, kind of filing) → first days, and what is said of it from each on."""

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> "RuleBook":
        """Return the book of one region's files (name → TOML text).

        Raises: ValueError naming file, line, rule and what is wrong: fields, units, ratios, gaps,
        overlaps, unreachable bands and rows, a covered kind without bands.
        """
        source = read_files(texts)
        rules = [rule for rule in source.rules if rule.kind_of_rule != FILING]
        filed = [rule for rule in source.rules if rule.kind_of_rule == FILING]
        plans = {key: _compile(source.region, key[0], key[1], rules) for key in _keys(rules)}
        filings = {key: _compile_filings(*key, filed) for key in _keys(filed)}
        items = Catalogue.of_items(source.region, source.items) if source.items else None
        return cls(source.region, source.hash, plans, items, filings)

    def held(self, insurance: str, kind: str, on: date) -> Held:
        """Return what is held for an insurance and kind of care on a day."""
        dated = self.plans.get((insurance, kind))
        if dated is None:
            return None
        at = bisect_right(dated[0], on)
        return dated[1][at - 1] if at else None

    def filing_terms(self, insurance: str, kind: str, on: date) -> FilingTerms | None:
        """Return what is said of taking a kind of filing on a day; None: it is not taken."""
        days, terms = self.filings.get((insurance, kind), ((), ()))
        at = bisect_right(days, on)
        return terms[at - 1] if at else None

    def diseases(self, insurance: str, on: date) -> frozenset[str] | None:
        """Return the special diseases listed on a day; None where no list is held."""
        plans = [self.held(insurance, kind, on) for kind in sorted(SPECIAL_KINDS)]
        lists = [
            plan.special_diseases.names
            for plan in plans
            if isinstance(plan, Plan) and plan.special_diseases is not None
        ]
        return frozenset().union(*lists) if lists else None


@dataclass(frozen=True, slots=True)
class _Active:
    """A term with its key (one term per key and day) and its days."""

    key: str
    since: date
    until: date | None
    dated: DatedTerm

    @property
    def where(self) -> str:
        return self.dated.where

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)


def _keys(rules: Iterable[Rule]) -> list[tuple[str, str]]:
    return sorted({(rule.insurance, kind) for rule in rules for kind in rule.kinds})


def _active(rules: Iterable[Rule], insurance: str, kind: str) -> list[_Active]:
    return [
        _Active(_key(rule, dated.term), dated.since, last_day(rule.terms, number), dated)
        for rule in rules
        if rule.insurance == insurance and kind in rule.kinds
        for number, dated in enumerate(rule.terms)
    ]


def _starts(active: Iterable[_Active]) -> tuple[date, ...]:
    days = {item.since for item in active}
    days |= {item.until + DAY for item in active if item.until is not None}
    return tuple(sorted(days))


def _compile_filings(insurance: str, kind: str, rules: list[Rule]) -> Filings:
    active = _active(rules, insurance, kind)
    starts = _starts(active)
    found: list[FilingTerms | None] = []
    for on in starts:
        holding = _holding(on, active, f"insurance {insurance}, filing {kind}")
        found.append(
            _one([one.dated.term for one in holding.values() if one.dated.term], FilingTerms)
        )
    return starts, tuple(found)


def _holding(on: date, active: Iterable[_Active], where: str) -> dict[str, _Active]:
    """Return the values that hold on a day by key. Raises: ValueError where two overlap."""
    found: dict[str, _Active] = {}
    for item in active:
        if item.holds(on):
            if item.key in found:
                raise ValueError(
                    f"{item.where}: on {on} it overlaps {found[item.key].where} "
                    f"({item.key}, {where})"
                )
            found[item.key] = item
    return found


def _compile(
    region: str, insurance: str, kind: str, rules: list[Rule]
) -> tuple[tuple[date, ...], tuple[Held, ...]]:
    active = _active(rules, insurance, kind)
    starts = _starts(active)
    return starts, tuple(_plan(region, insurance, kind, on, active) for on in starts)


def _key(rule: Rule, term: Term | None) -> str:
    match term:
        case Accumulator():
            return f"accumulator {term.meter.name}"
        case FurtherPayer():
            return f"payer {term.order} {term.payer}"
        case CrossCity():
            return f"cross_city {rule.area}"
        case Adjustments() | FlatGroup():
            return f"{rule.kind_of_rule} {rule.rule_id}"
        case _:
            # Several ceilings may hold at once; one of them alone may say that there is none.
            named = rule.kind_of_rule == "ceiling"
            return f"ceiling {rule.rule_id}" if named else rule.kind_of_rule


def _plan(region: str, insurance: str, kind: str, on: date, active: list[_Active]) -> Held:
    found = _holding(on, active, f"insurance {insurance}, kind {kind}")
    terms = [item.dated.term for item in found.values() if item.dated.term is not None]
    cover = _one(terms, Cover)
    bands = _one(terms, Bands)
    if cover is None and any(item.key == "cover" for item in active):
        return None
    if cover is not None and not cover.covered:
        return NotCovered(cover)
    if bands is None:
        if cover is None:
            return None
        raise ValueError(
            f"{found['cover'].where}: insurance {insurance}, kind {kind} on {on}: covered, but no "
            "bands rule holds (gap)"
        )
    where = f"{found['bands'].where}: insurance {insurance}, kind {kind} on {on}"
    for key in sorted({item.key for item in active if item.key in _ONCE} - set(found)):
        raise ValueError(f"{where}: covered, but no {key} rule holds (gap)")
    if cover is None:
        stay = kind in INPATIENT_KINDS
        cover = Cover(_DEFAULT, True, frozenset({"none"}), "21" if stay else "11")
    identity = _one(terms, Identity)
    segments = _one(terms, Segments)
    modes: SpecialModes | None = None
    if kind not in INPATIENT_KINDS:
        found_modes = _one(terms, SpecialModes)
        modes = _MODES if found_modes is None else found_modes
    plan = Plan(
        region=region,
        insurance=insurance,
        kind=kind,
        since=on,
        cover=cover,
        identity_accepted=identity is not None and identity.accepted,
        dates=_one(terms, Dates) or Dates(_DEFAULT, "service", "service", "service", "service"),
        year=_one(terms, Year) or Year(_DEFAULT, 1, 1),
        entitlement=_one(terms, Entitlement),
        scope=_one(terms, ScopeTerms) or _SCOPE,
        segments=segments.segments if segments else (),
        deductible=_one(terms, Deductible),
        bands=bands,
        ceilings=tuple(sorted(_all(terms, Ceiling), key=lambda one: one.name)),
        adjustments=tuple(_all(terms, Adjustments)),
        account=_one(terms, AccountUse) or AccountUse(_DEFAULT, ()),
        areas={
            key.split()[1]: term.dated.term
            for key, term in found.items()
            if isinstance(term.dated.term, CrossCity)
        },
        special_modes=modes,
        special_diseases=_one(terms, SpecialDiseases),
        flat=tuple(_all(terms, FlatGroup)),
        payers=tuple(sorted(_all(terms, FurtherPayer), key=lambda one: (one.order, one.payer))),
        hospital=_one(terms, Hospital),
        meters=_meters(terms, where),
        reads_ordinal=_ordinal_meter(terms),
    )
    lists = plan.special_diseases is not None
    if kind in SPECIAL_KINDS and not lists and _one(terms, SpecialModes) is not None:
        raise ValueError(f"{where}: covered, but no special_disease_list rule holds (gap)")
    _check_joined(plan, where)
    return plan


def _one(terms: list[Term], expected: type[T]) -> T | None:
    return next((term for term in terms if isinstance(term, expected)), None)


def _all(terms: list[Term], expected: type[T]) -> Iterator[T]:
    return (term for term in terms if isinstance(term, expected))


def _parts(thing: Any, wanted: type[T]) -> Iterator[T]:
    """Yield every part of a term, however deep, that is of a type."""
    if isinstance(thing, wanted):
        yield thing
    elif isinstance(thing, tuple | list):
        for one in thing:
            yield from _parts(one, wanted)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from _parts(getattr(thing, field.name), wanted)


def _ordinal_meter(terms: list[Term]) -> str:
    deductible = _one(terms, Deductible)
    asked = any(condition.ordinal for condition in _parts(terms, Condition))
    if not asked and not (deductible and deductible.ordinals_bp):
        return ""
    return deductible.admissions if deductible else ADMISSIONS


def _meters(terms: list[Term], where: str) -> tuple[Meter, ...]:
    """Return every meter of a plan once. Raises: ValueError when two rules mean different sums."""
    found: dict[str, Meter] = {}
    named = list(_parts(terms, Meter))
    if ordinal := _ordinal_meter(terms):
        named.append(Meter(ordinal, ("admissions",), "year"))
    for meter in named:
        before = found.setdefault(meter.name, meter)
        if before != meter:
            raise ValueError(
                f"{where}: {meter.name} counts {'+'.join(before.counts)} per {before.period} in "
                f"one rule and {'+'.join(meter.counts)} per {meter.period} in another"
            )
    return tuple(found[name] for name in sorted(found))


def _check_joined(plan: Plan, where: str) -> None:
    """Refuse terms that cannot stand together."""
    for ceiling in plan.ceilings:
        if (
            plan.deductible is not None
            and plan.deductible.after
            and ceiling.limit_on == "fund"
            and ceiling.excess == "scope"
        ):
            raise ValueError(
                f"{where}: {ceiling.rule}: with a deductible taken after the ratio the excess is "
                "of the fund: write excess = 'fund'"
            )
        if ceiling.limit_on != "scope" or ceiling.meter is None:
            continue
        if plan.bands.position != ceiling.meter:
            continue
        for _, bands in plan.bands.rates.rows:
            for _, amount_fen in ceiling.amounts.rows:
                if bands[-1].lower_fen >= amount_fen and len(ceiling.amounts.rows) == 1:
                    raise ValueError(
                        f"{where}: {bands[-1].rule} begins at {bands[-1].lower_fen} fen, at or "
                        f"above the ceiling of {amount_fen} fen ({ceiling.rule}): never reached"
                    )
