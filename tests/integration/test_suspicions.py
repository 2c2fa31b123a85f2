"""The clone alarm: recorded with both uses, locked by policy, resolved by two officers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clients.card import SoftwareCard
from clients.card_office import PERSON
from clients.issuer import read_issuer
from medswitch.v1 import settlement_pb2
from switch.app import Windows
from switch.audit import audit_database
from switch.model.ids import BEIJING
from switch.office.change import Change, Kind, Verb
from switch.office.officer import Role
from switch.office.refusal import Refusal, Refused
from switch.security.card_proof import CardOperation
from switch.store.aside import Aside, is_long
from switch.store.policy import propose_activation
from switch.store.rule_books import load_shipped
from switch.store.suspicion_office import Listed, listed
from switch.wire.encode import REPLIES
from tests.fix_cards import Office, name_of
from tests.fix_ledger import SignedRoom, signed_room
from tests.fix_office import HOME, key_of, opened, signer_of
from tests.fix_province import KEK, ManualClock, Province
from tests.fix_visits import Ward, charge
from tests.integration.test_aside import beside

WHO = "employee_in_service"
KEY = "bucket, member_id, version"
REST = "identifier, method, use, stored_atc, earlier, locked"
LOCKED = "SELECT card_status, version FROM member WHERE member_id = %s"


def clone_of(province: Province, card: SoftwareCard, atc: int) -> SoftwareCard:
    """Return a copy of a card whose counter stands where it did before."""
    issuer = read_issuer(province.folder / "issuer.json")
    return issuer.personalise(card.face, card.suite, atc)


async def present(shop: SignedRoom, method: str, card: SoftwareCard) -> Any:
    """Show a card for what only asks, as the whole switch answers it."""
    request_id, total_fen = shop.request_id(), 0
    if method == "Presettle":
        message: Any = settlement_pb2.PresettleRequest(claim=shop.claim())
        message.claim.request_id, total_fen = request_id, message.claim.total_fen
    else:
        message = settlement_pb2.ReadMemberRequest(request_id=request_id)
    operation = CardOperation.PRESETTLE if total_fen else CardOperation.READ_MEMBER
    message.evidence.CopyFrom(card.prove(operation, shop.terminal, request_id, total_fen))
    return await again(shop, method, message.SerializeToString())


async def again(shop: SignedRoom, method: str, body: bytes) -> Any:
    """Send the bytes of what only asks."""
    asked: Any = shop.codec.decode(method, shop.call(method, body))
    aside = Aside(lambda: (shop.lane, shop.inquiries))  # nothing here is long
    try:
        reply = await Windows(shop.lane, shop.inquiries, aside).inquire(asked)
    finally:
        await aside.stop()
    return REPLIES[method].FromString(reply)


def suspicions(province: Province, *, resolved: bool = False) -> list[Listed]:
    with opened(province.url) as registrar:
        return listed(registrar.connection, resolved=resolved)


def enrolled(province: Province) -> None:
    """Two officers who see to cards and policies."""
    with opened(province.url) as registrar:
        for name in ("li", "wang"):
            roles = frozenset({Role.OFFICERS, Role.CARDS, Role.POLICY})
            registrar.enrol(signer_of(name), key_of(name).public_key, roles, moment())


def moment() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def lock_on_suspicion(province: Province) -> None:
    """Put a policy in force that locks at once."""
    texts = dict(load_shipped()[HOME])
    assert texts["cards.toml"].count("locks = false") == 1
    texts["cards.toml"] = texts["cards.toml"].replace("locks = false", "locks = true")
    at = moment()
    with opened(province.url) as registrar:
        today = at.astimezone(BEIJING).date()
        change = propose_activation(registrar, signer_of("li"), HOME, texts, today, "封锁", at)
        registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", at)


def resolved(province: Province, one: Listed, verdict: str = "genuine") -> Change:
    """Resolve a suspicion: one officer proposes, another approves."""
    content = {"member_id": one.member_id, "version": str(one.version), "verdict": verdict}
    with opened(province.url) as registrar:
        li, wang, at = signer_of("li"), signer_of("wang"), moment()
        change = registrar.propose(li, Kind.RESOLVE_SUSPICION, content, "查实", at)
        return registrar.decide(wang, Verb.APPROVE, change.number, "", at)


def clean(province: Province) -> bool:
    report = audit_database(province.url, KEK)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
    return True


async def test_a_settlement_of_a_used_counter_is_recorded_with_both_uses(
    province: Province,
) -> None:
    clock = ManualClock()
    clock.advance(minutes=-1)
    async with (
        signed_room(province, clock=clock) as here,
        signed_room(province, "ningbo_tertiary", clock) as there,
    ):
        card = province.card(WHO)
        genuine = await here.buy(here.claim(), card)
        clone = clone_of(province, card, card.atc)
        shown = await there.presettle(there.claim(), clone)
        # The holder settles meanwhile; the clone's signature has the same counter.
        await here.buy(here.claim(), card)
        body = there.settle_body(there.claim(), clone, shown)
        declined = await there.settle(body)
        assert name_of(declined) == "CARD_COUNTER_USED"
        assert await there.settle(body) == declined
        (found,) = suspicions(province)
        assert (found.method, found.locked, found.verdict) == ("Settle", False, "")
        assert found.use["atc"] == found.stored_atc == card.atc
        assert found.use["institution"] == there.institution
        assert found.use["terminal_id"] == there.terminal
        assert found.earlier is not None
        assert found.earlier["terminal_id"] == here.terminal
        assert found.earlier["request_id"] != genuine.outcome.request_id
        assert datetime.fromisoformat(found.use["at"]) == clock.now()
        # The card goes on working: what follows is policy, and this one locks nothing.
        assert name_of(await here.buy(here.claim(), card)) == "OK"
    assert clean(province)


@pytest.mark.parametrize("method", ["Presettle", "ReadMember"])
async def test_what_only_asks_is_recorded_when_it_was_made_after_the_use_it_repeats(
    province: Province, method: str
) -> None:
    clock = ManualClock()
    clock.advance(minutes=-15)
    async with signed_room(province, clock=clock) as shop:
        card = province.card(WHO)
        await shop.buy(shop.claim(), card)
        clone = clone_of(province, card, 0)
        early = await present(shop, method, clone)
        assert name_of(early) == "CARD_COUNTER_USED"
        assert suspicions(province) == [], "it may have come late"
        clock.advance(minutes=6)
        late = clone_of(province, card, 0)
        assert name_of(await present(shop, method, late)) == "CARD_COUNTER_USED"
        (found,) = suspicions(province)
        assert (found.method, found.use["atc"], found.stored_atc) == (method, 1, card.atc)
        row = "SELECT count(*), max(member_version) FROM request WHERE method = %s"
        assert province.one(row, method) == (1, 3)
        assert name_of(await shop.buy(shop.claim(), card)) == "OK"
    assert clean(province)


async def test_what_asks_for_a_visit_s_bill_is_recorded_aside(province: Province) -> None:
    clock = ManualClock()
    clock.advance(minutes=-15)
    async with signed_room(province, "ningbo_tertiary", clock) as ward_room:
        ward, card = Ward(ward_room), province.card(WHO)
        visit = await ward.admit(WHO)
        await ward.upload(visit, [charge(1, ward.day(-5))])
        await ward_room.buy(ward_room.claim(), card)
        clock.advance(minutes=6)
        clone, request_id = clone_of(province, card, 0), ward_room.request_id()
        claim = await ward.bill(visit, interim=True)
        claim.request_id = request_id
        message = settlement_pb2.PresettleRequest(claim=claim)
        proof = clone.prove(
            CardOperation.PRESETTLE, ward_room.terminal, request_id, claim.total_fen
        )
        message.evidence.CopyFrom(proof)
        body = message.SerializeToString()
        asked: Any = ward_room.codec.decode("Presettle", ward_room.call("Presettle", body))
        assert is_long(asked)
        aside = Aside(lambda: beside(province.url, clock, []))
        try:
            reply = await Windows(ward_room.lane, ward_room.inquiries, aside).inquire(asked)
        finally:
            await aside.stop()
        assert name_of(REPLIES["Presettle"].FromString(reply)) == "CARD_COUNTER_USED"
        assert [one.method for one in suspicions(province)] == ["Presettle"]
    assert clean(province)


async def test_a_message_that_came_late_is_no_suspicion(province: Province) -> None:
    """Presettled, settled, and the first message arrives again: its id is older than the use."""
    clock = ManualClock()
    clock.advance(minutes=-9)
    async with signed_room(province, clock=clock) as shop:
        card, request_id = province.card(WHO), shop.request_id()
        message = settlement_pb2.ReadMemberRequest(request_id=request_id)
        proof = card.prove(CardOperation.READ_MEMBER, shop.terminal, request_id, 0)
        message.evidence.CopyFrom(proof)
        body = message.SerializeToString()
        assert name_of(await again(shop, "ReadMember", body)) == "OK"
        await shop.buy(shop.claim(), card)
        clock.advance(minutes=8)
        assert name_of(await again(shop, "ReadMember", body)) == "CARD_COUNTER_USED"
        assert suspicions(province, resolved=True) == []


async def test_policy_locks_the_card_and_two_officers_free_it_for_the_agency(
    province: Province,
) -> None:
    enrolled(province)
    lock_on_suspicion(province)
    clock = ManualClock()
    async with (
        signed_room(province, clock=clock) as shop,
        signed_room(province, "ningbo_agency", clock) as agency,
    ):
        office, card = Office(agency), province.card(WHO)
        await shop.buy(shop.claim(), card)
        clone = clone_of(province, card, 0)
        clock.advance(minutes=6)
        assert name_of(await present(shop, "Presettle", clone)) == "CARD_COUNTER_USED"
        assert province.one(LOCKED, province.member_id(WHO)) == ("locked_person", 3)
        assert name_of(await shop.presettle(shop.claim(), card)) == "CARD_LOCKED_PERSON"
        event = (await office.get(WHO)).state.events[-1]
        assert event.act.operator == "medswitch"
        refused = await office.change("UnlockCard", WHO, lock=PERSON)
        assert name_of(refused) == "CARD_SUSPECTED"
        (found,) = suspicions(province)
        assert found.locked
        assert resolved(province, found).state == "approved"
        with pytest.raises(Refused) as twice:
            resolved(province, found, "clone")
        assert twice.value.reason is Refusal.NO_SUCH_SUSPICION
        assert suspicions(province) == []
        assert [one.verdict for one in suspicions(province, resolved=True)] == ["genuine"]
        assert name_of(await office.change("UnlockCard", WHO, lock=PERSON)) == "OK"
        assert name_of(await shop.buy(shop.claim(), card)) == "OK"
    assert clean(province)


async def test_a_resolution_that_no_record_made_is_named(province: Province) -> None:
    clock = ManualClock()
    clock.advance(minutes=-10)
    async with signed_room(province, clock=clock) as shop:
        card = province.card(WHO)
        await shop.buy(shop.claim(), card)
        clock.advance(minutes=6)
        await present(shop, "Presettle", clone_of(province, card, 0))
    breaks = (
        (16, "has a row and no record",
         f"INSERT INTO suspicion_resolution SELECT {KEY}, 'genuine', 1, 1 FROM suspicion"),
        (17, "otherwise than it stands", "UPDATE suspicion SET locked = true"),
        (17, "which did not write it",
         f"INSERT INTO suspicion SELECT {KEY} + 1, {REST} FROM suspicion"),
        (17, "which is not there", "DELETE FROM suspicion"),
    )  # fmt: skip
    for invariant, says, statement in breaks:
        province.one(f"WITH done AS ({statement} RETURNING 1) SELECT count(*) FROM done")
        violations = audit_database(province.url, KEK).violations(invariant)
        assert any(says in one.detail for one in violations), violations
