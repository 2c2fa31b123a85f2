"""A state machine over filings: taken, withdrawn, overlapping, ended by themselves, told again.

The model is a list of days. Every step may lose its answer and be sent again; after every step the
rows agree with the model, and at the end the audit finds nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
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

from medswitch.v1 import reply_pb2
from medswitch.v1.filing_pb2 import FileResponse, WithdrawResponse
from switch.audit import audit_database
from tests.fix_filings import REFERRAL, RESIDENCE, SPECIAL, Filer, iso, today_of
from tests.fix_ledger import SignedRoom
from tests.fix_province import KEK, ManualClock, Province, open_room

OK = reply_pb2.REPLY_CODE_OK
WHO = "employee_without_filing"
SUBJECTS: tuple[tuple[int, str], ...] = (
    (RESIDENCE, "330100"), (RESIDENCE, "330300"), (REFERRAL, "330100"), (SPECIAL, "M00500"),
)  # fmt: skip
ROWS = """
SELECT coalesce(jsonb_agg(jsonb_build_array(filing_id, since, until, ended IS NOT NULL)
    ORDER BY filing_id), '[]') FROM filing WHERE member_id = %s
"""
T = TypeVar("T")
Provinces = Callable[[], AbstractContextManager[Province]]


@dataclass(frozen=True)
class Held:
    """A filing of the model."""

    filing_id: str
    subject: int
    since: date
    until: date
    ended: bool = False

    def row(self) -> list[Any]:
        return [self.filing_id, iso(self.since), iso(self.until), self.ended]

    def shares(self, other: "Held") -> bool:
        same = self.subject == other.subject
        held = self.since <= self.until and other.since <= other.until
        return same and held and self.since <= other.until and other.since <= self.until


def machine_of(provinces: Provinces) -> type[RuleBasedStateMachine]:
    """Return the machine; each run has a fresh province."""

    class Filings(RuleBasedStateMachine):
        taken = Bundle("taken")

        def __init__(self) -> None:
            super().__init__()
            self.loop = asyncio.new_event_loop()
            self.stack = ExitStack()
            self.province = self.stack.enter_context(provinces())
            self.clock = ManualClock()
            self.clock.advance(minutes=-9)
            self.filer = self.enter()
            self.held: dict[str, Held] = {}
            self.changes = 0
            self.sent: list[tuple[str, bytes, bytes]] = []

        def run(self, work: Coroutine[Any, Any, T]) -> T:
            return self.loop.run_until_complete(work)

        def enter(self) -> Filer:
            async def opened() -> Filer:
                plain = open_room(self.province, "ningbo_agency", self.clock)
                return Filer(SignedRoom(**vars(plain)))

            return self.run(opened())

        def send(self, method: str, body: bytes, *, lost: bool) -> bytes:
            """Send, and when the answer is lost send the same bytes again."""
            reply = self.run(self.filer.room.send(method, body))
            if lost:
                assert self.run(self.filer.room.send(method, body)) == reply
            self.sent.append((method, body, reply))
            return reply

        @rule(
            target=taken,
            subject=st.sampled_from(range(len(SUBJECTS))),
            after=st.integers(-1, 12),
            days=st.integers(1, 10),
            lost=st.booleans(),
        )
        def file(self, subject: int, after: int, days: int, lost: bool) -> str:
            since = today_of(self.clock) + timedelta(after)
            kind, what = SUBJECTS[subject]
            named = {"disease_code": what} if kind == SPECIAL else {"place": what}
            until = since + timedelta(days - 1)
            body = self.filer.file_body(WHO, kind=kind, since=iso(since), until=iso(until), **named)
            response = FileResponse.FromString(self.send("File", body, lost=lost))
            wanted = Held(response.record.filing.filing_id, subject, since, until)
            if after < 0:
                assert response.outcome.code == reply_pb2.REPLY_CODE_FILING_TOO_EARLY
            elif any(one.shares(wanted) for one in self.held.values()):
                assert response.outcome.code == reply_pb2.REPLY_CODE_FILING_OVERLAPS
            else:
                assert response.outcome.code == OK, response.outcome.message_en
                self.held[wanted.filing_id] = wanted
                self.changes += 1
            return wanted.filing_id

        @rule(filing_id=taken, lost=st.booleans())
        def withdraw(self, filing_id: str, lost: bool) -> None:
            body = self.filer.withdraw_body(WHO, filing_id or "BA0")
            response = WithdrawResponse.FromString(self.send("Withdraw", body, lost=lost))
            one = self.held.get(filing_id)
            yesterday = today_of(self.clock) - timedelta(1)
            if one is None:
                assert response.outcome.code == reply_pb2.REPLY_CODE_FILING_UNKNOWN
            elif one.ended or one.until <= yesterday:
                assert response.outcome.code == reply_pb2.REPLY_CODE_FILING_OVER
            else:
                assert response.outcome.code == OK
                self.held[filing_id] = replace(one, until=yesterday, ended=True)
                self.changes += 1

        @precondition(lambda self: self.sent)
        @rule(data=st.data())
        def repeat(self, data: st.DataObject) -> None:
            """However late the bytes come again, the answer is the one that was given."""
            method, body, reply = data.draw(st.sampled_from(self.sent))
            assert self.run(self.filer.room.send(method, body)) == reply

        @rule()
        def crash(self) -> None:
            """The process dies without a word; another lane is born on the same rows."""
            self.run(self.filer.room.crash())
            sequence, seq = self.filer.room.sequence, self.filer.room.seq
            self.filer = self.enter()
            self.filer.room.sequence, self.filer.room.seq = sequence, seq

        @invariant()
        @precondition(lambda self: hasattr(self, "sent"))
        def rows_agree_with_the_model(self) -> None:
            member = self.province.member_id(WHO)
            rows = self.province.one(ROWS, member)[0]
            assert rows == [one.row() for _, one in sorted(self.held.items())]
            version = self.province.one("SELECT version FROM member WHERE member_id = %s", member)
            assert version == (1 + self.changes,)

        def teardown(self) -> None:
            listed = self.run(self.filer.list(WHO)).records
            assert [one.filing.filing_id for one in listed] == sorted(self.held)
            self.run(self.filer.room.close())
            self.loop.close()
            report = audit_database(self.province.url, KEK)
            assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
            self.stack.close()

    return Filings


def test_filings_agree_with_a_list_of_days(provinces: Provinces) -> None:
    run_state_machine_as_test(
        machine_of(provinces),
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
