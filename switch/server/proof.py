"""What a call shows in its metadata: read strictly, believed not at all.

Source: design, section 4 (Encodings): a missing, doubled or wrong-length `x-` key is refused.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from switch.model.ids import SessionId, TerminalId, parse_terminal_id

Metadata = Iterable[tuple[str, str | bytes]]

TERMINAL_KEY: Final = "x-terminal-id"
SESSION_KEY: Final = "x-session-bin"
SEQ_KEY: Final = "x-seq"
MAC_KEY: Final = "x-mac-bin"
VERSION_KEY: Final = "x-key-version"
DETAILS_KEY: Final = "grpc-status-details-bin"

SEQ_MAX: Final = 2**63 - 1
SESSION_ID_BYTES: Final = 16
MAC_BYTES: Final = frozenset({8, 16})

_SEQ: Final = re.compile(r"[1-9][0-9]{0,18}")
_VERSION: Final = re.compile(r"[1-9][0-9]{0,9}")
_VERSION_MAX: Final = 2**32 - 1


class Refused(Exception):
    """A call not proven fresh and genuine. `kind` is for our log; the peer is told nothing."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class CallProof(NamedTuple):
    """The `x-` keys of a call within a session."""

    terminal_id: str
    session_id: SessionId
    seq: int
    mac: bytes


class SigninProof(NamedTuple):
    """The `x-` keys of a sign-in."""

    terminal_id: TerminalId
    key_version: int
    mac: bytes


def read_call_proof(metadata: Metadata) -> CallProof:
    """Return what a call shows. Raises: Refused.

    The terminal id is left as text: it is compared with the session's, which is well formed.
    """
    terminal = session = seq = mac = None
    for key, value in metadata:
        if key == MAC_KEY:
            mac = value if mac is None else _doubled()
        elif key == SESSION_KEY:
            session = value if session is None else _doubled()
        elif key == SEQ_KEY:
            seq = value if seq is None else _doubled()
        elif key == TERMINAL_KEY:
            terminal = value if terminal is None else _doubled()
    if not (
        isinstance(mac, bytes)
        and isinstance(session, bytes)
        and isinstance(seq, str)
        and isinstance(terminal, str)
    ):
        raise Refused("metadata_missing")
    if len(session) != SESSION_ID_BYTES or len(mac) not in MAC_BYTES or not _SEQ.fullmatch(seq):
        raise Refused("metadata_malformed")
    number = int(seq)
    if number > SEQ_MAX:
        raise Refused("metadata_malformed")
    return CallProof(terminal, SessionId(session), number, mac)


def read_signin_proof(metadata: Metadata) -> SigninProof:
    """Return what a sign-in shows. Raises: Refused."""
    terminal = version = mac = None
    for key, value in metadata:
        if key == MAC_KEY:
            mac = value if mac is None else _doubled()
        elif key == VERSION_KEY:
            version = value if version is None else _doubled()
        elif key == TERMINAL_KEY:
            terminal = value if terminal is None else _doubled()
    if not (isinstance(mac, bytes) and isinstance(version, str) and isinstance(terminal, str)):
        raise Refused("metadata_missing")
    if len(mac) not in MAC_BYTES or not _VERSION.fullmatch(version):
        raise Refused("metadata_malformed")
    number = int(version)
    if number > _VERSION_MAX:
        raise Refused("metadata_malformed")
    try:
        return SigninProof(parse_terminal_id(terminal), number, mac)
    except ValueError:
        raise Refused("metadata_malformed") from None


def _doubled() -> str:
    raise Refused("metadata_doubled")
