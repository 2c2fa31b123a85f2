"""Officers with keys; an office in memory, judged as the store judges; and one in a database."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from switch.model.ids import BEIJING, RegionCode
from switch.office.act import Act, Contribute, Decide, Enrol, Genesis, Propose, body_of
from switch.office.activation import PolicyActivation
from switch.office.canonical import Content
from switch.office.change import LIFE, Change, Kind, Verb
from switch.office.judge import Office, Outcome, judge
from switch.office.officer import Enrolment, Retirement, Role
from switch.reassess.post import adjustments
from switch.security.signature import SigningKey
from switch.security.vault import SoftwareVault
from switch.store.effects import EFFECTS
from switch.store.keys import load_keys
from switch.store.office import Registrar, Signer
from switch.store.policy import propose_activation
from switch.store.rule_books import load_shipped
from tests.fix_province import KEK

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

    def contribute(self, name: str, key: str, part: int, of: int) -> Outcome:
        return self.do(Contribute(self.at, "", name, key, part, of, "000000"))

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


HOME = RegionCode("330299")


@contextmanager
def opened(url: str) -> Iterator[Registrar]:
    """The office of a database that holds the demonstration province's keys."""
    with psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(KEK, load_keys(connection))
        effects = {**EFFECTS, Kind.ADJUST_SETTLEMENTS: adjustments(vault)}
        yield Registrar(connection, vault, effects)


def found(registrar: Registrar, at: datetime) -> None:
    """Enrol li and wang, who hold officers and policy, and clear."""
    for name in ("li", "wang"):
        roles = frozenset({OFFICERS, POLICY, Role.CLEARING})
        registrar.enrol(signer_of(name), key_of(name).public_key, roles, at)


def other_book() -> dict[str, str]:
    """The home region's book without the file that only a demonstration has: another hash."""
    shipped = load_shipped()[HOME]
    return {name: text for name, text in shipped.items() if name != "demonstration.toml"}


def activate(registrar: Registrar, active_from: date, at: datetime) -> Change:
    """Propose and approve the other book."""
    change = propose_activation(
        registrar, signer_of("li"), HOME, other_book(), active_from, "年度调整", at
    )
    return registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", at)


def work(url: str, at: datetime) -> None:
    """A few of every act: enrolled, approved, refused, withdrawn, retired; change 5 waits."""
    tomorrow = at.astimezone(BEIJING).date() + timedelta(days=1)
    li, wang = signer_of("li"), signer_of("wang")
    with opened(url) as registrar:
        found(registrar, at)
        registrar.propose(li, Kind.ENROL_OFFICER, enrolment("zhao", POLICY, KEYS), "new", at)
        registrar.decide(wang, Verb.APPROVE, 1, "", at)
        activate(registrar, tomorrow, at)
        wanted = activation(active_from=tomorrow)
        for _ in range(3):
            registrar.propose(li, Kind.ACTIVATE_POLICY, wanted, "next year", at)
        registrar.decide(wang, Verb.REFUSE, 3, "not yet", at)
        registrar.decide(li, Verb.WITHDRAW, 4, "", at)
        registrar.propose(wang, Kind.RETIRE_OFFICER, Retirement("zhao").content(), "left", at)
        registrar.decide(li, Verb.APPROVE, 6, "", at)
