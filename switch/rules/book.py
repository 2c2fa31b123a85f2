"""A region's rule book: every policy compiled per insurance and kind into dated plans.

A look-up by service date is a dictionary access and a bisection; nothing is resolved while a
claim waits.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, TypeVar

from switch.model.codes import Kind
from switch.rules.source import DAY, Rule, last_day, read_files
from switch.rules.terms import (
    AccountUse,
    Accumulator,
    Bands,
    Ceiling,
    Cover,
    CrossCity,
    Dates,
    Deductible,
    FurtherPayer,
    Identity,
    Plan,
    ScopeTerms,
    Segments,
    SpecialDiseases,
    SpecialModes,
    Term,
    Year,
)

T = TypeVar("T")

INPATIENT: Final = frozenset({Kind.INPATIENT, Kind.DAY_SURGERY})
"""Kinds with a stay. Care of these kinds is never refused for a special disease."""


@dataclass(frozen=True, slots=True)
class NotCovered:
    """A policy that names a kind of care and does not cover it."""

    cover: Cover


Held = Plan | NotCovered | None
"""What is held for a day; None: no complete policy."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One region's policies. `hash` is the SHA-256 of the canonical form, hex."""

    region: str
    hash: str
    plans: Mapping[tuple[str, str], tuple[tuple[date, ...], tuple[Held, ...]]]

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> "RuleBook":
        """Return the book of one region's files (name → TOML text).

        Raises: ValueError naming file, rule and what is wrong: fields, units, ratios, gaps,
        overlaps, unreachable bands, a covered kind with a term missing.
        """
        region, digest, rules = read_files(texts)
        keys = sorted({(rule.insurance, kind) for rule in rules for kind in rule.kinds})
        plans = {key: _compile(region, key[0], key[1], rules) for key in keys}
        return cls(region, digest, plans)

    def held(self, insurance: str, kind: str, on: date) -> Held:
        """Return what is held for an insurance and kind of care on a day."""
        dated = self.plans.get((insurance, kind))
        if dated is None:
            return None
        at = bisect_right(dated[0], on)
        return dated[1][at - 1] if at else None


@dataclass(frozen=True, slots=True)
class _Active:
    """A term with its key (one term per key and day) and its days."""

    key: str
    where: str
    since: date
    until: date | None
    term: Term

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)


def _compile(
    region: str, insurance: str, kind: str, rules: tuple[Rule, ...]
) -> tuple[tuple[date, ...], tuple[Held, ...]]:
    active = [
        _Active(_key(rule, dated.term), rule.where, dated.since, last_day(rule.terms, number),
                dated.term)
        for rule in rules
        if rule.insurance == insurance and kind in rule.kinds
        for number, dated in enumerate(rule.terms)
    ]  # fmt: skip
    days = {item.since for item in active}
    days |= {item.until + DAY for item in active if item.until is not None}
    starts = tuple(sorted(days))
    return starts, tuple(_plan(region, insurance, kind, on, active) for on in starts)


def _key(rule: Rule, term: Term) -> str:
    match term:
        case Accumulator():
            return f"accumulator {term.name}"
        case FurtherPayer():
            return f"payer {term.order}"
        case CrossCity():
            return f"cross_city {rule.area}"
        case _:
            return rule.kind_of_rule


def _plan(region: str, insurance: str, kind: str, on: date, active: list[_Active]) -> Held:
    found: dict[str, _Active] = {}
    for item in active:
        if item.holds(on):
            if item.key in found:
                raise ValueError(
                    f"{item.where}: on {on} it overlaps {found[item.key].where} "
                    f"({item.key}, insurance {insurance}, kind {kind})"
                )
            found[item.key] = item
    if "cover" not in found:
        return None
    where = f"{found['cover'].where}: insurance {insurance}, kind {kind} on {on}"
    terms = {key: item.term for key, item in found.items()}
    cover = _need(terms, "cover", Cover, where)
    if not cover.covered:
        return NotCovered(cover)
    accumulators = {item.name: item for item in terms.values() if isinstance(item, Accumulator)}
    plan = Plan(
        region=region,
        insurance=insurance,
        kind=kind,
        since=on,
        cover=cover,
        identity_accepted=isinstance(one := terms.get("identity"), Identity) and one.accepted,
        dates=_need(terms, "dates", Dates, where),
        year=_need(terms, "year", Year, where),
        scope=_need(terms, "scope", ScopeTerms, where),
        segments=_need(terms, "segments", Segments, where).segments,
        deductible=_need(terms, "deductible", Deductible, where),
        bands=_need(terms, "bands", Bands, where),
        ceiling=_need(terms, "ceiling", Ceiling, where),
        account=_need(terms, "account", AccountUse, where),
        areas={key.split()[1]: term for key, term in terms.items() if isinstance(term, CrossCity)},
        special_modes=_special_modes(terms, kind, where),
        special_diseases=_special_diseases(terms, kind, where),
        payers=tuple(
            sorted(
                (term for term in terms.values() if isinstance(term, FurtherPayer)),
                key=lambda payer: payer.order,
            )
        ),
        accumulators=tuple(accumulators[name] for name in sorted(accumulators)),
    )
    return _joined(plan, accumulators, where)


def _need(terms: Mapping[str, Term], key: str, expected: type[T], where: str) -> T:
    term = terms.get(key)
    if not isinstance(term, expected):
        raise ValueError(f"{where}: covered, but no {key} rule holds (gap)")
    return term


def _special_modes(terms: Mapping[str, Term], kind: str, where: str) -> SpecialModes | None:
    if kind in INPATIENT:
        return None
    return _need(terms, "special_disease_modes", SpecialModes, where)


def _special_diseases(terms: Mapping[str, Term], kind: str, where: str) -> SpecialDiseases | None:
    deductible = terms.get("deductible")
    waived = isinstance(deductible, Deductible) and deductible.waived_by_special_disease
    if kind == Kind.SPECIAL_DISEASE or waived or "special_disease_list" in terms:
        return _need(terms, "special_disease_list", SpecialDiseases, where)
    return None


def _joined(plan: Plan, accumulators: Mapping[str, Accumulator], where: str) -> Plan:
    """Return the plan with its accumulators checked and what they count written into the terms."""
    scope = frozenset({"in_scope", "after_deductible"})
    uses: list[tuple[str, str, frozenset[str]]] = [
        (plan.bands.rule, plan.bands.position, scope),
        (plan.ceiling.rule, plan.ceiling.used,
         frozenset({"fund"}) if plan.ceiling.limit_on == "fund" else scope),
        (plan.deductible.rule, plan.deductible.used, frozenset({"deductible"})),
        (plan.deductible.rule, plan.deductible.highest, frozenset({"deductible_highest"})),
        (plan.deductible.rule, plan.deductible.admissions, frozenset({"admissions"})),
        *((item.rule, item.used, frozenset({"self_segment"})) for item in plan.segments),
        *((item.rule, item.used, frozenset({"payer_base"})) for item in plan.payers),
    ]  # fmt: skip
    for rule, name, counts in uses:
        if name and (name not in accumulators or accumulators[name].counts not in counts):
            raise ValueError(
                f"{where}: {rule} needs an accumulator {name} that counts {' or '.join(counts)}"
            )
    _check_reach(plan, where)

    def with_deductible(name: str) -> bool:
        return bool(name) and accumulators[name].counts == "in_scope"

    return replace(
        plan,
        bands=replace(plan.bands, counts_deductible=with_deductible(plan.bands.position)),
        ceiling=replace(plan.ceiling, counts_deductible=with_deductible(plan.ceiling.used)),
    )


def _check_reach(plan: Plan, where: str) -> None:
    """Refuse bands that begin at or above a ceiling counted by the same accumulator."""
    ceiling = plan.ceiling
    if ceiling.limit_on != "scope" or ceiling.used != plan.bands.position:
        return
    for rows in plan.bands.rates.cells.values():
        for _, _, bands in rows:
            if bands[-1].lower_fen >= ceiling.amount_fen:
                raise ValueError(
                    f"{where}: {bands[-1].rule} begins at {bands[-1].lower_fen} fen, at or above "
                    f"the ceiling of {ceiling.amount_fen} fen ({ceiling.rule}): never reached"
                )
