"""A state machine over a family account: whoever pays, every account is what a page of sums says.

One person is bound to two relatives, and one of those to him. They settle, repeat, cancel and
reverse in any order, some in one batch; the switch may crash between. At the end the audit is run.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clients.bill import item
from medswitch.v1 import reply_pb2
from medswitch.v1.common_pb2 import Claim, Split
from switch.audit import audit_database
from tests.fix_filings import Filer, open_family_accounts, today_of
from tests.fix_ledger import SignedRoom, signed_room
from tests.fix_province import KEK, ManualClock, Province, open_room, original_of

OK = reply_pb2.REPLY_CODE_OK
PEOPLE = ("employee_without_filing", "employee_retired", "resident_elsewhere")
BOUND = {PEOPLE[0]: (PEOPLE[1], PEOPLE[2]), PEOPLE[1]: (PEOPLE[0],), PEOPLE[2]: ()}
T = TypeVar("T")
Provinces = Callable[[], AbstractContextManager[Province]]
Moves = dict[str, tuple[int, int]]
"""Who → what a settlement took of his current and earlier account, in fen."""


def machine_of(provinces: Provinces) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has a fresh province."""

    class Family(RuleBasedStateMachine):
        settled = Bundle("settled")

        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.new_event_loop()
            self.stack = ExitStack()
            self.province = self.stack.enter_context(provinces())
            self.clock = ManualClock()
            self.clock.advance(minutes=-9)
            open_family_accounts(self.province, at=self.clock.now())
            self.run(self.bind())
            self.room = self.enter()
            self.cards = {who: self.province.card(who) for who in PEOPLE}
            self.balances = {who: self.read(who) for who in PEOPLE}
            self.moved: dict[bytes, Moves] = {}
            self.undone: set[bytes] = set()

        def run(self, work: Coroutine[Any, Any, T]) -> T:
            return self.loop.run_until_complete(work)

        async def bind(self) -> None:
            async with signed_room(self.province, "ningbo_agency", self.clock) as counter:
                for who, relatives in BOUND.items():
                    for relative in relatives:
                        assert (await Filer(counter).bind(who, relative)).outcome.code == OK

        def enter(self) -> SignedRoom:
            async def opened() -> SignedRoom:
                return SignedRoom(**vars(open_room(self.province, clock=self.clock)))

            return self.run(opened())

        def read(self, who: str) -> tuple[int, int]:
            row = self.province.one(
                "SELECT account_current_fen, account_earlier_fen FROM member WHERE member_id = %s",
                self.province.member_id(who),
            )
            return row[0], row[1]

        def claim(self, quantity: int) -> Claim:
            lines = [item("DEMO-CEFTRI-INJ", "头孢曲松", quantity, "40.00")]
            return self.room.claim(lines=lines, on=today_of(self.clock))

        def take(self, who: str, body: bytes, split: Split) -> None:
            """Write down what a settlement took, the relatives' part in the order of binding."""
            moves: Moves = {who: (split.account_current_fen, split.account_earlier_fen)}
            left = split.account_relative_fen
            for relative in BOUND[who]:
                part = min(left, self.balances[relative][1])
                left -= part
                if part:
                    moves[relative] = (0, part)
            assert left == 0
            self.move(moves, -1)
            self.moved[body] = moves

        def move(self, moves: Moves, sign: int) -> None:
            for who, (current, earlier) in moves.items():
                before = self.balances[who]
                self.balances[who] = (before[0] + sign * current, before[1] + sign * earlier)

        @rule(target=settled, who=st.sampled_from(PEOPLE), quantity=st.integers(1, 40))
        def settle(self, who: str, quantity: int) -> tuple[str, bytes]:
            self.clock.advance(seconds=1)
            claim, card = self.claim(quantity), self.cards[who]
            shown = self.run(self.room.presettle(claim, card))
            body = self.room.settle_body(claim, card, shown)
            answer = self.run(self.room.settle(body))
            assert answer.outcome.code == OK, answer.outcome.message_en
            self.take(who, body, answer.decision.split)
            return who, body

        @rule(first=st.permutations(PEOPLE), quantity=st.integers(1, 40))
        def all_at_once(self, first: list[str], quantity: int) -> None:
            """One batch: each is decided on what the one before left; a changed amount is told."""
            self.clock.advance(seconds=1)
            claim = self.claim(quantity)
            bodies = [
                self.room.settle_body(
                    claim, self.cards[who], self.run(self.room.presettle(claim, self.cards[who]))
                )
                for who in first
            ]

            async def together() -> list[Any]:
                return await asyncio.gather(*map(self.room.settle, bodies))

            # A batch is in the order of the cards' counters; so is the page.
            answers = list(zip(first, bodies, self.run(together()), strict=True))
            for who, body, answer in sorted(answers, key=lambda one: self.cards[one[0]].atc):
                if answer.outcome.code == OK:
                    self.take(who, body, answer.decision.split)
                else:
                    assert answer.outcome.code == reply_pb2.REPLY_CODE_AMOUNTS_CHANGED

        @rule(one=settled)
        def repeat(self, one: tuple[str, bytes]) -> None:
            answer = self.run(self.room.settle(one[1]))
            undone = {reply_pb2.REPLY_CODE_CANCELLED, reply_pb2.REPLY_CODE_REVERSED}
            assert answer.outcome.code in (undone if one[1] in self.undone else {OK})

        @rule(one=settled)
        def reverse(self, one: tuple[str, bytes]) -> None:
            who, body = one
            original = original_of(body, self.province.member_id(who))
            assert self.run(self.room.reverse(original)).outcome.code == OK
            self.undo(body)

        @rule(one=settled)
        def cancel(self, one: tuple[str, bytes]) -> None:
            who, body = one
            answer = self.run(self.room.cancel(original_of(body, self.province.member_id(who))))
            if answer.outcome.code == OK:
                assert answer.undone.account_fen == sum(self.moved[body][who])
                self.undo(body)

        def undo(self, body: bytes) -> None:
            if body not in self.undone:
                self.undone.add(body)
                self.move(self.moved[body], 1)

        @rule()
        def crash(self) -> None:
            """The process dies without a word; another lane is born on the same rows."""
            self.run(self.room.crash())
            sequence, seq = self.room.sequence, self.room.seq
            self.room = self.enter()
            self.room.sequence, self.room.seq = sequence, seq

        @invariant()
        @precondition(lambda self: hasattr(self, "undone"))
        def rows_agree_with_the_page(self) -> None:
            assert {who: self.read(who) for who in PEOPLE} == self.balances

        def teardown(self) -> None:
            self.run(self.room.close())
            self.loop.close()
            report = audit_database(self.province.url, KEK)
            assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
            self.stack.close()

    return Family


def test_every_account_is_what_a_page_of_sums_says(provinces: Provinces) -> None:
    run_state_machine_as_test(
        machine_of(provinces),
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
