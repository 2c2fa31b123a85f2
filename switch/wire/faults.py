"""Fault details: a `google.rpc.Status` with one `ErrorInfo`, as every language's gRPC reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from switch.model.fault import Fault
from switch.wire.outcome import epoch_ms

DOMAIN: Final = "medswitch"
TEXT_CHARACTERS_MAX: Final = 500
FIELD_CHARACTERS_MAX: Final = 200
"""Bounds that keep the details below 4 KiB, whatever a fault says: 4 bytes a character at most."""

_UNKNOWN: Final = 2


@dataclass(frozen=True, slots=True)
class FaultDetails:
    """A fault as the caller reads it."""

    status: int
    text: str
    reason: str
    field: str
    action: str
    server_time_ms: int


def fault_details(
    fault: Fault, action: str, server_time: datetime, status: int = _UNKNOWN
) -> bytes:
    """Return the details of a fault. `status`: the gRPC status it is sent with.

    Metadata: `action` (retry | query_or_reverse | stop), `field` where one is at fault, and
    `server_time_ms`, by which a terminal may set its clock.
    """
    metadata = {"action": action, "server_time_ms": str(epoch_ms(server_time))}
    if fault.field:
        metadata["field"] = fault.field[:FIELD_CHARACTERS_MAX]
    error = ErrorInfo(reason=fault.reason, domain=DOMAIN, metadata=metadata)
    packed = AnyMessage()
    packed.Pack(error, deterministic=True)
    message = Status(code=status, message=fault.text[:TEXT_CHARACTERS_MAX], details=[packed])
    serialized: bytes = message.SerializeToString(deterministic=True)
    return serialized


def read_fault_details(details: bytes) -> FaultDetails | None:
    """Return what fault details say; None when they are not of this contract."""
    try:
        status = Status.FromString(details)
    except DecodeError:
        return None
    error = ErrorInfo()
    for detail in status.details:
        if detail.Unpack(error) and error.domain == DOMAIN:
            known: Mapping[str, str] = error.metadata
            server_time = known.get("server_time_ms", "")
            return FaultDetails(
                status.code,
                status.message,
                error.reason,
                known.get("field", ""),
                known.get("action", ""),
                int(server_time) if server_time.isascii() and server_time.isdigit() else 0,
            )
    return None
