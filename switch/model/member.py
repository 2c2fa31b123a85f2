"""The person as the registry knows him at one version: what adjudication may read, all of it."""

from collections.abc import Mapping
from datetime import date

from switch.model.codes import CardStatus, FilingKind, Insurance, MemberClass
from switch.model.frozen import frozen
from switch.model.ids import CardIdentifier, MemberId, RegionCode, SocialSecurityNumber
from switch.model.money import ZERO, Fen

Accumulators = Mapping[str, Mapping[str, int]]
"""Year key ("330299/310/2018") → accumulator name → value in its own unit (fen or a count)."""


def year_key(region: str, insurance: str, year: int) -> str:
    """Return the key of one insurance year of one scheme: accumulators never cross it."""
    return f"{region}/{insurance}/{year}"


@frozen
class Card:
    """A card as registered. Suite and key version come from here, never from a message."""

    identifier: CardIdentifier
    number: str
    suite: int
    key_version: int
    specification: str
    issued_on: date
    expires_on: date

    def __repr__(self) -> str:
        return f"Card(…{self.identifier.hex()[-4:]}, suite={self.suite})"


@frozen
class Enrolment:
    """A spell of insurance, both days included; `until` None is open-ended."""

    region: RegionCode
    insurance: Insurance
    member_class: MemberClass
    since: date
    until: date | None

    def covers(self, on: date) -> bool:
        """Say whether the spell holds on a day."""
        return self.since <= on and (self.until is None or on <= self.until)


@frozen
class Filing:
    """A filing (2501, 2503, 2505), both days included. `place` is a region or city prefix, or ''.

    A withdrawn filing ends on the day before its withdrawal, which may lie before its first.
    """

    filing_id: str
    kind: FilingKind
    region: RegionCode
    place: str
    disease_code: str
    since: date
    until: date | None
    institution: str = ""
    """The institution that was chosen (2505), or that found the disease (2503)."""
    relative: str = ""
    """The person whose account pays, too (共济)."""

    def covers(self, on: date) -> bool:
        """Say whether the filing is in force on a day."""
        return self.since <= on and (self.until is None or on <= self.until)


@frozen
class Standing:
    """A dated attribute of a person, both days included: "poor_household", "civil_servant",
    "arrears" and the like (`idetinfo`, `psn_insu_stas`). What a word means is policy.
    """

    word: str
    since: date
    until: date | None

    def covers(self, on: date) -> bool:
        """Say whether the attribute holds on a day."""
        return self.since <= on and (self.until is None or on <= self.until)


@frozen
class Member:
    """One person at one version: every change of anything here makes the next version."""

    member_id: MemberId
    bucket: int
    version: int
    social_security_number: SocialSecurityNumber
    name: str
    sex: str
    born_on: date
    card: Card
    card_status: CardStatus
    locked_since: date | None
    locked_until: date | None
    atc: int
    account_current_fen: Fen
    account_earlier_fen: Fen
    enrolments: tuple[Enrolment, ...]
    filings: tuple[Filing, ...]
    accumulators: Accumulators
    standings: tuple[Standing, ...] = ()
    account_relative_fen: Fen = ZERO
    """What relatives' accounts may pay for this person (共济)."""

    def __repr__(self) -> str:
        return f"Member({self.member_id[:4]}…, version={self.version})"


@frozen
class Institution:
    """A designated hospital or pharmacy, in force between two days.

    `region` is the pooling region it lies in: place of care. `cross_city_since` None: not opened
    for patients of other cities.
    """

    code: str
    name: str
    region: RegionCode
    level: str
    deductible_level: str
    kinds: frozenset[str]
    since: date
    until: date | None
    cross_city_since: date | None
    cross_city_until: date | None
    tags: frozenset[str] = frozenset()
    """Words that a policy may ask for, such as "chinese_medicine" or "family_doctor"."""
