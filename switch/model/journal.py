"""Postings and journals: a posting is one debit, one credit, one positive amount."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from switch.model.frozen import frozen
from switch.model.ids import (
    Account,
    InstitutionCode,
    JournalId,
    MemberId,
    RegionCode,
    RequestId,
)
from switch.model.money import Fen


class JournalKind(StrEnum):
    """What a journal records."""

    SETTLEMENT = "settlement"
    CANCELLATION = "cancellation"
    REVERSAL = "reversal"
    OPENING = "opening"
    SHARED = "shared"
    """What a relative's account pays of another's settlement (共济), in a journal of his own."""
    REPLACEMENT = "replacement"
    """Undoes a settlement that another replaces (part refund), under the other's request."""
    RESTORATION = "restoration"
    """Undoes a replacement when the request that replaced is reversed: what it replaced stands."""
    ADJUSTMENT = "adjustment"
    """A settlement of the past, corrected by the office: beside it stands a replacement."""


@frozen
class Posting:
    """One movement within one book. Raises: ValueError when it moves nothing or nowhere."""

    book: RegionCode
    debit: Account
    credit: Account
    amount_fen: Fen

    def __post_init__(self) -> None:
        if self.amount_fen <= 0:
            raise ValueError(f"a posting moves a positive amount, not {self.amount_fen} fen")
        if self.debit == self.credit:
            raise ValueError(f"a posting moves between two accounts, not {self.debit} alone")


@frozen
class Paid:
    """What each side paid of a settled bill, as its journal says: `total` is their sum."""

    total_fen: Fen
    fund_fen: Fen
    account_current_fen: Fen
    account_earlier_fen: Fen
    account_relative_fen: Fen
    cash_fen: Fen
    hospital_fen: Fen

    @property
    def account_fen(self) -> Fen:
        """The member's own account, both parts (`acct_pay`)."""
        return Fen(self.account_current_fen + self.account_earlier_fen)


@frozen
class JournalRef:
    """Names a journal and the partition it lies in."""

    day: date
    journal_id: JournalId


@frozen
class Window:
    """The clearing window a journal belongs to: a book's, or the intercity one."""

    book: str
    day: date


INTERCITY = "INTERCITY"
"""The window book of cross-region journals: the same in both books, so that mirrors agree."""


@frozen
class Journal:
    """The postings of one act, in one window, at one version of one person."""

    ref: JournalRef
    window: Window
    kind: JournalKind
    request_id: RequestId
    institution: InstitutionCode
    member_id: MemberId
    bucket: int
    member_version: int
    region_insured: RegionCode
    region_care: RegionCode
    insurance: str
    clearing_type: str
    total_fen: Fen
    account_current_delta_fen: int
    account_earlier_delta_fen: int
    deltas: Mapping[str, Mapping[str, int]]
    consulted: frozenset[str]
    undoes: JournalRef | None
    posted_at: datetime
    postings: tuple[Posting, ...]
