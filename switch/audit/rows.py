"""Rows as they stand in the database, not yet believed: no check of the model's has passed yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from switch.model.claim import Claim
from switch.model.ids import SHARE_STEP, JournalId, journal_lane
from switch.model.journal import Journal
from switch.model.stages import Recorded
from switch.office.key_ring import Held
from switch.store.originals import journal_of

BESIDE: Final = frozenset({"replacement", "restoration"})
"""Kinds of journals that stand beside their request's own."""

Ref = tuple[date, int]
"""Business day and id: how a row names a journal."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A row of the register: the columns of the posting function in its order, then where it is."""

    month: date
    request_id: str
    bucket: int
    position: int
    method: str
    terminal_id: str
    session_id: bytes
    seq: int
    mac: bytes
    body: bytes
    code: int
    reply: bytes
    member_id: str
    member_version: int | None
    atc: int | None
    journal_day: date | None
    journal_id: int | None
    snapshot: bytes
    rule_book: str
    received_at: datetime
    lane: int
    batch: int
    posted_at: datetime
    writes: Mapping[str, list[Mapping[str, Any]]] | None
    """What else it wrote: table → rows."""

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"request {self.request_id}"

    @property
    def ref(self) -> Ref | None:
        """Return the journal it names."""
        if self.journal_day is None or self.journal_id is None:
            return None
        return self.journal_day, self.journal_id

    def sealed(self) -> tuple[Any, ...]:
        """Return the columns a seal covers, in the posting function's order."""
        return (
            self.month, self.request_id, self.bucket, self.position, self.method,
            self.terminal_id, self.session_id, self.seq, self.mac, self.body, self.code,
            self.reply, self.member_id, self.member_version, self.atc, self.journal_day,
            self.journal_id, self.snapshot, self.rule_book, self.received_at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PostingRow:
    """A posting."""

    day: date
    journal_id: int
    number: int
    bucket: int
    book: str
    debit: str
    credit: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A journal with its postings in order."""

    day: date
    id: int
    bucket: int
    window_book: str
    kind: str
    request_id: str
    institution: str
    member_id: str
    member_version: int
    region_insured: str
    region_care: str
    insurance: str
    clearing_type: str
    total_fen: int
    account_current_delta_fen: int
    account_earlier_delta_fen: int
    deltas: Mapping[str, Mapping[str, int]]
    consulted: list[str]
    undoes_day: date | None
    undoes_id: int | None
    posted_at: datetime
    postings: tuple[PostingRow, ...]

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return name_of((self.day, self.id))

    @property
    def ref(self) -> Ref:
        """Return what names it."""
        return self.day, self.id

    @property
    def undoes(self) -> Ref | None:
        """Return the journal it undoes."""
        if self.undoes_day is None or self.undoes_id is None:
            return None
        return self.undoes_day, self.undoes_id

    @property
    def place(self) -> tuple[int, int, int]:
        """Return (lane, batch, position), which its id says."""
        return journal_lane(JournalId(self.id))

    @property
    def is_share(self) -> bool:
        """Say whether it is a relative's part: a further journal of its request."""
        return self.kind != "opening" and self.place[2] >= SHARE_STEP

    @property
    def is_beside(self) -> bool:
        """Say whether it is a second journal of its request's own person."""
        return self.kind in BESIDE and not self.is_share

    def model(self) -> Journal:
        """Return the journal as the ledger knows it. Raises: ValueError when it can be none."""
        return journal_of((
            self.day, self.id, self.bucket, self.window_book, self.kind, self.request_id,
            self.institution, self.member_id, self.member_version, self.region_insured,
            self.region_care, self.insurance, self.clearing_type, self.total_fen,
            self.account_current_delta_fen, self.account_earlier_delta_fen, self.deltas,
            self.consulted, self.undoes_day, self.undoes_id, self.posted_at,
            [(p.book, p.debit, p.credit, p.amount_fen) for p in self.postings],
        ))  # fmt: skip

    def balance_changes(self) -> dict[tuple[str, str], int]:
        """Return credits minus debits by (book, account)."""
        changes: dict[tuple[str, str], int] = {}
        for p in self.postings:
            for account, sign in ((p.debit, -1), (p.credit, 1)):
                at = (p.book, account)
                changes[at] = changes.get(at, 0) + sign * p.amount_fen
        return changes


@dataclass(frozen=True, slots=True)
class UndoRow:
    """A row of the table that is the only way to undo."""

    month: date
    original_id: str
    bucket: int
    kind: str
    by_request_id: str

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"undo of {self.original_id}"


@dataclass(frozen=True, slots=True)
class FilingRow:
    """A filing with its history; `granted` and `ended` as they stand."""

    bucket: int
    member_id: str
    filing_id: str
    kind: str
    region: str
    place: str
    disease_code: str
    since: date
    until: date | None
    institution: str
    relative: str
    granted: Mapping[str, Any] | None
    ended: Mapping[str, Any] | None

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"filing {self.filing_id}"

    @property
    def requests(self) -> tuple[str, ...]:
        """Return the requests it names, the last one last."""
        return tuple(str(act.get("request_id")) for act in (self.granted, self.ended) if act)

    def written(self) -> dict[str, Any]:
        """Return it as the request that wrote it must have."""
        return {
            "bucket": self.bucket, "member_id": self.member_id, "filing_id": self.filing_id,
            "kind": self.kind, "region": self.region, "place": self.place,
            "disease_code": self.disease_code, "since": self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "institution": self.institution, "relative": self.relative,
            "granted": self.granted, "ended": self.ended,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session: what a session key is derived from, and when it was open."""

    session_id: bytes
    terminal_id: str
    institution: str
    key_version: int
    nonce_t: bytes
    nonce_s: bytes
    opened_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One commit of a lane."""

    lane: int
    batch: int
    posted_at: datetime
    requests: int
    journals: int
    sums: Mapping[str, int]
    seal_version: int
    seal: bytes

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"batch {self.lane}/{self.batch}"


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A clearing window."""

    book: str
    day: date
    opened_at: datetime
    closed_at: datetime | None

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"window {self.book} {self.day}"


@dataclass(frozen=True, slots=True)
class RecordRow:
    """An audit record of the office."""

    number: int
    body: str
    signature: bytes
    seal_version: int
    seal: bytes

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"audit record {self.number}"


@dataclass(frozen=True, slots=True)
class OfficeRows:
    """What the records up to `head` must come to, by primary key; keys are the first columns."""

    head: int
    officers: Mapping[Any, tuple[Any, ...]]
    changes: Mapping[Any, tuple[Any, ...]]
    activations: Mapping[Any, tuple[Any, ...]]
    keys: Mapping[str, Held]
    resolutions: Mapping[Any, tuple[Any, ...]]
    terminals: Mapping[str, tuple[Any, ...]]
    institutions: Mapping[str, tuple[Any, ...]]
    issuers: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """A register row with all that belongs to it. None: it is not there, or cannot be read."""

    row: RequestRow
    operation: Recorded | None
    reply: Any
    """The response message of its method."""
    journal: JournalRow | None
    undone: UndoRow | None
    undoer: RequestRow | None
    session: SessionRow | None
    beside: JournalRow | None = None
    """Its second journal, of a request that posts two."""
    replaced: RequestRow | None = None
    """The request that it replaces, with the claim of that."""
    before: Claim | None = None


def name_of(ref: Ref) -> str:
    """Return how a violation names a journal."""
    return f"journal {ref[0]:%Y%m%d}{ref[1]:019d}"
