"""What a client raises: a proven fault, or an outcome that is not known."""

from dataclasses import dataclass

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from switch.model.fault import FaultReason
from switch.model.ids import RequestId

DOMAIN = "medswitch"
STOP = "stop"
RETRY = "retry"
QUERY_OR_REVERSE = "query_or_reverse"


@dataclass(eq=False)
class SwitchFault(Exception):
    """A proven fault: the switch itself says why this attempt was not answered.

    `action` is what to do: "retry" the same request id, "query_or_reverse", or "stop". A fault says
    nothing of an earlier attempt under the same request id.
    """

    reason: str
    action: str
    text: str
    field: str = ""
    server_time_ms: int = 0

    def __str__(self) -> str:
        return f"{self.reason}: {self.text}" + (f" [{self.field}]" if self.field else "")

    @property
    def refuses_the_message(self) -> bool:
        """Say whether the same bytes will be refused whenever they arrive."""
        return self.reason in {FaultReason.MALFORMED, FaultReason.REQUEST_ID_REUSED}


class OutcomeUnknown(Exception):
    """A request that may have been carried out, and may not. It stands in the outbox.

    Repeat it, ask for it, or reverse it: `TerminalClient.resolve` does what is right.
    """

    def __init__(self, request_id: RequestId, method: str, why: str) -> None:
        named = f"{method} {request_id}" if request_id else method
        super().__init__(f"{named}: the outcome is not known ({why})")
        self.request_id = request_id
        self.method = method
        self.why = why


def read_fault(details: bytes) -> SwitchFault:
    """Return the fault in the bytes of a proven `grpc-status-details-bin`.

    What this client does not understand gets the careful answer: query or reverse.
    """
    try:
        status = status_pb2.Status.FromString(details)
    except DecodeError:
        return SwitchFault("", QUERY_OR_REVERSE, "the fault's details cannot be read")
    info = error_details_pb2.ErrorInfo()
    for packed in status.details:
        if packed.Unpack(info) and info.domain == DOMAIN:
            told = info.metadata
            server_time = told.get("server_time_ms", "")
            return SwitchFault(
                reason=info.reason,
                action=told.get("action", QUERY_OR_REVERSE),
                text=status.message,
                field=told.get("field", ""),
                server_time_ms=int(server_time) if server_time.isdecimal() else 0,
            )
    return SwitchFault("", QUERY_OR_REVERSE, status.message)
