"""What of a visit is settled: runs of its changes, whatever settlements come and go."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from switch.model.act import Act
from switch.model.codes import Kind
from switch.model.ids import (
    InstitutionCode,
    MemberId,
    RegionCode,
    RequestId,
    SettlementId,
    TerminalId,
    is_visit_id,
    journal_id,
    visit_id,
)
from switch.model.money import ZERO
from switch.model.visit import (
    REFUSED_IN,
    TRANSITIONS,
    Taking,
    Visit,
    VisitDetails,
    VisitEvent,
    VisitState,
    within,
)

ACT = Act(
    RequestId("H33020000001201812011000000001"), InstitutionCode("H33020000001"), TerminalId("T1"),
    "赵三", "医嘱", datetime(2018, 12, 1, tzinfo=UTC),
)  # fmt: skip
VISIT = Visit(
    visit_id(1, journal_id(1, 1, 0)), MemberId("0001A0000001"), InstitutionCode("H33020000001"),
    "ZY1", RegionCode("330299"), "310", VisitState.REGISTERED,
    VisitDetails(Kind.INPATIENT, date(2018, 12, 1), "", "", (), ""), None, "", "", 0, 0, ZERO, (),
    ACT, ACT,
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 9)), max_size=12))
def test_every_change_is_taken_once_or_free(steps: list[tuple[int, bool, int]]) -> None:
    """Each step uploads so many times, then settles all that is free, or undoes any settlement."""
    visit = VISIT
    for number, (uploads, settles, which) in enumerate(steps):
        visit = replace(visit, change=visit.change + uploads)
        settlements = visit.settlements
        if settles:
            request = RequestId(f"{number}")
            taking = Taking(request, SettlementId(f"{number}"), visit.unsettled())
            visit = replace(visit, settlements=(*settlements, taking))
        elif settlements:
            gone = settlements[which % len(settlements)]
            visit = replace(visit, settlements=tuple(one for one in settlements if one != gone))
        free = visit.unsettled()
        assert all(after < upto for after, upto in free)
        assert all(upto < after for (_, upto), (after, _) in pairwise(free))
        for change in range(1, visit.change + 1):
            takers = sum(within(change, one.took) for one in visit.settlements)
            assert takers + within(change, free) == 1
        settled = visit.settled_change
        assert not any(within(change, free) for change in range(1, settled + 1))
        assert settled == visit.change or within(settled + 1, free)


def test_only_what_took_lines_or_ended_the_stay_comes_after_a_settlement() -> None:
    fee, first, second, last = (
        Taking(RequestId(name), SettlementId(name), took, name == "last")
        for name, took in (("fee", ()), ("first", ((0, 1),)), ("second", ((1, 2),)), ("last", ()))
    )
    visit = replace(VISIT, change=2, settlements=(first, fee, second, last))
    assert visit.later(first.request_id) == (second, last)
    assert visit.later(second.request_id) == (last,)
    assert visit.later(fee.request_id) == visit.later(RequestId("other")) == ()


def test_what_may_not_happen_has_a_name_in_every_state() -> None:
    assert set(REFUSED_IN) == set(VisitState)
    assert {event for _, event in TRANSITIONS} == set(VisitEvent)
    assert not any(state is VisitState.CANCELLED for state, _ in TRANSITIONS)


def test_an_institutions_own_word_is_no_visit_of_ours() -> None:
    assert is_visit_id(VISIT.visit_id)
    for text in ("", "ZY20181201", "1024V0000000549755815936", "0001V000000054975581593X"):
        assert not is_visit_id(text)
