"""What a batch was read, as values: the pipeline decides on these and on nothing else.

A view is mutable within one batch only: several requests of one person are decided one after
another, each on the person the one before it left behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import assert_never

from switch.model.card import CardEvent
from switch.model.claim import CardEvidence
from switch.model.decision import Decline
from switch.model.fault import Fault, FaultReason
from switch.model.filing import Agency, FilingRecord
from switch.model.frozen import frozen
from switch.model.ids import (
    SHARE_STEP,
    CardIdentifier,
    InstitutionCode,
    JournalId,
    MemberId,
    RequestId,
    SettlementId,
    SocialSecurityNumber,
    bucket_of_member,
    bucket_of_person,
    journal_id,
    settlement_id,
)
from switch.model.journal import Journal, JournalRef
from switch.model.member import Card, Institution, Member
from switch.model.money import Fen
from switch.model.reply import ReplyCode
from switch.model.suspicion import CardUse, Suspicion
from switch.model.visit import LinesAdded, LinesWithdrawn, Visit, VisitLine
from switch.model.voucher import VoucherIssuer, VoucherUse
from switch.rules.adjudicate import Rules
from switch.rules.book import RuleBook

UNDONE_CODES = {
    "cancellation": ReplyCode.CANCELLED,
    "replacement": ReplyCode.CANCELLED,
    "reversal": ReplyCode.REVERSED,
    "tombstone": ReplyCode.REVERSED,
}


@frozen
class Reference:
    """Reference data at one epoch: cached, and the epoch compared again when posting."""

    epoch: int
    rules: Rules
    institutions: Mapping[str, Institution]
    windows: Mapping[str, date]
    """Book → business day of its open window."""
    agencies: Mapping[str, Agency] = field(default_factory=dict)
    issuers: Mapping[str, VoucherIssuer] = field(default_factory=dict)
    """Whose e-vouchers are trusted."""
    regions: frozenset[str] = frozenset()
    """The tree of regions that is known in full: the province's."""


@frozen
class Undone:
    """Who undid a request: kind as in the `undo` table, the request that did it, and when."""

    kind: str
    by: RequestId
    at: datetime


@frozen
class Register:
    """A row of the request register: what a request was answered, for ever."""

    request_id: RequestId
    method: str
    body: bytes
    code: ReplyCode
    reply: bytes
    member_id: str
    journal: JournalRef | None
    undone: Undone | None
    total_fen: Fen | None
    """The total of the journal, when one was posted."""
    visit_id: str = ""
    """The visit that it changed or settled, if any."""
    snapshot: bytes = b""
    rule_book: str = ""
    stands: JournalRef | None = None
    """The journal by which it stands: its own, that by which it stands again after a replacement of
    it was reversed, or that by which the office corrected it."""


@frozen
class Found:
    """A card of the registry and the person it belongs (or belonged) to."""

    card: Card
    member_id: MemberId


@dataclass(slots=True)
class View:
    """One batch's reading: people, cards, register, originals; and what the batch did so far."""

    reference: Reference
    now: datetime
    people: dict[MemberId, Member] = field(default_factory=dict)
    cards: dict[tuple[int, CardIdentifier], Found] = field(default_factory=dict)
    """(bucket, identifier) → card: a card is registered in its person's bucket."""
    persons: dict[SocialSecurityNumber, MemberId] = field(default_factory=dict)
    register: dict[RequestId, Register] = field(default_factory=dict)
    originals: dict[JournalRef, Journal] = field(default_factory=dict)
    live: dict[MemberId, list[Journal]] = field(default_factory=dict)
    """Live settlements of the people named in a Cancel, and those this batch adds."""
    filings: dict[MemberId, dict[str, FilingRecord]] = field(default_factory=dict)
    """Filings with their history, by id, of the people named in a request about filings."""
    events: dict[MemberId, list[CardEvent]] = field(default_factory=dict)
    """The latest changes of a card, oldest first, of the people named in a request about cards."""
    uses: dict[MemberId, CardUse] = field(default_factory=dict)
    """The use that stored the counter of a card that now shows none above it."""
    vouchers: set[tuple[MemberId, bytes]] = field(default_factory=set)
    """Nonces of e-vouchers that have settled, of those that are shown."""
    unresolved: set[MemberId] = field(default_factory=set)
    """Of those whose card is to be unlocked: who was locked on a suspicion that nobody resolved."""
    years: dict[tuple[MemberId, int], list[tuple[Journal, bool]]] = field(default_factory=dict)
    """(person, year) → the latest settlements, oldest first, and whether each was undone."""
    issued: set[CardIdentifier] = field(default_factory=set)
    """Identifiers that a Replace asks for and that are registered already, whosever they are."""
    shares: dict[JournalRef, list[Journal]] = field(default_factory=dict)
    """What relatives paid of an original, in order."""
    visits: dict[str, Visit] = field(default_factory=dict)
    """Visits that requests name, by id, and the open ones of whom one registers or readmits."""
    lines: dict[str, dict[int, VisitLine]] = field(default_factory=dict)
    """Visit → number → line that stands: those that the batch's requests ask for."""
    line_days: dict[str, tuple[date, date]] = field(default_factory=dict)
    """Visit → first and last day of its lines, where a request moves its own days."""
    replacements: dict[JournalRef, Journal] = field(default_factory=dict)
    """Settlement → the journal by which its request undid another, for those to be reversed."""
    books: dict[tuple[str, str], RuleBook] = field(default_factory=dict)
    """(region, hash) → a rule book that a replacement asks for and that is in force no more."""

    def wrote(self, write: "Write") -> None:
        """Let what follows in the batch see what a request writes."""
        match write:
            case FilingRecord():
                self.filings.setdefault(write.member_id, {})[write.filing.filing_id] = write
            case Visit():
                self.visits[write.visit_id] = write
            case LinesAdded():
                lines = self.lines.setdefault(write.visit_id, {})
                lines |= {one.number: VisitLine(one, write.change) for one in write.lines}
                days = [one.on for one in write.lines]
                days += self.line_days.get(write.visit_id, ())
                self.line_days[write.visit_id] = min(days), max(days)
            case LinesWithdrawn():
                lines = self.lines.setdefault(write.visit_id, {})
                for number, _ in write.lines:
                    lines.pop(number, None)
            case VoucherUse():
                self.vouchers.add((write.member_id, write.nonce))
            case CardEvent():
                self._changed_card(write)
            case Suspicion():
                pass  # no request of the batch asks for it
            case _:
                assert_never(write)

    def _changed_card(self, event: CardEvent) -> None:
        self.events.setdefault(event.member_id, []).append(event)
        if event.card is not None:
            identifier = event.card.identifier
            self.issued.add(identifier)
            bucket = bucket_of_member(event.member_id)
            self.cards[bucket, identifier] = Found(event.card, event.member_id)

    def card(self, evidence: CardEvidence) -> Found | None:
        """Return the registered card of a credential: identifier and person's number find it.

        Under another person's number it is unknown, whoever else stands in the batch.
        """
        bucket = bucket_of_person(evidence.social_security_number)
        return self.cards.get((bucket, evidence.identifier))

    def institution(self, code: InstitutionCode) -> Institution | Decline:
        """Return the designated institution, or the decline that it is not one."""
        found = self.reference.institutions.get(code)
        if found is None:
            return Decline(ReplyCode.INSTITUTION_NOT_DESIGNATED, {"on": str(self.now.date())})
        return found


Write = FilingRecord | Visit | LinesAdded | LinesWithdrawn | CardEvent | Suspicion | VoucherUse
"""A row that a request may write beside the ledger's, as it stands after it."""


@frozen
class Slot:
    """A place in a batch: what a journal written there will be called."""

    lane: int
    batch: int
    position: int

    @property
    def beside(self) -> "Slot":
        """The next place, which a request that posts two journals of one person takes as well."""
        return Slot(self.lane, self.batch, self.position + 1)

    def journal(self, reference: Reference, book: str, share: int = 0) -> JournalRef:
        """Return the id of the journal at this place, in a book's open window. Raises: Fault.

        `share`: the number of a further journal of the same request, from 1.
        """
        day = reference.windows.get(book)
        if day is None:
            raise Fault(FaultReason.INTERNAL, f"book {book} has no open window")
        position = self.position + share * SHARE_STEP
        return JournalRef(day, JournalId(journal_id(self.lane, self.batch, position)))


@frozen
class Share:
    """A relative after his account paid a part, or got it back, and the journal that says so."""

    member: Member
    journal: Journal


@frozen
class Outcome:
    """What one request comes to: its reply, and what is to be written before it may be sent.

    `record` False: the reply stands elsewhere already (a repeat) or follows from the id alone.
    `member`: the person after it, one version on. `atc`: the counter it stores. `writes`: rows
    beside the ledger's, each as it stands afterwards; whoever writes any makes a version of the
    person, who guards them. `beside`: a second journal of the person, at the next place and at a
    version of its own: that by which a settlement undoes what it replaces, or a reversal restores.
    """

    reply: bytes
    code: ReplyCode
    record: bool = True
    member_id: str = ""
    member: Member | None = None
    atc: int | None = None
    journal: Journal | None = None
    snapshot: bytes = b""
    rule_book: str = ""
    undoes: RequestId | None = None
    undo_kind: str = ""
    writes: tuple[Write, ...] = ()
    shares: tuple[Share, ...] = ()
    beside: Journal | None = None


def named(ref: JournalRef) -> SettlementId:
    """Return the settlement id of a journal."""
    return settlement_id(ref.day, ref.journal_id)
