"""How a batch is taken from the queue: one request an id, each in its turn, of bounded size."""

import asyncio
from collections import deque
from datetime import UTC, datetime

import pytest

from switch.model.call import Authenticated, Received
from switch.model.fault import Fault, FaultReason
from switch.model.ids import InstitutionCode, MemberId, RequestId, SessionId, TerminalId
from switch.model.money import Fen
from switch.model.stages import Cancel, Original, Reverse
from switch.store.waiting import Waiting, fail_all, take, wait_for

AT = datetime(2018, 12, 1, 4, tzinfo=UTC)
BYTES_MAX = 100


def undo(number: int, of: int, body: bytes = b"") -> Waiting:
    """A waiting Cancel, by number, of the request of another number."""
    received = Received("", TerminalId("T1"), SessionId(bytes(16)), number, b"", body, AT)
    original = Original(id_of(of), "Settle", MemberId("00010001"), Fen(1))
    call = Authenticated(received, InstitutionCode("H33020100001"))
    return wait_for(Cancel(call, id_of(number), original))


def reverse(number: int, of: int) -> Waiting:
    """A waiting Reverse, by number, of the request of another number."""
    call, original = undo(number, of).operation.call, id_of(of)
    named = Original(original, "Settle", MemberId("00010001"), Fen(1))
    return wait_for(Reverse(call, id_of(number), named))


def id_of(number: int) -> RequestId:
    return RequestId(f"H3302010000120181201120000{number:04d}")


def numbers(batch: list[Waiting]) -> list[int]:
    return [int(waiting.ids[0][-4:]) for waiting in batch]


async def test_no_two_on_one_id_and_none_overtakes() -> None:
    """3 waits for 1, and 4 for 3 though it is free of the batch itself; 5 is a stranger."""
    queue = deque([undo(1, 90), undo(2, 91), undo(3, 90), undo(4, 3), undo(5, 95)])
    assert numbers(take(queue, 10, BYTES_MAX)) == [1, 2, 5]
    assert numbers(take(queue, 10, BYTES_MAX)) == [3]
    assert numbers(take(queue, 10, BYTES_MAX)) == [4]
    assert not queue


async def test_a_batch_has_no_more_requests_than_it_may() -> None:
    queue = deque(undo(n, 90 + n) for n in range(5))
    assert numbers(take(queue, 3, BYTES_MAX)) == [0, 1, 2]
    assert numbers(list(queue)) == [3, 4]


async def test_what_may_post_two_journals_takes_two_places() -> None:
    """A reversal may restore what its original replaced: no two requests share a place."""
    queue = deque([undo(0, 90), reverse(1, 91), reverse(2, 92), undo(3, 93)])
    assert [waiting.places for waiting in queue] == [1, 2, 2, 1]
    assert numbers(take(queue, 4, BYTES_MAX)) == [0, 1]
    assert numbers(take(queue, 4, BYTES_MAX)) == [2, 3]


@pytest.mark.parametrize(
    ("sizes", "taken"), [([50, 50, 1], 2), ([50, 51], 1), ([101, 1], 1), ([0, 100, 0, 1], 3)]
)
async def test_a_batch_has_no_more_bytes_than_it_may_or_one_body(
    sizes: list[int], taken: int
) -> None:
    queue = deque(undo(n, 90 + n, bytes(size)) for n, size in enumerate(sizes))
    assert len(take(queue, 10, BYTES_MAX)) == taken
    assert len(queue) == len(sizes) - taken


async def test_who_goes_away_in_the_queue_takes_his_request_along_but_not_from_a_batch() -> None:
    stays, leaves = undo(1, 90), undo(2, 91)
    queue = deque([stays])
    callers = [asyncio.create_task(waiting.reply()) for waiting in (stays, leaves)]
    await asyncio.sleep(0)
    assert take(queue, 10, BYTES_MAX) == [stays]
    queue.append(leaves)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    assert take(queue, 10, BYTES_MAX) == []
    assert (stays.joined, leaves.joined) == (True, False)
    # It is decided and posted all the same; only nobody hears of it.
    stays.answer(b"posted")
    fail_all([stays], FaultReason.UNDECIDED, "nor of this")
    assert stays.future.cancelled()


async def test_what_is_in_doubt_is_never_said_to_be_undone() -> None:
    sure, doubtful = undo(1, 90), undo(2, 91)
    doubtful.in_doubt = True
    fail_all([sure, doubtful], FaultReason.OVERLOADED, "nothing was done")
    for waiting, reason in ((sure, FaultReason.OVERLOADED), (doubtful, FaultReason.UNDECIDED)):
        with pytest.raises(Fault) as caught:
            await waiting.reply()
        assert caught.value.reason is reason


async def test_a_reversal_holds_its_originals_id_as_a_cancel_does() -> None:
    cancel = undo(1, 90)
    operation = cancel.operation
    assert isinstance(operation, Cancel)
    reverse = wait_for(Reverse(operation.call, id_of(2), operation.original))
    queue = deque([cancel, reverse])
    assert take(queue, 10, BYTES_MAX) == [cancel]
