"""A case file run through adjudication: the cases of one file, each with its bills in order.

Must not know: where the texts come from; see `Sources`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from switch.cases.bill import read_bill
from switch.cases.expect import Difference, compare
from switch.cases.fields import Fields
from switch.cases.history import meter_names, read_history
from switch.cases.scene import Person, read_institution, read_person, read_prescriber
from switch.model.decision import Decision, Decline
from switch.rules.adjudicate import Rules, adjudicate

_FILE: Final = frozenset({"policy", "given", "case", "note"})
_KEPT: Final = ("name", "source", "note", "why")
_BILL: Final = frozenset({"lines", "in_scope", "total", "own", "over", "first"})
_OPENING: Final = frozenset(
    {"current", "earlier", "relative", "history", "history_year", "history_of_years"}
)
"""What a person begins with; the settlements of a case move it."""
_EVENTS: Final = frozenset({"cancel", "year_end", "credit"})
_ONE_OR_OTHER: Final = (("age", "born"), ("born", "age"))
"""What is stated for all is no longer stated where the other is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One bill of a case: what was decided, and where it differs from what was expected."""

    label: str
    decision: Decision | Decline
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case: its bills' outcomes, or the fault in how it is written."""

    name: str
    outcomes: tuple[Outcome, ...]
    fault: str = ""

    @property
    def holds(self) -> bool:
        """Whether everything came out as expected."""
        return not self.fault and not any(one.differences for one in self.outcomes)


def run_cases(document: Mapping[str, Any], rules: Rules, where: str) -> Iterator[CaseResult]:
    """Yield the result of each case of a document, in order.

    Raises: ValueError when the document itself is none: a field unknown, no case.
    """
    unknown = sorted(set(document) - _FILE)
    if unknown:
        raise ValueError(f"{where}: unknown fields {unknown}; known are {sorted(_FILE)}")
    cases = document.get("case", [])
    if not isinstance(cases, list) or not cases or not all(isinstance(one, dict) for one in cases):
        raise ValueError(f"{where}: no [[case]]")
    if not isinstance(document.get("given", {}), dict):
        raise ValueError(f"{where}: write [given] as a table")
    for number, case in enumerate(cases, 1):
        merged = _merged(document.get("given", {}), case)
        name = str(merged.get("name", f"case {number}"))
        here = f"{where}: {name}"
        try:
            yield CaseResult(name, tuple(_run(merged, rules, here)))
        except ValueError as error:
            # What the model refuses, such as a region's code, does not know whose it is.
            fault = str(error)
            yield CaseResult(name, (), fault if fault.startswith(here) else f"{here}: {fault}")


def _merged(given: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """Return a case with what is given for all; a bill of its own replaces the one given."""
    bill = _BILL if _BILL.intersection(case) or "settlements" in case else frozenset()
    return _joined({key: item for key, item in given.items() if key not in bill}, case)


def _joined(general: Mapping[str, Any], special: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stated in general where the special does not say otherwise.

    Who says how old a person is says more than when he was born, and the other way round.
    """
    dropped = {other for one, other in _ONE_OR_OTHER if one in special}
    return {key: item for key, item in general.items() if key not in dropped} | dict(special)


def _run(case: Mapping[str, Any], rules: Rules, where: str) -> list[Outcome]:
    """Settle the bills of a case in order, each on what the ones before it left."""
    bills = case.get("settlements", [])
    base = {key: item for key, item in case.items() if key != "settlements"}
    if not isinstance(bills, list) or not all(isinstance(one, dict) for one in bills):
        raise ValueError(f"{where}: write settlements as a list of tables")
    for one in bills:
        beside = sorted(set(one) - _EVENTS - set(_KEPT))
        if beside and _EVENTS.intersection(one):
            raise ValueError(f"{where}: {beside} stand beside an event between bills")
    shared = {key: item for key, item in base.items() if key not in _BILL | {"expect"}}
    for one in bills[1:]:
        if again := sorted(_OPENING.intersection(one)):
            raise ValueError(f"{where}: {again} stand in a later settlement; they are stated once")
    steps = [_joined(shared, one) for one in bills]
    if _BILL.intersection(base) or "expect" in base:
        steps.append(base)
    if not any("expect" in one for one in steps):
        raise ValueError(f"{where}: nothing is expected")
    person: Person | None = None
    decided: list[Decision | None] = []
    outcomes = []
    for number, step in enumerate(steps, 1):
        label = f"settlement {number}" if len(steps) > 1 else ""
        fields = Fields(step, f"{where}{', ' * bool(label)}{label}")
        if person is not None and _EVENTS.intersection(step):
            person = _happen(fields, person, decided)
            decided.append(None)
            continue
        outcome, person = _settle(fields, rules, person, label)
        decided.append(outcome.decision if isinstance(outcome.decision, Decision) else None)
        outcomes.append(outcome)
    return outcomes


def _happen(fields: Fields, person: Person, decided: list[Decision | None]) -> Person:
    """Return the person after an event between bills: a cancellation, or the end of a year.

    What is cancelled settled nothing any more: it cannot be cancelled again.
    """
    if fields.flag("year_end", default=False):
        return person.next_year(fields.fen("credit"))
    number = fields.whole("cancel", 0)
    original = decided[number - 1] if 0 < number <= len(decided) else None
    if original is None:
        fields.fail(f"cancel names settlement {number}, which settled nothing")
    decided[number - 1] = None
    return person.undone(original)


def _settle(
    fields: Fields, rules: Rules, person: Person | None, label: str
) -> tuple[Outcome, Person]:
    on = fields.day("on")
    if on is None:
        fields.fail("on is missing; write the day of service")
    stated = read_person(fields, rules, on)
    institution = read_institution(fields, stated.region)
    prescriber = read_prescriber(fields, stated.region)
    bill = read_bill(fields, institution, on)
    history = read_history(fields, rules, stated.region, stated.insurance, bill.claim)
    person = stated.opening(history) if person is None else stated.holding(person)
    care, home = str(institution.region), person.region
    catalogues = {
        region: bill.joined(rules.catalogue_of(region), region) for region in {care, home}
    }
    if rules.catalogue_of(care) is None:
        catalogues[care] = catalogues[home]
    found = adjudicate(
        bill.claim,
        person.member,
        institution,
        Rules(rules.books, {**rules.catalogues, **catalogues}),
        prescriber=prescriber,
        by_identity=fields.flag("identity", default=False),
    )
    after = person.after(found) if isinstance(found, Decision) else person
    expect = Fields(fields.table("expect"), f"{fields.where}, expect")
    names = meter_names(rules, person.region, person.insurance)
    differences = compare(expect, found, after, names) if fields.has("expect") else []
    fields.done(_KEPT)
    return Outcome(label, found, tuple(differences)), after
