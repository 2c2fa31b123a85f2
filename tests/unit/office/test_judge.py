"""The gate: each act that may be, and each that may not, by the name of its refusal."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from switch.model.ids import RegionCode
from switch.office.activation import GENESIS_KEY, PolicyActivation, genesis_content
from switch.office.change import (
    LIFE,
    LIFE_MAX,
    REASON_CHARACTERS_MAX,
    TRANSITIONS,
    ChangeState,
    Kind,
    Verb,
)
from switch.office.judge import activations
from switch.office.kinds import TERMS
from switch.office.officer import FOUNDERS, NewRoles, OfficerState, Retirement
from switch.office.refusal import Refusal, Refused
from tests.fix_office import (
    KEYS,
    OFFICERS,
    POLICY,
    TODAY,
    Ledger,
    activation,
    enrolment,
    founded,
    key_of,
)

DAY = timedelta(days=1)


def refused(reason: Refusal, act: Callable[[], Any], ledger: Ledger) -> str:
    """Do an act that must be refused and must have changed nothing."""
    before = repr(ledger.office)
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.reason is reason, caught.value
    assert repr(ledger.office) == before
    return str(caught.value)


def with_zhao(*roles: Any) -> Ledger:
    """An office of three: li, wang, and zhao with other roles."""
    ledger = founded()
    change = ledger.propose("li", Kind.ENROL_OFFICER, enrolment("zhao", *roles))
    ledger.approve("wang", change.number)
    return ledger


def test_every_kind_has_its_terms_and_every_state_its_transitions() -> None:
    assert set(TERMS) == set(Kind)
    assert set(TRANSITIONS) == set(ChangeState)


# The founding.


def test_two_founders_enrol_themselves_and_the_founding_is_over() -> None:
    ledger = founded()
    assert set(ledger.office.officers) == {"li", "wang"}
    assert ledger.office.officers["li"].public_key == key_of("li").public_key
    refused(Refusal.FOUNDING_OVER, lambda: ledger.enrol("zhao", OFFICERS), ledger)


def test_a_founder_is_one_who_enrols_others() -> None:
    ledger = Ledger()
    refused(Refusal.ROLE_MISSING, lambda: ledger.enrol("li", POLICY), ledger)


def test_one_founder_alone_changes_nothing() -> None:
    ledger = Ledger()
    ledger.enrol("li", OFFICERS)
    change = ledger.propose("li", Kind.ENROL_OFFICER, enrolment("zhao", OFFICERS))
    refused(Refusal.SAME_OFFICER, lambda: ledger.approve("li", change.number), ledger)
    refused(Refusal.NAME_TAKEN, lambda: ledger.enrol("li", OFFICERS), ledger)


def test_a_genesis_stands_before_everything_else() -> None:
    ledger = Ledger()
    book = PolicyActivation(RegionCode("330299"), "ab" * 32, TODAY)
    ledger.begin(genesis_content([book]))
    refused(Refusal.NOT_THE_FIRST_RECORD, lambda: ledger.begin({}), ledger)
    known = list(activations(ledger.office))
    assert [(one.at, one.activation.record, one.activation.change) for one in known] == [
        (ledger.at, 1, 0)
    ]


@pytest.mark.parametrize("listed", ["330299", [{}], [1], [{"region": "330299"}]])
def test_a_genesis_of_other_words_is_refused(listed: Any) -> None:
    ledger = Ledger()
    refused(Refusal.BAD_CONTENT, lambda: ledger.begin({GENESIS_KEY: listed}), ledger)


# Proposing.


def test_a_proposal_waits_for_its_life() -> None:
    ledger = founded()
    change = ledger.propose("li", Kind.ACTIVATE_POLICY, activation())
    assert (change.number, change.state, change.maker) == (1, ChangeState.WAITING, "li")
    assert change.expires_at - change.made_at == LIFE
    assert change.standing(change.expires_at - timedelta(microseconds=1)) is ChangeState.WAITING
    assert change.standing(change.expires_at) is ChangeState.EXPIRED


def test_who_may_not_propose() -> None:
    ledger = with_zhao(KEYS)
    for name, reason in (
        ("nobody", Refusal.NOT_AN_OFFICER), ("zhao", Refusal.ROLE_MISSING),
    ):  # fmt: skip
        refused(reason, partial(ledger.propose, name, Kind.ACTIVATE_POLICY, activation()), ledger)
    change = ledger.propose("li", Kind.RETIRE_OFFICER, Retirement("zhao").content())
    ledger.approve("wang", change.number)
    refused(
        Refusal.OFFICER_RETIRED,
        lambda: ledger.propose("zhao", Kind.ACTIVATE_POLICY, activation()),
        ledger,
    )


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reason": ""}, Refusal.REASON_MISSING),
        ({"reason": " \n"}, Refusal.REASON_MISSING),
        ({"reason": "x" * (REASON_CHARACTERS_MAX + 1)}, Refusal.REASON_MISSING),
        ({"life": timedelta()}, Refusal.LIFE_OUT_OF_BOUNDS),
        ({"life": -DAY}, Refusal.LIFE_OUT_OF_BOUNDS),
        ({"life": LIFE_MAX + timedelta(microseconds=1)}, Refusal.LIFE_OUT_OF_BOUNDS),
        ({"number": 0}, Refusal.NUMBER_NOT_NEXT),
        ({"number": 2}, Refusal.NUMBER_NOT_NEXT),
    ],
)
def test_a_proposal_that_is_not_whole_is_refused(fields: dict[str, Any], reason: Refusal) -> None:
    ledger = founded()
    refused(
        reason,
        lambda: ledger.propose("li", Kind.ACTIVATE_POLICY, activation(), **fields),
        ledger,
    )
    ledger.propose(
        "li", Kind.ACTIVATE_POLICY, activation(), "x" * REASON_CHARACTERS_MAX, LIFE_MAX, 1
    )


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Kind.ENROL_OFFICER, {}),
        (Kind.ENROL_OFFICER, enrolment("zhao", KEYS) | {"more": 1}),
        (Kind.ENROL_OFFICER, enrolment("zhao", KEYS) | {"name": "赵"}),
        (Kind.ENROL_OFFICER, enrolment("zhao", KEYS) | {"public_key": "00"}),
        (Kind.ENROL_OFFICER, enrolment("zhao", KEYS) | {"roles": "keys"}),
        (Kind.CHANGE_ROLES, {"name": "li", "roles": []}),
        (Kind.CHANGE_ROLES, {"name": "li"}),
        (Kind.RETIRE_OFFICER, {"name": 1}),
        (Kind.ACTIVATE_POLICY, activation() | {"active_from": "2026-1-1"}),
        (Kind.ACTIVATE_POLICY, activation() | {"active_from": "2026-13-01"}),
        (Kind.ACTIVATE_POLICY, activation() | {"active_from": 20261201}),
        (Kind.ACTIVATE_POLICY, activation() | {"hash": "ab"}),
        (Kind.ACTIVATE_POLICY, activation() | {"hash": None}),
        (Kind.ACTIVATE_POLICY, activation() | {"region": "33"}),
        (Kind.ACTIVATE_POLICY, activation() | {"region": None}),
    ],
)
def test_content_that_says_something_else_is_refused(kind: Kind, content: Any) -> None:
    ledger = founded()
    refused(Refusal.BAD_CONTENT, lambda: ledger.propose("li", kind, content), ledger)


def test_nothing_is_activated_in_the_past() -> None:
    """Today is Beijing's: at 02:00 UTC it is 10:00 there, at 16:00 UTC it is tomorrow."""
    ledger = founded()
    yesterday = activation(active_from=TODAY - DAY)
    refused(Refusal.DAY_PAST, lambda: ledger.propose("li", Kind.ACTIVATE_POLICY, yesterday), ledger)
    change = ledger.propose("li", Kind.ACTIVATE_POLICY, activation())
    ledger.advance(hours=14)
    refused(
        Refusal.DAY_PAST, lambda: ledger.propose("li", Kind.ACTIVATE_POLICY, activation()), ledger
    )
    refused(Refusal.DAY_PAST, lambda: ledger.approve("wang", change.number), ledger)


# Deciding.


@pytest.mark.parametrize(
    ("verb", "who", "state"),
    [
        (Verb.APPROVE, "wang", ChangeState.APPROVED),
        (Verb.REFUSE, "wang", ChangeState.REFUSED),
        (Verb.WITHDRAW, "li", ChangeState.WITHDRAWN),
    ],
)
def test_a_waiting_change_is_decided_once(verb: Verb, who: str, state: ChangeState) -> None:
    ledger = founded()
    number = ledger.propose("li", Kind.ACTIVATE_POLICY, activation()).number
    ledger.advance(hours=1)
    change = ledger.decide(who, verb, number)
    assert change.state is state
    assert change.decision is not None
    assert (change.decision.officer, change.decision.at) == (who, ledger.at)
    assert change.decision.record == 4
    names = {
        ChangeState.APPROVED: Refusal.CHANGE_APPROVED,
        ChangeState.REFUSED: Refusal.CHANGE_REFUSED,
        ChangeState.WITHDRAWN: Refusal.CHANGE_WITHDRAWN,
    }
    ledger.advance(days=300)
    for again, by in ((Verb.APPROVE, "wang"), (Verb.REFUSE, "wang"), (Verb.WITHDRAW, "li")):
        said = refused(names[state], partial(ledger.decide, by, again, number), ledger)
        assert f"change {number} cannot be" in said


@pytest.mark.parametrize("verb", list(Verb))
def test_an_expired_change_is_not_decided(verb: Verb) -> None:
    ledger = founded()
    number = ledger.propose("li", Kind.ACTIVATE_POLICY, activation()).number
    ledger.at += LIFE
    who = "li" if verb is Verb.WITHDRAW else "wang"
    refused(Refusal.CHANGE_EXPIRED, lambda: ledger.decide(who, verb, number), ledger)


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.REFUSE])
def test_who_may_not_check(verb: Verb) -> None:
    ledger = with_zhao(KEYS)
    number = ledger.propose("li", Kind.ACTIVATE_POLICY, activation()).number
    for who, reason in (
        ("li", Refusal.SAME_OFFICER),
        ("zhao", Refusal.ROLE_MISSING),
        ("nobody", Refusal.NOT_AN_OFFICER),
    ):
        refused(reason, partial(ledger.decide, who, verb, number), ledger)
    refused(Refusal.NO_SUCH_CHANGE, lambda: ledger.decide("wang", verb, 99), ledger)


def test_only_the_maker_withdraws() -> None:
    ledger = founded()
    number = ledger.propose("li", Kind.ACTIVATE_POLICY, activation()).number
    refused(Refusal.NOT_THE_MAKER, lambda: ledger.decide("wang", Verb.WITHDRAW, number), ledger)
    assert ledger.decide("li", Verb.WITHDRAW, number, "").state is ChangeState.WITHDRAWN


def test_a_refusal_needs_a_reason_and_an_approval_none() -> None:
    ledger = founded()
    number = ledger.propose("li", Kind.ACTIVATE_POLICY, activation()).number
    refused(Refusal.REASON_MISSING, lambda: ledger.decide("wang", Verb.REFUSE, number, " "), ledger)
    long = "x" * (REASON_CHARACTERS_MAX + 1)
    refused(
        Refusal.REASON_MISSING, lambda: ledger.decide("wang", Verb.APPROVE, number, long), ledger
    )
    assert ledger.decide("wang", Verb.APPROVE, number, "").state is ChangeState.APPROVED


def test_a_decision_is_about_the_words_that_were_proposed() -> None:
    ledger = founded()
    number = ledger.propose("li", Kind.ACTIVATE_POLICY, activation()).number
    refused(
        Refusal.OTHER_PROPOSAL,
        lambda: ledger.decide("wang", Verb.APPROVE, number, proposal="ab" * 32),
        ledger,
    )


def test_a_makers_proposal_falls_with_his_role() -> None:
    ledger = with_zhao(POLICY)
    number = ledger.propose("zhao", Kind.ACTIVATE_POLICY, activation()).number
    away = ledger.propose("li", Kind.CHANGE_ROLES, NewRoles("zhao", frozenset({KEYS})).content())
    ledger.approve("wang", away.number)
    refused(Refusal.MAKER_LOST_ROLE, lambda: ledger.approve("wang", number), ledger)
    assert ledger.decide("wang", Verb.REFUSE, number).state is ChangeState.REFUSED


def test_time_does_not_go_back() -> None:
    ledger = founded()
    ledger.propose("li", Kind.ACTIVATE_POLICY, activation())
    ledger.advance(microseconds=-1)
    refused(
        Refusal.TIME_WENT_BACK,
        lambda: ledger.propose("li", Kind.ACTIVATE_POLICY, activation()),
        ledger,
    )


# The circle of officers.


def test_an_officer_is_enrolled_given_roles_and_retired() -> None:
    ledger = with_zhao(POLICY)
    assert ledger.office.officers["zhao"].may(POLICY)
    roles = NewRoles("zhao", frozenset({KEYS}))
    ledger.approve("wang", ledger.propose("li", Kind.CHANGE_ROLES, roles.content()).number)
    assert ledger.office.officers["zhao"].roles == {KEYS}
    gone = ledger.propose("wang", Kind.RETIRE_OFFICER, Retirement("zhao").content())
    ledger.approve("li", gone.number)
    zhao = ledger.office.officers["zhao"]
    assert zhao.state is OfficerState.RETIRED
    assert not zhao.may(KEYS)
    for kind, content in (
        (Kind.RETIRE_OFFICER, Retirement("zhao").content()),
        (Kind.CHANGE_ROLES, roles.content()),
    ):
        refused(Refusal.OFFICER_RETIRED, partial(ledger.propose, "li", kind, content), ledger)


def test_a_name_and_a_key_are_taken_for_ever() -> None:
    ledger = with_zhao(POLICY)
    gone = ledger.propose("li", Kind.RETIRE_OFFICER, Retirement("zhao").content())
    ledger.approve("wang", gone.number)
    again = enrolment("qian", KEYS)
    refused(
        Refusal.NAME_TAKEN,
        lambda: ledger.propose("li", Kind.ENROL_OFFICER, again | {"name": "zhao"}),
        ledger,
    )
    key = key_of("zhao").public_key.hex()
    refused(
        Refusal.KEY_TAKEN,
        lambda: ledger.propose("li", Kind.ENROL_OFFICER, again | {"public_key": key}),
        ledger,
    )


def test_what_became_impossible_meanwhile_is_not_approved() -> None:
    ledger = founded()
    first = ledger.propose("li", Kind.ENROL_OFFICER, enrolment("zhao", KEYS))
    second = ledger.propose("li", Kind.ENROL_OFFICER, enrolment("zhao", POLICY))
    ledger.approve("wang", first.number)
    refused(Refusal.NAME_TAKEN, lambda: ledger.approve("wang", second.number), ledger)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Kind.RETIRE_OFFICER, Retirement("wang").content()),
        (Kind.CHANGE_ROLES, NewRoles("wang", frozenset({POLICY})).content()),
    ],
)
def test_two_who_enrol_always_remain(kind: Kind, content: Any) -> None:
    ledger = founded()
    refused(Refusal.TOO_FEW_OFFICERS, lambda: ledger.propose("li", kind, content), ledger)
    more = ledger.propose("li", Kind.ENROL_OFFICER, enrolment("zhao", OFFICERS))
    ledger.approve("wang", more.number)
    ledger.approve("zhao", ledger.propose("li", kind, content).number)
    assert sum(one.may(OFFICERS) for one in ledger.office.officers.values()) == FOUNDERS


# What rules.


def test_approved_books_are_in_force_and_others_are_not() -> None:
    ledger = founded()
    hashes = [f"{n:064x}" for n in range(4)]
    verbs = (Verb.APPROVE, Verb.REFUSE, Verb.APPROVE)
    for book_hash, verb in zip(hashes[:3], verbs, strict=True):
        content = activation(book_hash=book_hash, active_from=date(2026, 12, 1))
        ledger.decide("wang", verb, ledger.propose("li", Kind.ACTIVATE_POLICY, content).number)
    ledger.propose("li", Kind.ACTIVATE_POLICY, activation(book_hash=hashes[3]))
    found = [one.activation for one in activations(ledger.office)]
    assert [(one.hash, one.change) for one in found] == [(hashes[0], 1), (hashes[2], 3)]
    assert [one.record for one in found] == [4, 8]
