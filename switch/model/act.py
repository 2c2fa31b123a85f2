"""Who changed what is on file, when and why: kept with what was changed, for ever."""

from dataclasses import dataclass
from datetime import datetime

from switch.model.ids import InstitutionCode, RequestId, TerminalId


@dataclass(frozen=True, slots=True)
class Reason:
    """Who asks for a change, by name, and why, in his own words."""

    operator: str
    why: str


@dataclass(frozen=True, slots=True)
class Act:
    """A change that was made. `operator`: the person at the terminal, by name."""

    request_id: RequestId
    institution: InstitutionCode
    terminal_id: TerminalId
    operator: str
    why: str
    at: datetime
