"""A plan: all terms of one insurance and kind of care on a day, joined and checked together.

Must not know: files. What a policy leaves out has its default here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from typing import Any, Final, TypeVar

from switch.model.codes import INPATIENT_KINDS, SPECIAL_KINDS
from switch.rules.condition import ALWAYS, Condition
from switch.rules.terms import (
    ClassRatio,
    Cover,
    CrossCity,
    Dates,
    Entitlement,
    Identity,
    ScopeTerms,
    SpecialDiseases,
    SpecialModes,
    Term,
    Year,
)
from switch.rules.terms_benefit import (
    Adjustments,
    Bands,
    Ceiling,
    Deductible,
    FlatGroup,
    Meter,
    Segment,
    Segments,
)
from switch.rules.terms_payers import AccountUse, FurtherPayer, Hospital
from switch.rules.words import ADMISSIONS, AREAS, BASIC_FUND, LEVELS, LINE_PARTS

T = TypeVar("T")

_DEFAULT: Final = "default"
_DATES: Final = Dates(_DEFAULT, "service", "service", "service", "service")
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


@dataclass(frozen=True, slots=True)
class Plan:
    """All terms of one insurance and kind of care between two changes of policy."""

    region: str
    insurance: str
    kind: str
    since: date
    cover: Cover
    identity_accepted: bool
    dates: Dates
    year: Year
    entitlement: Entitlement | None
    scope: ScopeTerms
    segments: tuple[Segment, ...]
    deductible: Deductible | None
    bands: Bands
    ceilings: tuple[Ceiling, ...]
    adjustments: tuple[Adjustments, ...]
    account: AccountUse
    areas: Mapping[str, CrossCity]
    special_modes: SpecialModes | None
    special_diseases: SpecialDiseases | None
    flat: tuple[FlatGroup, ...]
    payers: tuple[FurtherPayer, ...]
    hospital: Hospital | None
    meters: tuple[Meter, ...]
    """Every sum this kind of care moves, by name."""
    reads_ordinal: str
    """Name of the meter of admissions that some condition or deductible reads, or ""."""
    counted: Mapping[str, tuple[Meter, ...]]
    """What is counted, by word → the meters that count it."""
    payer_groups: frozenset[str]
    """The catalogue groups that some payer asks for."""

    def counting(self, word: str) -> tuple[Meter, ...]:
        """Return the meters that count something."""
        return self.counted.get(word, ())


def join_plan(
    identified: tuple[str, str, str, date],
    cover: Cover | None,
    bands: Bands,
    terms: Sequence[Term],
    areas: Mapping[str, CrossCity],
    where: str,
) -> Plan:
    """Return the plan that terms make together.

    `identified`: region, insurance, kind of care, first day. `areas`: the terms of care elsewhere.
    Raises: ValueError, beginning with `where`, for terms that cannot stand together.
    """
    region, insurance, kind, since = identified
    stay = kind in INPATIENT_KINDS
    identity, segments = first_of(terms, Identity), first_of(terms, Segments)
    modes, diseases = first_of(terms, SpecialModes), first_of(terms, SpecialDiseases)
    if kind in SPECIAL_KINDS and diseases is None and modes is not None:
        raise ValueError(f"{where}: covered, but no special_disease_list rule holds (gap)")
    meters = _meters(terms, where)
    plan = Plan(
        region=region,
        insurance=insurance,
        kind=kind,
        since=since,
        cover=cover or Cover(_DEFAULT, True, frozenset({"none"}), "21" if stay else "11"),
        identity_accepted=identity is not None and identity.accepted,
        dates=first_of(terms, Dates) or _DATES,
        year=first_of(terms, Year) or Year(_DEFAULT, 1, 1),
        entitlement=first_of(terms, Entitlement),
        scope=first_of(terms, ScopeTerms) or _SCOPE,
        segments=segments.segments if segments else (),
        deductible=first_of(terms, Deductible),
        bands=bands,
        ceilings=tuple(sorted(_all(terms, Ceiling), key=lambda one: one.name)),
        adjustments=tuple(sorted(_all(terms, Adjustments), key=lambda one: one.rule)),
        account=first_of(terms, AccountUse) or AccountUse(_DEFAULT, ()),
        areas={area: _naming_basic(cross, bands) for area, cross in areas.items()},
        special_modes=None if stay else modes or _MODES,
        special_diseases=diseases,
        flat=tuple(sorted(_all(terms, FlatGroup), key=lambda one: one.rule)),
        payers=tuple(sorted(_all(terms, FurtherPayer), key=lambda one: (one.order, one.payer))),
        hospital=first_of(terms, Hospital),
        meters=meters,
        reads_ordinal=_ordinal_meter(terms),
        counted={
            word: tuple(meter for meter in meters if word in meter.counts)
            for word in {word for meter in meters for word in meter.counts}
        },
        payer_groups=frozenset(
            group
            for payer in _all(terms, FurtherPayer)
            for group in payer.groups | payer.without_groups
        ),
    )
    _check_flat(plan, where)
    _check_joined(plan, where)
    return plan


def _naming_basic(cross: CrossCity, bands: Bands) -> CrossCity:
    """Return the terms with "basic" wherever a row names the basic fund by its code."""
    rows = tuple(
        replace(row, payers=row.payers | {BASIC_FUND}) if bands.payer in row.payers else row
        for row in cross.rows
    )
    return replace(cross, rows=rows)


def first_of(terms: Sequence[Term], expected: type[T]) -> T | None:
    """Return the first term of a type, or None."""
    return next(_all(terms, expected), None)


def _all(terms: Sequence[Term], expected: type[T]) -> Iterator[T]:
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


def _ordinal_meter(terms: Sequence[Term]) -> str:
    deductible = first_of(terms, Deductible)
    asked = any(condition.ordinal for condition in _parts(terms, Condition))
    if not asked and not (deductible and deductible.ordinals_bp):
        return ""
    return deductible.admissions if deductible else ADMISSIONS


def _meters(terms: Sequence[Term], where: str) -> tuple[Meter, ...]:
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


def _check_flat(plan: Plan, where: str) -> None:
    """Refuse two rules that settle the items of one group apart."""
    found: dict[str, str] = {}
    for flat in plan.flat:
        for group in sorted(flat.groups):
            if group in found:
                raise ValueError(f"{where}: {flat.rule}: {found[group]} settles group {group} too")
            found[group] = flat.rule
    for area in sorted(plan.areas):
        for row in plan.areas[area].rows:
            unknown = sorted((row.flat or frozenset()) - set(found))
            if unknown:
                raise ValueError(f"{where}: {row.rule}: no flat rule settles {unknown} apart")
            _check_named(row.rule, row.flat or frozenset(), plan.flat, where)
    for payer in plan.payers:
        for named in (payer.groups, payer.without_groups):
            _check_named(payer.rule, named, plan.flat, where)
            joined = sorted(named - set(found))
            parts = [part for part, _ in payer.base if part not in LINE_PARTS]
            if joined and parts:
                raise ValueError(
                    f"{where}: {payer.rule}: {parts} of {joined} are not known, for no flat rule "
                    f"settles them apart; of such groups only {list(LINE_PARTS)} are"
                )


def _check_named(rule: str, named: frozenset[str], flats: Sequence[FlatGroup], where: str) -> None:
    """Refuse a rule that names some of the groups that a flat rule settles together."""
    for flat in flats:
        left = sorted(flat.groups - named)
        if left and not flat.groups.isdisjoint(named):
            raise ValueError(
                f"{where}: {rule}: {flat.rule} settles {sorted(flat.groups)} together: name "
                f"{left} too, or give them flat rules of their own"
            )


def _check_joined(plan: Plan, where: str) -> None:
    """Refuse terms that cannot stand together."""
    before: set[str] = set()
    for payer in plan.payers:
        if payer.above and payer.above not in before:
            raise ValueError(f"{where}: {payer.rule}: no earlier payer's rule is {payer.above!r}")
        before.add(payer.rule.partition("@")[0])
    for ceiling in plan.ceilings:
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
