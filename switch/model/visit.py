"""Visits: what is known of one, which lines it holds, how far each settlement went, its states.

The changes of a visit's lines are counted, 1, 2, 3: a line says with which change it came and with
which it was withdrawn, a settlement which changes it took. So what any settlement took follows from
the lines for ever, whatever became of them since.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from switch.model.act import Act
from switch.model.claim import FeeLine
from switch.model.codes import INPATIENT_KINDS, Kind
from switch.model.ids import InstitutionCode, MemberId, RegionCode, RequestId, SettlementId
from switch.model.money import Fen
from switch.model.reply_code import ReplyCode

LINES_MAX: Final = 30_000
"""Lines that stand in one visit."""


class VisitState(StrEnum):
    """How far a visit is."""

    REGISTERED = "registered"
    DISCHARGED = "discharged"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class VisitEvent(StrEnum):
    """What may happen to a visit."""

    UPDATE = "update"
    LINES = "lines"
    """Lines come or go."""
    SETTLE = "settle"
    """A settlement after which the visit goes on."""
    DISCHARGE = "discharge"
    UNDISCHARGE = "undischarge"
    SETTLE_FINALLY = "settle_finally"
    CANCEL = "cancel"


_S, _E = VisitState, VisitEvent
TRANSITIONS: Final[Mapping[tuple[VisitState, VisitEvent], VisitState]] = {
    (_S.REGISTERED, _E.UPDATE): _S.REGISTERED,
    (_S.REGISTERED, _E.LINES): _S.REGISTERED,
    (_S.REGISTERED, _E.SETTLE): _S.REGISTERED,
    (_S.REGISTERED, _E.DISCHARGE): _S.DISCHARGED,
    (_S.REGISTERED, _E.CANCEL): _S.CANCELLED,
    (_S.DISCHARGED, _E.UNDISCHARGE): _S.REGISTERED,
    (_S.DISCHARGED, _E.SETTLE_FINALLY): _S.SETTLED,
}
"""All that may happen; whatever is not here is refused and changes nothing.

A settlement undone leads back to the state before it: see `without`.
"""
REFUSED_IN: Final[Mapping[VisitState, ReplyCode]] = {
    _S.REGISTERED: ReplyCode.VISIT_NOT_DISCHARGED,
    _S.DISCHARGED: ReplyCode.VISIT_DISCHARGED,
    _S.SETTLED: ReplyCode.VISIT_SETTLED,
    _S.CANCELLED: ReplyCode.VISIT_CANCELLED,
}
"""Why what may not happen in a state may not."""


@dataclass(frozen=True, slots=True)
class VisitDetails:
    """What the institution knows of a visit and may change while it is open."""

    kind: Kind
    begun_on: date
    department: str
    doctor: str
    diagnoses: tuple[str, ...]
    disease_code: str


Changes = tuple[int, int]
"""A run of changes: those after the first number, up to the second."""


@dataclass(frozen=True, slots=True)
class Taking:
    """A settlement of a visit that stands. `took`: the changes whose lines it took, in order."""

    request_id: RequestId
    settlement_id: SettlementId
    took: tuple[Changes, ...]
    final: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as it stands.

    `change`: the last change of its lines, 0: none yet. `lines`: how many stand. `unsettled_fen`:
    their sum, as far as no settlement that stands took them.
    """

    visit_id: str
    member_id: MemberId
    institution: InstitutionCode
    number: str
    region: RegionCode
    insurance: str
    state: VisitState
    details: VisitDetails
    ended_on: date | None
    stay: str
    continues: str
    change: int
    lines: int
    unsettled_fen: Fen
    settlements: tuple[Taking, ...]
    registered: Act
    changed: Act

    @property
    def is_stay(self) -> bool:
        """Whether its kind of care has a stay."""
        return self.details.kind in INPATIENT_KINDS

    @property
    def is_open_stay(self) -> bool:
        """Whether the patient is in it now."""
        return self.is_stay and self.state is VisitState.REGISTERED

    @property
    def settled_change(self) -> int:
        """The last change of which, and of all before it, every line is settled."""
        reached = 0
        for after, upto in sorted(run for one in self.settlements for run in one.took):
            if after > reached:
                break
            reached = max(reached, upto)
        return reached

    def unsettled(self) -> tuple[Changes, ...]:
        """Return the changes whose lines no settlement that stands took."""
        runs, reached = [], 0
        for after, upto in sorted(run for one in self.settlements for run in one.took):
            if after > reached:
                runs.append((reached, after))
            reached = max(reached, upto)
        if self.change > reached:
            runs.append((reached, self.change))
        return tuple(runs)

    def later(self, request_id: RequestId) -> tuple[Taking, ...]:
        """Return the settlements after a request's that took lines, or ended the stay, after it."""
        places = [n for n, one in enumerate(self.settlements) if one.request_id == request_id]
        if not places or not self.settlements[places[0]].took:
            return ()
        return tuple(one for one in self.settlements[places[0] + 1 :] if one.took or one.final)


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A line that stands in a visit, and the change with which it came."""

    line: FeeLine
    change: int


@dataclass(frozen=True, slots=True)
class LinesAdded:
    """Lines that one change adds to a visit."""

    visit_id: str
    change: int
    lines: tuple[FeeLine, ...]


@dataclass(frozen=True, slots=True)
class LinesWithdrawn:
    """Lines that one change takes from a visit: their numbers, and the changes they came with."""

    visit_id: str
    change: int
    lines: tuple[tuple[int, int], ...]


def within(change: int, runs: Iterable[Changes]) -> bool:
    """Say whether a change lies in one of some runs."""
    return any(after < change <= upto for after, upto in runs)
