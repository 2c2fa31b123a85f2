"""Invariants 11, 13, 14, 15: a person's row is what his history makes it, version by version."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from switch.audit.findings import REFERENCES, Violation
from switch.audit.money import check_balances, check_counts
from switch.audit.rows import Case
from switch.audit.scratch import Fact, Person
from switch.ledger.accumulators import applied
from switch.model.claim import CardEvidence
from switch.model.member import Accumulators
from switch.model.stages import Settle

NAMED_MAX: Final = 5
RESTARTS: Final = "card_replaced"
"""After it another chip counts, from its own beginning: an event, or a change of a card."""


def check_history(person: Person | None, facts: Sequence[Fact]) -> Iterator[Violation]:
    """Check one person; `facts` are ordered by version."""
    if person is None:
        yield Violation(REFERENCES, f"member {facts[0].member}", f"named by {facts[0].name} only")
        return
    key = f"member {person.member}"
    # What came after the member row was read belongs to the next audit.
    known = [fact for fact in facts if fact.version <= person.version or not fact.late]
    yield from check_counts(key, person.accumulators)
    yield from check_balances(
        key, {"current account": person.current_fen, "earlier account": person.earlier_fen}
    )
    yield from _check_versions(key, person, known)
    yield from _check_accumulators(key, person, known)
    yield from _check_accounts(key, person, known)
    yield from _check_counter(key, person, known)


def check_signed_counter(case: Case) -> Iterator[Violation]:
    """The counter a request stored is the one its card signed."""
    row, operation = case.row, case.operation
    if row.atc is None or operation is None:
        return
    evidence = operation.evidence if isinstance(operation, Settle) else None
    signed = evidence.atc if isinstance(evidence, CardEvidence) else None
    if signed != row.atc:
        yield Violation(14, row.key, f"stored counter {row.atc}, its card signed {signed}")


def _check_versions(key: str, person: Person, facts: Sequence[Fact]) -> Iterator[Violation]:
    """Versions are 1..n, each made by exactly one request or event; journals hang on them."""
    made = [fact.version for fact in facts if fact.source in {"request", "event"}]
    found = set(made)
    for words, versions in (
        ("no row made version", set(range(1, person.version + 1)) - found),
        ("beyond the row's version stands", {v for v in found if v > person.version}),
        ("more than one row made version", {v for v in found if made.count(v) > 1}),
        ("a journal stands at a version that no row made:",
         {f.version for f in facts if f.source == "journal"} - found),
    ):  # fmt: skip
        if versions:
            named = ", ".join(map(str, sorted(versions)[:NAMED_MAX]))
            more = ", …" if len(versions) > NAMED_MAX else ""
            yield Violation(15, key, f"{words} {named}{more} (the row is at {person.version})")


def _check_accumulators(key: str, person: Person, facts: Sequence[Fact]) -> Iterator[Violation]:
    sums: Accumulators = {}
    for fact in facts:
        if fact.deltas:
            sums = applied(sums, fact.deltas)
    ours, theirs = _flat(person.accumulators), _flat(sums)
    for name in sorted(set(ours) | set(theirs)):
        if ours.get(name, 0) != theirs.get(name, 0):
            yield Violation(
                11, key, f"{name} is {ours.get(name, 0)}, its journals come to "
                f"{theirs.get(name, 0)}",
            )  # fmt: skip


def _check_accounts(key: str, person: Person, facts: Sequence[Fact]) -> Iterator[Violation]:
    """The row's balances are the ledger's, and at no version was one below zero."""
    current = earlier = 0
    for fact in facts:
        current += fact.current_fen
        earlier += fact.earlier_fen
        if min(current, earlier) < 0 and (fact.current_fen < 0 or fact.earlier_fen < 0):
            yield Violation(13, key, f"{fact.name} left {min(current, earlier)} fen on an account")
    for name, row, ledger in (
        ("current", person.current_fen, current),
        ("earlier", person.earlier_fen, earlier),
    ):
        if row < 0:
            yield Violation(13, key, f"the {name} account stands at {row} fen")
        if row != ledger:
            yield Violation(
                13, key, f"the {name} account stands at {row} fen, in the ledger at {ledger}"
            )


def _check_counter(key: str, person: Person, facts: Sequence[Fact]) -> Iterator[Violation]:
    """Stored counters rise by version, and the row holds the last; a new card starts anew."""
    last: int | None = None
    for fact in facts:
        if fact.source in {"event", "card"} and fact.name == RESTARTS:
            last = None
        if fact.atc is None:
            continue
        if fact.atc <= (last or 0):
            yield Violation(14, key, f"{fact.name} stored counter {fact.atc} after {last or 0}")
        last = fact.atc
    if last is not None and person.atc != last:
        yield Violation(14, key, f"the row's counter is {person.atc}, the last stored was {last}")


def _flat(values: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {f"{year}#{name}": value for year, names in values.items()
            for name, value in names.items()}  # fmt: skip
