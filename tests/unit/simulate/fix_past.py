"""A person's past as the ledger would keep it: settled under one book, some of it cancelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from switch.ledger.accumulators import applied, negated
from switch.model.claim import Claim
from switch.model.decision import Decision, Decline
from switch.model.member import Institution, Member
from switch.model.money import Fen
from switch.rules.adjudicate import Rules, adjudicate
from switch.rules.book import RuleBook
from switch.simulate.replay import Event, Settled, Undone, amounts_of
from tests.unit.rules.fix_rules import (
    Person,
    make_claim,
    make_institution,
    make_line,
    make_member,
    region_texts,
    shipped_rules,
)

ON: Final = date(2018, 12, 1)


@dataclass(frozen=True)
class Bill:
    """A bill of a kind and amount; `cancelled_by`: after how many further bills it is undone."""

    amount_fen: int
    kind: str = "11"
    level: str = "tertiary"
    cancelled_after: int | None = None


def changed_rules(*changes: tuple[str, str]) -> Rules:
    """Ningbo's policy with some of its text replaced, each text standing once or more."""
    texts = region_texts("330299")
    for before, after in changes:
        assert any(before in text for text in texts.values()), before
        texts = {name: text.replace(before, after) for name, text in texts.items()}
    shipped = shipped_rules()
    return Rules({**shipped.books, "330299": RuleBook.parse(texts)}, shipped.catalogues)


SEGMENT: Final = (
    'classes = ["in_service"], age_from = 45, width = 600',
    'classes = ["in_service"], age_from = 45, width = 450',
)  # fmt: skip
RATIO: Final = ('{ levels = ["tertiary"], fund = [75] }', '{ levels = ["tertiary"], fund = [78] }')


@cache
def candidate() -> Rules:
    """A narrower self segment and a higher ratio."""
    return changed_rules(SEGMENT, RATIO)


def member(current_fen: int = 20_000, earlier_fen: int = 30_000) -> Member:
    return make_member(Person(current_fen=current_fen, earlier_fen=earlier_fen))


def claim_of(bill: Bill) -> Claim:
    stay = bill.kind == "21"
    admitted = date(2018, 11, 20) if stay else None
    lines = [make_line(1, bill.amount_fen, on=ON)]
    return make_claim(lines, bill.kind, on=ON, admitted=admitted, discharged=ON if stay else None)


def decider(rules: Rules) -> Callable[[Settled, Member], Decision | Decline]:
    def decide(settled: Settled, person: Member) -> Decision | Decline:
        return adjudicate(settled.claim, person, settled.institution, rules)

    return decide


@dataclass
class Lived:
    """A person who settles bill after bill under some rules, keeping what a ledger keeps."""

    person: Member
    rules: Rules

    def live(self, bills: Sequence[Bill]) -> tuple[list[Event], list[Decision]]:
        """Settle and cancel in order; return the events, and each bill's decision."""
        events: list[Event] = []
        decisions: list[Decision] = []
        undone = {
            number for number, bill in enumerate(bills)
            if bill.cancelled_after is not None and number + bill.cancelled_after < len(bills)
        }  # fmt: skip
        for number, bill in enumerate(bills):
            place = make_institution(level=bill.level)
            decision = adjudicate(claim_of(bill), self.person, place, self.rules)
            assert isinstance(decision, Decision)
            events.append(self._settled(number, bill, place, decision, live=number not in undone))
            decisions.append(decision)
            self._move(decision, 1)
            for other, earlier in enumerate(bills[: number + 1]):
                if other in undone and other + (earlier.cancelled_after or 0) == number:
                    self._move(decisions[other], -1)
                    events.append(Undone(str(other)))
        return events, [one for number, one in enumerate(decisions) if number not in undone]

    def _settled(
        self, number: int, bill: Bill, place: Institution, decision: Decision, *, live: bool
    ) -> Settled:
        return Settled(
            key=str(number),
            claim=claim_of(bill),
            member=self.person,
            institution=place,
            prescriber=None,
            by_identity=False,
            region="330299",
            rule_book=decision.rule_book,
            day=ON,
            amounts=amounts_of(decision.split),
            member_class=decision.member_class,
            insurance=decision.insurance,
            deltas=decision.deltas,
            live=live,
            touched=True,
        )

    def _move(self, decision: Decision, sign: int) -> None:
        split, person = decision.split, self.person
        deltas = decision.deltas if sign > 0 else negated(decision.deltas)
        self.person = replace(
            person,
            account_current_fen=Fen(person.account_current_fen - sign * split.account_current_fen),
            account_earlier_fen=Fen(person.account_earlier_fen - sign * split.account_earlier_fen),
            accumulators=applied(person.accumulators, deltas),
        )
