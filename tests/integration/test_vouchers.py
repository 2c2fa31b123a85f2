"""E-vouchers on real PostgreSQL: five minutes, one settlement, bound to a terminal and a total."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from clients.issuer import read_issuer
from clients.voucher import Voucher, VoucherIssuer
from medswitch.v1 import settlement_pb2
from switch.audit import audit_database
from switch.model.ids import SocialSecurityNumber
from switch.model.voucher import Algorithm
from switch.model.voucher import VoucherIssuer as Trusted
from switch.office.change import ChangeState, Kind, Verb
from switch.office.officer import Role
from switch.office.voucher import TrustedIssuer
from switch.security.public_signature import PublicSigner, held
from tests.fix_cards import Office, name_of
from tests.fix_ledger import SignedRoom, signed_room
from tests.fix_office import key_of, opened, signer_of
from tests.fix_province import KEK, ManualClock, Province, original_of
from tests.integration.test_reassess import approved, audited, findings_of, proposed
from tests.integration.test_replace import less, lines

WHO = "employee_in_service"


def issuer_of(province: Province) -> VoucherIssuer:
    return read_issuer(province.folder / "issuer.json").vouchers()


def issued(province: Province, clock: ManualClock, who: str = WHO, **fields: Any) -> Voucher:
    number = SocialSecurityNumber(province.people["people"][who]["social_security_number"])
    return issuer_of(province).issue(number, clock.now(), **fields)


async def settled(shop: SignedRoom, token: Voucher, shown: Any) -> Any:
    return await shop.settle(shop.settle_body(shop.claim(), token, shown))


def violations(province: Province) -> dict[int, Any]:
    report = audit_database(province.url, KEK)
    return {r.invariant.number: r.violations for r in report.results if r.count}


async def test_a_token_settles_once(province: Province) -> None:
    clock = ManualClock()
    async with signed_room(province, clock=clock) as shop:
        token = issued(province, clock)
        shown = await shop.presettle(shop.claim(), token)
        assert name_of(shown) == "OK", shown.outcome.message_en
        again = await shop.presettle(shop.claim(), token)
        body = shop.settle_body(shop.claim(), token, shown)
        first = await shop.settle(body)
        assert name_of(first) == "OK", first.outcome.message_en
        assert await shop.settle(body) == first, "a repeat is answered as it was"
        assert name_of(await settled(shop, token, again)) == "VOUCHER_USED"
        assert name_of(await shop.presettle(shop.claim(), token)) == "VOUCHER_USED"
        # Undone or not, it was one settlement.
        member = province.member_id(WHO)
        assert name_of(await shop.cancel(original_of(body, member))) == "OK"
        assert name_of(await shop.presettle(shop.claim(), token)) == "VOUCHER_USED"
        assert name_of(await shop.buy(shop.claim(), issued(province, clock))) == "OK"
    assert province.one("SELECT count(*) FROM voucher_use") == (2,)
    assert violations(province) == {}


async def test_a_part_refund_uses_its_token_and_a_correction_none(province: Province) -> None:
    clock, member = ManualClock(), province.member_id(WHO)
    async with signed_room(province, clock=clock) as shop:
        claim = shop.claim(lines=lines(40, 30))
        rest = less(claim, lines(40, 10))
        body = await shop.bill_body(claim, issued(province, clock))
        assert name_of(await shop.settle(body)) == "OK"
        original, token = original_of(body, member), issued(province, clock)
        refund = await shop.bill_body(rest, token, original)
        again = await shop.bill_body(less(claim, lines(10)), token, original)
        reply = await shop.settle(refund)
        assert name_of(reply) == "OK", reply.outcome.message_en
        assert name_of(await shop.settle(again)) == "VOUCHER_USED"
        findings = findings_of(province, audited(reply.settlement_id, 1, "20"))
        assert approved(shop, proposed(shop, findings)).state is ChangeState.APPROVED
    assert province.one("SELECT count(*) FROM voucher_use") == (2,)
    assert violations(province) == {}


async def test_two_settlements_of_one_token_in_one_batch_or_on_two_replicas(
    province: Province,
) -> None:
    clock = ManualClock()
    async with (
        signed_room(province, clock=clock) as one,
        signed_room(province, clock=clock) as two,
    ):
        two.sequence += 500
        for rooms in ((one, one), (one, two)):
            token = issued(province, clock)
            shown = [await room.presettle(room.claim(), token) for room in rooms]
            replies = await asyncio.gather(
                *(settled(room, token, s) for room, s in zip(rooms, shown, strict=True))
            )
            assert sorted(map(name_of, replies)) == ["OK", "VOUCHER_USED"]
    assert violations(province) == {}


async def test_a_token_is_bound_by_its_presettlement_to_terminal_token_and_total(
    province: Province,
) -> None:
    clock = ManualClock()
    async with (
        signed_room(province, clock=clock) as here,
        signed_room(province, "ningbo_tertiary", clock) as there,
    ):
        token, other = issued(province, clock), issued(province, clock)
        shown = await here.presettle(here.claim(), token)
        assert name_of(await settled(there, token, shown)) == "NONCE_INVALID"
        assert name_of(await settled(here, other, shown)) == "NONCE_INVALID"
        assert name_of(await settled(here, token, shown)) == "OK"


async def test_a_token_lives_five_minutes_and_not_longer(province: Province) -> None:
    clock = ManualClock()
    async with signed_room(province, clock=clock) as shop:
        token = issued(province, clock)
        late = issued(province, clock)
        clock.advance(minutes=4, seconds=59)
        assert name_of(await shop.buy(shop.claim(), token)) == "OK"
        shown = await shop.presettle(shop.claim(), late)
        clock.advance(seconds=1)
        assert name_of(await settled(shop, late, shown)) == "VOUCHER_EXPIRED"
        ahead = issuer_of(province).issue(
            SocialSecurityNumber(province.people["people"][WHO]["social_security_number"]),
            clock.now() + timedelta(minutes=5, milliseconds=1),
        )
        long = issued(province, clock, life=timedelta(minutes=5, milliseconds=1))
        backward = issued(province, clock, life=timedelta(milliseconds=-1))
        for wrong in (ahead, long, backward):
            assert name_of(await shop.presettle(shop.claim(), wrong)) == "VOUCHER_EXPIRED"


async def test_a_token_that_its_issuer_did_not_sign_is_refused(province: Province) -> None:
    clock = ManualClock()
    async with signed_room(province, clock=clock) as shop:
        token = issued(province, clock)
        for place in (40, 60, len(token.token) - 1):  # nonce, expiry, signature
            forged = bytearray(token.token)
            forged[place] ^= 1
            declined = await shop.presettle(shop.claim(), Voucher(bytes(forged)))
            assert name_of(declined) == "VOUCHER_INVALID"
        stranger = VoucherIssuer("demonstration", PublicSigner.p256(bytes(31) + b"\x07"))
        number = SocialSecurityNumber(province.people["people"][WHO]["social_security_number"])
        theirs = stranger.issue(number, clock.now())
        assert name_of(await shop.presettle(shop.claim(), theirs)) == "VOUCHER_INVALID"
        stranger.name = "somebody"
        unknown = stranger.issue(number, clock.now())
        assert name_of(await shop.presettle(shop.claim(), unknown)) == "VOUCHER_ISSUER_UNKNOWN"
        nobody = issuer_of(province).issue(SocialSecurityNumber("330203195001011238"), clock.now())
        assert name_of(await shop.presettle(shop.claim(), nobody)) == "IDENTITY_UNKNOWN"


async def test_a_lost_card_does_not_stop_the_telephone_and_a_lock_stops_the_person(
    province: Province,
) -> None:
    clock = ManualClock()
    async with (
        signed_room(province, clock=clock) as shop,
        signed_room(province, "ningbo_agency", clock) as agency,
    ):
        await Office(agency).report_lost(WHO)
        assert name_of(await shop.buy(shop.claim(), issued(province, clock))) == "OK"
        token = issued(province, clock, "card_locked")
        assert name_of(await shop.presettle(shop.claim(), token)) == "CARD_LOCKED_EMPLOYER"


async def test_a_reading_by_token_tells_the_person_and_uses_nothing(province: Province) -> None:
    clock = ManualClock()
    async with signed_room(province, clock=clock) as shop:
        token = issued(province, clock)
        message = settlement_pb2.ReadMemberRequest(request_id=shop.request_id())
        message.evidence.CopyFrom(token.prove())
        call = shop.call("ReadMember", message.SerializeToString())
        asked: Any = shop.codec.decode("ReadMember", call)
        reply = settlement_pb2.ReadMemberResponse.FromString(await shop.inquiries.ask(asked))
        assert reply.member.member_id == province.member_id(WHO)
        assert name_of(await shop.buy(shop.claim(), token)) == "OK"


@pytest.mark.skipif(not held(Algorithm.SM2), reason="gmssl-pyx has no wheel for this machine")
async def test_two_officers_trust_an_issuer_that_signs_with_sm2(province: Province) -> None:
    clock, signer = ManualClock(), PublicSigner.new_sm2()
    at = clock.now()
    wanted = Trusted("nhsa", Algorithm.SM2, signer.public_key, date(2018, 12, 1), None)
    with opened(province.url) as registrar:
        for name in ("li", "wang"):
            roles = frozenset({Role.OFFICERS, Role.KEYS})
            registrar.enrol(signer_of(name), key_of(name).public_key, roles, at)
        content = TrustedIssuer(wanted).content()
        change = registrar.propose(signer_of("li"), Kind.TRUST_ISSUER, content, "接入", at)
        registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", at)
    number = SocialSecurityNumber(province.people["people"][WHO]["social_security_number"])
    async with signed_room(province, clock=clock) as shop:
        token = VoucherIssuer("nhsa", signer).issue(number, clock.now())
        assert name_of(await shop.buy(shop.claim(), token)) == "OK"
    assert violations(province) == {}
    breaks = (
        (16, "UPDATE voucher_issuer SET public_key = sha512('x') WHERE issuer = 'nhsa'"),
        (16, "DELETE FROM voucher_issuer WHERE issuer = 'nhsa'"),
        (17, "UPDATE voucher_use SET nonce = repeat('0', 32)"),
        (17, "DELETE FROM voucher_use"),
    )
    for invariant, statement in breaks:
        province.one(f"WITH done AS ({statement} RETURNING 1) SELECT count(*) FROM done")
        assert invariant in violations(province)
