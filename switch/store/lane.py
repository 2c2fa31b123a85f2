"""The lane: what posts. One connection, one batch in flight; what arrives meanwhile is the next.

A batch is two round trips and no open transaction: read unlocked, decide in memory, post in one
call that compares versions. A reply is released only after the commit. Nothing here is cancelled
by a caller's deadline: a request that joined a batch is decided.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from switch.model.fault import Fault, FaultReason
from switch.model.ids import SHARE_STEP, MemberId
from switch.model.member import Member
from switch.model.stages import Recorded
from switch.pipeline.desk import Desk
from switch.pipeline.ports import Clock
from switch.pipeline.view import Outcome, Reference, Slot, View
from switch.store.posting import Decided
from switch.store.postman import (
    Lost,
    PostAnswer,
    Postman,
    Refused,
    TryAgain,
    Unavailable,
    loaded,
)
from switch.store.waiting import Waiting, fail_all, session_of, take, wait_for

log = structlog.get_logger()

QUEUE_MAX: Final = 4_096
BATCH_SIZE_MAX: Final = 256
"""A request's further journals stand `SHARE_STEP` positions apart; a tombstone shares its own."""
if BATCH_SIZE_MAX > SHARE_STEP:
    raise AssertionError(f"batches of {BATCH_SIZE_MAX}, further journals {SHARE_STEP} apart")
BATCH_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of bodies in one call: as text they are twice that, and PostgreSQL takes a gigabyte at most."""
BATCH_WAIT_S_MAX: Final = 0.002
BATCH_WAIT_FROM: Final = 7.0
"""Waiting for company pays only while batches run at this moving average or above."""
TRIES_MAX: Final = 3

Pairs = list[tuple[Waiting, Decided]]


class Lane:
    """Batches requests, decides and posts them. One instance a process."""

    def __init__(
        self,
        postman: Postman,
        desk: Desk,
        clock: Clock,
        reference: Callable[[], Awaitable[Reference]],
    ) -> None:
        self._postman = postman
        self._desk = desk
        self._clock = clock
        self._load_reference = reference
        self._reference: Reference | None = None
        self._queue: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._average = 1.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run(), name="lane")

    @property
    def works(self) -> bool:
        """Whether what is posted here will be worked on."""
        return self._task is not None and not self._task.done() and not self._closing

    async def stop(self) -> None:
        """Refuse what comes, finish what waits, and close the connection.

        Cancelled, it ends the work as the end of the process would; the connection is closed.
        """
        self._closing = True
        self._arrived.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            await self._postman.close()

    async def post(self, operation: Recorded) -> bytes:
        """Return the reply to a Settle, Cancel or Reverse, after its commit. Raises: Fault."""
        if self._closing:
            raise Fault(FaultReason.SHUTTING_DOWN, "this process is draining")
        if len(self._queue) >= QUEUE_MAX:
            raise Fault(FaultReason.OVERLOADED, f"{QUEUE_MAX} requests wait already")
        waiting = wait_for(operation)
        self._queue.append(waiting)
        self._arrived.set()
        return await waiting.reply()

    async def _run(self) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            if self._average >= BATCH_WAIT_FROM and len(self._queue) < BATCH_SIZE_MAX:
                await asyncio.sleep(BATCH_WAIT_S_MAX)
            batch = take(self._queue, BATCH_SIZE_MAX, BATCH_BYTES_MAX)
            if not batch:
                continue  # every caller has gone away
            self._average += (len(batch) - self._average) / 8
            try:
                await self._work(batch)
            except Exception:  # the lane outlives every surprise; its callers are told
                log.exception("lane_failed", requests=len(batch))
                fail_all(batch, FaultReason.INTERNAL, "the outcome is not known; query or reverse")

    async def _work(self, batch: Sequence[Waiting]) -> None:
        """Read, decide and post a batch until each of its requests is answered."""
        gone = False
        for attempt in range(TRIES_MAX + 1):
            if attempt:
                await asyncio.sleep(random.uniform(0.0005, 0.002) * attempt)
            try:
                again = await self._attempt(batch)
            except TryAgain as reason:
                log.info("batch_read_again", why=str(reason), requests=len(batch))
                gone = isinstance(reason, Lost)
                continue
            except Unavailable:
                gone = True
                break
            except Refused as refusal:
                await self._halve(batch, refusal)
                return
            if not again:
                return
            batch, gone = again, False
        if gone:
            fail_all(
                batch, FaultReason.OVERLOADED, "the database does not answer; nothing was done"
            )
        elif len(batch) > 1:
            await self._halve(batch, Refused("contention"))
        else:
            fail_all(batch, FaultReason.CONTENTION, "others changed the same data each time")

    async def _attempt(self, batch: Sequence[Waiting]) -> list[Waiting]:
        """Decide and post once; return the requests whose person had changed meanwhile.

        Nobody is answered before the post, faults included: else a request told that it is
        malformed might be decided again with its neighbours, on newer reference data, and post.
        Raises: TryAgain, Unavailable, Refused.
        """
        now = self._clock.now()
        view = await self._read(batch, now)
        before = dict(view.people)
        lane, number = await self._postman.next_batch()
        decided: Pairs = []
        faults: list[tuple[Waiting, Fault]] = []
        position = 0
        for waiting in batch:
            outcome = self._decide(view, waiting, Slot(lane, number, position))
            if isinstance(outcome, Fault):
                faults.append((waiting, outcome))
            else:
                decided.append((waiting, outcome))
            position += waiting.places
        again, ended = await self._post(batch, decided, before, now)
        left_out = {id(w) for w in again} | {id(w) for w in ended}
        for waiting, one in decided:
            if id(waiting) not in left_out:
                waiting.answer(one.outcome.reply)
        for waiting, fault in faults:
            waiting.fail(fault)
        fail_all(ended, FaultReason.REFUSED, "the session has ended")
        return again

    async def _post(
        self,
        batch: Sequence[Waiting],
        decided: Pairs,
        before: Mapping[MemberId, Member],
        now: datetime,
    ) -> tuple[list[Waiting], list[Waiting]]:
        """Post what is to be recorded; return whose person had changed, and whose session ended.

        Raises: TryAgain, Unavailable, Refused.
        """
        recorded = [pair for pair in decided if pair[1].outcome.record]
        again: list[Waiting] = []
        ended: list[Waiting] = []
        while recorded:
            try:
                answer = await self._postman.post(
                    [d for _, d in recorded],
                    before,
                    self._known.epoch,
                    now,
                    lambda: self._expire(batch),
                )
            except Lost:
                for waiting, _ in recorded:
                    waiting.in_doubt = True
                raise
            if answer.outcome == "posted":
                break
            if answer.outcome in {"epoch", "window"}:
                self._reference = None
                raise TryAgain(answer.outcome)
            recorded, out = _without(recorded, answer)
            for waiting in out:
                (ended if _has_ended(waiting, answer) else again).append(waiting)
        return again, ended

    async def _read(self, batch: Sequence[Waiting], now: datetime) -> View:
        if self._reference is None:
            self._reference = await loaded(self._load_reference)
        return await self._postman.read([w.operation for w in batch], self._reference, now)

    @property
    def _known(self) -> Reference:
        if self._reference is None:
            raise TryAgain("epoch")
        return self._reference

    def _decide(self, view: View, waiting: Waiting, slot: Slot) -> Decided | Fault:
        try:
            outcome = self._desk.decide(view, waiting.operation, slot)
        except Fault as fault:
            return fault
        except Exception:  # one bad claim must not fail its neighbours
            log.exception("decision_failed", request_id=waiting.operation.request_id)
            return Fault(FaultReason.INTERNAL, "the request could not be decided")
        return Decided(waiting.operation, outcome, slot.position)

    def _expire(self, batch: Sequence[Waiting]) -> None:
        """Tell callers that the outcome is open while the lane goes on finding out."""
        fail_all(batch, FaultReason.UNDECIDED, "not decided within 5 s; query, repeat or reverse")

    async def _halve(self, batch: Sequence[Waiting], refusal: Refused) -> None:
        """Split a batch the database refused until the bad claim stands alone."""
        if len(batch) == 1:
            request_id = batch[0].operation.request_id
            log.error("claim_refused", request_id=request_id, sqlstate=refusal.sqlstate)
            fail_all(batch, FaultReason.INTERNAL, "the request could not be posted")
            return
        middle = len(batch) // 2
        await self._work(batch[:middle])
        await self._work(batch[middle:])


def _without(recorded: Pairs, answer: PostAnswer) -> tuple[Pairs, list[Waiting]]:
    """Split off every request that the posting function's objection touches.

    All of a person's requests go together: each was decided on the one before it. So do those of
    the relatives who pay in one of them.
    Raises: TryAgain when the objection is to nothing of ours.
    """
    people = set(answer.keys) if answer.outcome == "stale" else set()
    gone = {id(waiting) for waiting, _ in recorded if _has_ended(waiting, answer)}
    reached = -1
    while len(gone) > reached:
        reached = len(gone)
        for waiting, decided in recorded:
            about = _people(decided.outcome)
            if id(waiting) in gone or not people.isdisjoint(about):
                gone.add(id(waiting))
                if decided.outcome.member is not None:
                    people = people | about
    if not gone:
        raise TryAgain(answer.outcome)
    out = [waiting for waiting, _ in recorded if id(waiting) in gone]
    return [pair for pair in recorded if id(pair[0]) not in gone], out


def _people(outcome: Outcome) -> set[str]:
    """Return whom a decision was about: its person, and the relatives who pay."""
    return {outcome.member_id, *(share.member.member_id for share in outcome.shares)} - {""}


def _has_ended(waiting: Waiting, answer: PostAnswer) -> bool:
    return answer.outcome == "session" and session_of(waiting) in answer.keys
