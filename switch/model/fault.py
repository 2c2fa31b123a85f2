"""Faults: a call that could not be answered as business. Exceptions, never values.

A decline is an answer; a fault is not. Each reason says whose fault it is and what the caller may
do: retry the same request id, query or reverse, or stop. `server/status.py` maps each to one gRPC
status. Texts are for people; nothing secret is ever put in one.
"""

from enum import StrEnum


class FaultReason(StrEnum):
    """Why a call failed: the `reason` of `google.rpc.ErrorInfo`, domain `medswitch`."""

    MALFORMED = "MALFORMED"
    """Theirs: the message breaks the contract; `field` names where. Nothing was done."""
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    """Theirs: the id was used for another body; `field` names the difference. Nothing was done."""
    REFUSED = "REFUSED"
    """A security refusal: no detail, no MAC. Sign in again; if it persists, ask the operator."""
    NOT_PERMITTED = "NOT_PERMITTED"
    """Theirs, proven: the terminal may not call this or not for that institution."""
    CLOCK_SKEW = "CLOCK_SKEW"
    """Theirs: the terminal's clock is more than five minutes off; the server's time is given."""
    TERMINAL_KEY_ENDED = "TERMINAL_KEY_ENDED"
    """Theirs: the sign-in is genuine, but its key version is retired or suspended: sign in under
    the version that was loaded after it, or have one loaded."""
    OVERLOADED = "OVERLOADED"
    """Ours: a queue is full, or no database answers. Nothing was done: retry the same request id
    with back-off."""
    TOO_LATE = "TOO_LATE"
    """The deadline had passed before work began. Nothing was done: retry the same request id."""
    CONTENTION = "CONTENTION"
    """Ours: others changed the same person each time we tried. Nothing was done: retry."""
    UNDECIDED = "UNDECIDED"
    """Ours: it is not known whether the request posted. Query, repeat the same id, or reverse."""
    SHUTTING_DOWN = "SHUTTING_DOWN"
    """Ours: this process drains. Nothing was done: retry the same request id elsewhere."""
    UNIMPLEMENTED = "UNIMPLEMENTED"
    """Theirs: no such method here."""
    INTERNAL = "INTERNAL"
    """Ours. The outcome is not known: query, repeat the same id, or reverse."""


class Fault(Exception):
    """A call that ends in a gRPC status. `field` and `text` never hold secrets."""

    def __init__(self, reason: FaultReason, text: str, field: str = "") -> None:
        super().__init__(f"{reason}: {text}" + (f" [{field}]" if field else ""))
        self.reason = reason
        self.text = text
        self.field = field


def malformed(field: str, text: str) -> Fault:
    """Return the fault for a message that breaks the contract at one field."""
    return Fault(FaultReason.MALFORMED, text, field)
