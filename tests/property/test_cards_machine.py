"""A state machine of a card's life with settlements in between: real lane, lost answers, crashes.

The model is a loss and a lock; after each step the member row is what they come to, and a
settlement is taken or declined by them. Bounded: about 15 s.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clients.card import CardFace, SoftwareCard
from clients.card_office import COUNTER, EMPLOYER, PERSON, PHONE, card_record
from clients.issuer import read_issuer
from switch.audit import audit_database
from switch.model.ids import CardIdentifier
from switch.model.member import Card
from switch.security.suite import Suite
from switch.wire.card import RESPONSES
from tests.fix_cards import Office, name_of, spare_of
from tests.fix_filings import iso, today_of
from tests.fix_ledger import SignedRoom
from tests.fix_province import KEK, ManualClock, Province, open_room

WHO = "card_loser"
ROW = """
SELECT m.version, m.card_status, m.atc, encode(m.card_identifier, 'hex'),
    (SELECT count(*) FROM card c WHERE c.member_id = m.member_id),
    (SELECT count(*) FROM card_event e WHERE e.member_id = m.member_id)
FROM member m WHERE m.member_id = %s
"""
LOCKS = {PERSON: "locked_person", EMPLOYER: "locked_employer"}
T = TypeVar("T")
Provinces = Callable[[], AbstractContextManager[Province]]


def machine_of(provinces: Provinces) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has a fresh province."""

    class Cards(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.new_event_loop()
            self.stack = ExitStack()
            self.province = self.stack.enter_context(provinces())
            self.clock = ManualClock()
            self.clock.advance(minutes=-9)
            self.agency = self.enter("ningbo_agency")
            self.shop = self.enter("ningbo_community")
            self.loss = ""
            self.lock: Any = 0
            self.lock_since = today_of(self.clock)
            self.version, self.changes = 1, 0
            self.cards = [self.province.card(WHO)]
            self.issued = self.province.people["people"][WHO]["card"]["issued_on"]
            self.sent: list[tuple[str, bytes, bytes]] = []

        @property
        def office(self) -> Office:
            return Office(self.agency)

        def run(self, work: Coroutine[Any, Any, T]) -> T:
            return self.loop.run_until_complete(work)

        def enter(self, at: str) -> SignedRoom:
            async def opened() -> SignedRoom:
                return SignedRoom(**vars(open_room(self.province, at, self.clock)))

            return self.run(opened())

        def change(self, method: str, code: str, lost: bool, *args: Any, **fields: Any) -> None:
            """Send a change, and when the answer is lost the same bytes again."""
            body = self.office.body(method, WHO, *args, **fields)
            reply = self.run(self.agency.send(method, body))
            if lost:
                assert self.run(self.agency.send(method, body)) == reply
            self.sent.append((method, body, reply))
            assert name_of(RESPONSES[method].FromString(reply)) == code
            if code == "OK":
                self.version += 1
                self.changes += 1

        @property
        def locked(self) -> bool:
            return bool(self.lock)

        @property
        def status(self) -> str:
            return self.loss or LOCKS.get(self.lock, "normal")

        @rule(lost=st.booleans())
        def report(self, lost: bool) -> None:
            code = "CARD_LOST_ALREADY" if self.loss else "OK"
            self.change("ReportLost", code, lost, PHONE)
            self.loss = self.loss or "temporarily_lost"

        @rule(lost=st.booleans())
        def confirm(self, lost: bool) -> None:
            code = "CARD_LOST_ALREADY" if self.loss == "lost" else "OK"
            self.change("ConfirmLost", code, lost)
            self.loss = "lost"

        @rule(lost=st.booleans(), channel=st.sampled_from([COUNTER, PHONE]))
        def release(self, lost: bool, channel: int) -> None:
            if channel == PHONE:
                self.change("Release", "CARD_CHANNEL_CLOSED", lost, channel)
                return
            self.change("Release", "OK" if self.loss else "CARD_NOT_LOST", lost, channel)
            self.loss = ""

        @rule(
            lost=st.booleans(),
            lock=st.sampled_from([PERSON, EMPLOYER]),
            after=st.integers(0, 1),
            ends=st.booleans(),
        )
        def lock_card(self, lost: bool, lock: Any, after: int, ends: bool) -> None:
            since = today_of(self.clock) + timedelta(after)
            until = iso(since) if ends else ""
            code = "CARD_LOCKED_ALREADY" if self.locked else "OK"
            self.change("LockCard", code, lost, lock=lock, since=iso(since), until=until)
            if code == "OK":
                self.lock, self.lock_since = lock, since

        @rule(lost=st.booleans(), lock=st.sampled_from([PERSON, EMPLOYER]))
        def unlock_card(self, lost: bool, lock: Any) -> None:
            code = "OK" if self.lock == lock else "CARD_NOT_LOCKED"
            self.change("UnlockCard", code, lost, lock=lock)
            if code == "OK":
                self.lock = 0

        @rule(lost=st.booleans())
        def replace_card(self, lost: bool) -> None:
            """A card issued on the day after the last one; one of today is the last that can be."""
            issued = date.fromisoformat(self.issued) + timedelta(1)
            card = self.another(issued)
            code = "OK" if issued <= today_of(self.clock) else "NEW_CARD_DATES"
            self.change("Replace", code, lost, card=card_record(card))
            if code == "OK":
                self.loss, self.issued = "", iso(issued)
                self.cards.append(self.personalised(card))

        def another(self, issued: date) -> Card:
            serial = 0x1000 + len(self.cards)
            identifier = CardIdentifier(bytes.fromhex(f"330200D156000005{serial:016X}"))
            return replace(spare_of(self.province, WHO), identifier=identifier, issued_on=issued)

        def personalised(self, card: Card) -> SoftwareCard:
            old = self.cards[0].face
            face = CardFace(card.identifier, old.number, old.social_security_number,
                            card.specification, card.issued_on, card.expires_on)  # fmt: skip
            issuer = read_issuer(self.province.folder / "issuer.json")
            return issuer.personalise(face, Suite(card.suite))

        @rule(data=st.data())
        def settle(self, data: st.DataObject) -> None:
            """Any card of the person tries: only the last one, unlost and unlocked, can."""
            card = data.draw(st.sampled_from(self.cards))
            holds = self.locked and self.lock_since <= today_of(self.clock)
            if card is not self.cards[-1]:
                code = "CARD_REPLACED"
            elif self.loss or holds:
                code = f"CARD_{self.status.upper()}"
            else:
                code = "OK"
            shown = self.run(self.shop.presettle(self.shop.claim(), card))
            assert name_of(shown) == code, shown.outcome.message_en
            if code == "OK":
                body = self.shop.settle_body(self.shop.claim(), card, shown)
                settled = self.run(self.shop.settle(body))
                assert name_of(settled) == "OK", settled.outcome.message_en
                self.version += 1

        @rule()
        def settle_what_was_shown_before_the_loss(self) -> None:
            """Presettled, then reported lost, then signed: the report came first."""
            if self.status != "normal":
                return
            card = self.cards[-1]
            shown = self.run(self.shop.presettle(self.shop.claim(), card))
            assert name_of(shown) == "OK"
            body = self.shop.settle_body(self.shop.claim(), card, shown)
            self.report(lost=False)
            declined = self.run(self.shop.settle(body))
            assert name_of(declined) == "CARD_TEMPORARILY_LOST"
            self.version += 1  # the counter of a proven card is stored

        @precondition(lambda self: self.sent)
        @rule(data=st.data())
        def repeat(self, data: st.DataObject) -> None:
            """However late the bytes come again, the answer is the one that was given."""
            method, body, reply = data.draw(st.sampled_from(self.sent))
            assert self.run(self.agency.send(method, body)) == reply

        @rule()
        def crash(self) -> None:
            """The process dies without a word; another lane is born on the same rows."""
            self.run(self.agency.crash())
            sequence, seq = self.agency.sequence, self.agency.seq
            self.agency = self.enter("ningbo_agency")
            self.agency.sequence, self.agency.seq = sequence, seq

        @invariant()
        @precondition(lambda self: hasattr(self, "sent"))
        def rows_agree_with_the_model(self) -> None:
            row = self.province.one(ROW, self.province.member_id(WHO))
            version, status, _, identifier, cards, events = row
            assert (version, status) == (self.version, self.status)
            assert identifier == self.cards[-1].face.identifier.hex()
            assert (cards, events) == (len(self.cards), self.changes)

        def teardown(self) -> None:
            told = self.run(self.office.get(WHO)).state
            assert len(told.events) == self.changes
            for at in (self.agency, self.shop):
                self.run(at.close())
            self.loop.close()
            report = audit_database(self.province.url, KEK)
            assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
            self.stack.close()

    return Cards


def test_cards_agree_with_a_loss_and_a_lock(provinces: Provinces) -> None:
    run_state_machine_as_test(
        machine_of(provinces),
        settings=settings(
            max_examples=5,
            stateful_step_count=20,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
