"""A region's rule book: every policy compiled per insurance and kind into dated plans.

A look-up by service date is a dictionary access and a bisection; nothing is resolved while a
claim waits.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from switch.model.codes import SPECIAL_KINDS
from switch.model.member import Member
from switch.rules.card import UNRULED, CardChannels, CardClone, CardLoss, CardTerms
from switch.rules.catalogue import Catalogue
from switch.rules.filing import FilingTerms
from switch.rules.plan import Plan, first_of, join_plan
from switch.rules.source import DAY, DatedTerm, Rule, last_day, read_files
from switch.rules.stay import StayTerms
from switch.rules.terms import Cover, CrossCity, Term
from switch.rules.terms_benefit import Adjustments, Bands, FlatGroup
from switch.rules.terms_payers import Accumulator, FurtherPayer
from switch.rules.words import CARDS, COUNTED_IN_TIMES, FILING, STAY

T = TypeVar("T")

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
Stays = tuple[tuple[date, ...], tuple[StayTerms | None, ...]]
"""First days, and what is said of the edges of a stay from each on; None: nothing."""
Cards = tuple[tuple[date, ...], tuple[CardTerms, ...]]
"""First days, and what is said of cards from each on."""


@dataclass(frozen=True, slots=True)
class RuleBook:
    """One region's policies. `hash` is the SHA-256 of the canonical form, hex.

    `catalogue` holds the items that stand in the policy's own files, or is None. `rules` are the
    values as they were read, with their sources: for who asks why, not for adjudication.
    """

    region: str
    hash: str
    plans: Mapping[tuple[str, str], tuple[tuple[date, ...], tuple[Held, ...]]]
    catalogue: Catalogue | None
    rules: tuple[Rule, ...] = ()
    filings: Mapping[tuple[str, str], Filings] = field(default_factory=dict)
    """(insurance, kind of filing) → first days, and what is said of it from each on."""
    stays: Mapping[tuple[str, str], Stays] = field(default_factory=dict)
    """(insurance, kind of care) → first days, and what is said of its edges from each on."""
    cards: Mapping[str, Cards] = field(default_factory=dict)
    """Insurance → first days, and what is said of cards from each on."""

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> "RuleBook":
        """Return the book of one region's files (name → TOML text).

        Raises: ValueError naming file, line, rule and what is wrong: fields, units, ratios, gaps,
        overlaps, unreachable bands and rows, a covered kind without bands.
        """
        source = read_files(texts)
        apart = {FILING, STAY} | CARDS
        rules = [rule for rule in source.rules if rule.kind_of_rule not in apart]
        stayed = [rule for rule in source.rules if rule.kind_of_rule == STAY]
        filed = [rule for rule in source.rules if rule.kind_of_rule == FILING]
        plans = {key: _compile(source.region, *key, rules) for key in _keys(rules)}
        filings = {key: _compile_apart(*key, filed, FilingTerms) for key in _keys(filed)}
        stays = {key: _compile_apart(*key, stayed, StayTerms) for key in _keys(stayed)}
        cards = _compile_cards([rule for rule in source.rules if rule.kind_of_rule in CARDS])
        _check_units(plans)
        items = Catalogue.of_items(source.region, source.items) if source.items else None
        return cls(source.region, source.hash, plans, items, source.rules, filings, stays, cards)

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

    def stay_terms(self, insurance: str, kind: str, on: date) -> StayTerms | None:
        """Return what is said of the edges of a stay that begins on a day; None: nothing."""
        days, terms = self.stays.get((insurance, kind), ((), ()))
        at = bisect_right(days, on)
        return terms[at - 1] if at else None

    def card_terms(self, insurance: str, on: date) -> CardTerms | None:
        """Return what is said of an insurance's cards on a day; None: nothing."""
        days, terms = self.cards.get(insurance, ((), ()))
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

    def find(self, rule: str) -> tuple[Rule, DatedTerm] | None:
        """Return the rule and the value that a step of the working quotes, or None.

        A step quotes "id@first day", perhaps followed by the number of a band or row.
        """
        rule_id, _, since = rule.rpartition("@")
        for one in self.rules:
            if one.rule_id == rule_id:
                for dated in one.terms:
                    if dated.since.isoformat() == since[:10]:
                        return one, dated
        return None


def card_terms_of(books: Mapping[str, RuleBook], member: Member, on: date) -> CardTerms:
    """Return what policy says of a person's card: that of the first insurance he has on a day."""
    for one in member.enrolments:
        book = books.get(one.region)
        if book is not None and one.covers(on):
            terms = book.card_terms(one.insurance, on)
            if terms is not None:
                return terms
    return CardTerms()


def _check_units(
    plans: Mapping[tuple[str, str], tuple[tuple[date, ...], tuple[Held, ...]]],
) -> None:
    """Refuse a sum of an insurance that is counted in times by one kind of care, in fen by another.

    Raises: ValueError naming the sum and both kinds.
    """
    found: dict[tuple[str, str], tuple[bool, str]] = {}
    for (insurance, kind), (_, held) in plans.items():
        for plan in held:
            for meter in plan.meters if isinstance(plan, Plan) else ():
                times = not COUNTED_IN_TIMES.isdisjoint(meter.counts)
                before, other = found.setdefault((insurance, meter.name), (times, kind))
                if before != times:
                    raise ValueError(
                        f"{meter.name} of insurance {insurance} is counted in times for one of the "
                        f"kinds {other} and {kind}, in fen for the other"
                    )


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
        _Active(key_of(rule, dated.term), dated.since, last_day(rule.terms, number), dated)
        for rule in rules
        if rule.insurance == insurance and kind in rule.kinds
        for number, dated in enumerate(rule.terms)
    ]


def _starts(active: Iterable[_Active]) -> tuple[date, ...]:
    days = {item.since for item in active}
    days |= {item.until + DAY for item in active if item.until is not None}
    return tuple(sorted(days))


def _compile_apart(
    insurance: str, kind: str, rules: list[Rule], word: type[T]
) -> tuple[tuple[date, ...], tuple[T | None, ...]]:
    """Return what rules that are no part of a plan say of a kind, from each first day on."""
    active = _active(rules, insurance, kind)
    starts = _starts(active)
    found: list[T | None] = []
    for on in starts:
        holding = _holding(on, active, f"insurance {insurance}, kind {kind}")
        terms = [one.dated.term for one in holding.values() if one.dated.term is not None]
        found.append(first_of(terms, word))
    return starts, tuple(found)


def _compile_cards(rules: list[Rule]) -> dict[str, Cards]:
    found: dict[str, Cards] = {}
    for insurance in sorted({rule.insurance for rule in rules}):
        active = [one for name in sorted(CARDS) for one in _active(rules, insurance, name)]
        terms: list[CardTerms] = []
        for on in (starts := _starts(active)):
            holding = _holding(on, active, f"insurance {insurance}, cards")
            held = [one.dated.term for one in holding.values() if one.dated.term is not None]
            terms.append(
                CardTerms(
                    first_of(held, CardChannels) or UNRULED,
                    first_of(held, CardLoss),
                    first_of(held, CardClone),
                )
            )
        found[insurance] = (starts, tuple(terms))
    return found


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
    return starts, tuple(_held(region, insurance, kind, on, active) for on in starts)


def key_of(rule: Rule, term: Term | None) -> str:
    """Return what a term is one of: two terms of one key never hold on one day."""
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


def _held(region: str, insurance: str, kind: str, on: date, active: list[_Active]) -> Held:
    found = _holding(on, active, f"insurance {insurance}, kind {kind}")
    terms = [item.dated.term for item in found.values() if item.dated.term is not None]
    cover, bands = first_of(terms, Cover), first_of(terms, Bands)
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
    areas = {
        key.split()[1]: item.dated.term
        for key, item in found.items()
        if isinstance(item.dated.term, CrossCity)
    }
    return join_plan((region, insurance, kind, on), cover, bands, terms, areas, where)
