"""A filing with its history: who took it, who ended it, and why. Rows are never deleted."""

from dataclasses import dataclass

from switch.model.act import Act
from switch.model.ids import MemberId
from switch.model.member import Filing


@dataclass(frozen=True, slots=True)
class FilingRecord:
    """One row of `filing`. `granted` None: it was there before requests were recorded."""

    member_id: MemberId
    filing: Filing
    granted: Act | None
    ended: Act | None = None


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency (经办机构). It serves every insured region whose code begins with `serves`."""

    code: str
    name: str
    serves: str
