"""A call: as it came off the wire, and once its caller is proven."""

from datetime import datetime

from switch.model.frozen import frozen
from switch.model.ids import InstitutionCode, SessionId, TerminalId
from switch.model.terminal import TerminalClass


@frozen
class Received:
    """A call as it came off the wire: raw bytes, nothing believed."""

    method: str
    terminal_id: TerminalId
    session_id: SessionId
    seq: int
    mac: bytes
    body: bytes
    received_at: datetime
    frame: int = 0
    """Its number in a stream that was opened with `seq`, from 1; 0: a call of its own."""


@frozen
class Authenticated:
    """A call whose MAC, session and sequence are proven; only now is its body parsed."""

    received: Received
    institution: InstitutionCode
    terminal_class: TerminalClass = TerminalClass.INSTITUTION
    """Where nobody says, the class with the narrower rights about people."""
