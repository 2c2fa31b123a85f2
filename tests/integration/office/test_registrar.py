"""The office on a real PostgreSQL: an act is written whole or not at all, one after another."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from switch.model.ids import BEIJING
from switch.office.change import Change, ChangeState, Decision, Kind, Verb
from switch.office.officer import OfficerState
from switch.office.refusal import Refusal, Refused
from switch.store.connection import RUNTIME_ROLE
from switch.store.office import Registrar, Signer, load_change, load_changes, load_officers
from switch.store.policy import propose_activation
from switch.store.rule_books import load_activations
from tests.fix_office import (
    HOME,
    KEYS,
    OFFICERS,
    POLICY,
    activate,
    activation,
    enrolment,
    found,
    key_of,
    opened,
    other_book,
    signer_of,
    work,
)
from tests.fix_province import ManualClock, Province

LI, WANG = signer_of("li"), signer_of("wang")
TABLES = ("audit_record", "change", "officer", "rule_book_activation", "rule_book", "epoch")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def registrar(province: Province, clock: ManualClock) -> Iterator[Registrar]:
    with opened(province.url) as one:
        found(one, clock.now())
        yield one


def rows(registrar: Registrar) -> dict[str, Any]:
    """Every row that the office may write."""
    return {
        table: registrar.connection.execute(
            psycopg.sql.SQL("SELECT t FROM medswitch.{} t ORDER BY t::text").format(
                psycopg.sql.Identifier(table)
            )
        ).fetchall()
        for table in TABLES
    }


def refused(registrar: Registrar, reason: Refusal, act: Any) -> None:
    before = rows(registrar)
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.reason is reason
    assert rows(registrar) == before


def test_every_act_is_kept_as_it_was_done(province: Province, clock: ManualClock) -> None:
    work(province.url, clock.now())
    with opened(province.url) as one:
        states = {change.number: change.state for change in load_changes(one.connection)}
        officers = load_officers(one.connection)
        first = load_change(one.connection, 1)
    assert states == {
        1: ChangeState.APPROVED, 2: ChangeState.APPROVED, 3: ChangeState.REFUSED,
        4: ChangeState.WITHDRAWN, 5: ChangeState.WAITING, 6: ChangeState.APPROVED,
    }  # fmt: skip
    assert officers["zhao"].state is OfficerState.RETIRED
    assert officers["zhao"].public_key == key_of("zhao").public_key
    assert first is not None
    assert first.content == enrolment("zhao", POLICY, KEYS)
    assert first.decision == Decision("wang", clock.now(), "", 5)
    # The genesis, two founders, six proposals, five decisions.
    assert province.one("SELECT count(*), max(number) FROM audit_record") == (14, 14)


def test_a_refused_act_leaves_no_trace(registrar: Registrar, clock: ManualClock) -> None:
    at = clock.now()
    change = registrar.propose(LI, Kind.ENROL_OFFICER, enrolment("zhao", KEYS), "new", at)
    decide = partial(registrar.decide, number=change.number, reason="", at=at)
    for reason, act in (
        (Refusal.SAME_OFFICER, partial(decide, LI, Verb.APPROVE)),
        (Refusal.NOT_AN_OFFICER, partial(decide, signer_of("qian"), Verb.APPROVE)),
        (Refusal.OTHER_KEY, partial(decide, Signer("wang", key_of("li").sign), Verb.APPROVE)),
        (Refusal.NO_SUCH_CHANGE, partial(registrar.decide, WANG, Verb.APPROVE, 9, "", at)),
        (Refusal.FOUNDING_OVER, partial(
            registrar.enrol, signer_of("sun"), key_of("sun").public_key, frozenset({KEYS}), at)),
        (Refusal.NOT_THE_FIRST_RECORD, partial(registrar.begin, {}, at)),
        (Refusal.TIME_WENT_BACK, partial(
            registrar.decide, WANG, Verb.APPROVE, 1, "", at - timedelta(seconds=1))),
    ):  # fmt: skip
        refused(registrar, reason, act)
    assert decide(WANG, Verb.APPROVE).state is ChangeState.APPROVED


def test_a_founder_signs_with_the_key_that_is_enrolled(
    province: Province, clock: ManualClock
) -> None:
    with opened(province.url) as one:
        act = partial(one.enrol, LI, key_of("wang").public_key, frozenset({KEYS}), clock.now())
        refused(one, Refusal.ROLE_MISSING, act)
        roles = frozenset({OFFICERS, POLICY})
        refused(
            one,
            Refusal.OTHER_KEY,
            partial(one.enrol, LI, key_of("wang").public_key, roles, clock.now()),
        )


def test_what_an_effect_raises_undoes_the_approval(
    registrar: Registrar, clock: ManualClock
) -> None:
    def fail(_: object, __: Change, ___: Decision) -> None:
        raise RuntimeError("power cut")

    broken = replace(registrar, effects=dict.fromkeys(Kind, fail))
    registrar.propose(LI, Kind.ENROL_OFFICER, enrolment("zhao", KEYS), "new", clock.now())
    before = rows(registrar)
    with pytest.raises(RuntimeError):
        broken.decide(WANG, Verb.APPROVE, 1, "", clock.now())
    assert rows(registrar) == before
    assert registrar.decide(WANG, Verb.APPROVE, 1, "", clock.now()).decision is not None


def test_of_two_who_decide_at_once_one_comes_first(
    province: Province, registrar: Registrar, clock: ManualClock
) -> None:
    at, number = clock.now(), 20
    registrar.propose(LI, Kind.ENROL_OFFICER, enrolment("zhao", KEYS), "new", at)

    def once(nth: int) -> str:
        verb = Verb.APPROVE if nth % 2 else Verb.REFUSE
        with opened(province.url) as other:
            try:
                return other.decide(WANG, verb, 1, "why", at).state
            except Refused as error:
                return error.reason

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(once, range(number)))
    state = load_changes(registrar.connection)[0].state
    assert said.count(state) == 1
    assert said.count(f"CHANGE_{state.upper()}") == number - 1


def test_proposals_made_at_once_are_numbered_without_a_gap(
    province: Province, registrar: Registrar, clock: ManualClock
) -> None:
    today = clock.now().astimezone(BEIJING).date()

    def once(_: int) -> int:
        with opened(province.url) as other:
            wanted = activation(active_from=today)
            return other.propose(LI, Kind.ACTIVATE_POLICY, wanted, "x", clock.now()).number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(once, range(16))) == list(range(1, 17))
    assert len(load_changes(registrar.connection)) == 16


def test_a_book_is_kept_when_proposed_and_in_force_when_approved(
    registrar: Registrar, clock: ManualClock
) -> None:
    at = clock.now()
    today = at.astimezone(BEIJING).date()
    before = load_activations(registrar.connection)
    change = propose_activation(registrar, LI, HOME, other_book(), today, "why", at)
    assert load_activations(registrar.connection) == before
    epoch = registrar.connection.execute("SELECT epoch FROM medswitch.epoch").fetchone()
    change = registrar.decide(WANG, Verb.APPROVE, change.number, "", at)
    (new,) = set(load_activations(registrar.connection)) - set(before)
    assert change.decision is not None
    assert (new.hash, new.active_from) == (change.content["hash"], today)
    assert (new.record, new.change) == (change.decision.record, change.number)
    assert registrar.connection.execute("SELECT epoch FROM medswitch.epoch").fetchone() != epoch


@pytest.mark.parametrize(
    "spoil",
    [
        "DELETE FROM medswitch.rule_book WHERE hash = %s",
        "UPDATE medswitch.rule_book SET texts = '{}' WHERE hash = %s",
    ],
)
def test_a_book_that_was_changed_since_is_not_approved(
    registrar: Registrar, clock: ManualClock, spoil: str
) -> None:
    at = clock.now()
    today = at.astimezone(BEIJING).date()
    change = propose_activation(registrar, LI, HOME, other_book(), today, "why", at)
    registrar.connection.execute(spoil.encode(), (change.content["hash"],))
    refused(
        registrar,
        Refusal.BOOK_NOT_KEPT,
        partial(registrar.decide, WANG, Verb.APPROVE, change.number, "", at),
    )


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE medswitch.change SET content = replace(content, 'zhao', 'zhou')",
        "UPDATE medswitch.change SET expires_at = expires_at + interval '9 days'",
        "UPDATE medswitch.change SET maker = 'wang'",
        "UPDATE medswitch.change SET record = 2",
        "UPDATE medswitch.change SET record = 99",
        "UPDATE medswitch.officer SET public_key = sha256(public_key) WHERE name = 'li'",
        "UPDATE medswitch.audit_record SET signature = sha512(signature)",
        "UPDATE medswitch.audit_record SET body = body || ' '",
    ],
)
def test_a_change_that_is_not_as_it_was_signed_is_not_decided(
    registrar: Registrar, clock: ManualClock, spoil: str
) -> None:
    """Or a checker would sign one thing and be shown another."""
    registrar.propose(LI, Kind.ENROL_OFFICER, enrolment("zhao", KEYS), "new", clock.now())
    registrar.connection.execute(spoil.encode())
    act = partial(registrar.decide, WANG, Verb.APPROVE, 1, "", clock.now())
    refused(registrar, Refusal.RECORDS_BROKEN, act)


def test_nothing_follows_a_last_record_that_cannot_be_read(
    registrar: Registrar, clock: ManualClock
) -> None:
    registrar.connection.execute("UPDATE medswitch.audit_record SET body = '{}'")
    wanted = enrolment("zhao", KEYS)
    act = partial(registrar.propose, LI, Kind.ENROL_OFFICER, wanted, "new", clock.now())
    refused(registrar, Refusal.RECORDS_BROKEN, act)


def test_a_book_of_another_region_or_of_a_day_that_is_past_is_not_proposed(
    registrar: Registrar, clock: ManualClock
) -> None:
    at = clock.now()
    today = at.astimezone(BEIJING).date()
    before = rows(registrar)
    with pytest.raises(ValueError, match="330299"):
        propose_activation(registrar, LI, "330199", other_book(), today, "why", at)  # type: ignore[arg-type] # a region
    assert rows(registrar) == before
    yesterday = today - timedelta(days=1)
    refused(
        registrar,
        Refusal.DAY_PAST,
        partial(propose_activation, registrar, LI, HOME, other_book(), yesterday, "why", at),
    )


def test_the_runtime_role_reads_what_is_in_force_and_nothing_else(
    registrar: Registrar, clock: ManualClock
) -> None:
    activate(registrar, clock.now().astimezone(BEIJING).date(), clock.now())
    conn = registrar.connection
    conn.execute(psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(RUNTIME_ROLE)))
    assert len(load_activations(conn)) > 1
    for statement in (
        "SELECT FROM medswitch.officer",
        "SELECT FROM medswitch.change",
        "SELECT FROM medswitch.audit_record",
        "INSERT INTO medswitch.audit_record DEFAULT VALUES",
        "UPDATE medswitch.officer SET state = 'active'",
        "UPDATE medswitch.change SET state = 'approved'",
        "DELETE FROM medswitch.rule_book_activation",
        "INSERT INTO medswitch.rule_book_activation DEFAULT VALUES",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE medswitch.change SET state = 'approved', decided_by = maker, decided_at = now(),
        decided_reason = '', decided_record = 9 WHERE number = 5""",
        "UPDATE medswitch.change SET decided_by = maker WHERE number = 3",
        "UPDATE medswitch.change SET decided_by = 'wang' WHERE number = 4",
        "UPDATE medswitch.change SET decided_by = NULL WHERE number = 2",
        "UPDATE medswitch.change SET state = 'expired' WHERE number = 5",
        "UPDATE medswitch.officer SET public_key = public_key || 'x'",
        "UPDATE medswitch.officer SET roles = '{}'",
    ],
)
def test_four_eyes_are_a_constraint_too(
    province: Province, clock: ManualClock, statement: str
) -> None:
    work(province.url, clock.now())
    with opened(province.url) as one, pytest.raises(psycopg.errors.CheckViolation):
        one.connection.execute(statement.encode())
