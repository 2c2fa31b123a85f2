"""The stages of a request: each holds the former, so a skipped step fails the type check.

wire → Received → Authenticated → (decoded) Operation → Admitted → Adjudicated → Posted
"""

from dataclasses import dataclass
from datetime import date, datetime

from switch.model.act import Reason
from switch.model.card import Channel
from switch.model.claim import Claim, Evidence, Expected
from switch.model.codes import CardStatus, FilingKind
from switch.model.decision import Decision
from switch.model.ids import (
    InstitutionCode,
    MemberId,
    RequestId,
    SessionId,
    SocialSecurityNumber,
    TerminalId,
)
from switch.model.journal import Journal
from switch.model.member import Card, Institution, Member
from switch.model.money import Fen
from switch.model.terminal import TerminalClass


@dataclass(frozen=True, slots=True)
class Received:
    """A call as it came off the wire: raw bytes, nothing believed."""

    method: str
    terminal_id: TerminalId
    session_id: SessionId
    seq: int
    mac: bytes
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A call whose MAC, session and sequence are proven; only now is its body parsed."""

    received: Received
    institution: InstitutionCode
    terminal_class: TerminalClass = TerminalClass.INSTITUTION
    """Where nobody says, the class with the narrower rights about people."""


@dataclass(frozen=True, slots=True)
class ReadMember:
    """1101: read the person the credential names. Posts nothing."""

    call: Authenticated
    request_id: RequestId
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Presettle:
    """2206, 2303, 2101: adjudicate and show; post nothing."""

    call: Authenticated
    claim: Claim
    evidence: Evidence

    @property
    def request_id(self) -> RequestId:
        """The claim's request id."""
        return self.claim.request_id


@dataclass(frozen=True, slots=True)
class Settle:
    """2207, 2304, 2102: adjudicate and post as one act."""

    call: Authenticated
    claim: Claim
    evidence: Evidence
    expected: Expected
    settle_nonce: bytes

    @property
    def request_id(self) -> RequestId:
        """The claim's request id."""
        return self.claim.request_id


@dataclass(frozen=True, slots=True)
class Original:
    """The request to undo or to ask about, as the caller names it (2601, 2208)."""

    request_id: RequestId
    method: str
    member_id: MemberId
    total_fen: Fen


@dataclass(frozen=True, slots=True)
class Cancel:
    """2208, 2305: undo a known settlement."""

    call: Authenticated
    request_id: RequestId
    original: Original


@dataclass(frozen=True, slots=True)
class Reverse:
    """2601: undo a Settle whose outcome the terminal does not know."""

    call: Authenticated
    request_id: RequestId
    original: Original


@dataclass(frozen=True, slots=True)
class GetSettlement:
    """Ask what became of a request. Changes nothing and needs no request id of its own."""

    call: Authenticated
    original: Original


@dataclass(frozen=True, slots=True)
class File:
    """2501, 2503, 2505: take a filing. `region` and `insurance` may be empty: the only one.

    `until` None: as long as policy gives.
    """

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    kind: FilingKind
    region: str
    insurance: str
    place: str
    disease_code: str
    institution: str
    since: date
    until: date | None
    reason: Reason
    relative: MemberId | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """2502, 2504, 2506: end a filing at once."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    filing_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class ListFilings:
    """5301, 5302, 5304: a person's filings with their history. `kind` None: all."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    kind: FilingKind | None


@dataclass(frozen=True, slots=True)
class CardAsked:
    """Whose card a change is of, how its holder came, who asks and why."""

    social_security_number: SocialSecurityNumber
    channel: Channel
    reason: Reason


@dataclass(frozen=True, slots=True)
class ReportLost:
    """临时挂失: a card is reported lost, and frozen at once."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked


@dataclass(frozen=True, slots=True)
class ConfirmLost:
    """正式挂失: a loss becomes formal."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked


@dataclass(frozen=True, slots=True)
class Release:
    """解挂: a card that was found works again."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked


@dataclass(frozen=True, slots=True)
class Replace:
    """同号换卡: another card under the same number. `card.number` is empty: the old one's."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked
    card: Card


@dataclass(frozen=True, slots=True)
class LockCard:
    """封锁: a card is locked for the person or the employer; `until` None: until it is ended."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked
    lock: CardStatus
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class UnlockCard:
    """解除封锁: a lock is ended at once."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked
    lock: CardStatus


@dataclass(frozen=True, slots=True)
class GetCard:
    """A person's card with its history."""

    call: Authenticated
    request_id: RequestId
    social_security_number: SocialSecurityNumber


@dataclass(frozen=True, slots=True)
class GetHolder:
    """5203, 5206: what a person who is present has, and what was settled for him in a year."""

    call: Authenticated
    request_id: RequestId
    evidence: Evidence
    year: int


Inquiry = ReadMember | Presettle | ListFilings | GetCard | GetHolder
"""Reads one version of a person and posts nothing."""

Undo = Cancel | Reverse
OnFilings = File | Withdraw | ListFilings
"""What needs a person's filings with their history."""
ByNumber = Undo | OnFilings
"""What names its person by number; the others show a credential."""
ChangeCard = ReportLost | ConfirmLost | Release | Replace | LockCard | UnlockCard
OnCards = ChangeCard | GetCard
"""What needs a card with its history; it names its person by the social security number."""
Recorded = Settle | Cancel | Reverse | File | Withdraw | ChangeCard | ReadMember | Presettle
"""Recorded under its request id, whatever the outcome; the last two only when they show that a
card's counter went back: otherwise they are inquiries and nothing else."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A claim whose credential is proven and whose person may be treated here and now."""

    claim: Claim
    member: Member
    institution: Institution


@dataclass(frozen=True, slots=True)
class Adjudicated:
    """An admitted claim with its decision."""

    admitted: Admitted
    decision: Decision


@dataclass(frozen=True, slots=True)
class Posted:
    """An adjudicated claim and the journal that carries it."""

    adjudicated: Adjudicated
    journal: Journal
