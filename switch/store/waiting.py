"""Requests that wait for a lane, and how the next batch is taken from their queue.

A batch holds no two requests on one id, and one card's requests stand in it by their counter.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from switch.model.claim import CardEvidence
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RequestId
from switch.model.stages import Recorded, Reverse, Settle
from switch.store.reading import ids_of


@dataclass(eq=False, slots=True)
class Waiting:
    """A request in the queue and the caller's future."""

    operation: Recorded
    future: asyncio.Future[bytes]
    ids: tuple[RequestId, ...]
    places: int = 1
    """Places of a batch that it takes: `places_of`."""
    joined: bool = False
    """Whether it is in a batch: from then on it is decided, whoever still waits for it."""
    in_doubt: bool = False
    """Whether it was sent on a connection that broke. It was not found committed and is sent again;
    but the first call may yet get through, so nobody may say any more that nothing was done."""

    async def reply(self) -> bytes:
        """Return the reply.

        A caller that goes away before a batch took the request takes it along, for the future is
        cancelled with him; after that nobody asks the future, and the request is decided.
        Raises: Fault.
        """
        return await self.future

    def answer(self, reply: bytes) -> None:
        """Release the reply; a caller that went away changes nothing."""
        if not self.future.done():
            self.future.set_result(reply)

    def fail(self, fault: Fault) -> None:
        """Release a fault."""
        if self.in_doubt:
            fault = Fault(FaultReason.UNDECIDED, "the connection broke; query, repeat or reverse")
        if not self.future.done():
            self.future.set_exception(fault)
            self.future.exception()  # read once, so that a caller that went away is no warning


def wait_for(operation: Recorded) -> Waiting:
    """Return a request that begins to wait, in the running loop."""
    future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    return Waiting(operation, future, ids_of(operation), places_of(operation))


def places_of(operation: Recorded) -> int:
    """Return how many places of a batch a request takes: each has its own journals.

    A settlement that replaces another undoes that, too; a reversal may restore what was replaced.
    """
    second = operation.replaces is not None if isinstance(operation, Settle) else False
    return 2 if second or isinstance(operation, Reverse) else 1


def take(queue: deque[Waiting], size_max: int, bytes_max: int) -> list[Waiting]:
    """Take the next batch from the queue; what must wait for it keeps its turn.

    A batch has `size_max` places at most, and bodies of `bytes_max` at most or one body alone.
    """
    taken: list[Waiting] = []
    held: list[Waiting] = []
    ids: set[RequestId] = set()
    size = size_bytes = 0
    while queue:
        body_bytes = len(queue[0].operation.call.received.body)
        if size + queue[0].places > size_max or (taken and size_bytes + body_bytes > bytes_max):
            break
        waiting = queue.popleft()
        if waiting.future.cancelled():
            continue
        free = ids.isdisjoint(waiting.ids)
        # Held or taken, its ids are: or a third request on them would overtake it.
        ids.update(waiting.ids)
        (taken if free else held).append(waiting)
        waiting.joined = free
        size += waiting.places if free else 0
        size_bytes += body_bytes if free else 0
    queue.extendleft(reversed(held))
    taken.sort(key=_counter)
    return taken


def fail_all(batch: Sequence[Waiting], reason: FaultReason, text: str) -> None:
    """Release the same fault to every caller of a batch that was not answered yet."""
    for waiting in batch:
        waiting.fail(Fault(reason, text))


def session_of(waiting: Waiting) -> str:
    """Return the session a request came by, as the posting function names it."""
    return waiting.operation.call.received.session_id.hex()


def _counter(waiting: Waiting) -> int:
    """Order one card's requests by its counter; requests without a card keep their place."""
    operation = waiting.operation
    if isinstance(operation, Settle) and isinstance(operation.evidence, CardEvidence):
        return operation.evidence.atc
    return 0
