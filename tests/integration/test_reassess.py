"""Corrections of the past on real PostgreSQL: who is affected, by how much, posted by two."""

from datetime import timedelta

import psycopg
import pytest

from clients.bill import inpatient
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.audit import audit_database
from switch.audit.reader import Reader, open_reader
from switch.audit.settlement import decide_settlement, find_settlement
from switch.office.change import Change, ChangeState, Verb
from switch.office.refusal import Refusal, Refused
from switch.reassess.correction import BadCorrection, Corrections, parse_corrections
from switch.reassess.past import Finding, Past, filings_of_the_past
from switch.reassess.post import propose
from switch.reassess.report import NOTHING, as_json, as_text
from tests.fix_filings import Filer, allow_filings_of_the_past, day, today_of
from tests.fix_ledger import SignedRoom, signed_room
from tests.fix_office import found, opened, signer_of
from tests.fix_province import KEK, Province
from tests.integration.test_replace import less, lines, money, row, settled

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_in_service"


def assert_clean(province: Province) -> None:
    report = audit_database(province.url, KEK)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}


def findings_of(province: Province, corrections: Corrections) -> list[Finding]:
    with open_reader(province.url) as connection:
        return list(Past(connection, corrections).findings())


def audited(settlement: str, line: int, quantity: str) -> Corrections:
    return parse_corrections(
        f'[[audited]]\nsettlement = "{settlement}"\nline = {line}\nquantity = "{quantity}"\n'
        'why = "超适应症"\n'
    )


def proposed(counter: SignedRoom, findings: list[Finding]) -> Change:
    """Let one officer propose findings."""
    with opened(counter.province.url) as registrar:
        at = counter.clock.now()
        if not registrar.connection.execute("SELECT FROM medswitch.officer").fetchall():
            found(registrar, at)
        return propose(registrar, signer_of("li"), findings, "审核扣款", at)


def approved(counter: SignedRoom, change: Change) -> Change:
    """Let another approve."""
    with opened(counter.province.url) as registrar:
        return registrar.decide(
            signer_of("wang"), Verb.APPROVE, change.number, "", counter.clock.now()
        )


async def test_a_line_audited_down_moves_what_came_after_it_too(province: Province) -> None:
    """After posting, books and person are as if the smaller bill had been settled at once."""
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(20, 30))
        first, named = await settled(counter, less(claim, lines(5, 30)), card)
        second, later = await settled(counter, claim, card)
        expected = row(province)[1:], money(province)
        assert (await counter.cancel(later)).outcome.code == OK
        assert (await counter.cancel(named)).outcome.code == OK

        whole, original = await settled(counter, claim, card)
        rest, following = await settled(counter, claim, card)
        corrections = audited(whole.settlement_id, 1, "5")
        findings = findings_of(province, corrections)
        assert [one.settlement for one in findings] == [whole.settlement_id, rest.settlement_id]
        assert findings[0].causes == ("line 1: 超适应症",)
        assert findings[1].causes == ("sums",)
        assert findings[0].after.fund == first.decision.split.fund_fen
        assert findings[1].after.fund == second.decision.split.fund_fen
        said = as_text(findings)
        assert "超适应症" in said
        assert as_json(findings)["change"]["cash"] < 0
        stood = row(province), money(province)
        change = proposed(counter, findings)
        assert (row(province), money(province)) == stood, "a proposal moves nothing"
        assert approved(counter, change).state is ChangeState.APPROVED
        assert (row(province)[1:], money(province)) == expected
        assert findings_of(province, corrections) == []
        query = await counter.query(original)
        assert query.state == settlement_pb2.SETTLEMENT_STATE_POSTED
        with open_reader(province.url) as connection:
            for number in (whole.settlement_id, change.content["items"][0]["request_id"]):
                explained = find_settlement(Reader(connection), number)
                assert explained.undone is None
                assert decide_settlement(connection, explained)[1] == ""
        # What was adjusted is undone as it stands by now.
        refused = await counter.presettle(less(claim, lines(1)), card, following)
        assert refused.outcome.code == reply_pb2.REPLY_CODE_ORIGINAL_ADJUSTED
        assert (await counter.cancel(original)).outcome.code == (
            reply_pb2.REPLY_CODE_LATER_SETTLEMENTS_DEPEND
        )
        undone = await counter.cancel(following)
        assert undone.outcome.code == OK
        assert undone.undone.undone_settlement_id == rest.settlement_id
        assert undone.undone.fund_fen == second.decision.split.fund_fen
        assert (await counter.reverse(original)).undone.fund_fen == first.decision.split.fund_fen
    assert_clean(province)


async def test_a_filing_granted_for_the_past_reaches_who_was_settled_without(
    province: Province,
) -> None:
    who = "employee_without_filing"
    card = province.card(who)
    allow_filings_of_the_past(province, 10)
    async with (
        signed_room(province, "ningbo_agency") as agency,
        signed_room(province, "hangzhou_tertiary", agency.clock) as there,
    ):
        today = today_of(agency.clock)
        claim = inpatient("330199", today - timedelta(days=3), today - timedelta(days=1),
                          lines(200, 300))  # fmt: skip
        whole, _ = await settled(there, claim, card, who)
        assert whole.decision.filing_id == ""
        with psycopg.connect(province.url, autocommit=True) as connection:
            assert filings_of_the_past(connection, []) == {}
        filed = await Filer(agency).file(who, since=day(agency.clock, -5))
        assert filed.outcome.code == OK, filed.outcome.message_en
        filing = filed.record.filing.filing_id
        with psycopg.connect(province.url, autocommit=True) as connection:
            granted = filings_of_the_past(connection, [filing])
            with pytest.raises(BadCorrection, match="no filing taken for the past"):
                filings_of_the_past(connection, ["BA1"])
        assert {one.filing_id for few in granted.values() for one in few} == {filing}
        [one] = findings_of(province, Corrections(filings=granted))
        assert one.causes == (f"filing {filing}",)
        assert one.after.fund > one.before.fund
        assert one.after.cash < one.before.cash
        stood = money(province)
        approved(there, proposed(there, [one]))
        after = money(province)
        gained = one.after.fund - one.before.fund
        assert after["FUND:330299:310100"] == stood["FUND:330299:310100"] - gained
        # Both books say it, and mirror.
        assert province.one(
            "SELECT count(*) FROM journal WHERE kind = 'adjustment' AND window_book = 'INTERCITY'"
        ) == (1,)


async def test_an_entitlement_found_wrong_is_listed_with_what_it_comes_to(
    province: Province,
) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        whole, _ = await settled(counter, counter.claim(lines=lines(40, 30)), card)
        member = province.member_id(WHO)
        corrections = parse_corrections(
            f'[[entitlement]]\nmember = "{member}"\nwhy = "退休登记"\n[[entitlement.enrolments]]\n'
            'region = "330299"\ninsurance = "310"\nclass = "retired"\nsince = 2012-01-01\n'
        )
        [one] = findings_of(province, corrections)
        assert one.after.fund > whole.decision.split.fund_fen
        assert not one.refused
        approved(counter, proposed(counter, [one]))
        assert findings_of(province, corrections) == []
        none = parse_corrections(
            f'[[entitlement]]\nmember = "{member}"\nwhy = "参保无效"\nenrolments = []\n'
        )
        [one] = findings_of(province, none)
        assert "NOT_INSURED" in one.refused
        assert one.after.cash == one.before.total
        with pytest.raises(ValueError, match="cannot be posted"):
            proposed(counter, [one])
    assert_clean(province)


async def test_who_moved_since_is_reassessed_anew(province: Province) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        whole, _ = await settled(counter, claim, card)
        corrections = audited(whole.outcome.request_id, 1, "0")
        change = proposed(counter, findings_of(province, corrections))
        await settled(counter, claim, card)
        stood = row(province), money(province)
        with pytest.raises(Refused) as caught:
            approved(counter, change)
        assert caught.value.reason is Refusal.NOT_ADJUSTABLE
        assert (row(province), money(province)) == stood
        counter.clock.advance(seconds=1)
        again = proposed(counter, findings_of(province, corrections))
        assert approved(counter, again).state is ChangeState.APPROVED
    assert_clean(province)


async def test_an_adjustment_that_nobody_approved_is_found(province: Province) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        whole, _ = await settled(counter, counter.claim(lines=lines(40, 30)), card)
        change = proposed(counter, findings_of(province, audited(whole.settlement_id, 1, "3")))
        approved(counter, change)
    assert_clean(province)
    with psycopg.connect(province.url, autocommit=True) as connection:
        connection.execute("SET search_path = medswitch")
        connection.execute(
            "UPDATE request SET rule_book = repeat('ab', 32) WHERE method = 'Adjust'"
        )
    report = audit_database(province.url, KEK)
    assert {5, 10, 16} <= report.broken
    assert any("is not the adjustment" in one.detail for one in report.violations(16))


def test_nobody_affected_is_said(province: Province) -> None:
    assert findings_of(province, Corrections()) == []
    assert as_text([]) == NOTHING


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[lines]]", "no correction"),
        ("[[audited]]\nline = 1", "cannot be read"),
        ('[[audited]]\nsettlement = "x"\nline = 1\nquantity = "-1"\nwhy = ""', "0 or more"),
        ('[[entitlement]]\nmember = "00010001"\nwhy = ""', "enrolments, or standings"),
        ("not toml", "Expected"),
    ],
)
def test_a_file_that_is_no_corrections_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadCorrection, match=says):
        parse_corrections(text)
