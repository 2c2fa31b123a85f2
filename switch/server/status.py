"""The one table from faults to gRPC status, and what the caller may do after each."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from grpc import StatusCode

from switch.model.fault import FaultReason


class Action(StrEnum):
    """What the caller does after a fault; no fault says what became of an *earlier* attempt."""

    RETRY = "retry"
    """Nothing was done: send the same request id again, under a new seq, with back-off."""
    QUERY_OR_REVERSE = "query_or_reverse"
    """The outcome is not known: query, repeat the same request id, or reverse."""
    STOP = "stop"
    """Nothing was done, and the same message will fail again: mend what the text names."""


STATUS: Final[Mapping[FaultReason, tuple[StatusCode, Action]]] = {
    FaultReason.MALFORMED: (StatusCode.INVALID_ARGUMENT, Action.STOP),
    FaultReason.REQUEST_ID_REUSED: (StatusCode.ALREADY_EXISTS, Action.STOP),
    FaultReason.REFUSED: (StatusCode.UNAUTHENTICATED, Action.STOP),
    FaultReason.NOT_PERMITTED: (StatusCode.PERMISSION_DENIED, Action.STOP),
    FaultReason.CLOCK_SKEW: (StatusCode.FAILED_PRECONDITION, Action.STOP),
    FaultReason.TERMINAL_KEY_ENDED: (StatusCode.NOT_FOUND, Action.STOP),
    FaultReason.OVERLOADED: (StatusCode.RESOURCE_EXHAUSTED, Action.RETRY),
    FaultReason.TOO_LATE: (StatusCode.DEADLINE_EXCEEDED, Action.RETRY),
    FaultReason.CONTENTION: (StatusCode.ABORTED, Action.RETRY),
    FaultReason.UNDECIDED: (StatusCode.UNKNOWN, Action.QUERY_OR_REVERSE),
    FaultReason.SHUTTING_DOWN: (StatusCode.UNAVAILABLE, Action.RETRY),
    FaultReason.UNIMPLEMENTED: (StatusCode.UNIMPLEMENTED, Action.STOP),
    FaultReason.INTERNAL: (StatusCode.INTERNAL, Action.QUERY_OR_REVERSE),
}

REFUSED_STATUS: Final = StatusCode.UNAUTHENTICATED
REFUSED_TEXT: Final = "refused: sign in again; if this goes on, ask the operator"
"""The one text of every security refusal: which check failed is in our own log only."""

TOO_LARGE_STATUS: Final = StatusCode.RESOURCE_EXHAUSTED
TOO_LARGE_TEXT: Final = "the message is larger than this terminal may send"

INTERNAL_TEXT: Final = (
    "the switch failed; the outcome is not known: query, repeat the same request id, or reverse"
)
"""The one text of every error of our own: what went wrong is in our own log only."""


def status_number(code: StatusCode) -> int:
    """Return the number of a gRPC status: what a reply's MAC covers."""
    number: int = code.value[0]
    return number
