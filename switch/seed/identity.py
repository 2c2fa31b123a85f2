"""Invented numbers that are well formed: identity numbers, person numbers, cards.

Each is a one-to-one function of a serial, so none is given out twice and none need be remembered.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from switch.model.ids import (
    CardIdentifier,
    MemberId,
    SocialSecurityNumber,
    bucket_of_person,
    parse_card_identifier,
    social_security_check_digit,
)
from switch.model.member import Card
from switch.security.suite import Suite
from switch.seed.keys import KEY_VERSION
from switch.seed.streams import number_of

COUNTIES: Final = (
    "330203", "330205", "330206", "330211", "330212", "330213", "330225", "330226", "330281",
    "330282", "330102", "330106", "330302", "330402", "330502", "330602", "330702", "330802",
    "330902", "331002", "331102",
)  # fmt: skip
"""Counties that identity numbers name: all of Ningbo's, one or two of each other city."""

SPECIFICATION: Final = "3.00"
_STEP: Final = 2_654_435_761
"""A prime that no range here is a multiple of: neighbours in serial lie far apart in the range."""
_SERIALS: Final = 1 << 62
_ORDERS: Final = range(1, 100)
"""The first two digits of the order number; the third says class and sex. 00 is never issued."""
_STEMS: Final = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES: Final = "子丑寅卯辰巳午未申酉戌亥"
MALE: Final = "1"
FEMALE: Final = "2"


@dataclass(frozen=True, slots=True)
class Birth:
    """What an identity number says of a person."""

    county: str
    born_on: date
    sex: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """Identity numbers of one class of people, all born between two days; `mark` 0..4.

    Two classes of different marks share no number, whatever their days.
    """

    first: date
    last: date
    mark: int
    offset: int

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return ((self.last - self.first).days + 1) * len(COUNTIES) * len(_ORDERS) * 2

    def number(self, serial: int) -> tuple[SocialSecurityNumber, Birth]:
        """Return the number of a serial. Raises: ValueError when the numbers are used up."""
        if not 0 <= serial < self.count:
            raise ValueError(f"serial {serial}: only {self.count} identity numbers in this class")
        rest = (serial * _STEP + self.offset) % self.count
        rest, sex = divmod(rest, 2)
        rest, order = divmod(rest, len(_ORDERS))
        days, county = divmod(rest, len(COUNTIES))
        birth = Birth(
            COUNTIES[county], self.first + timedelta(days=days), FEMALE if sex == 0 else MALE
        )
        return identity_number(birth, _ORDERS[order] * 10 + self.mark * 2 + sex), birth


def identity_number(birth: Birth, order: int) -> SocialSecurityNumber:
    """Return county, day of birth, order number (odd for men) and check digit (GB 11643)."""
    if order % 2 != (birth.sex == MALE) or not 0 < order <= 999:
        raise ValueError(f"order {order} does not suit sex {birth.sex}")
    first_17 = f"{birth.county}{birth.born_on:%Y%m%d}{order:03d}"
    return SocialSecurityNumber(first_17 + social_security_check_digit(first_17))


def person_number(number: SocialSecurityNumber, serial: int) -> MemberId:
    """Return the person number: bucket of the identity number ‖ serial of eight digits."""
    return MemberId(f"{bucket_of_person(number):04d}{serial:08d}")


def person_name(serial: int) -> str:
    """Return a name that nobody bears: 测试, a stem and a branch."""
    return f"测试{_STEMS[serial % len(_STEMS)]}{_BRANCHES[serial % len(_BRANCHES)]}"


@dataclass(frozen=True, slots=True)
class CardFactory:
    """Makes cards of a province; `offset` follows from its number."""

    offset: int

    @classmethod
    def of(cls, random_seed: int) -> "CardFactory":
        """Return the card factory of the province with a number."""
        return cls(number_of(random_seed, "chips", _SERIALS))

    def card(self, serial: int, region: str, suite: Suite, issued_on: date) -> Card:
        """Return a card valid ten years, of a serial that no other card has."""
        # Odd step over 2^62: one to one. The two top bits are clear, so that the complement of a
        # serial, whose TDES key would have the same halves, is never issued.
        chip = (serial * _STEP + self.offset) % _SERIALS
        identifier = bytes.fromhex(f"{region}D156000005") + chip.to_bytes(8, "big")
        letter, digits = divmod(serial, 10**8)
        return Card(
            identifier=CardIdentifier(parse_card_identifier(identifier)),
            number=f"{chr(ord('A') + letter)}{digits:08d}",
            suite=suite,
            key_version=KEY_VERSION,
            specification=SPECIFICATION,
            issued_on=issued_on,
            expires_on=years_after(issued_on, 10),
        )


def years_after(day: date, years: int) -> date:
    """Return the same day some years on; 29 February becomes the 28th."""
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year + years)
