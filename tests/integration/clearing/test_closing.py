"""Days, months and years are closed once, completely, by who may; reopened under four eyes."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from clients.results import original_of
from medswitch.v1 import settlement_pb2
from switch.audit.findings import CLEARED
from switch.clearing.netting import dues, net
from switch.clearing.period import Kind, Period
from switch.model.journal import INTERCITY
from switch.office.change import Kind as ChangeKind
from switch.office.change import Verb
from switch.office.clearing import CutOff
from switch.office.refusal import Refusal, Refused
from switch.store.closing import CannotClose, Why
from switch.store.flows import load_flows
from switch.store.windows import close_due
from tests.fix_ledger import signed_room
from tests.fix_office import signer_of
from tests.integration.clearing.fix_clearing import AWAY, HOME, Clearing, day


def whys(error: pytest.ExceptionInfo[CannotClose]) -> set[Why]:
    return {block.why for block in error.value.blocks}


def test_a_day_is_closed_once_its_windows_are(office: Clearing) -> None:
    first = day(office.first_day())
    seen = office.close(first)
    assert (seen.version, seen.blocks) == (1, ())
    assert seen.settlements > 0
    with pytest.raises(CannotClose) as again:
        office.close(first)
    assert whys(again) == {Why.CLOSED}
    with pytest.raises(CannotClose) as today:
        office.close(day(office.open_day(HOME)))
    assert whys(today) == {Why.NOT_OVER}
    assert "takes" in str(today.value)


def test_a_day_waits_for_the_window_between_regions_too(office: Clearing) -> None:
    later = office.open_day(HOME)
    office.pass_days(later, HOME)
    with pytest.raises(CannotClose) as error:
        office.close(day(later))
    assert whys(error) == {Why.NOT_OVER}
    assert INTERCITY in str(error.value)


def test_totals_are_what_was_posted_and_nothing_else(office: Clearing) -> None:
    first = office.first_day()
    seen = office.look(day(first))
    province = office.ledger.province
    funds, accounts = province.one(
        "SELECT sum(fund_fen)::bigint, sum(account_fen)::bigint FROM act a JOIN institution i"
        " ON i.code = a.institution WHERE a.day = %s AND i.region = %s", first, HOME,
    )  # fmt: skip
    assert (seen.fund_fen, seen.account_fen) == (funds, accounts)


def test_a_month_waits_for_its_days_and_makes_statements(office: Clearing) -> None:
    month = Period.month_of(office.first_day())
    office.pass_days(month.until)
    with pytest.raises(CannotClose) as error:
        office.close(month)
    assert whys(error) == {Why.PARTS_OPEN}
    office.close_month()
    rows = office.conn.execute(
        "SELECT s.fund_fen + s.account_fen, s.withheld_fen, s.fund_fen, s.rate_bp,"
        " (SELECT sum(amount_fen)::bigint FROM medswitch.statement_line l"
        "  WHERE (l.region, l.since, l.version, l.institution)"
        "      = (s.region, s.since, s.version, s.institution)),"
        " (SELECT sum(CASE WHEN credit = 'INSTITUTION:' || s.institution THEN amount_fen"
        "    WHEN debit = 'INSTITUTION:' || s.institution THEN -amount_fen ELSE 0 END)::bigint"
        "  FROM medswitch.posting WHERE book = s.region)"
        " FROM medswitch.statement s WHERE region = %s", (HOME,),
    ).fetchall()  # fmt: skip
    assert rows
    for total, withheld, fund, rate, lines, account in rows:
        assert total == lines == account
        assert withheld == (max(fund, 0) * rate + 5_000) // 10_000


def test_a_year_waits_for_its_months(office: Clearing) -> None:
    year = Period(Kind.YEAR, office.first_day().replace(month=1, day=1))
    with pytest.raises(CannotClose) as error:
        office.close(year)
    assert Why.PARTS_OPEN in whys(error)
    month = office.close_month()
    left = [one for one in year.parts() if one.since > month.since]
    for one in left:
        office.pass_days(one.until)
        for on in one.parts():
            office.close(on)
        office.close(one)
    assert office.close(year).version == 1


def test_cross_city_flows_are_the_dues_and_sum_to_zero(office: Clearing) -> None:
    first = office.first_day()
    owed = dues(load_flows(office.conn, first, first + timedelta(days=1)))
    assert [(one.home, one.care) for one in owed] == [(HOME, AWAY)]
    booked = office.ledger.province.one(
        "SELECT sum(CASE WHEN credit = %s THEN amount_fen ELSE -amount_fen END)::bigint"
        " FROM posting WHERE book = %s AND %s IN (debit, credit)",
        f"DUE:{HOME}:{AWAY}", HOME, f"DUE:{HOME}:{AWAY}",
    )[0]  # fmt: skip
    assert owed[0].amount_fen == booked
    assert sum(net(owed).values()) == 0


def test_a_late_cancellation_posts_in_todays_window_and_leaves_the_closed_day_as_it_was(
    office: Clearing,
) -> None:
    first = office.first_day()
    before = office.close(day(first))
    settled = next(
        answer.reply
        for answer in office.ledger.answers
        if answer.method == "Settle"
        and answer.reply.settlement_id
        and answer.reply.member_id == office.ledger.province.member_id("pharmacy_buyer")
    )
    assert settled.business_day == first.isoformat()

    async def cancel() -> settlement_pb2.CancelResponse:
        async with signed_room(office.ledger.province) as room:
            return await room.cancel(original_of(settled))

    reply = asyncio.run(cancel())
    later = office.open_day(HOME)
    assert reply.undone.business_day == later.isoformat()
    assert reply.undone.undone_settlement_id == settled.settlement_id
    office.pass_days(later)
    split = settled.decision.split
    undone = office.ledger.province.one(
        "SELECT total_fen, fund_fen, account_fen FROM act WHERE day = %s AND undone", later
    )
    assert undone == (-split.total_fen, -split.fund_fen, -split.account_fen)
    seen = office.look(day(later))
    posted = office.ledger.province.one(
        "SELECT sum(fund_fen + account_fen)::bigint FROM act JOIN institution i ON i.code ="
        " institution WHERE day = %s AND i.region = %s", later, HOME,
    )  # fmt: skip
    assert posted == (seen.fund_fen + seen.account_fen,)
    again = office.look(day(first))
    assert (again.fund_fen, again.account_fen, again.settlements) == (
        before.fund_fen, before.account_fen, before.settlements,
    )  # fmt: skip
    assert CLEARED not in office.ledger.audit().broken


def test_open_differences_hold_a_day_until_they_are_accepted(office: Clearing) -> None:
    first = office.first_day()
    code = office.ledger.province.people["institutions"]["ningbo_community"]["code"]
    (number,) = office.ledger.province.one(
        "SELECT begin_comparison(%s, %s, %s, now())", code, first, first
    )
    with psycopg.connect(office.ledger.province.url, autocommit=True) as connection:
        connection.execute(
            "SELECT medswitch.note_differences(%s, '{1}', ARRAY[%s]::date[], '{only_switch}',"
            " '{reverse}', '{[]}', '{NULL}', '{6100}', '{0}', '{0}')", (number, first),
        )  # fmt: skip
        connection.execute(
            "SELECT medswitch.end_comparison(%s, now(), '{1,6100,0,0}', '{0,0,0,0}', '{0,0,0}', 1)",
            (number,),
        )
    with pytest.raises(CannotClose) as error:
        office.close(day(first))
    assert whys(error) == {Why.DIFFERENCES}
    (unequal,) = office.look(day(first)).unequal
    assert (unequal.institution, unequal.count, unequal.total_fen) == (code, 1, 6_100)
    office.close(day(first), accept=True)
    assert office.ledger.province.one("SELECT differences FROM closing") == (1,)


def test_only_who_may_clear_closes_and_nothing_is_left_of_a_refusal(office: Clearing) -> None:
    first = day(office.first_day())
    with pytest.raises(Refused) as nobody:
        office.close(first, by="zhao")
    assert nobody.value.reason is Refusal.NOT_AN_OFFICER
    office.ledger.break_it("UPDATE officer SET roles = '{officers}' WHERE name = 'wang'")
    with pytest.raises(Refused) as other:
        office.close(first, by="wang")
    assert other.value.reason is Refusal.ROLE_MISSING
    assert office.ledger.province.one("SELECT count(*) FROM closing") == (0,)
    assert office.ledger.province.one("SELECT count(*) FROM clearing_act") == (0,)


def test_a_closing_that_is_broken_off_has_not_happened(office: Clearing) -> None:
    """Whatever kills it, wherever: run again it comes to the same, and nothing stands twice."""
    month = Period.month_of(office.first_day())
    office.pass_days(month.until)
    for on in month.parts():
        if on.since >= office.first_day():
            office.close(on)
    before = office.ledger.province.one("SELECT count(*) FROM clearing_act")

    def broken_off() -> None:
        with office.conn.transaction():
            office.close(month)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        broken_off()
    for table in ("statement", "statement_line"):
        assert office.ledger.province.one(f"SELECT count(*) FROM {table}") == (0,)
    assert office.ledger.province.one("SELECT count(*) FROM clearing_act") == before
    seen = office.close(month)
    count = office.ledger.province.one("SELECT count(*) FROM statement")
    assert count == (len(seen.statements),)
    assert len(seen.statements) > 0


def test_a_period_is_reopened_by_two_and_closed_anew(office: Clearing) -> None:
    month = office.close_month()
    first = day(office.first_day())
    with pytest.raises(Refused) as covered:
        office.reopen(first)
    assert covered.value.reason is Refusal.PERIOD_COVERED
    with pytest.raises(Refused) as other:
        office.reopen(month, version=2)
    assert other.value.reason is Refusal.PERIOD_NOT_CLOSED
    office.reopen(month)
    office.reopen(first)
    assert office.close(first).version == 2
    assert office.close(month).version == 2
    versions = office.conn.execute(
        "SELECT version, reopened_at IS NULL FROM medswitch.closing WHERE kind = 'month' ORDER BY 1"
    ).fetchall()
    assert versions == [(1, False), (2, True)]


def test_a_cut_off_turns_the_day_when_it_was_set_to(office: Clearing) -> None:
    """Business days before keep the cut-off they had; other books are not touched."""
    open_day = office.open_day(HOME)
    since = max(open_day, office.now.date()) + timedelta(days=2)
    content = CutOff(HOME, since, 1_320).content()
    change = office.registrar.propose(
        signer_of("li"), ChangeKind.SET_CUT_OFF, content, "earlier", office.now
    )
    office.registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", office.now)
    office.pass_days(since - timedelta(days=1), HOME, AWAY, INTERCITY)
    url = office.ledger.province.url
    # Beijing is eight hours ahead: ten in the evening there is 14:00 UTC.
    ten = office.now.replace(
        year=since.year,
        month=since.month,
        day=since.day,
        hour=14,
        minute=0,
        second=0,
        microsecond=0,
    )
    close_due(url, ten - timedelta(seconds=1))
    assert office.open_day(HOME) == since
    close_due(url, ten)
    assert office.open_day(HOME) == since + timedelta(days=1)
    assert office.open_day(AWAY) == since
    close_due(url, ten + timedelta(hours=2))
    assert office.open_day(AWAY) == since + timedelta(days=1)


def test_a_cut_off_of_a_day_that_is_open_or_of_no_book_is_refused(office: Clearing) -> None:
    soon = office.now.date() + timedelta(days=2)
    nowhere = CutOff("999999", soon, 1_320).content()
    change = office.registrar.propose(
        signer_of("li"), ChangeKind.SET_CUT_OFF, nowhere, "x", office.now
    )
    with pytest.raises(Refused) as error:
        office.registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", office.now)
    assert error.value.reason is Refusal.CUT_OFF_CHANGED
    past = CutOff(HOME, office.now.date() - timedelta(days=1), 1_320).content()
    with pytest.raises(Refused) as late:
        office.registrar.propose(signer_of("li"), ChangeKind.SET_CUT_OFF, past, "x", office.now)
    assert late.value.reason is Refusal.DAY_PAST
