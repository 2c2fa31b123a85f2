"""An institution's answer to its statement, and what is asked of clearing by terminals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from switch.clearing.netting import Due, Mode, Transfer
from switch.clearing.period import Period
from switch.clearing.statement import Line
from switch.model.ids import RegionCode, RequestId


class StatementState(StrEnum):
    """How a statement stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class Result(StrEnum):
    """What became of an answer."""

    TAKEN = "taken"
    NO_STATEMENT = "no_statement"
    OTHER_DIGEST = "other_digest"
    CONFIRMED_BEFORE = "confirmed_before"
    NO_LINE = "no_line"


@dataclass(frozen=True, slots=True)
class Head:
    """A statement as it stands, without its lines."""

    region: RegionCode
    period: Period
    version: int
    fund_fen: int
    account_fen: int
    rate_bp: int
    withheld_fen: int
    payable_fen: int
    state: StatementState
    digest: bytes
    lines: int
    disputed_line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Confirm, or dispute a line (0: the whole) with a reason."""

    request_id: RequestId
    period: Period
    version: int
    digest: bytes
    dispute: bool
    line: int
    reason: str

    @property
    def state(self) -> StatementState:
        """What the statement becomes."""
        return StatementState.DISPUTED if self.dispute else StatementState.CONFIRMED


def judge(head: Head | None, answer: Answer) -> Result:
    """Return what becomes of an answer to a statement as it stands."""
    if head is None or head.version != answer.version:
        return Result.NO_STATEMENT
    if head.digest != answer.digest:
        return Result.OTHER_DIGEST
    if head.state is StatementState.CONFIRMED and answer.dispute:
        return Result.CONFIRMED_BEFORE
    if not 0 <= answer.line <= head.lines:
        return Result.NO_LINE
    return Result.TAKEN


def same(head: Head, answer: Answer) -> bool:
    """Say whether an answer that is taken changes nothing: it was given before."""
    return (head.state, head.disputed_line, head.reason) == (
        answer.state, answer.line, answer.reason,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement with its lines, in order."""

    head: Head
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class WindowView:
    """A business day of a region. `known` False: there is no such window."""

    region: str
    day: date
    known: bool
    cut_off_at: datetime
    closed_at: datetime | None
    day_closed: bool
    month_closed: bool


@dataclass(frozen=True, slots=True)
class PositionsView:
    """What regions owe each other and how it is settled."""

    dues: Sequence[Due]
    mode: Mode
    transfers: Sequence[Transfer]
