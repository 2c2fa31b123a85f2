"""A state machine over a stay: lines come and go, it is settled, undone, discharged, taken back.

The model is a dictionary of lines and a list of settlements. Every step may lose its answer and be
sent again; after every step the rows agree with the model, and at the end the audit finds nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clients.bill import bill
from medswitch.v1 import reply_pb2, settlement_pb2, visit_pb2
from switch.audit import audit_database
from tests.fix_ledger import SignedRoom
from tests.fix_province import KEK, ManualClock, Province, open_room, original_of
from tests.fix_visits import DISCHARGE, Ward, charge

WHO = "employee_in_service"
AT = "ningbo_tertiary"
STATES = ("registered", "discharged", "settled")
REFUSED = dict(zip(STATES, ("NOT_DISCHARGED", "DISCHARGED", "SETTLED"), strict=True))
ROWS = """
SELECT v.state, v.lines, v.unsettled_fen, jsonb_array_length(v.settlements),
    (SELECT count(*) FROM visit_line l WHERE l.bucket = v.bucket AND l.visit_id = v.visit_id
        AND l.withdrawn IS NULL),
    (SELECT count(DISTINCT (l.number)) FROM visit_line l WHERE l.bucket = v.bucket
        AND l.visit_id = v.visit_id AND l.withdrawn IS NULL)
FROM visit v WHERE v.visit_id = %s
"""
T = TypeVar("T")
Provinces = Callable[[], AbstractContextManager[Province]]


@dataclass
class Settled:
    """A settlement of the model: what it took, and whether it ended the stay."""

    original: settlement_pb2.Original
    took: frozenset[int]
    final: bool


@dataclass
class Stay:
    """The model: number → fen of the lines that stand, and the settlements that do."""

    state: str = "registered"
    lines: dict[int, int] = field(default_factory=dict)
    settlements: list[Settled] = field(default_factory=list)

    @property
    def free(self) -> dict[int, int]:
        """Lines that no settlement that stands took."""
        settled = {n for one in self.settlements for n in one.took}
        return {n: fen for n, fen in self.lines.items() if n not in settled}


def code_of(reply: Any) -> str:
    return reply_pb2.ReplyCode.Name(reply.outcome.code).removeprefix("REPLY_CODE_")


def machine_of(provinces: Provinces) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has a fresh province."""

    class Visits(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.new_event_loop()
            self.stack = ExitStack()
            self.province = self.stack.enter_context(provinces())
            self.clock = ManualClock()
            self.clock.advance(minutes=-9)
            self.ward = self.enter()
            self.card = self.province.card(WHO)
            self.stay = Stay()
            self.sent: list[tuple[str, bytes, bytes]] = []

        def run(self, work: Coroutine[Any, Any, T]) -> T:
            return self.loop.run_until_complete(work)

        def enter(self) -> Ward:
            async def opened() -> Ward:
                return Ward(SignedRoom(**vars(open_room(self.province, AT, self.clock))))

            return self.run(opened())

        def send(self, method: str, body: bytes, *, lost: bool) -> Any:
            """Send, and when the answer is lost send the same bytes again."""
            reply = self.run(self.ward.room.send(method, body))
            if lost:
                assert self.run(self.ward.room.send(method, body)) == reply
            if method != "Settle":
                self.sent.append((method, body, reply))
            module = visit_pb2 if hasattr(visit_pb2, f"{method}Response") else settlement_pb2
            return getattr(module, f"{method}Response").FromString(reply)

        def change(self, method: str, *, lost: bool, **fields: Any) -> Any:
            body = self.ward.body(getattr(visit_pb2, f"{method}Request"), self.visit, **fields)
            return self.send(method, body, lost=lost)

        def refused(self, state: str) -> bool:
            """Say whether something is refused that happens in one state only."""
            return self.stay.state != state

        @initialize()
        def register(self) -> None:
            body = self.ward.register_body(WHO)
            self.visit = self.send("Register", body, lost=True).visit

        @rule(
            lines=st.dictionaries(
                st.integers(1, 6), st.sampled_from((100, 100, 250)), min_size=1, max_size=4
            ),
            lost=st.booleans(),
        )
        def upload(self, lines: dict[int, int], lost: bool) -> None:
            sent = [
                charge(n, self.ward.day(-4), f"{fen // 100}.{fen % 100:02d}")
                for n, fen in lines.items()
            ]
            code = code_of(self.change("UploadLines", lost=lost, lines=sent))
            held = self.stay.lines
            if self.refused("registered"):
                assert code == f"VISIT_{REFUSED[self.stay.state]}"
            elif any(held.get(n, fen) != fen for n, fen in lines.items()):
                assert code == "VISIT_LINE_DIFFERS"
            else:
                assert code == "OK"
                held.update(lines)

        @rule(number=st.integers(0, 6), lost=st.booleans())
        def withdraw(self, number: int, lost: bool) -> None:
            """Withdraw one line, or all that are unsettled: 0."""
            named = {"lines": [visit_pb2.LineNumber(number=number)]} if number else {}
            reply = self.change("WithdrawLines", lost=lost, all_unsettled=not number, **named)
            code, free = code_of(reply), self.stay.free
            if self.refused("registered"):
                assert code == f"VISIT_{REFUSED[self.stay.state]}"
            elif number and number not in free:
                settled = number in self.stay.lines
                assert code == ("VISIT_LINE_SETTLED" if settled else "VISIT_LINE_UNKNOWN")
            else:
                gone = [number] if number else list(free)
                assert (code, reply.withdrawn) == ("OK", len(gone))
                for one in gone:
                    del self.stay.lines[one]

        @rule(interim=st.booleans(), lost=st.booleans())
        def settle(self, interim: bool, lost: bool) -> None:
            free = self.stay.free
            on = date.fromisoformat(self.ward.day())
            claim = bill("21", "330299", on, [], visit_id=self.visit.visit_id, interim=interim)
            claim.total_fen = sum(free.values())
            shown = self.run(self.ward.room.presettle(claim, self.card))
            state = "registered" if interim else "discharged"
            if self.refused(state):
                assert code_of(shown) == f"VISIT_{REFUSED[self.stay.state]}"
                return
            if interim and not free:
                assert code_of(shown) == "VISIT_NOTHING_TO_SETTLE"
                return
            assert code_of(shown) == "OK", shown.outcome.message_en
            body = self.ward.room.settle_body(claim, self.card, shown)
            reply = self.send("Settle", body, lost=lost)
            assert code_of(reply) == "OK", reply.outcome.message_en
            original = original_of(body, self.visit.member_id)
            self.stay.settlements.append(Settled(original, frozenset(free), not interim))
            self.stay.state = self.stay.state if interim else "settled"

        @precondition(lambda self: self.stay.settlements)
        @rule(data=st.data(), reverse=st.booleans(), lost=st.booleans())
        def undo(self, data: st.DataObject, reverse: bool, lost: bool) -> None:
            one = data.draw(st.sampled_from(self.stay.settlements))
            method = "Reverse" if reverse else "Cancel"
            kind = getattr(settlement_pb2, f"{method}Request")
            body = self.ward.room.undo_body(kind, one.original)
            code = code_of(self.send(method, body, lost=lost))
            later = self.stay.settlements[self.stay.settlements.index(one) + 1 :]
            if not reverse and one.took and later:
                assert code == "LATER_SETTLEMENTS_DEPEND"
                return
            assert code == "OK"
            self.stay.settlements.remove(one)
            if one.final:
                self.stay.state = "discharged"

        @rule(lost=st.booleans())
        def discharge(self, lost: bool) -> None:
            code = code_of(self.change("Discharge", lost=lost, ended_on=self.ward.day()))
            if self.refused("registered"):
                assert code == f"VISIT_{REFUSED[self.stay.state]}"
            else:
                assert code == "OK"
                self.stay.state = "discharged"

        @rule(lost=st.booleans())
        def readmit(self, lost: bool) -> None:
            code = code_of(self.change("CancelVisit", lost=lost, what=DISCHARGE))
            if self.refused("discharged"):
                assert code == f"VISIT_{REFUSED[self.stay.state]}"
            else:
                assert code == "OK"
                self.stay.state = "registered"

        @precondition(lambda self: self.sent)
        @rule(data=st.data())
        def repeat(self, data: st.DataObject) -> None:
            """However late the bytes come again, the answer is the one that was given."""
            method, body, reply = data.draw(st.sampled_from(self.sent))
            assert self.run(self.ward.room.send(method, body)) == reply

        @rule()
        def crash(self) -> None:
            """The process dies without a word; another lane is born on the same rows."""
            self.run(self.ward.room.crash())
            sequence, seq = self.ward.room.sequence, self.ward.room.seq
            self.ward = self.enter()
            self.ward.room.sequence, self.ward.room.seq = sequence, seq

        @invariant()
        @precondition(lambda self: hasattr(self, "visit"))
        def rows_agree_with_the_model(self) -> None:
            stay, lines = self.stay, len(self.stay.lines)
            rows = self.province.one(ROWS, self.visit.visit_id)
            unsettled = sum(stay.free.values())
            assert rows == (stay.state, lines, unsettled, len(stay.settlements), lines, lines)

        def teardown(self) -> None:
            self.run(self.ward.room.close())
            self.loop.close()
            report = audit_database(self.province.url, KEK)
            assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
            self.stack.close()

    return Visits


def test_a_stay_agrees_with_a_page_of_lines(provinces: Provinces) -> None:
    run_state_machine_as_test(
        machine_of(provinces),
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
