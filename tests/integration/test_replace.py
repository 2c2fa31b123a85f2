"""Part refund on real PostgreSQL: one request cancels a settlement and posts what remains of it."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from clients.bill import inpatient, item
from clients.card import SoftwareCard
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.audit import audit_database
from switch.audit.reader import Reader, open_reader
from switch.audit.settlement import find_settlement
from switch.store import reference
from tests.fix_filings import Filer, open_family_accounts, today_of
from tests.fix_ledger import signed_room
from tests.fix_office import activate, found, opened
from tests.fix_province import KEK, Province, Room, original_of
from tests.fix_recon import assert_books_agree

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_in_service"
ROW = """
SELECT version, account_current_fen, account_earlier_fen, accumulators FROM member
WHERE member_id = %s
"""
MOVED = """
SELECT coalesce(jsonb_object_agg(account, fen), '{}') FROM (
    SELECT account, sum(fen) AS fen FROM (
        SELECT credit AS account, amount_fen AS fen FROM posting
        UNION ALL SELECT debit, -amount_fen FROM posting
    ) p GROUP BY account HAVING sum(fen) <> 0
) s
"""


def row(province: Province, who: str = WHO) -> tuple[object, ...]:
    return province.one(ROW, province.member_id(who))


def money(province: Province) -> dict[str, int]:
    """What all accounts together stand at."""
    return dict(province.one(MOVED)[0])


def lines(*quantities: int) -> list[common_pb2.FeeLine]:
    """Two lines of two items, as many of each."""
    items = [
        item("DEMO-CEFTRI-INJ", "头孢曲松", quantity, "40.00") if number % 2 == 0
        else item("DEMO-AMOX-CAP", "阿莫西林", quantity, "10.00")
        for number, quantity in enumerate(quantities)
    ]  # fmt: skip
    for number, line in enumerate(items, start=1):
        line.number = number
    return items


def less(claim: common_pb2.Claim, kept: Iterable[common_pb2.FeeLine]) -> common_pb2.Claim:
    """Return a bill with other lines on it."""
    rest = common_pb2.Claim()
    rest.CopyFrom(claim)
    del rest.lines[:]
    for line in kept:
        added = rest.lines.add()
        added.CopyFrom(line)
        added.on = line.on or claim.service_on
    rest.total_fen = sum(line.amount_fen for line in rest.lines)
    return rest


def assert_clean(province: Province) -> None:
    report = audit_database(province.url, KEK)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}


async def settled(
    counter: Room, claim: common_pb2.Claim, card: SoftwareCard, who: str = WHO
) -> tuple[settlement_pb2.SettleResponse, settlement_pb2.Original]:
    """Settle a bill, and name it."""
    return await replaced(counter, claim, card, None, who)


async def replaced(
    counter: Room,
    claim: common_pb2.Claim,
    card: SoftwareCard,
    original: settlement_pb2.Original | None,
    who: str = WHO,
) -> tuple[settlement_pb2.SettleResponse, settlement_pb2.Original]:
    """Settle a bill in another's place, and name it."""
    body = await counter.bill_body(claim, card, original)
    reply = await counter.settle(body)
    assert reply.outcome.code == OK, reply.outcome.message_en
    return reply, original_of(body, counter.province.member_id(who))


async def test_a_part_refund_leaves_what_the_smaller_bill_would_have(province: Province) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        rest = less(claim, lines(40, 10))
        first, named = await settled(counter, rest, card)
        expected, stood = money(province), row(province)
        assert (await counter.cancel(named)).outcome.code == OK

        whole, original = await settled(counter, claim, card)
        shown = await counter.presettle(rest, card, original)
        assert shown.outcome.code == OK, shown.outcome.message_en
        assert not shown.replaced.undo_settlement_id
        body = counter.settle_body(rest, card, shown, replaces=original)
        reply = await counter.settle(body)
        assert reply.outcome.code == OK, reply.outcome.message_en
        assert reply.balance_fen == shown.balance_fen
        assert reply.decision.split == first.decision.split
        back, before, after = reply.replaced, whole.decision.split, first.decision.split
        assert back.settlement_id == whole.settlement_id
        assert back.cash_back_fen == before.cash_fen - after.cash_fen > 0
        assert back.fund_back_fen == before.fund_fen - after.fund_fen > 0
        assert back.account_current_back_fen == (
            before.account_current_fen - after.account_current_fen
        )
        assert money(province) == expected
        assert row(province)[1:] == stood[1:]
        assert reply == await counter.settle(body)
        query = await counter.query(original)
        assert query.state == settlement_pb2.SETTLEMENT_STATE_CANCELLED
        assert query.undone_by == reply.outcome.request_id
    assert_clean(province)


async def test_withdrawing_lines_refund_as_well_as_leaving_them_out(province: Province) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        _, original = await settled(counter, claim, card)
        out, named = await replaced(counter, less(claim, lines(40, 10)), card, original)
        withdrawal = lines(0, 20)[1]
        withdrawal.number, withdrawal.withdraws = 3, 2
        withdrawal.quantity_e4, withdrawal.amount_fen = -200_000, -20_000
        rest = less(claim, [*lines(40, 30), withdrawal])
        await counter.reverse(named)
        again, _ = await replaced(counter, rest, card, original)
        assert again.decision.split == out.decision.split
    assert_clean(province)


async def test_however_many_at_once_one_refund_posts(province: Province) -> None:
    card = province.card(WHO)
    async with (
        signed_room(province) as one,
        signed_room(province, clock=one.clock, number=2) as two,
    ):
        claim = one.claim(lines=lines(40, 30))
        _, original = await settled(one, claim, card)
        bodies = [
            (counter, await counter.bill_body(less(claim, lines(40, quantity)), card, original))
            for quantity, counter in ((5, one), (10, two), (15, one), (20, two), (25, one))
        ]
        answers = await asyncio.gather(*(counter.settle(body) for counter, body in bodies))
        codes = sorted(answer.outcome.code for answer in answers)
        assert codes[0] == OK
        assert set(codes[1:]) <= {
            reply_pb2.REPLY_CODE_ALREADY_UNDONE, reply_pb2.REPLY_CODE_CARD_COUNTER_USED,
        }  # fmt: skip
        assert province.one("SELECT count(*) FROM undo") == (1,)
        posted = next(answer for answer in answers if answer.outcome.code == OK)
        assert money(province)["INSTITUTION:" + one.institution] == (
            posted.decision.split.fund_fen + posted.decision.split.account_fen
        )
    assert_clean(province)


def _more(claim: common_pb2.Claim) -> None:
    claim.lines[1].quantity_e4 += 10_000
    claim.lines[1].amount_fen += 1_000
    claim.lines[0].quantity_e4 -= 10_000
    claim.lines[0].amount_fen -= 4_000


def _another(claim: common_pb2.Claim) -> None:
    claim.lines[1].number = 7


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        pytest.param(lambda claim: None, ("line", "0"), id="nothing less"),
        pytest.param(_more, ("line", "2"), id="more of one line"),
        pytest.param(_another, ("line", "7"), id="a line it had not"),
        pytest.param(
            lambda claim: setattr(claim.lines[1], "code", "DEMO-CEFTRI-INJ"), ("line", "2"),
            id="another item",
        ),
        pytest.param(
            lambda claim: setattr(claim, "service_on", "2018-12-04"), ("field", "service_on"),
            id="another day",
        ),
        pytest.param(
            lambda claim: setattr(claim, "use_account", False), ("field", "use_account"),
            id="the account left out",
        ),
        pytest.param(
            lambda claim: setattr(claim, "visit_id", "V9"), ("field", "visit_id"),
            id="another visit",
        ),
    ],
)  # fmt: skip
async def test_what_is_not_the_bill_with_less_on_it_is_declined(
    province: Province, change: Any, fact: tuple[str, str]
) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        _, original = await settled(counter, claim, card)
        stood = money(province)
        change(claim)
        claim.total_fen = sum(line.amount_fen for line in claim.lines)
        shown = await counter.presettle(claim, card, original)
        shown.settle_nonce = bytes(16)
        assert [(one.key, one.value) for one in shown.outcome.facts] == [fact]
        expected = (
            reply_pb2.REPLY_CODE_ORIGINAL_DIFFERS if fact[0] == "field"
            else reply_pb2.REPLY_CODE_REPLACES_MORE
        )  # fmt: skip
        assert shown.outcome.code == expected
        assert money(province) == stood


async def test_what_cannot_be_undone_cannot_be_replaced(province: Province) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        rest = less(claim, lines(40, 10))
        _, original = await settled(counter, claim, card)

        async def code(stated: settlement_pb2.Original, holder: SoftwareCard = card) -> int:
            return (await counter.presettle(rest, holder, stated)).outcome.code

        other = settlement_pb2.Original()
        other.CopyFrom(original)
        other.total_fen += 1
        assert await code(other) == reply_pb2.REPLY_CODE_ORIGINAL_DIFFERS
        other.CopyFrom(original)
        other.request_id = counter.request_id()
        assert await code(other) == reply_pb2.REPLY_CODE_ORIGINAL_UNKNOWN
        stranger = province.card("pharmacy_buyer")
        assert await code(original, stranger) == reply_pb2.REPLY_CODE_ORIGINAL_DIFFERS
        _, later = await settled(counter, claim, card)
        assert await code(original) == reply_pb2.REPLY_CODE_LATER_SETTLEMENTS_DEPEND
        assert (await counter.cancel(later)).outcome.code == OK
        assert await code(original) == OK
        assert (await counter.cancel(original)).outcome.code == OK
        assert await code(original) == reply_pb2.REPLY_CODE_ALREADY_UNDONE


async def test_a_reversal_leaves_what_it_would_have_left_had_it_come_first(
    province: Province,
) -> None:
    """Before the refund or after it: the original stands, to the fen, and can be undone anew."""
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        rest = less(claim, lines(40, 10))
        whole, original = await settled(counter, claim, card)
        stood, accounts = row(province), money(province)

        first = await counter.bill_body(rest, card, original)
        named = original_of(first, province.member_id(WHO))
        assert (await counter.reverse(named)).undone.tombstone
        assert (await counter.settle(first)).outcome.code == reply_pb2.REPLY_CODE_REVERSED
        assert (row(province), money(province)) == (stood, accounts)

        _, named = await replaced(counter, rest, card, original)
        undone = (await counter.reverse(named)).undone
        assert undone.restored.settlement_id == whole.settlement_id
        assert undone.restored.cash_fen == whole.decision.split.cash_fen
        assert undone.balance_fen == whole.balance_fen
        assert (row(province)[1:], money(province)) == (stood[1:], accounts)
        query = await counter.query(original)
        assert query.state == settlement_pb2.SETTLEMENT_STATE_POSTED
        assert query.settle == whole
        with open_reader(province.url) as connection:
            found = find_settlement(Reader(connection), original.request_id)
            assert found.undone is None
            assert find_settlement(Reader(connection), named.request_id).undone is not None

        # Its second life ends as the first did, and a third begins.
        _, again = await replaced(counter, rest, card, original)
        assert (await counter.reverse(again)).undone.restored.settlement_id == whole.settlement_id
        assert (row(province)[1:], money(province)) == (stood[1:], accounts)
        cancelled = await counter.cancel(original)
        assert cancelled.outcome.code == OK
        assert cancelled.undone.undone_settlement_id == whole.settlement_id
        assert money(province).keys() == money_of_nobody(province)
        assert (await counter.cancel(original)).outcome.code == (
            reply_pb2.REPLY_CODE_ALREADY_UNDONE
        )
    assert_clean(province)


def money_of_nobody(province: Province) -> set[str]:
    """The accounts that stand at other than zero when nothing is settled: those of the opening."""
    opened = province.one(
        "SELECT array_agg(DISTINCT a) FROM journal j JOIN posting p ON p.journal_id = j.id"
        " AND p.day = j.day CROSS JOIN unnest(ARRAY[p.debit, p.credit]) AS a"
        " WHERE j.kind = 'opening'"
    )
    return set(opened[0])


async def test_a_cancellation_undoes_the_rest_and_leaves_the_original_undone(
    province: Province,
) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        before, accounts = row(province), money(province)
        claim = counter.claim(lines=lines(40, 30))
        _, original = await settled(counter, claim, card)
        _, rest = await replaced(counter, less(claim, lines(40, 10)), card, original)
        _, least = await replaced(counter, less(claim, lines(10)), card, rest)
        answer = await counter.cancel(least)
        assert answer.outcome.code == OK
        assert not answer.undone.HasField("restored")
        assert (row(province)[1:], money(province)) == (before[1:], accounts)
        for one in (original, rest, least):
            assert (await counter.query(one)).state == settlement_pb2.SETTLEMENT_STATE_CANCELLED
        # A reversal of what was replaced is no reversal of what replaced it.
        answered = await counter.reverse(rest)
        assert answered.outcome.code == reply_pb2.REPLY_CODE_ALREADY_UNDONE
        assert answered.outcome.facts[0].value == least.request_id
        assert money(province) == accounts
    assert_clean(province)


async def test_replaced_twice_and_reversed_twice_the_first_stands(province: Province) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        whole, original = await settled(counter, claim, card)
        stood = row(province)[1:], money(province)
        _, rest = await replaced(counter, less(claim, lines(40, 10)), card, original)
        between = row(province)[1:], money(province)
        _, least = await replaced(counter, less(claim, lines(10)), card, rest)
        assert (await counter.reverse(least)).undone.HasField("restored")
        assert (row(province)[1:], money(province)) == between
        assert_books_agree(province, {rest.request_id})
        answer = await counter.reverse(rest)
        assert answer.undone.restored.settlement_id == whole.settlement_id
        assert (row(province)[1:], money(province)) == stood
        assert (await counter.query(rest)).state == settlement_pb2.SETTLEMENT_STATE_REVERSED
        assert (await counter.query(original)).state == settlement_pb2.SETTLEMENT_STATE_POSTED
    assert_books_agree(province, {original.request_id})
    assert_clean(province)


async def test_an_account_spent_since_leaves_the_refund_standing(province: Province) -> None:
    who = "pharmacy_buyer"
    card = province.card(who)
    async with signed_room(province) as counter:
        opened = row(province, who)[1:3]
        claim = counter.claim(lines=lines(500, 400))
        whole, original = await settled(counter, claim, card, who)
        assert row(province, who)[1] == 0, "the account must be used up"
        reply, named = await replaced(counter, less(claim, lines(1)), card, original, who)
        assert reply.replaced.account_current_back_fen > 0
        _, other = await settled(counter, counter.claim(lines=lines(500, 400)), card, who)
        stood = row(province, who), money(province)
        refused = await counter.reverse(named)
        assert refused.outcome.code == reply_pb2.REPLY_CODE_ACCOUNT_SPENT
        assert (row(province, who), money(province)) == stood
        assert (await counter.query(named)).state == settlement_pb2.SETTLEMENT_STATE_POSTED
        # Once the money is back, a reversal under a new id does it.
        assert (await counter.cancel(other)).outcome.code == OK
        assert (await counter.reverse(named)).undone.restored.cash_fen == (
            whole.decision.split.cash_fen
        )
        assert opened != row(province, who)[1:3]
    assert_clean(province)


async def test_a_balance_that_moved_meanwhile_is_shown_anew(province: Province) -> None:
    card = province.card(WHO)
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        rest = less(claim, lines(40, 10))
        _, earlier = await settled(counter, claim, card)
        _, original = await settled(counter, claim, card)
        body = await counter.bill_body(rest, card, original)
        assert (await counter.reverse(earlier)).outcome.code == OK
        stood = money(province)
        changed = await counter.settle(body)
        assert changed.outcome.code == reply_pb2.REPLY_CODE_AMOUNTS_CHANGED
        assert money(province) == stood
        reply, _ = await replaced(counter, rest, card, original)
        assert reply.decision.split == changed.decision.split
    assert_clean(province)


async def test_a_refund_follows_the_old_rules_and_the_person_of_then(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another book is in force, and the filing is withdrawn: what was settled is refunded by both.

    A new bill would be decided otherwise.
    """
    # A presettlement compares the epoch each time, so that no test waits for a second to pass.
    monkeypatch.setattr(reference, "RECENT_S", 0.0)
    who = "employee_without_filing"
    card = province.card(who)
    async with (
        signed_room(province, "ningbo_agency") as agency,
        signed_room(province, "hangzhou_tertiary", agency.clock) as there,
    ):
        filed = await Filer(agency).file(who)
        assert filed.outcome.code == OK, filed.outcome.message_en
        today = today_of(agency.clock)
        claim = inpatient("330199", today, today, lines(200, 300))
        rest = less(claim, lines(200, 100))
        first, named = await settled(there, rest, card, who)
        accounts = money(province)
        assert (await there.cancel(named)).outcome.code == OK
        whole, original = await settled(there, claim, card, who)
        assert whole.decision.filing_id == filed.record.filing.filing_id
        with opened(province.url) as registrar:
            found(registrar, agency.clock.now())
            activate(registrar, today, agency.clock.now())
        ended = await Filer(agency).withdraw(who, filed.record.filing.filing_id)
        assert ended.outcome.code == OK, ended.outcome.message_en
        anew = (await there.presettle(rest, card)).decision
        assert anew.rule_book != whole.decision.rule_book
        assert (anew.filing_id, anew.split) != (whole.decision.filing_id, first.decision.split)
        reply, named = await replaced(there, rest, card, original, who)
        assert reply.decision.rule_book == whole.decision.rule_book
        assert reply.decision.split == first.decision.split
        assert money(province) == accounts
        # And its own refund, by the same book again.
        least, _ = await replaced(there, less(claim, lines(200)), card, named, who)
        assert least.decision.rule_book == whole.decision.rule_book
    assert_clean(province)


async def test_relatives_get_back_what_the_smaller_bill_does_not_take(province: Province) -> None:
    who, relatives = "employee_without_filing", ("employee_retired", "resident_elsewhere")
    open_family_accounts(province)
    async with (
        signed_room(province, "ningbo_agency") as counter,
        signed_room(province, "ningbo_community", counter.clock) as clinic,
    ):
        card = province.card(who)
        for relative in relatives:
            assert (await Filer(counter).bind(who, relative)).outcome.code == OK
        people = (who, *relatives)
        opened_at = [row(province, one)[1:] for one in people]
        on = today_of(clinic.clock)
        claim = clinic.claim(lines=lines(40, 30), on=on)
        rest = less(claim, lines(20, 5))
        first, named = await settled(clinic, rest, card, who)
        smaller = [row(province, one)[1:] for one in people]
        assert (await clinic.cancel(named)).outcome.code == OK
        assert [row(province, one)[1:] for one in people] == opened_at
        whole, original = await settled(clinic, claim, card, who)
        larger = [row(province, one)[1:] for one in people]
        assert whole.decision.split.account_relative_fen > 15_000, "both must pay"
        reply, named = await replaced(clinic, rest, card, original, who)
        assert reply.decision.split == first.decision.split
        assert reply.replaced.account_relative_back_fen == (
            whole.decision.split.account_relative_fen - first.decision.split.account_relative_fen
        )
        assert [row(province, one)[1:] for one in people] == smaller
        assert_clean(province)
        assert_books_agree(province, {named.request_id})
        assert (await clinic.reverse(named)).undone.restored.account_relative_fen == (
            whole.decision.split.account_relative_fen
        )
        assert [row(province, one)[1:] for one in people] == larger
        assert_books_agree(province, {original.request_id})
        assert (await clinic.cancel(original)).outcome.code == OK
        assert [row(province, one)[1:] for one in people] == opened_at
    assert_books_agree(province, set())
    assert_clean(province)
