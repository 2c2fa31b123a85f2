"""When a row holds, when it takes in another, and which tables leave out nobody."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.rules.condition import (
    ALWAYS,
    Condition,
    Facts,
    Table,
    always,
    check_reached,
    check_whole,
)

FACTS = Facts(
    insurance="310",
    kind="21",
    level="tertiary_a",
    deductible_level="tertiary_b",
    prescriber_level="community",
    member_class="retired",
    sex="2",
    age=60,
    area="home",
    filing="none",
    place="330299",
    institution="H1",
    emergency="no",
    disease="M1",
    ordinal=2,
    filed=frozenset({"M1"}),
    standings=frozenset({"poor", "veteran"}),
    tags=frozenset({"tcm"}),
    holding=frozenset({"special_disease"}),
    diagnoses=("J18", "C50.1"),
)


def words(name: str, *allowed: str) -> Condition:
    return Condition(one_of=((name, frozenset(allowed)),))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (ALWAYS, True),
        (words("kind", "11", "21"), True),
        (words("kind", "11"), False),
        (words("deductible_level", "tertiary_a"), False),
        (words("prescriber_level", "community"), True),
        (Condition(age=(60, 61)), True),
        (Condition(age=(61, 200)), False),
        (Condition(age=(0, 60)), False),
        (Condition(age=(0, 61)), True),
        (Condition(ordinal=(2, 2)), True),
        (Condition(ordinal=(1, 1)), False),
        (Condition(ordinal=(3, 9)), False),
        (Condition(some_of=(("standings", frozenset({"rich", "poor"})),)), True),
        (Condition(some_of=(("standings", frozenset({"rich"})),)), False),
        (Condition(none_of=(("tags", frozenset({"private"})),)), True),
        (Condition(none_of=(("tags", frozenset({"private", "tcm"})),)), False),
        (Condition(begins=(("diagnoses", ("C", "D0")),)), True),
        (Condition(begins=(("diagnoses", ("50",)),)), False),
        (Condition(begins=(("place", ("3301", "3302")),)), True),
        (Condition(begins=(("place", ("3303",)),)), False),
        (Condition(begins=(("diagnoses", ("C",)), ("place", ("99",)))), False),
    ],
)
def test_a_row_holds_when_all_its_tests_do(condition: Condition, *, holds: bool) -> None:
    assert condition.holds(FACTS) is holds


def test_no_diagnosis_begins_with_anything() -> None:
    assert not Condition(begins=(("diagnoses", ("C",)),)).holds(replace(FACTS, diagnoses=()))


NAMES = {
    "kind": ("11", "14", "21"),
    "area": ("home", "province", "national"),
    "member_class": ("in_service", "retired"),
    "emergency": ("yes", "no"),
    "disease": ("", "M1", "M2"),
}
SETS = {"standings": ("a", "b"), "tags": ("s", "t")}


def some(choices: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(choices), min_size=1)


ranges = st.one_of(
    st.none(), st.tuples(st.integers(0, 5), st.integers(1, 5)).map(lambda t: (t[0], sum(t)))
)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    named = draw(st.lists(st.sampled_from(sorted(NAMES)), unique=True, max_size=3))
    sets = draw(st.lists(st.sampled_from(sorted(SETS)), unique=True, max_size=1))
    return Condition(
        one_of=tuple((name, draw(some(NAMES[name]))) for name in named),
        some_of=tuple((name, draw(some(SETS[name]))) for name in sets),
        none_of=tuple((name, draw(some(SETS[name]))) for name in sets if draw(st.booleans())),
        begins=draw(st.sampled_from(((), (("place", ("33",)),)))),
        age=draw(ranges),
        ordinal=draw(ranges),
    )


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    said: dict[str, Any] = {name: draw(st.sampled_from(w)) for name, w in NAMES.items()}
    said |= {name: draw(st.frozensets(st.sampled_from(w))) for name, w in SETS.items()}
    return replace(
        FACTS,
        **said,
        age=draw(st.integers(0, 12)),
        ordinal=draw(st.integers(1, 12)),
        place=draw(st.sampled_from(("330299", "110100"))),
    )


@given(conditions(), conditions(), facts())
def test_what_a_row_covers_never_holds_without_it(
    one: Condition, other: Condition, said: Facts
) -> None:
    if one.covers(other) and other.holds(said):
        assert one.holds(said)


@given(conditions())
def test_a_row_covers_itself_and_the_row_for_all_covers_it(one: Condition) -> None:
    assert one.covers(one)
    assert ALWAYS.covers(one)
    assert one.covers(ALWAYS) == (one == ALWAYS)


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        (words("kind", "11", "21"), words("kind", "11"), True),
        (words("kind", "11"), words("kind", "11", "21"), False),
        (words("kind", "11"), words("area", "home"), False),
        (Condition(age=(0, 60)), Condition(age=(10, 60)), True),
        (Condition(age=(0, 60)), Condition(age=(10, 61)), False),
        (Condition(age=(1, 60)), Condition(age=(0, 60)), False),
        (Condition(age=(0, 60)), ALWAYS, False),
        (Condition(ordinal=(1, 9)), Condition(ordinal=(2, 9)), True),
    ],
)
def test_a_row_covers_what_it_takes_in(one: Condition, other: Condition, *, covers: bool) -> None:
    assert one.covers(other) is covers


@given(st.lists(conditions(), max_size=4), facts())
def test_a_table_gives_the_first_row_that_holds(rows: list[Condition], said: Facts) -> None:
    table = Table(tuple((condition, number) for number, condition in enumerate(rows)))
    holding = [number for number, condition in enumerate(rows) if condition.holds(said)]
    assert table.find(said) == (holding[0] if holding else None)
    assert always("x").find(said) == "x"


def test_only_rows_after_a_wider_one_are_refused() -> None:
    wide, narrow = words("kind", "11", "21"), words("kind", "11")
    check_reached([(narrow, "row 1"), (wide, "row 2"), (ALWAYS, "row 3")])
    with pytest.raises(
        ValueError, match=r"^row 3: never reached, for the row at row 2 holds first"
    ):
        check_reached([(words("area", "home"), "row 1"), (wide, "row 2"), (narrow, "row 3")])


AGES = (None, (0, 5), (5, 200), (0, 9), (3, 200))
KINDS = (None, frozenset({"11"}), frozenset({"11", "21"}))
URGENT = (None, frozenset({"yes"}), frozenset({"no"}))


def firm(kinds: frozenset[str] | None, urgent: frozenset[str] | None, age: Any) -> Condition:
    one_of = [("kind", kinds), ("emergency", urgent)]
    return Condition(tuple((name, allowed) for name, allowed in one_of if allowed), age=age)


firm_rows = st.lists(
    st.builds(firm, st.sampled_from(KINDS), st.sampled_from(URGENT), st.sampled_from(AGES)),
    min_size=1,
    max_size=6,
)


@given(firm_rows, facts())
def test_a_whole_table_leaves_nobody_out_of_the_kinds_it_names(
    rows: list[Condition], said: Facts
) -> None:
    named = {word for one in rows for word in dict(one.one_of).get("kind", ())}
    covered = [
        any(one.holds(replace(said, kind=kind, emergency=urgent, age=age)) for one in rows)
        for kind in named or {"11"}
        for urgent in ("yes", "no")
        for age in range(12)
    ]
    if all(covered):
        check_whole(rows, (said.member_class,), "t")
    else:
        with pytest.raises(ValueError, match="no row for"):
            check_whole(rows, (said.member_class,), "t")


@pytest.mark.parametrize(
    ("rows", "classes", "gap"),
    [
        ([ALWAYS], ("a",), None),
        ([], ("a",), "member_class a, age 0, ordinal 1"),
        ([Condition(age=(0, 60)), Condition(age=(60, 200))], ("a",), None),
        ([Condition(age=(0, 60)), Condition(age=(61, 200))], ("a",), "age 60, ordinal 1"),
        ([Condition(ordinal=(1, 2)), Condition(ordinal=(3, 10_000))], ("a",), None),
        ([Condition(ordinal=(1, 2)), Condition(ordinal=(4, 10_000))], ("a",), "ordinal 3"),
        ([Condition(ordinal=(1, 2))], ("a",), "ordinal 3"),
        ([words("kind", "11")], ("a",), None),
        ([words("area", "home", "province")], ("a",), "area national"),
        ([words("institution", "H1")], ("a",), "institution any other"),
        ([words("filing", "none"), ALWAYS], ("a",), None),
        ([words("member_class", "a")], ("a", "b"), "member_class b"),
        ([words("member_class", "a")], (), "member_class any other"),
        ([Condition(some_of=(("tags", frozenset({"t"})),))], ("a",), "member_class a"),
    ],
)
def test_a_gap_is_named_by_its_cell(
    rows: list[Condition], classes: tuple[str, ...], gap: str | None
) -> None:
    if gap is None:
        check_whole(rows, classes, "t")
    else:
        with pytest.raises(ValueError, match=rf"t: no row for .*{gap}.* \(gap\)"):
            check_whole(rows, classes, "t")
