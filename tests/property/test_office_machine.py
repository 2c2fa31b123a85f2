"""The office against a page of plain bookkeeping, in any order of acts, allowed or not.

The model knows no table of states and no roles in force: it writes down what happened and says what
must follow. Whatever is refused has changed nothing, and the records alone give the office again.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from switch.office.act import read_body
from switch.office.change import LIFE, ChangeState, Kind, Verb
from switch.office.judge import Office, activations, judge
from switch.office.officer import NewRoles, Retirement, Role
from switch.office.refusal import Refused
from tests.fix_office import AT, OFFICERS, POLICY, TODAY, Ledger, activation, enrolment, founded

NAMES = ("li", "wang", "zhao", "qian", "sun")
ROLES = (Role.OFFICERS, Role.POLICY, Role.KEYS)
NAME = st.sampled_from(NAMES)
SOME_ROLES = st.frozensets(st.sampled_from(ROLES), min_size=1)


@dataclass
class Page:
    """What is written down of a change."""

    kind: Kind
    content: Any
    maker: str
    until: Any
    state: str = "waiting"
    checker: str = ""


@dataclass
class Book:
    """What is written down of the people."""

    roles: dict[str, frozenset[Role]] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)

    def may(self, name: str, role: Role) -> bool:
        return name not in self.retired and role in self.roles.get(name, ())

    def enrollers(self) -> int:
        return sum(self.may(name, OFFICERS) for name in self.roles)


def role_for(kind: Kind) -> Role:
    return POLICY if kind is Kind.ACTIVATE_POLICY else OFFICERS


class OfficeMachine(RuleBasedStateMachine):
    """Acts at random, most of which must be refused."""

    @initialize()
    def found(self) -> None:
        self.ledger = founded()
        self.book = Book({name: frozenset({OFFICERS, POLICY}) for name in ("li", "wang")})
        self.pages: dict[int, Page] = {}

    def fits(self, kind: Kind, content: Any) -> bool:
        """Whether a content could take effect now, by the page."""
        if kind is Kind.ACTIVATE_POLICY:
            # AT is 10:00 in Beijing: 14 hours later the day is over.
            days = (self.ledger.at - AT + timedelta(hours=10)) // timedelta(days=1)
            return bool(content["active_from"] >= str(TODAY + timedelta(days=days)))
        name = content["name"]
        if kind is Kind.ENROL_OFFICER:
            return name not in self.book.roles
        if name not in self.book.roles or name in self.book.retired:
            return False
        stays = kind is Kind.CHANGE_ROLES and "officers" in content["roles"]
        others = self.book.enrollers() - self.book.may(name, OFFICERS)
        return others + stays >= 2

    def try_propose(self, maker: str, kind: Kind, content: Any) -> None:
        before = repr(self.ledger.office)
        allowed = self.book.may(maker, role_for(kind)) and self.fits(kind, content)
        try:
            change = self.ledger.propose(maker, kind, content)
        except Refused:
            assert not allowed
            assert repr(self.ledger.office) == before
        else:
            assert allowed
            assert change.number == len(self.pages) + 1
            self.pages[change.number] = Page(kind, content, maker, self.ledger.at + LIFE)

    @rule(maker=NAME, name=NAME, roles=SOME_ROLES)
    def enrol(self, maker: str, name: str, roles: frozenset[Role]) -> None:
        self.try_propose(maker, Kind.ENROL_OFFICER, enrolment(name, *roles))

    @rule(maker=NAME, name=NAME, roles=SOME_ROLES)
    def change_roles(self, maker: str, name: str, roles: frozenset[Role]) -> None:
        self.try_propose(maker, Kind.CHANGE_ROLES, NewRoles(name, roles).content())

    @rule(name=NAME, roles=SOME_ROLES)
    def give_roles(self, name: str, roles: frozenset[Role]) -> None:
        self.give_roles_at_once(name, roles)

    def give_roles_at_once(self, name: str, roles: frozenset[Role]) -> None:
        """Proposed and approved by two who may, so that people often change behind proposals."""
        maker, checker = [one for one in NAMES if self.book.may(one, OFFICERS)][:2]
        kind, content = Kind.CHANGE_ROLES, NewRoles(name, roles).content()
        if name not in self.book.roles:
            kind, content = Kind.ENROL_OFFICER, enrolment(name, *roles)
        waiting = len(self.pages)
        self.try_propose(maker, kind, content)
        if len(self.pages) > waiting:
            self.decide(checker, Verb.APPROVE, 0)

    @rule(maker=NAME, name=NAME)
    def retire(self, maker: str, name: str) -> None:
        self.try_propose(maker, Kind.RETIRE_OFFICER, Retirement(name).content())

    @rule(maker=NAME, day=st.integers(0, 12))
    def activate_from(self, maker: str, day: int) -> None:
        self.activate(maker, day)

    def activate(self, maker: str, day: int) -> None:
        content = activation(active_from=TODAY + timedelta(days=day))
        self.try_propose(maker, Kind.ACTIVATE_POLICY, content)

    @precondition(lambda self: self.pages)
    @rule(who=NAME, verb=st.sampled_from(Verb), back=st.integers(0, 5))
    def decide_one(self, who: str, verb: Verb, back: int) -> None:
        self.decide(who, verb, back)

    @rule(maker=NAME, who=NAME, roles=SOME_ROLES)
    def change_the_maker_behind_a_proposal(
        self, maker: str, who: str, roles: frozenset[Role]
    ) -> None:
        self.activate(maker, 12)
        self.give_roles_at_once(maker, roles)
        for back in range(min(2, len(self.pages))):
            self.decide(who, Verb.APPROVE, back)

    def decide(self, who: str, verb: Verb, back: int) -> None:
        number = max(1, len(self.pages) - back)
        page = self.pages[number]
        role = role_for(page.kind)
        allowed = page.state == "waiting" and self.ledger.at < page.until
        if verb is Verb.WITHDRAW:
            allowed &= who == page.maker and who not in self.book.retired
        else:
            allowed &= who != page.maker and self.book.may(who, role)
        if verb is Verb.APPROVE:
            allowed &= self.book.may(page.maker, role) and self.fits(page.kind, page.content)
        before = repr(self.ledger.office)
        try:
            self.ledger.decide(who, verb, number)
        except Refused:
            assert not allowed
            assert repr(self.ledger.office) == before
        else:
            assert allowed
            page.state = {"approve": "approved", "refuse": "refused"}.get(verb, "withdrawn")
            page.checker = who
            if verb is Verb.APPROVE:
                self.put_into_effect(page)

    def put_into_effect(self, page: Page) -> None:
        match page.kind:
            case Kind.ENROL_OFFICER | Kind.CHANGE_ROLES:
                self.book.roles[page.content["name"]] = frozenset(map(Role, page.content["roles"]))
            case Kind.RETIRE_OFFICER:
                self.book.retired.add(page.content["name"])
            case _:  # changes of other tables: the office itself stays as it is
                pass

    @rule(hours=st.sampled_from([1, 7, 24, 24 * 7]))
    def wait(self, hours: int) -> None:
        self.ledger.advance(hours=hours)

    @rule(name=NAME)
    def nobody_founds_again(self, name: str) -> None:
        try:
            self.ledger.enrol(name, OFFICERS)
        except Refused:
            return
        raise AssertionError("the founding was over")

    @invariant()
    def people_are_as_written_down(self) -> None:
        officers = self.ledger.office.officers
        assert set(officers) == set(self.book.roles)
        for name, officer in officers.items():
            assert officer.roles == self.book.roles[name]
            assert all(officer.may(role) == self.book.may(name, role) for role in ROLES)
        assert self.book.enrollers() >= 2

    @invariant()
    def changes_are_as_written_down(self) -> None:
        now = self.ledger.at
        for number, page in self.pages.items():
            change = self.ledger.office.changes[number]
            expired = page.state == "waiting" and now >= page.until
            assert change.standing(now) == ("expired" if expired else page.state)
            if change.decision is not None:
                assert change.decision.officer == page.checker
            if change.state in {ChangeState.APPROVED, ChangeState.REFUSED}:
                assert page.checker != page.maker
        ruling = [
            number
            for number, page in self.pages.items()
            if page.kind is Kind.ACTIVATE_POLICY and page.state == "approved"
        ]
        found = sorted(one.activation.change for one in activations(self.ledger.office))
        assert found == ruling

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            assert refolded(self.ledger) == self.ledger.office


def refolded(ledger: Ledger) -> Office:
    """The office that the texts of the records come to."""
    office = Office()
    for body in ledger.bodies():
        act = read_body(body)
        office.take(act, judge(office, act))
    return office


TestOffice = OfficeMachine.TestCase
TestOffice.settings = settings(stateful_step_count=40)
