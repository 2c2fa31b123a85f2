"""What answers the services beside the counter: reconciliation and clearing."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from switch.recon.totals import compare_totals
from switch.server import rights
from switch.server.authenticate import Proven
from switch.server.calls import Answer, Noted
from switch.server.ports import Clearing, Reconciling
from switch.wire import clearing, reconcile


@dataclass(frozen=True, slots=True)
class Books:
    """The desks behind these services."""

    reconciler: Reconciling
    clearing: Clearing


def answers_of_books(books: Books) -> dict[str, Answer]:
    """Return what answers each unary method."""

    async def totals(proven: Proven, _: Noted) -> bytes:
        asked = reconcile.decode_totals(proven.call)
        ours = await books.reconciler.totals(asked.scope)
        return reconcile.encode_totals(compare_totals(ours, asked.stated))

    async def window(proven: Proven, _: Noted) -> bytes:
        day = clearing.decode_window(proven.call)
        return clearing.encode_window(await books.clearing.window(proven.call.institution, day))

    async def confirm(proven: Proven, noted: Noted) -> bytes:
        answer = clearing.decode_answer(proven.call)
        noted(answer.request_id)
        institution = proven.call.institution
        result, state = await books.clearing.answer(institution, answer, proven.call)
        return clearing.encode_answer(answer.request_id, result, state)

    async def positions(proven: Proven, _: Noted) -> bytes:
        period = clearing.decode_positions(proven.call)
        return clearing.encode_positions(await books.clearing.positions(period))

    return {
        rights.COMPARE_TOTALS: totals,
        rights.GET_WINDOW: window,
        rights.CONFIRM_STATEMENT: confirm,
        rights.GET_POSITIONS: positions,
    }


@asynccontextmanager
async def _differences(books: Books, proven: Proven) -> AsyncIterator[Iterator[bytes]]:
    scope = reconcile.decode_list(proven.call)
    async with books.reconciler.standing(scope) as rows:
        yield (reconcile.encode_listed(*row) for row in rows)


@asynccontextmanager
async def _statement(books: Books, proven: Proven) -> AsyncIterator[Iterator[bytes]]:
    month = clearing.decode_statement(proven.call)
    view = await books.clearing.statement(proven.call.institution, month)
    yield iter(()) if view is None else clearing.encode_statement(view)


Listing = Callable[[Books, Proven], AbstractAsyncContextManager[Iterator[bytes]]]
"""Open a list's messages; the iterator may block. Raises: Fault."""

LISTS: Final[Mapping[str, Listing]] = {
    rights.LIST_DIFFERENCES: _differences,
    rights.LIST_STATEMENT: _statement,
}
