"""One person's settlements in order, each decided on what the candidate left, not on what was.

The ledger keeps the person as each decision saw him. Under the candidate he would have been another
by the time of his second bill: other sums used, other balances. That difference is carried along as
a shift, and added to each stored snapshot before it is decided on; an undoing takes the shift of
what it undoes away again. Pure: who reads the ledger hands in the events.

What came before the first event stays as it was. A member account that would fall below zero,
because a year's end moved it meanwhile, draws on the other one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from switch.ledger.accumulators import applied, negated
from switch.model.claim import Claim
from switch.model.decision import Decision, Decline, Split
from switch.model.member import Accumulators, Institution, Member
from switch.model.money import Fen


class Amounts(NamedTuple):
    """Who paid what of one settlement, in fen."""

    total: int
    funds: Mapping[str, int]
    hospital: int
    current: int
    earlier: int
    relative: int
    cash: int

    @property
    def fund(self) -> int:
        """All funds."""
        return sum(self.funds.values())

    @property
    def person(self) -> int:
        """The person's whole burden."""
        return self.current + self.earlier + self.relative + self.cash


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as it was posted. `live`: it has not been undone since.

    `touched`: the candidate may decide it otherwise even when nothing came before.
    """

    key: str
    claim: Claim
    member: Member
    institution: Institution
    prescriber: Institution | None
    by_identity: bool
    region: str
    rule_book: str
    day: date
    amounts: Amounts
    member_class: str
    insurance: str
    deltas: Accumulators
    live: bool
    touched: bool
    request_id: str = ""
    stands: str = ""
    """The key of the journal by which it stands: its own, unless it was restored or adjusted."""
    now: Amounts | None = None
    """Who pays what since the office adjusted it; None: as it was posted."""

    @property
    def paid(self) -> Amounts:
        """Who pays what as it stands."""
        return self.amounts if self.now is None else self.now


@dataclass(frozen=True, slots=True)
class Undone:
    """What undid a settlement, named by its key."""

    key: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What lets an undone settlement stand again, named by its key."""

    key: str


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What the office corrected, named by its key: from here on people are as the correction says.

    `sums`, `current`, `earlier`: what it moved beside what had been posted.
    """

    key: str
    sums: Accumulators
    current: int
    earlier: int


Event = Settled | Undone | Restored | Adjusted

Decide = Callable[[Settled, Member], Decision | Decline]
"""Decides a settlement for a person under the candidate."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A live settlement and what it would have been; a decline: the person pays all in cash."""

    settled: Settled
    after: Amounts
    decline: Decline | None
    member: Member
    """The person as he would have been."""
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class _Shift:
    """What the candidate's past differs from what was: sums, and the two balances."""

    sums: Accumulators = field(default_factory=dict)
    current: int = 0
    earlier: int = 0

    def __bool__(self) -> bool:
        return bool(self.sums or self.current or self.earlier)

    def plus(self, other: "_Shift") -> "_Shift":
        return _Shift(
            applied(self.sums, other.sums), self.current + other.current,
            self.earlier + other.earlier,
        )  # fmt: skip

    def taken_off(self) -> "_Shift":
        return _Shift(negated(self.sums), -self.current, -self.earlier)

    def on(self, member: Member) -> Member:
        """Return the person as he would have been."""
        current = member.account_current_fen + self.current
        earlier = member.account_earlier_fen + self.earlier
        if current < 0:
            current, earlier = 0, earlier + current
        elif earlier < 0:
            current, earlier = current + earlier, 0
        return replace(
            member,
            account_current_fen=Fen(max(0, current)),
            account_earlier_fen=Fen(max(0, earlier)),
            accumulators=applied(member.accumulators, self.sums),
        )


_NONE = _Shift()


def replay(events: Iterable[Event], decide: Decide) -> Iterator[Effect]:
    """Yield what each live settlement would have been, in order."""
    shift = _NONE
    given: dict[str, _Shift] = {}
    for event in events:
        if isinstance(event, Adjusted):
            moved = _Shift(event.sums, event.current, event.earlier)
            if moved:
                own = given.get(event.key, _NONE).plus(moved.taken_off())
                given[event.key] = own
                shift = shift.plus(moved.taken_off())
            continue
        if not isinstance(event, Settled):
            own = given.get(event.key, _NONE)
            if own:
                shift = shift.plus(own if isinstance(event, Restored) else own.taken_off())
            continue
        if not event.touched and not shift:
            continue
        member = shift.on(event.member) if shift else event.member
        decision = decide(event, member)
        after = _after(event, decision)
        own = _own(event, decision, after)
        if own:
            given[event.key] = own
            shift = shift.plus(own)
        if event.live:
            if isinstance(decision, Decline):
                yield Effect(event, after, decision, member, None)
            else:
                yield Effect(event, after, None, member, decision)


def amounts_of(split: Split) -> Amounts:
    """Return who pays what of a split."""
    return Amounts(
        split.total_fen,
        {str(payer.fund): payer.amount_fen for payer in split.payers},
        split.hospital_fen,
        split.account_current_fen,
        split.account_earlier_fen,
        split.account_relative_fen,
        split.cash_fen,
    )


def _after(event: Settled, decision: Decision | Decline) -> Amounts:
    if isinstance(decision, Decline):
        total = event.claim.total_fen
        return Amounts(total, {}, 0, 0, 0, 0, total)
    return amounts_of(decision.split)


def _own(event: Settled, decision: Decision | Decline, after: Amounts) -> _Shift:
    """Return by how much this settlement alone would have moved sums and balances otherwise."""
    moved: Accumulators = {} if isinstance(decision, Decline) else decision.deltas
    sums = {} if moved == event.deltas else applied(moved, negated(event.deltas))
    before = event.amounts
    return _Shift(sums, before.current - after.current, before.earlier - after.earlier)
