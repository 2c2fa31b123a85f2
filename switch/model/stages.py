"""The stages of a request: each holds the former, so a skipped step fails the type check.

wire → Received → Authenticated → (decoded) Operation → Admitted → Adjudicated → Posted
"""

from datetime import date
from enum import StrEnum

from switch.model.act import Reason
from switch.model.call import Authenticated
from switch.model.card_office import ChangeCard, GetCard
from switch.model.claim import Claim, Evidence, Expected, FeeLine
from switch.model.codes import FilingKind
from switch.model.decision import Decision
from switch.model.frozen import frozen
from switch.model.ids import (
    MemberId,
    RequestId,
)
from switch.model.journal import Journal
from switch.model.member import Institution, Member
from switch.model.money import Fen
from switch.model.visit import VisitDetails


@frozen
class ReadMember:
    """1101: read the person the credential names. Posts nothing."""

    call: Authenticated
    request_id: RequestId
    evidence: Evidence


@frozen
class Original:
    """The request to undo, to replace or to ask about, as the caller names it (2601, 2208)."""

    request_id: RequestId
    method: str
    member_id: MemberId
    total_fen: Fen


@frozen
class Presettle:
    """2206, 2303, 2101: adjudicate and show; post nothing."""

    call: Authenticated
    claim: Claim
    evidence: Evidence
    replaces: Original | None = None

    @property
    def request_id(self) -> RequestId:
        """The claim's request id."""
        return self.claim.request_id


@frozen
class Settle:
    """2207, 2304, 2102: adjudicate and post as one act."""

    call: Authenticated
    claim: Claim
    evidence: Evidence
    expected: Expected
    settle_nonce: bytes
    replaces: Original | None = None
    """The settlement that this one cancels and takes the place of (part refund)."""

    @property
    def request_id(self) -> RequestId:
        """The claim's request id."""
        return self.claim.request_id


@frozen
class Cancel:
    """2208, 2305: undo a known settlement."""

    call: Authenticated
    request_id: RequestId
    original: Original


@frozen
class Reverse:
    """2601: undo a Settle whose outcome the terminal does not know."""

    call: Authenticated
    request_id: RequestId
    original: Original


@frozen
class Adjust:
    """A settlement of the past is corrected by an approved change of the office: no call did it."""

    call: Authenticated
    request_id: RequestId


@frozen
class GetSettlement:
    """Ask what became of a request. Changes nothing and needs no request id of its own."""

    call: Authenticated
    original: Original


@frozen
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


@frozen
class Withdraw:
    """2502, 2504, 2506: end a filing at once."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    filing_id: str
    reason: Reason


@frozen
class ListFilings:
    """5301, 5302, 5304: a person's filings with their history. `kind` None: all."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    kind: FilingKind | None


@frozen
class Register:
    """2201, 2401: a visit begins. `region`, `insurance` may be empty: the only one."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    number: str
    region: str
    insurance: str
    details: VisitDetails
    continues: str
    reason: Reason


@frozen
class Update:
    """2203, 2403: what is known of a visit changes."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    visit_id: str
    details: VisitDetails
    reason: Reason


@frozen
class UploadLines:
    """2204, 2301: lines of a visit, each number once."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    visit_id: str
    lines: tuple[FeeLine, ...]
    reason: Reason


@frozen
class WithdrawLines:
    """2205, 2302: unsettled lines are taken back. No `numbers`: all of them."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    visit_id: str
    numbers: tuple[int, ...]
    reason: Reason


@frozen
class Discharge:
    """2402: a stay ends. No `diagnoses`: they stay as they were."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    visit_id: str
    ended_on: date
    diagnoses: tuple[str, ...]
    reason: Reason


class Cancellation(StrEnum):
    """What of a visit is taken back."""

    REGISTRATION = "registration"
    ADMISSION = "admission"
    DISCHARGE = "discharge"


@frozen
class CancelVisit:
    """2202, 2404, 2405: a registration, an admission or a discharge is taken back."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    visit_id: str
    what: Cancellation
    reason: Reason


@frozen
class GetVisit:
    """How a visit stands; `after_line` None: without its lines."""

    call: Authenticated
    request_id: RequestId
    member_id: MemberId
    visit_id: str
    after_line: int | None


@frozen
class GetHolder:
    """5203, 5206: what a person who is present has, and what was settled for him in a year."""

    call: Authenticated
    request_id: RequestId
    evidence: Evidence
    year: int


Inquiry = ReadMember | Presettle | ListFilings | GetVisit | GetCard | GetHolder
"""Reads one version of a person and posts nothing."""

Undo = Cancel | Reverse
OnFilings = File | Withdraw | ListFilings
"""What needs a person's filings with their history."""
OfVisit = Update | UploadLines | WithdrawLines | Discharge | CancelVisit | GetVisit
"""What names a visit that is there."""
OnVisits = Register | OfVisit
ByNumber = Undo | OnFilings | OnVisits
"""What names its person by number; the others show a credential."""
VisitChange = Register | Update | UploadLines | WithdrawLines | Discharge | CancelVisit
Alarming = ReadMember | Presettle
Recorded = Settle | Cancel | Reverse | File | Withdraw | VisitChange | ChangeCard | Alarming
"""Recorded under its request id, whatever the outcome; the alarming only when they show that a
card's counter went back: otherwise they are inquiries and nothing else."""


@frozen
class Admitted:
    """A claim whose credential is proven and whose person may be treated here and now."""

    claim: Claim
    member: Member
    institution: Institution


@frozen
class Adjudicated:
    """An admitted claim with its decision."""

    admitted: Admitted
    decision: Decision


@frozen
class Posted:
    """An adjudicated claim and the journal that carries it."""

    adjudicated: Adjudicated
    journal: Journal
