"""What is promised, and how a breach of it is named: invariant, row, what is wrong with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

KEPT_MAX: Final = 100
"""Violations kept of each invariant, so that a ruined ledger does not fill memory; all count."""

Progress = Callable[[str, int, int], None]
"""Told (what is read, how much of it, of how much: 0 when unknown) after every chunk."""

REFERENCES: Final = 0
"""The number of the check beside the others: there are no foreign keys on hot tables."""
WRITTEN: Final = 17
"""The invariant of what requests write beside the ledger."""
CLEARED: Final = 18
"""The invariant of clearing: statements = journals = accounts."""
ANSWERED: Final = 6
"""The invariant that rows alone cannot show: it needs what the callers were told."""
RECORDS: Final = 16
"""The invariant of the office: nothing is changed but by a record, signed and sealed."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant at one row. Keys hold request ids and journals, never a card or a name."""

    invariant: int
    key: str
    detail: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """One promise of design section 8. `reads`: the tables the audit proves it from."""

    number: int
    zh: str
    en: str
    reads: str


INVARIANTS: Final = (
    Invariant(REFERENCES, "引用完整", "Every reference finds its row", "all hot tables"),
    Invariant(1, "金额为整数分", "Money is whole fen in 64 bits", "catalog, posting, journal"),
    Invariant(2, "借贷平衡", "Postings positive, books balance", "posting, batch"),
    Invariant(3, "分项等于总额", "Splits add up to claim and journal", "request, posting"),
    Invariant(4, "一号一果", "One request id, outcome and journal", "request, journal, undo"),
    Invariant(5, "入账不可改", "Posted rows never change (seals)", "batch, request, journal"),
    Invariant(ANSWERED, "先入账后应答", "No reply before its commit", "answers given, request"),
    Invariant(7, "至多撤销一次", "One undo at most, exactly negated", "undo, journal, posting"),
    Invariant(8, "先认证后处理", "Every recorded request is authentic", "request, session, keys"),
    Invariant(9, "日切后不入账", "A closed window takes no journal", "clearing_window, journal"),
    Invariant(10, "裁决可重算", "Every decision recomputes to itself", "request, rule_book"),
    Invariant(11, "累计等于明细", "Accumulators are the sum of deltas", "member, journal"),
    Invariant(12, "异地往来对称", "DUE accounts mirror, net is zero", "posting"),
    Invariant(13, "个人账户不透支", "No account below zero, rows agree", "member, posting"),
    Invariant(14, "卡计数只增", "A card's counter only rises", "member, request, member_event"),
    Invariant(15, "版本与批次连续", "Versions and batches are dense", "member, request, batch"),
    Invariant(RECORDS, "变更皆有留痕", "Changes follow from audit records", "audit_record, change"),
    Invariant(
        WRITTEN, "登记皆有来由", "Rows are as their requests wrote", "request, filing, visit, card"
    ),
    Invariant(CLEARED, "结账等于入账", "What was closed is what was posted", "closing, statement"),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one invariant. `checked` False: nothing was given to check it with."""

    invariant: Invariant
    checked: bool
    count: int
    violations: tuple[Violation, ...]

    @property
    def state(self) -> str:
        """Return "held", "broken" or "not checked"."""
        if self.count:
            return "broken"
        return "held" if self.checked else "not checked"


@dataclass(frozen=True, slots=True)
class Report:
    """The whole audit: every invariant's result and how much was read."""

    results: tuple[Result, ...]
    read: Mapping[str, int]
    """Table (or "answers", "answers missing") → rows."""

    @property
    def clean(self) -> bool:
        """Say whether no invariant is broken."""
        return not self.broken

    @property
    def broken(self) -> frozenset[int]:
        """Return the numbers of the broken invariants."""
        return frozenset(r.invariant.number for r in self.results if r.count)

    def violations(self, number: int) -> tuple[Violation, ...]:
        """Return the violations kept of one invariant."""
        return next(r.violations for r in self.results if r.invariant.number == number)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "clean": self.clean,
            "read": dict(self.read),
            "invariants": [
                {
                    "number": r.invariant.number,
                    "zh": r.invariant.zh,
                    "en": r.invariant.en,
                    "state": r.state,
                    "count": r.count,
                    "violations": [{"key": v.key, "detail": v.detail} for v in r.violations],
                }
                for r in self.results
            ],
        }


@dataclass(slots=True)
class Findings:
    """Collects violations while the ledger is read."""

    counts: dict[int, int] = field(default_factory=dict)
    kept: dict[int, list[Violation]] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)

    def note(self, violations: Iterable[Violation]) -> None:
        """Take violations; beyond `KEPT_MAX` of an invariant they are only counted."""
        for violation in violations:
            number = violation.invariant
            self.counts[number] = self.counts.get(number, 0) + 1
            kept = self.kept.setdefault(number, [])
            if len(kept) < KEPT_MAX:
                kept.append(violation)

    def add_read(self, what: str, count: int) -> int:
        """Count rows read and return how many of that kind there were so far."""
        self.read[what] = self.read.get(what, 0) + count
        return self.read[what]

    def report(self, *, answers_given: bool) -> Report:
        """Return the report of what was collected."""
        results = tuple(
            Result(
                invariant,
                answers_given or invariant.number != ANSWERED,
                self.counts.get(invariant.number, 0),
                tuple(self.kept.get(invariant.number, ())),
            )
            for invariant in INVARIANTS
        )
        return Report(results, dict(self.read))
