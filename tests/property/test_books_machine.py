"""A state machine over settle, repeat, cancel, reverse, cut-off and crash, on the real lane.

The model is a page of arithmetic: what each live settlement took from the account. After every
step the switch's own rows must agree with it; at the end the books must be whole.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

import psycopg
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clients.bill import item
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.store.windows import close_window
from tests.fix_province import ManualClock, Province, Room, open_room, original_of

OK = reply_pb2.REPLY_CODE_OK
ALREADY = reply_pb2.REPLY_CODE_ALREADY_UNDONE
PEOPLE = ("employee_in_service", "pharmacy_buyer", "cancel_patient")
T = TypeVar("T")
ACCOUNTS = """
SELECT count(*) FROM member m JOIN LATERAL (
    SELECT coalesce(sum(CASE WHEN credit = 'MEMBER:' || m.member_id || ':current'
        THEN amount_fen ELSE -amount_fen END), 0) AS fen
    FROM posting WHERE 'MEMBER:' || m.member_id || ':current' IN (debit, credit)
) p ON true WHERE p.fen <> m.account_current_fen
"""
"""People whose account on the row is not what the ledger says."""


Provinces = Callable[[], AbstractContextManager[Province]]


def machine_of(provinces: Provinces) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has a fresh province."""

    class Books(RuleBasedStateMachine):
        settled = Bundle("settled")
        undone = Bundle("undone")
        unsent = Bundle("unsent")

        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.new_event_loop()
            self.stack = ExitStack()
            self.province = self.stack.enter_context(provinces())
            self.clock = ManualClock()
            self.room = self.enter()
            self.cancelled: set[bytes] = set()
            self.replaced: dict[bytes, tuple[bytes, int]] = {}
            self.cards = {who: self.province.card(who) for who in PEOPLE}
            self.balances = {who: self.read(who)[0] for who in PEOPLE}

        def run(self, work: Coroutine[Any, Any, T]) -> T:
            return self.loop.run_until_complete(work)

        def enter(self) -> Room:
            async def opened() -> Room:
                return open_room(self.province, clock=self.clock)

            return self.run(opened())

        def read(self, who: str) -> tuple[Any, ...]:
            return self.province.one(
                "SELECT account_current_fen, atc FROM member WHERE member_id = %s",
                self.province.member_id(who),
            )

        def prepare(self, who: str, quantity: int) -> tuple[bytes, int]:
            claim = self.room.claim(lines=[item("DEMO-AMOX-CAP", "阿莫西林", quantity, "10.00")])
            self.clock.advance(seconds=1)
            shown = self.run(self.room.presettle(claim, self.cards[who]))
            assert shown.outcome.code == OK
            body = self.room.settle_body(claim, self.cards[who], shown)
            return body, shown.decision.split.account_fen

        @rule(target=settled, who=st.sampled_from(PEOPLE), quantity=st.integers(1, 30))
        def settle(self, who: str, quantity: int) -> tuple[str, bytes, int]:
            body, account = self.prepare(who, quantity)
            answer = self.run(self.room.settle(body))
            assert answer.outcome.code == OK
            self.balances[who] -= account
            assert answer.balance_fen == self.balances[who]
            return who, body, account

        @rule(target=unsent, who=st.sampled_from(PEOPLE), quantity=st.integers(1, 30))
        def store_and_do_not_send(self, who: str, quantity: int) -> tuple[str, bytes]:
            return who, self.prepare(who, quantity)[0]

        @rule(one=settled)
        def repeat(self, one: tuple[str, bytes, int]) -> None:
            answer = self.run(self.room.settle(one[1]))
            cancelled = one[1] in self.cancelled
            assert answer.outcome.code == (reply_pb2.REPLY_CODE_CANCELLED if cancelled else OK)

        @rule(target=undone, one=consumes(settled))
        def reverse(self, one: tuple[str, bytes, int]) -> Any:
            who, body, account = one
            original = original_of(body, self.province.member_id(who))
            answer = self.run(self.room.reverse(original))
            if body in {before for before, _ in self.replaced.values()}:
                assert answer.outcome.code == ALREADY
                return multiple()  # it stands again should what replaced it be reversed
            if body in self.cancelled:
                assert answer.outcome.code == OK
                return who, body
            before, due = self.replaced.get(body, (b"", 0))
            if self.balances[who] + account < due:
                assert answer.outcome.code == reply_pb2.REPLY_CODE_ACCOUNT_SPENT
                return multiple()
            assert answer.outcome.code == OK
            assert answer.undone.HasField("restored") == bool(before)
            self.balances[who] += account - due
            if before:
                self.cancelled.discard(before)
                del self.replaced[body]
            return who, body

        @rule(target=settled, one=settled, kept=st.integers(1, 29))
        def replace(self, one: tuple[str, bytes, int], kept: int) -> Any:
            """Give back a part of a bill, where nobody later rests on it and there is a part."""
            who, body, account = one
            claim = settlement_pb2.SettleRequest.FromString(body).claim
            line = item("DEMO-AMOX-CAP", "阿莫西林", kept, "10.00")
            less = line.amount_fen < claim.total_fen
            claim.lines[0].quantity_e4 = line.quantity_e4
            claim.lines[0].amount_fen = claim.total_fen = line.amount_fen
            original = original_of(body, self.province.member_id(who))
            self.clock.advance(seconds=1)
            shown = self.run(self.room.presettle(claim, self.cards[who], original))
            if body in self.cancelled:
                assert shown.outcome.code == ALREADY
            elif shown.outcome.code != reply_pb2.REPLY_CODE_LATER_SETTLEMENTS_DEPEND:
                assert shown.outcome.code == (OK if less else reply_pb2.REPLY_CODE_REPLACES_MORE)
            if shown.outcome.code != OK:
                return multiple()
            rest = self.room.settle_body(claim, self.cards[who], shown, replaces=original)
            answer = self.run(self.room.settle(rest))
            assert answer.outcome.code == OK
            taken = answer.decision.split.account_fen
            self.balances[who] += account - taken
            assert answer.balance_fen == self.balances[who]
            self.cancelled.add(body)
            self.replaced[rest] = body, account
            return who, rest, taken

        @rule(one=settled)
        def cancel_is_told_what_depends(self, one: tuple[str, bytes, int]) -> None:
            who, body, account = one
            answer = self.run(self.room.cancel(original_of(body, self.province.member_id(who))))
            if answer.outcome.code == OK:
                self.cancelled.add(body)
                self.balances[who] += account
                assert answer.undone.balance_fen == self.balances[who]
            elif body in self.cancelled:
                assert answer.outcome.code == reply_pb2.REPLY_CODE_ALREADY_UNDONE
            else:
                assert answer.outcome.code == reply_pb2.REPLY_CODE_LATER_SETTLEMENTS_DEPEND

        @rule(one=undone)
        def late_or_repeated_original_of_an_undone_one(self, one: tuple[str, bytes]) -> None:
            answer = self.run(self.room.settle(one[1]))
            cancelled = one[1] in self.cancelled
            assert answer.outcome.code == (
                reply_pb2.REPLY_CODE_CANCELLED if cancelled else reply_pb2.REPLY_CODE_REVERSED
            )

        @rule(one=undone)
        def reverse_again(self, one: tuple[str, bytes]) -> None:
            original = original_of(one[1], self.province.member_id(one[0]))
            assert self.run(self.room.reverse(original)).outcome.code == OK

        @rule(target=undone, one=consumes(unsent))
        def reverse_what_never_arrived(self, one: tuple[str, bytes]) -> tuple[str, bytes]:
            original = original_of(one[1], self.province.member_id(one[0]))
            answer = self.run(self.room.reverse(original))
            assert answer.undone.tombstone
            return one

        @rule()
        def cut_off(self) -> None:
            day = self.province.one(
                "SELECT day FROM clearing_window WHERE book = '330299' AND closed_at IS NULL"
            )[0]
            with psycopg.connect(self.province.url, autocommit=True) as connection:
                assert close_window(connection, "330299", day, self.clock.now())

        @rule()
        def crash(self) -> None:
            """The process dies without a word; another lane is born on the same rows."""
            self.run(self.room.crash())
            # The terminal did not crash: it goes on counting its request ids.
            sequence = self.room.sequence
            self.room = self.enter()
            self.room.sequence = sequence

        @invariant()
        @precondition(lambda self: hasattr(self, "balances"))
        def rows_agree_with_the_model(self) -> None:
            for who in PEOPLE:
                assert self.read(who)[0] == self.balances[who]

        def teardown(self) -> None:
            rows = self.province.one(
                "SELECT count(*) FILTER (WHERE r.member_version IS NULL AND r.code = 1"
                " AND r.method = 'Settle') FROM request r"
            )
            assert rows == (0,)
            self.run(self.room.close())
            self.loop.close()
            assert self.province.one(ACCOUNTS) == (0,)
            self.stack.close()

    return Books


def test_the_books_agree_with_a_page_of_arithmetic(provinces: Provinces) -> None:
    run_state_machine_as_test(
        machine_of(provinces),
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            # Each step is a commit: shrinking would take minutes to say it in fewer words.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
