"""A claim as the institution states it, and the evidence that the patient is present.

Amounts are fen; quantities 1/10,000; unit prices 1/10,000 yuan. The codec checks shapes and
sums before a `Claim` exists; nothing here is believed until the steps after it say so.
"""

from datetime import date

from switch.model.codes import InjuryCause, Kind
from switch.model.frozen import frozen
from switch.model.ids import (
    CardIdentifier,
    InstitutionCode,
    RegionCode,
    RequestId,
    SocialSecurityNumber,
)
from switch.model.money import ZERO, Fen


@frozen
class FeeLine:
    """One line of a bill (2204). A negative line names the earlier line it withdraws."""

    number: int
    code: str
    name: str
    on: date
    quantity_e4: int
    unit_price_e4: int
    amount_fen: Fen
    disease_code: str = ""
    withdraws: int = 0
    category: str = ""
    """`med_chrgitm_type`, or a word of the catalogue's categories; "" when it is not stated."""


@frozen
class Prescription:
    """A prescription filled elsewhere: the prescriber's level may decide the ratio."""

    number: str
    institution: InstitutionCode
    on: date


@frozen
class Claim:
    """What is to be settled. Insured region and insurance may be empty: the only one."""

    request_id: RequestId
    region_care: RegionCode
    region_insured: str
    insurance: str
    kind: Kind
    use_account: bool
    visit_id: str
    service_on: date
    admitted_on: date | None
    discharged_on: date | None
    interim: bool
    injury_cause: InjuryCause
    diagnoses: tuple[str, ...]
    disease_code: str
    prescription: Prescription | None
    lines: tuple[FeeLine, ...]
    total_fen: Fen
    emergency: bool = False
    """Whether care was urgent, for kinds whose code does not say so."""
    stay: str = ""
    """Of a visit known here: what its stay is called, one for all visits that policy joins."""


@frozen
class CardEvidence:
    """What the card said and signed: cryptogram (ReadMember, Presettle) or TAC (Settle)."""

    scheme: str
    identifier: CardIdentifier
    number: str
    social_security_number: SocialSecurityNumber
    specification: str
    issued_on: date
    expires_on: date
    atc: int
    proof: bytes
    signed_at: str = ""
    """TAC only: yyyyMMddHHmmss Beijing, as the card signed it."""

    def __repr__(self) -> str:
        return f"CardEvidence(…{self.identifier.hex()[-4:]}, atc={self.atc})"


@frozen
class IdentityEvidence:
    """Credential 02: the identity number alone, only where the policy allows it."""

    social_security_number: SocialSecurityNumber

    def __repr__(self) -> str:
        return "IdentityEvidence(…)"


@frozen
class VoucherEvidence:
    """Credential 01: an e-voucher's token, signed by its issuer; good for one settlement."""

    social_security_number: SocialSecurityNumber
    issuer: str
    nonce: bytes
    issued_ms: int
    expires_ms: int
    message: bytes
    """What the issuer signed."""
    signature: bytes
    token: bytes
    """The whole of it: a settle nonce is bound to it."""

    def __repr__(self) -> str:
        return f"VoucherEvidence({self.issuer}, …)"


Evidence = CardEvidence | IdentityEvidence | VoucherEvidence


@frozen
class Expected:
    """What the patient saw at presettlement, which Settle must reproduce."""

    fund_fen: Fen
    account_fen: Fen
    account_relative_fen: Fen = ZERO
