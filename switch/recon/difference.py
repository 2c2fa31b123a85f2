"""Differences: their kinds, what each explains, and the one safe repair of each."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from switch.model.ids import request_time
from switch.recon.record import Leg, Parts, Record


class Kind(StrEnum):
    """How two records of one act differ."""

    ONLY_SWITCH = "only_switch"
    """仅平台有: settled here, unknown there (单边账)."""
    ONLY_INSTITUTION = "only_institution"
    """仅机构有: settled there, unknown here."""
    CANCELLED_AT_SWITCH = "cancelled_at_switch"
    """仅平台已撤销: undone here, standing there."""
    CANCELLED_AT_INSTITUTION = "cancelled_at_institution"
    """仅机构已撤销: undone there, standing here."""
    AMOUNTS = "amounts"
    """金额不一致: total, fund or account part."""
    TWICE = "twice"
    """机构重复: one settlement stands twice in the institution's records."""
    DAY = "day"
    """业务日不一致: kept under another business day."""
    PERSON = "person"
    """人员不一致: kept under another person number."""
    GROUP = "group"
    """归类不一致: kept under another insurance, clearing type or insured region."""


class Repair(StrEnum):
    """The one safe repair. All are the institution's to do; a cancellation that later settlements
    forbid becomes the fund's, under maker and checker.
    """

    REVERSE = "reverse"
    """冲正: undo at the switch what the institution does not know; then both keep both acts."""
    CANCEL = "cancel"
    """撤销: undo at the switch what the institution has undone."""
    RESEND = "resend"
    """重发: send the stored request again, byte for byte."""
    RECORD = "record"
    """补记: enter the switch's record (local)."""
    CORRECT = "correct"
    """改记: take the switch's values (local): its reply was signed, the books say the same."""
    STRIKE = "strike"
    """删记: strike the institution's record (local): nothing stands behind it here."""


LOCAL: Final = frozenset({Repair.RECORD, Repair.CORRECT, Repair.STRIKE})
"""Repairs that change the institution's records only."""

RESEND_AGE_MAX: Final = timedelta(minutes=10)
"""A request older than this by its id is refused (design section 7), so it is no use again."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `explains`: how much of switch less institution it accounts for."""

    kind: Kind
    repair: Repair
    ours: Record | None
    theirs: Record | None
    explains: Parts

    @property
    def record(self) -> Record:
        """The record that names the act: the switch's where there is one."""
        found = self.ours or self.theirs
        if found is None:
            raise AssertionError("a difference is about a record")
        return found


class State(StrEnum):
    """What the switch knows of a settlement that lies outside the records compared."""

    UNKNOWN = "unknown"
    DECLINED = "declined"
    TOMBSTONE = "tombstone"
    """Reversed before it arrived: it never posts."""
    POSTED = "posted"


@dataclass(frozen=True, slots=True)
class Standing:
    """The register's word on one act that the institution alone has in the records compared.

    `elsewhere`: our record of the same act on a day outside; `undone`: whether the settlement is;
    `namesake`: the institution's settlement id is that of another request of its own.
    """

    state: State
    elsewhere: Record | None = None
    undone: bool = False
    namesake: bool = False


def judged(difference: Difference, standing: Standing, now: datetime) -> Difference:
    """Return a difference that only one side has a record of, in the register's light."""
    if not needs_standing(difference):
        return difference
    theirs = difference.theirs
    if theirs is None:
        return replace(difference, repair=Repair.RECORD) if standing.undone else difference
    if standing.elsewhere is not None:
        return replace(difference, kind=Kind.DAY, repair=Repair.CORRECT, ours=standing.elsewhere)
    if standing.namesake:
        return replace(difference, kind=Kind.TWICE, repair=Repair.STRIKE)
    if theirs.leg is Leg.UNDONE:
        stands = standing.state is State.POSTED and not standing.undone
        return replace(difference, repair=Repair.CANCEL if stands else Repair.STRIKE)
    fresh = now - request_time(theirs.settlement) <= RESEND_AGE_MAX
    if standing.state is State.UNKNOWN and fresh:
        return replace(difference, repair=Repair.RESEND)
    return replace(difference, repair=Repair.STRIKE)


def needs_standing(difference: Difference) -> bool:
    """Say whether the register is to be asked before a repair is proposed.

    Undoing what is undone already, on a day outside, would be one undoing too many.
    """
    if difference.ours is None:
        return difference.kind in {Kind.ONLY_INSTITUTION, Kind.CANCELLED_AT_INSTITUTION}
    return difference.repair is Repair.REVERSE
