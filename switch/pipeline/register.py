"""The request register: what a repeat is answered, and what a query finds.

Looked up directly after the MAC and before any card check, or a retry would look like a clone.
"""

from datetime import datetime, timedelta
from typing import Final

from switch.model.answer import DeclineAnswer, State, StateAnswer
from switch.model.decision import Decline
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RequestId, request_time
from switch.model.reply import ReplyCode
from switch.model.stages import GetSettlement, Recorded, Undo
from switch.pipeline.ports import Codec
from switch.pipeline.undo import AHEAD_MAX, TOMBSTONE, differs
from switch.pipeline.view import UNDONE_CODES, Outcome, Register

AGE_MAX: Final = timedelta(minutes=10)
"""An original older than this by its id is refused, so that old months can be detached."""


def repeated(codec: Codec, operation: Recorded, row: Register) -> Outcome:
    """Return the answer to a request id that is taken.

    Same bytes: the recorded reply; once undone, that it was undone and never the old success.
    Raises: Fault REQUEST_ID_REUSED naming the field in which another body differs.
    """
    method = type(operation).__name__
    if row.method == TOMBSTONE and not isinstance(operation, Undo):
        return _refused(codec, operation, Decline(ReplyCode.REVERSED, {}))
    if row.method != method:
        raise Fault(FaultReason.REQUEST_ID_REUSED, f"the id was used for {row.method}", "method")
    body = operation.call.received.body
    if row.body != body:
        field = codec.differing_field(method, row.body, body)
        raise Fault(
            FaultReason.REQUEST_ID_REUSED,
            f"the id was used with another {field}; use a new id for a new request",
            field,
        )
    if row.undone is not None:
        return _refused(codec, operation, Decline(UNDONE_CODES[row.undone.kind], {}))
    return Outcome(row.reply, row.code, record=False)


def too_old_or_ahead(codec: Codec, operation: Recorded, now: datetime) -> Outcome | None:
    """Return the decline of an id whose time is out of bounds; it follows from the id alone."""
    at = request_time(operation.request_id)
    if at < now - AGE_MAX:
        code, bound = ReplyCode.REQUEST_TOO_OLD, AGE_MAX
    elif at > now + AHEAD_MAX:
        code, bound = ReplyCode.REQUEST_AHEAD, AHEAD_MAX
    else:
        return None
    return _refused(codec, operation, Decline(code, {"minutes": str(bound // _MINUTE)}))


def in_time(request_id: RequestId, now: datetime) -> bool:
    """Say whether a request of that id could be recorded now."""
    return now - AGE_MAX <= request_time(request_id) <= now + AHEAD_MAX


def state_of(query: GetSettlement, row: Register | None) -> StateAnswer:
    """Return what became of a request: definite, whatever replica is asked."""
    original = query.original
    if row is None:
        return StateAnswer(original, State.NEVER_SEEN, None, None, "", None)
    decline = differs(original, row)
    if decline is not None:
        return StateAnswer(original, State.NEVER_SEEN, decline, None, "", None)
    by, at = ("", None) if row.undone is None else (row.undone.by, row.undone.at)
    if row.method == TOMBSTONE:
        return StateAnswer(original, State.TOMBSTONE, None, None, by, at)
    if row.undone is not None:
        cancelled = UNDONE_CODES[row.undone.kind] is ReplyCode.CANCELLED
        state = State.CANCELLED if cancelled else State.REVERSED
    else:
        state = State.POSTED if row.code is ReplyCode.OK else State.DECLINED
    return StateAnswer(original, state, None, row.reply, by, at)


def _refused(codec: Codec, operation: Recorded, decline: Decline) -> Outcome:
    request_id: RequestId = operation.request_id
    answer = DeclineAnswer(request_id, decline)
    return Outcome(codec.encode(type(operation).__name__, answer), decline.code, record=False)


_MINUTE: Final = timedelta(minutes=1)
