"""What each side keeps of one act: a settlement, or the undoing of one.

Records of both sides are ordered by the settlement's request id, then by leg: the id is the
institution's own (`medins_setl_id`), so both sides know it.
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from switch.model.ids import InstitutionCode, MemberId, RegionCode, RequestId, SettlementId


class Leg(IntEnum):
    """Which act of a settlement's life a record is of."""

    SETTLED = 0
    UNDONE = 1
    """Cancelled (2208) or reversed (2601)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The amounts that both sides keep, in fen; an undoing's are negative.

    `total_fen` medfee_sumamt · `fund_fen` fund_pay_sumamt · `account_fen` acct_pay, a relative's
    account included. What is left is cash and the hospital's part, which no fund moves.
    """

    total_fen: int
    fund_fen: int
    account_fen: int

    def __add__(self, other: "Parts") -> "Parts":
        return Parts(
            self.total_fen + other.total_fen,
            self.fund_fen + other.fund_fen,
            self.account_fen + other.account_fen,
        )

    def __sub__(self, other: "Parts") -> "Parts":
        return self + -other

    def __neg__(self) -> "Parts":
        return Parts(-self.total_fen, -self.fund_fen, -self.account_fen)


NOTHING = Parts(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Group:
    """What totals are compared by (3201): day, insutype, clr_type, insuplc_admdvs.

    In an institution's record the last three may be empty: then they are not compared.
    """

    day: date
    insurance: str
    clearing_type: str
    region: RegionCode | str


@dataclass(frozen=True, slots=True)
class Record:
    """One act as one side keeps it.

    `settlement` is the request id of the Settle, for an undoing, too; `settlement_id` (setl_id) is
    empty where an institution keeps none. `act` is the request id of the act itself, where known.
    """

    settlement: RequestId
    leg: Leg
    member_id: MemberId | str
    group: Group
    parts: Parts
    settlement_id: SettlementId | str = ""
    act: RequestId | str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What the record is matched and ordered by."""
        return self.settlement, self.leg


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose records of which business days are compared, both days included."""

    institution: InstitutionCode
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Total:
    """What a group, or everything, comes to. `count`: settlements less undoings."""

    count: int
    parts: Parts

    def with_record(self, record: Record) -> "Total":
        """Return the total with one more record."""
        one = 1 if record.leg is Leg.SETTLED else -1
        return Total(self.count + one, self.parts + record.parts)


NO_TOTAL = Total(0, NOTHING)
