"""Officers with keys, and an office in memory: judged as the store judges, kept in no database."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from switch.model.ids import RegionCode
from switch.office.act import Act, Decide, Enrol, Genesis, Propose, body_of
from switch.office.activation import PolicyActivation
from switch.office.canonical import Content
from switch.office.change import LIFE, Change, Kind, Verb
from switch.office.judge import Office, Outcome, judge
from switch.office.officer import Enrolment, Role
from switch.security.signature import SigningKey
from switch.store.office import Signer

AT = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)
OFFICERS, POLICY, KEYS = Role.OFFICERS, Role.POLICY, Role.KEYS


def key_of(name: str) -> SigningKey:
    """The key of an officer: always the same for a name."""
    return SigningKey.of(hashlib.sha256(name.encode()).digest())


def signer_of(name: str) -> Signer:
    """An officer ready to sign."""
    return Signer(name, key_of(name).sign)


def enrolment(name: str, *roles: Role) -> dict[str, Any]:
    """The content of a change that enrols somebody."""
    return dict(Enrolment(name, key_of(name).public_key, frozenset(roles)).content())


def activation(
    region: str = "330299", book_hash: str = "ab" * 32, active_from: date = TODAY
) -> dict[str, Any]:
    """The content of a change that puts a rule book in force."""
    return dict(PolicyActivation(RegionCode(region), book_hash, active_from).content())


@dataclass
class Ledger:
    """An office in memory and the acts that made it."""

    office: Office = field(default_factory=Office)
    at: datetime = AT
    acts: list[Act] = field(default_factory=list)

    def do(self, act: Act) -> Outcome:
        outcome = judge(self.office, act)
        self.office.take(act, outcome)
        self.acts.append(act)
        return outcome

    def advance(self, **parts: float) -> None:
        self.at += timedelta(**parts)

    def begin(self, content: Content) -> Outcome:
        return self.do(Genesis(self.at, "", content))

    def enrol(self, name: str, *roles: Role) -> Outcome:
        return self.do(Enrol(self.at, "", name, key_of(name).public_key, frozenset(roles)))

    def propose(
        self,
        name: str,
        kind: Kind,
        content: Content,
        reason: str = "why",
        life: timedelta = LIFE,
        number: int | None = None,
    ) -> Change:
        number = self.office.last_change + 1 if number is None else number
        act = Propose(self.at, "", name, number, kind, content, self.at + life, reason)
        return _changed(self.do(act))

    def decide(
        self, name: str, verb: Verb, number: int, reason: str = "why", proposal: str | None = None
    ) -> Change:
        if proposal is None:
            change = self.office.changes.get(number)
            proposal = "" if change is None else change.digest
        return _changed(self.do(Decide(self.at, "", name, number, verb, proposal, reason)))

    def approve(self, name: str, number: int) -> Change:
        return self.decide(name, Verb.APPROVE, number)

    def bodies(self) -> list[str]:
        return [body_of(act) for act in self.acts]


def _changed(outcome: Outcome) -> Change:
    assert outcome.change is not None
    return outcome.change


def founded() -> Ledger:
    """An office of two founders, li and wang, who hold officers and policy."""
    ledger = Ledger()
    ledger.enrol("li", OFFICERS, POLICY)
    ledger.enrol("wang", OFFICERS, POLICY)
    return ledger
