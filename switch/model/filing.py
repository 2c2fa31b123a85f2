"""A filing with its history: who granted it, who ended it, and why. Rows are never deleted."""

from dataclasses import dataclass
from datetime import datetime

from switch.model.ids import InstitutionCode, MemberId, RequestId, TerminalId
from switch.model.member import Filing


@dataclass(frozen=True, slots=True)
class Act:
    """Who changed something, when and why. `operator`: the person at the terminal, by name."""

    request_id: RequestId
    institution: InstitutionCode
    terminal_id: TerminalId
    operator: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FilingRecord:
    """One row of `filing`. `granted` None: it was there before requests were recorded."""

    member_id: MemberId
    filing: Filing
    granted: Act | None
    ended: Act | None = None

    @property
    def last(self) -> Act | None:
        """The act that made the row what it is."""
        return self.ended or self.granted
