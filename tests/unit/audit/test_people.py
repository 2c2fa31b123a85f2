"""A person's row against his history, without a database."""

import pytest

from switch.audit.people import check_history
from switch.audit.scratch import Fact, Person

YEAR = "330299/310/2018"
OPENING = Fact("m", 1, "event", late=False, name="opening")
FILLED = Fact("m", 1, "journal", late=False, name="journal 1", current_fen=100)


def _person(version: int = 1, atc: int = 0, current_fen: int = 100, **used: int) -> Person:
    return Person("m", version, atc, current_fen, 0, {YEAR: used} if used else {})


def _settled(
    version: int, atc: int | None, current_fen: int = 0, *, late: bool = False, **used: int
) -> list[Fact]:
    name = f"request {version}"
    return [
        Fact("m", version, "journal", late, name, None, current_fen, 0, {YEAR: used}),
        Fact("m", version, "request", late, name, atc),
    ]


def _broken(person: Person | None, *facts: Fact) -> set[int]:
    return {v.invariant for v in check_history(person, facts)}


def test_a_row_that_is_its_history_is_clean() -> None:
    facts = [OPENING, FILLED, *_settled(2, 3, -40, a=5), *_settled(3, 7, -60, a=-5, b=1)]
    assert _broken(_person(3, 7, 0, b=1), *facts) == set()


def test_what_came_after_the_row_was_read_is_left_to_the_next_audit() -> None:
    facts = [OPENING, FILLED, *_settled(2, 9, -40, late=True, a=5)]
    assert _broken(_person(), *facts) == set()
    # A row that has seen it must agree with it.
    assert _broken(_person(2, 9, 60, a=5), *facts) == set()
    assert _broken(_person(2, 8, 100), *facts) == {11, 13, 14}


def test_what_was_there_before_the_row_was_read_must_be_in_it() -> None:
    assert 15 in _broken(_person(), OPENING, FILLED, *_settled(2, 9, -40))


def test_a_person_without_a_row_is_a_broken_reference() -> None:
    assert _broken(None, FILLED) == {0}


def test_nobody_may_have_a_history_of_nothing() -> None:
    assert _broken(Person("m", 1, 0, 0, 0, {})) == {15}


def test_a_replaced_card_counts_from_its_own_beginning() -> None:
    replaced = Fact("m", 3, "event", late=False, name="card_replaced")
    facts = [OPENING, FILLED, *_settled(2, 40), replaced]
    assert _broken(_person(3, 0), *facts) == set()
    assert _broken(_person(4, 1), *facts, *_settled(4, 1)) == set()
    assert _broken(_person(4, 2), *facts, *_settled(4, 1)) == {14}


@pytest.mark.parametrize("atc", [3, 2])
def test_a_counter_that_does_not_rise_is_named(atc: int) -> None:
    facts = [OPENING, FILLED, *_settled(2, 3), *_settled(3, atc)]
    assert _broken(_person(3, atc), *facts) == {14}


def test_a_request_without_a_card_stores_no_counter() -> None:
    facts = [OPENING, FILLED, *_settled(2, 3), *_settled(3, None), *_settled(4, 4)]
    assert _broken(_person(4, 4), *facts) == set()


def test_an_account_below_zero_for_one_version_is_named() -> None:
    refilled = Fact("m", 3, "event", late=False, name="credit")
    credit = Fact("m", 3, "journal", late=False, name="journal 3", current_fen=60)
    facts = [OPENING, FILLED, *_settled(2, 3, -150), refilled, credit]
    assert _broken(_person(3, 3, 10), *facts) == {13}


@pytest.mark.parametrize(("versions", "row"), [((1, 3), 3), ((1, 2, 2), 2), ((2,), 2), ((1, 2), 1)])
def test_versions_that_are_not_dense_are_named(versions: tuple[int, ...], row: int) -> None:
    facts = [Fact("m", v, "event", late=False, name="changed") for v in versions]
    assert _broken(_person(row, current_fen=0), *facts) == {15}


def test_a_journal_at_a_version_that_no_row_made_is_named() -> None:
    assert _broken(_person(), OPENING, FILLED, _settled(2, 1)[0]) == {15}


def test_many_missing_versions_are_not_all_listed() -> None:
    detail = next(iter(check_history(_person(100, current_fen=0), [OPENING]))).detail
    assert "2, 3, 4, 5, 6, …" in detail
