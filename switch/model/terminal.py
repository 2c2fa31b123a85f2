"""Terminals and sessions as rows: what authentication may read, and nothing about people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from switch.model.ids import InstitutionCode, SessionId, TerminalId


class TerminalClass(StrEnum):
    """The class of caller; `server/rights.py` says which methods each may call."""

    INSTITUTION = "institution"
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Terminal:
    """A registered terminal. `suites`: live key version → (suite, last day or None).

    `ended`: key version → suite, of those that are retired or suspended.
    """

    terminal_id: TerminalId
    institution: InstitutionCode
    terminal_class: TerminalClass
    active: bool
    suites: dict[int, tuple[int, date | None]]
    ended: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in session: nonces, suite and version, never the key (it is derived again)."""

    session_id: SessionId
    terminal_id: TerminalId
    institution: InstitutionCode
    terminal_class: TerminalClass
    suite: int
    key_version: int
    nonce_t: bytes
    nonce_s: bytes
    opened_at: datetime
    expires_at: datetime
    ended_at: datetime | None
