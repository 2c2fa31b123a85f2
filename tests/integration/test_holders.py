"""What a holder is told at a self-service terminal: balances, sums, the year's settlements."""

from datetime import date
from typing import Any

import pytest

from clients.issuer import read_issuer
from clients.voucher import Voucher
from medswitch.v1 import card_pb2
from switch.model.ids import SocialSecurityNumber
from switch.pipeline import holder
from switch.security.card_proof import CardOperation
from switch.store import holders
from tests.fix_cards import name_of
from tests.fix_filings import Filer, open_family_accounts, today_of
from tests.fix_province import Province, Room, original_of, room
from tests.integration.test_replace import less, lines

WHO = "employee_in_service"


async def told(kiosk: Room, credential: Any, year: int = 0) -> Any:
    request_id = kiosk.request_id()
    evidence = credential.prove(CardOperation.READ_MEMBER, kiosk.terminal, request_id, 0)
    message = card_pb2.GetHolderRequest(request_id=request_id, evidence=evidence, year=year)
    call = kiosk.call("GetHolder", message.SerializeToString())
    asked: Any = kiosk.codec.decode("GetHolder", call)
    return card_pb2.GetHolderResponse.FromString(await kiosk.inquiries.ask(asked))


async def test_a_holder_is_told_his_balances_sums_and_settlements(province: Province) -> None:
    async with (
        room(province) as shop,
        room(province, "ningbo_agency", shop.clock) as kiosk,
    ):
        card, member = province.card(WHO), province.member_id(WHO)
        first = await shop.buy(shop.claim(), card)
        body = shop.settle_body(shop.claim(), card, await shop.presettle(shop.claim(), card))
        await shop.settle(body)
        assert name_of(await shop.cancel(original_of(body, member))) == "OK"
        reply = await told(kiosk, card)
        assert name_of(reply) == "OK", reply.outcome.message_en
        assert reply.member.member_id == member
        assert reply.member.account_fen == first.balance_fen
        assert {one.year_key[:10] for one in reply.member.accumulators} == {"330299/310"}
        one, other = reply.settlements
        split = first.decision.split
        assert (one.settlement_id, one.undone) == (first.settlement_id, False)
        assert (one.total_fen, one.fund_fen, one.account_fen, one.cash_fen) == (
            split.total_fen, split.fund_fen, split.account_fen, split.cash_fen,
        )  # fmt: skip
        assert one.institution == shop.institution
        assert other.undone
        assert not reply.more
        before = await told(kiosk, card, year=date.today().year - 1)
        assert (name_of(before), len(before.settlements)) == ("OK", 0)


async def test_what_replaced_and_was_reversed_is_told_as_it_stands(province: Province) -> None:
    async with (
        room(province) as shop,
        room(province, "ningbo_agency", shop.clock) as kiosk,
    ):
        card, member = province.card(WHO), province.member_id(WHO)
        claim = shop.claim(lines=lines(40, 30))
        body = await shop.bill_body(claim, card)
        whole = await shop.settle(body)
        part = await shop.bill_body(less(claim, lines(40, 10)), card, original_of(body, member))
        rest = await shop.settle(part)
        assert standing(await told(kiosk, card)) == [rest.decision.split.fund_fen]
        assert name_of(await shop.reverse(original_of(part, member))) == "OK"
        assert standing(await told(kiosk, card)) == [whole.decision.split.fund_fen]


def standing(reply: Any) -> list[int]:
    """What the fund paid of the settlements that stand."""
    return [one.fund_fen for one in reply.settlements if not one.undone]


async def test_by_voucher_too_and_nobody_else_is_told(province: Province) -> None:
    async with (
        room(province) as shop,
        room(province, "ningbo_agency", shop.clock) as kiosk,
    ):
        await shop.buy(shop.claim(), province.card(WHO))
        number = SocialSecurityNumber(province.people["people"][WHO]["social_security_number"])
        issuer = read_issuer(province.folder / "issuer.json").vouchers()
        token: Voucher = issuer.issue(number, shop.clock.now())
        assert len((await told(kiosk, token)).settlements) == 1
        assert name_of(await shop.buy(shop.claim(), token)) == "OK", "asking uses nothing"
        stale = province.card(WHO)  # its counter begins anew
        assert name_of(await told(kiosk, stale)) == "CARD_COUNTER_USED"
        lost = await told(kiosk, province.card("card_lost"))
        assert (name_of(lost), lost.HasField("member")) == ("CARD_LOST", False)


async def test_what_a_relatives_bill_took_is_told_as_that(province: Province) -> None:
    open_family_accounts(province)
    who, relative = "employee_without_filing", "employee_retired"
    async with (
        room(province) as shop,
        room(province, "ningbo_agency", shop.clock) as kiosk,
    ):
        filer = Filer(kiosk)
        bound = await filer.bind(who, relative)
        assert name_of(bound) == "OK", bound.outcome.message_en
        claim = shop.claim(on=today_of(shop.clock))
        card = province.card(who)
        settled = await shop.buy(claim, card)
        paid = settled.decision.split.account_relative_fen
        assert paid > 0
        (one,) = (await told(kiosk, province.card(relative))).settlements
        assert (one.total_fen, one.account_fen, one.fund_fen) == (0, paid, 0)
        (mine,) = (await told(kiosk, card)).settlements
        assert (mine.account_relative_fen, mine.total_fen) == (paid, claim.total_fen)


async def test_of_very_many_the_latest_are_told(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holder, "SETTLEMENTS_MAX", 2)
    monkeypatch.setattr(holders, "SETTLEMENTS_MAX", 2)
    async with (
        room(province) as shop,
        room(province, "ningbo_agency", shop.clock) as kiosk,
    ):
        card = province.card(WHO)
        ids = [(await shop.buy(shop.claim(), card)).settlement_id for _ in range(3)]
        reply = await told(kiosk, card)
        assert [one.settlement_id for one in reply.settlements] == ids[1:]
        assert reply.more
