"""A family account on real PostgreSQL: who pays of whose bill, in which order, and gets it back."""

import asyncio
from typing import Any

import pytest

from clients.bill import item
from medswitch.v1 import common_pb2, reply_pb2
from switch.audit import audit_database
from switch.pipeline import family
from tests.fix_filings import FAMILY, Filer, open_family_accounts, today_of
from tests.fix_ledger import Ledger, signed_room
from tests.fix_province import KEK, Province, Room, original_of, room

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_without_filing"
FIRST, SECOND = "employee_retired", "resident_elsewhere"
"""15,000 and 90,000 fen of earlier years; 10,000 and 40,000 of this one."""
ROW = "SELECT version, account_current_fen, account_earlier_fen FROM member WHERE member_id = %s"


def row(province: Province, who: str) -> tuple[Any, ...]:
    return province.one(ROW, province.member_id(who))


def claim_of(counter: Room, quantity: int = 40) -> common_pb2.Claim:
    """40 at 40.00: 100.00 of account segment in cash, then a self segment and a share."""
    lines = [item("DEMO-CEFTRI-INJ", "头孢曲松", quantity, "40.00")]
    return counter.claim(lines=lines, on=today_of(counter.clock))


def assert_clean(province: Province) -> None:
    report = audit_database(province.url, KEK)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}


@pytest.mark.parametrize("undo", ["cancel", "reverse"])
async def test_relatives_pay_in_turn_and_get_all_of_it_back(province: Province, undo: str) -> None:
    open_family_accounts(province)
    async with (
        signed_room(province, "ningbo_agency") as counter,
        signed_room(province, "ningbo_community", counter.clock) as clinic,
    ):
        agency, card = Filer(counter), province.card(WHO)
        for relative in (FIRST, SECOND):
            bound = await agency.bind(WHO, relative)
            assert bound.outcome.code == OK, bound.outcome.message_en
        before = [row(province, one) for one in (WHO, FIRST, SECOND)]
        claim = claim_of(clinic)
        shown = await clinic.presettle(claim, card)
        split = shown.decision.split
        assert split.account_relative_fen > 15_000, "both must pay"
        assert split.account_fen == 0
        body = clinic.settle_body(claim, card, shown)
        settled = await clinic.send("Settle", body)
        assert await clinic.send("Settle", body) == settled
        second = split.account_relative_fen - 15_000
        after = [row(province, one) for one in (WHO, FIRST, SECOND)]
        assert after == [
            (before[0][0] + 1, *before[0][1:]),
            (before[1][0] + 1, before[1][1], 0),
            (before[2][0] + 1, before[2][1], before[2][2] - second),
        ]
        assert province.one("SELECT count(*) FROM journal WHERE kind = 'shared'") == (2,)
        owed = "SELECT sum(amount_fen) FROM posting WHERE credit = %s"
        assert province.one(owed, f"INSTITUTION:{clinic.institution}") == (
            split.fund_fen + split.account_relative_fen,
        )
        original = original_of(body, province.member_id(WHO))
        undone = (await getattr(clinic, undo)(original)).undone
        assert undone.account_relative_fen == split.account_relative_fen
        assert (undone.account_fen, undone.fund_fen) == (0, split.fund_fen)
        again = [row(province, one) for one in (WHO, FIRST, SECOND)]
        assert [one[1:] for one in again] == [one[1:] for one in before]
        assert [one[0] for one in again] == [one[0] + 2 for one in before]
    assert_clean(province)


async def test_a_relative_who_spent_his_money_meanwhile_changes_the_amounts(
    province: Province,
) -> None:
    open_family_accounts(province)
    async with (
        signed_room(province, "ningbo_agency") as counter,
        signed_room(province, "ningbo_community", counter.clock) as clinic,
    ):
        await Filer(counter).bind(WHO, FIRST)
        card, claim = province.card(WHO), claim_of(clinic)
        shown = await clinic.presettle(claim, card)
        spent = await clinic.buy(claim_of(clinic), province.card(FIRST))
        assert spent.decision.split.account_earlier_fen > 0
        changed = await clinic.settle(clinic.settle_body(claim, card, shown))
        assert changed.outcome.code == reply_pb2.REPLY_CODE_AMOUNTS_CHANGED
        assert (
            changed.decision.split.account_relative_fen < shown.decision.split.account_relative_fen
        )
        settled = await clinic.buy(claim, card)
        assert settled.outcome.code == OK
    assert_clean(province)


async def test_two_who_share_a_relative_are_decided_in_turn_in_one_batch_and_on_two_replicas(
    province: Province,
) -> None:
    open_family_accounts(province)
    others = (WHO, "referral_patient", "historical_forms_patient")
    async with (
        signed_room(province, "ningbo_agency") as counter,
        signed_room(province, "ningbo_community", counter.clock) as clinic,
        signed_room(province, "ningbo_community", counter.clock, 2) as other,
    ):
        for who in others:
            assert (await Filer(counter).bind(who, FIRST)).outcome.code == OK
        cards = [province.card(who) for who in others]
        bodies = [
            clinic.settle_body(
                claim_of(clinic), card, await clinic.presettle(claim_of(clinic), card)
            )
            for card in cards[:2]
        ]
        claim = claim_of(other)
        third = other.settle_body(claim, cards[2], await other.presettle(claim, cards[2]))
        replies = await asyncio.gather(*map(clinic.settle, bodies), other.settle(third))
        codes = sorted(reply.outcome.code for reply in replies)
        # Each was shown all of the one account; one of them has it.
        changed = reply_pb2.REPLY_CODE_AMOUNTS_CHANGED
        assert codes == [OK, changed, changed]
        assert row(province, FIRST)[1:] == (10_000, 0)
    assert_clean(province)


async def test_a_relative_pays_in_another_city_through_both_books(province: Province) -> None:
    open_family_accounts(province, '["earlier", "current"]')
    async with (
        signed_room(province, "ningbo_agency") as counter,
        signed_room(province, "hangzhou_tertiary", counter.clock) as there,
    ):
        await Filer(counter).bind(WHO, FIRST)
        claim = claim_of(there)
        claim.region_care = "330199"
        body = there.settle_body(
            claim, province.card(WHO), await there.presettle(claim, province.card(WHO))
        )
        settled = await there.settle(body)
        split = settled.decision.split
        assert split.account_relative_fen == 25_000, "both of the relative's accounts"
        assert row(province, FIRST)[1:] == (0, 0)
        due = "SELECT sum(amount_fen) FROM posting WHERE book = %s AND {} = 'DUE:330299:330199'"
        for book, side in (("330299", "credit"), ("330199", "debit")):
            assert province.one(due.format(side), book) == (split.fund_fen + 25_000,)
        assert (await there.cancel(original_of(body, province.member_id(WHO)))).outcome.code == OK
        assert row(province, FIRST)[1:] == (10_000, 15_000)
    assert_clean(province)


async def test_a_binding_that_was_withdrawn_pays_nothing_any_more(province: Province) -> None:
    open_family_accounts(province)
    async with (
        room(province, "ningbo_agency") as counter,
        room(province, "ningbo_community", counter.clock) as clinic,
    ):
        agency, card = Filer(counter), province.card(WHO)
        bound = await agency.bind(WHO, FIRST)
        assert bound.record.filing.relative_id == province.member_id(FIRST)
        shown = await clinic.presettle(claim_of(clinic), card)
        assert shown.decision.split.account_relative_fen > 0
        claim = claim_of(clinic)
        claim.use_account = False
        assert (await clinic.presettle(claim, card)).decision.split.account_relative_fen == 0
        await agency.withdraw(WHO, bound.record.filing.filing_id)
        shown = await clinic.presettle(claim_of(clinic), card)
        assert shown.decision.split.account_relative_fen == 0


async def test_who_cannot_be_bound_is_refused_by_name(province: Province) -> None:
    open_family_accounts(province)
    async with (
        room(province, "ningbo_agency") as counter,
        room(province, "ningbo_tertiary", counter.clock) as hospital,
    ):
        agency = Filer(counter)
        taken = await agency.bind(WHO, FIRST)
        for reply, code in (
            (await agency.bind(WHO, WHO), "FILING_RELATIVE_UNKNOWN"),
            (await agency.file(WHO, kind=FAMILY, relative_id="0001ZZZZZZZZ"),
             "FILING_RELATIVE_UNKNOWN"),
            (await agency.bind(WHO, "jiaxing_employee"), "FILING_RELATIVE_ELSEWHERE"),
            (await agency.bind(WHO, "insurance_ended"), "FILING_RELATIVE_ELSEWHERE"),
            (await agency.bind(WHO, FIRST), "FILING_OVERLAPS"),
            (await Filer(hospital).bind(WHO, SECOND), "FILING_AGENCY_ONLY"),
        ):  # fmt: skip
            assert reply_pb2.ReplyCode.Name(reply.outcome.code) == f"REPLY_CODE_{code}"
        assert (await agency.bind(FIRST, WHO)).outcome.code == OK, "the other way is another thing"
        assert taken.outcome.code == OK
        assert row(province, WHO)[0] == 2


async def test_so_many_relatives_pay_of_one_bill_and_no_more(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert family.RELATIVES_MAX == 7
    monkeypatch.setattr(family, "RELATIVES_MAX", 1)
    open_family_accounts(province)
    async with (
        room(province, "ningbo_agency") as counter,
        room(province, "ningbo_community", counter.clock) as clinic,
    ):
        for relative in (FIRST, SECOND):
            await Filer(counter).bind(WHO, relative)
        shown = await clinic.presettle(claim_of(clinic), province.card(WHO))
        assert shown.decision.split.account_relative_fen == 15_000


def broken(name: str, invariants: set[int], says: str, *statements: str) -> Any:
    return pytest.param(invariants, says, statements, id=name)


BREAKS = [
    broken("a relative's journal is gone", {2, 5}, "of relatives' parts are left",
           "DELETE FROM journal WHERE kind = 'shared'",
           "DELETE FROM posting WHERE credit LIKE 'FAMILY:%%'"),
    broken("a relative paid less", {2, 3, 5, 13}, "fen of relatives' parts are left",
           "UPDATE posting SET amount_fen = amount_fen - 1 WHERE credit LIKE 'FAMILY:%%'"),
    broken("a relative's journal of another request", {4, 5}, "are not of one act",
           "UPDATE journal SET request_id = (SELECT request_id FROM request WHERE method = 'File'"
           " LIMIT 1) WHERE kind = 'shared'"),
    broken("a relative's journal of another kind", {7, 5}, "which is a settlement",
           "UPDATE journal SET kind = 'settlement' WHERE kind = 'shared'"),
    broken("a relative's journal elsewhere in its batch", {15, 5},
           "a journal stands at a version that no row made",
           "UPDATE journal SET id = id - 256 + 1 WHERE kind = 'shared'",
           "UPDATE posting SET journal_id = journal_id - 256 + 1 WHERE credit LIKE 'FAMILY:%%'"),
    broken("what a relative had", {10, 5}, "account_relative_fen",
           "UPDATE request SET snapshot = convert_to(replace(convert_from(snapshot, 'UTF8'),"
           " ',15000],', ',14000],'), 'UTF8') WHERE snapshot <> ''"),
    broken("another relative", {17}, "wrote: relative",
           "UPDATE filing SET relative = member_id WHERE relative <> ''"),
]  # fmt: skip


@pytest.mark.parametrize(("invariants", "says", "statements"), BREAKS)
async def test_a_relatives_part_that_was_tampered_with_is_named(
    province: Province, invariants: set[int], says: str, statements: tuple[str, ...]
) -> None:
    open_family_accounts(province)
    async with (
        signed_room(province, "ningbo_agency") as counter,
        signed_room(province, "ningbo_community", counter.clock) as clinic,
    ):
        await Filer(counter).bind(WHO, FIRST)
        card, claim = province.card(WHO), claim_of(clinic)
        body = clinic.settle_body(claim, card, await clinic.presettle(claim, card))
        await clinic.settle(body)
        await clinic.reverse(original_of(body, province.member_id(WHO)))
    ledger = Ledger(province, [])
    assert ledger.audit().clean
    for statement in statements:
        ledger.break_it(statement)
    report = ledger.audit()
    assert invariants <= report.broken
    said = [f"{v.key}: {v.detail}" for n in sorted(invariants) for v in report.violations(n)]
    assert any(says in one for one in said), said
