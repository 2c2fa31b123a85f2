"""The gate: an act and the office as it stands in, what the act comes to out, or a refusal.

The store asks before it writes; the audit asks again, record by record, from the first one: who was
who and might do what *then* is what the records before it came to.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from switch.office.act import Act, Contribute, Decide, Enrol, Genesis, Propose, body_of, digest_of
from switch.office.activation import Activation, Known, PolicyActivation, genesis_books
from switch.office.adjustment import Item, read_items
from switch.office.canonical import Content
from switch.office.change import (
    LIFE_MAX,
    REASON_CHARACTERS_MAX,
    Change,
    ChangeState,
    Decision,
    Kind,
    Verb,
)
from switch.office.key_change import (
    COMPONENTS_MAX,
    COMPONENTS_MIN,
    KeyLoad,
    Origin,
    Part,
    Parts,
    with_part,
)
from switch.office.key_ring import check_parts
from switch.office.kinds import TERMS
from switch.office.officer import (
    FOUNDERS,
    Enrolment,
    Officer,
    Role,
    active_officer,
    enrolled,
    is_founding,
)
from switch.office.refusal import Refusal, Refused


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act comes to: the rows it writes."""

    change: Change | None = None
    officers: tuple[Officer, ...] = ()
    parts: Parts = field(default_factory=dict)
    """Of the keys it touches: the components that lie ready after it."""


@dataclass(slots=True)
class Office:
    """The office as its records have made it; `changes` may hold only those that are asked for."""

    records: int = 0
    at: datetime | None = None
    genesis: Content = field(default_factory=dict)
    genesis_at: datetime | None = None
    last_change: int = 0
    officers: dict[str, Officer] = field(default_factory=dict)
    changes: dict[int, Change] = field(default_factory=dict)
    parts: dict[str, tuple[Part, ...]] = field(default_factory=dict)

    def take(self, act: Act, outcome: Outcome) -> None:
        """Let an act that was judged have happened."""
        self.records += 1
        self.at = act.at
        if isinstance(act, Genesis):
            self.genesis, self.genesis_at = act.content, act.at
        if outcome.change is not None:
            self.changes[outcome.change.number] = outcome.change
            self.last_change = max(self.last_change, outcome.change.number)
        self.officers |= {one.name: one for one in outcome.officers}
        self.parts |= outcome.parts


def judge(office: Office, act: Act) -> Outcome:
    """Return what an act comes to, as the office's next record. Raises: Refused."""
    if office.at is not None and act.at < office.at:
        raise Refused(
            Refusal.TIME_WENT_BACK,
            f"the last record is of {office.at.isoformat()}, this act of {act.at.isoformat()}",
        )
    try:
        match act:
            case Genesis():
                return _genesis(office, act)
            case Enrol():
                return _enrol(office, act)
            case Contribute():
                return _contribute(office, act)
            case Propose():
                return _propose(office, act)
            case Decide():
                return _decide(office, act)
            case _:
                assert_never(act)
    except ValueError as error:
        raise Refused(Refusal.BAD_CONTENT, str(error)) from error


def activations(office: Office) -> Iterator[Known]:
    """Yield every activation of a rule book that the records have made."""
    if office.genesis_at is not None:
        for book in genesis_books(office.genesis):
            one = Activation(book.region, book.hash, book.active_from, record=1, change=0)
            yield Known(office.genesis_at, one)
    for change in office.changes.values():
        match change:
            case Change(
                kind=Kind.ACTIVATE_POLICY,
                state=ChangeState.APPROVED,
                decision=Decision() as decision,
            ):
                yield Known(decision.at, activation_of(change, decision))
            case _:
                pass


def adjustments(office: Office) -> Iterator[Item]:
    """Yield every settlement that the records have adjusted."""
    for change in office.changes.values():
        if change.kind is Kind.ADJUST_SETTLEMENTS and change.state is ChangeState.APPROVED:
            yield from read_items(change.content)


def activation_of(change: Change, decision: Decision) -> Activation:
    """Return what an approved `activate-policy` puts in force. Raises: ValueError."""
    wanted = PolicyActivation.read(change.content)
    return Activation(
        wanted.region, wanted.hash, wanted.active_from, decision.record, change.number
    )


def _genesis(office: Office, act: Genesis) -> Outcome:
    if office.records:
        raise Refused(Refusal.NOT_THE_FIRST_RECORD, "a genesis stands before everything else")
    list(genesis_books(act.content))
    return Outcome()


def _enrol(office: Office, act: Enrol) -> Outcome:
    if not is_founding(office.officers):
        raise Refused(
            Refusal.FOUNDING_OVER,
            f"{FOUNDERS} officers enrol others now: one proposes {act.officer}, another approves",
        )
    if Role.OFFICERS not in act.roles:
        raise Refused(
            Refusal.ROLE_MISSING,
            f"the first {FOUNDERS} officers are those who enrol others: give --role officers",
        )
    return Outcome(
        officers=(enrolled(office.officers, Enrolment(act.officer, act.public_key, act.roles)),)
    )


def _contribute(office: Office, act: Contribute) -> Outcome:
    officer = active_officer(office.officers, act.officer)
    if not officer.may(Role.KEYS):
        raise Refused(
            Refusal.ROLE_MISSING, f"a component takes the role {Role.KEYS}: {act.officer} lacks it"
        )
    if not (COMPONENTS_MIN <= act.of <= COMPONENTS_MAX and 1 <= act.part <= act.of):
        raise Refused(
            Refusal.COMPONENTS,
            f"component {act.part} of {act.of}: a key has {COMPONENTS_MIN} to {COMPONENTS_MAX}",
        )
    parts = with_part(office.parts.get(act.key, ()), Part(act.part, act.of, act.officer, act.kcv))
    if sum(one.officer == act.officer for one in parts) > 1:
        raise Refused(
            Refusal.SAME_OFFICER,
            f"{act.officer} entered another component of {act.key}: nobody knows two",
        )
    return Outcome(parts={act.key: parts})


def _propose(office: Office, act: Propose) -> Outcome:
    terms = TERMS[act.kind]
    _require_role(active_officer(office.officers, act.officer), terms.role, act.kind)
    _require_reason(act.reason, given=True)
    if act.change != office.last_change + 1:
        raise Refused(
            Refusal.NUMBER_NOT_NEXT,
            f"the next change is {office.last_change + 1}, not {act.change}",
        )
    if not act.at < act.expires_at <= act.at + LIFE_MAX:
        raise Refused(Refusal.LIFE_OUT_OF_BOUNDS, f"a change waits {LIFE_MAX.days} days at most")
    terms.check(office.officers, act.content, act.at)
    if act.kind is Kind.LOAD_KEYS:
        _check_components(office, KeyLoad.read(act.content))
    change = Change(
        number=act.change,
        kind=act.kind,
        content=act.content,
        maker=act.officer,
        made_at=act.at,
        expires_at=act.expires_at,
        reason=act.reason,
        digest=digest_of(body_of(act)),
        record=office.records + 1,
    )
    return Outcome(change)


def _decide(office: Office, act: Decide) -> Outcome:
    change = office.changes.get(act.change)
    if change is None:
        raise Refused(Refusal.NO_SUCH_CHANGE, f"there is no change {act.change}")
    officer = active_officer(office.officers, act.officer)
    decision = Decision(act.officer, act.at, act.reason, office.records + 1)
    after = change.after(act.verb, decision)
    if act.proposal != change.digest:
        raise Refused(Refusal.OTHER_PROPOSAL, f"change {act.change} was proposed in other words")
    _require_reason(act.reason, given=act.verb is Verb.REFUSE)
    terms = TERMS[change.kind]
    match act.verb:
        case Verb.WITHDRAW:
            if act.officer != change.maker:
                raise Refused(
                    Refusal.NOT_THE_MAKER, f"{change.maker} proposed change {act.change}: refuse it"
                )
            return Outcome(after)
        case Verb.REFUSE:
            _require_checker(change, officer, terms.role)
            return Outcome(after)
        case Verb.APPROVE:
            _require_checker(change, officer, terms.role)
            if not office.officers[change.maker].may(terms.role):
                raise Refused(
                    Refusal.MAKER_LOST_ROLE,
                    f"{change.maker}, who proposed change {act.change}, may no longer do so",
                )
            officers = terms.check(office.officers, change.content, act.at)
            if change.kind is Kind.REWRAP_KEYS:
                return Outcome(after, officers, dict.fromkeys(office.parts, ()))
            if change.kind is not Kind.LOAD_KEYS:
                return Outcome(after, officers)
            load = KeyLoad.read(change.content)
            _check_components(office, load)
            # What made the key is forgotten with it.
            return Outcome(after, officers, {one.key: () for one in load.keys})
        case _:
            assert_never(act.verb)


def _check_components(office: Office, load: KeyLoad) -> None:
    if load.origin is Origin.COMPONENTS:
        check_parts(load, office.parts.get(load.keys[0].key, ()))


def _require_checker(change: Change, officer: Officer, role: Role) -> None:
    if officer.name == change.maker:
        raise Refused(
            Refusal.SAME_OFFICER, f"{officer.name} proposed change {change.number}: another checks"
        )
    _require_role(officer, role, change.kind)


def _require_role(officer: Officer, role: Role, kind: Kind) -> None:
    if not officer.may(role):
        raise Refused(
            Refusal.ROLE_MISSING, f"{kind} takes the role {role}: {officer.name} lacks it"
        )


def _require_reason(reason: str, *, given: bool) -> None:
    """Accept a reason; one that must be `given` is more than blanks."""
    if len(reason) > REASON_CHARACTERS_MAX or (given and not reason.strip()):
        raise Refused(Refusal.REASON_MISSING, f"a reason is 1..{REASON_CHARACTERS_MAX} characters")
