"""The synthetic people: a realistic mix, generated one by one from the province's number.

Of twenty: nine employees in service, four retired, five adult residents, two minors. Most are
insured in the home region, whose policy is held; the others in the province's other cities.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from switch.model.codes import CardStatus, FilingKind, Insurance, MemberClass
from switch.model.ids import RegionCode
from switch.model.member import Enrolment, Filing, Member
from switch.model.money import ZERO, Fen
from switch.security.suite import Suite
from switch.seed.identity import (
    Birth,
    CardFactory,
    Numbers,
    person_name,
    person_number,
    years_after,
)
from switch.seed.places import HOME
from switch.seed.streams import number_of, stream_of

MIX: Final = (
    MemberClass.IN_SERVICE, MemberClass.ADULT, MemberClass.IN_SERVICE, MemberClass.RETIRED,
    MemberClass.IN_SERVICE, MemberClass.ADULT, MemberClass.IN_SERVICE, MemberClass.MINOR,
    MemberClass.IN_SERVICE, MemberClass.RETIRED, MemberClass.ADULT, MemberClass.IN_SERVICE,
    MemberClass.RETIRED, MemberClass.IN_SERVICE, MemberClass.ADULT, MemberClass.IN_SERVICE,
    MemberClass.MINOR, MemberClass.IN_SERVICE, MemberClass.ADULT, MemberClass.RETIRED,
)  # fmt: skip
"""The class of a person by his number: a fixed twenty, over and over."""

_AGES: Final = {
    MemberClass.IN_SERVICE: (20, 58, 0),
    MemberClass.RETIRED: (60, 92, 1),
    MemberClass.ADULT: (19, 90, 2),
    MemberClass.MINOR: (1, 17, 3),
}
"""Youngest and oldest, and the mark that keeps the classes' identity numbers apart."""
DEMONSTRATION_MARK: Final = 4

INSURANCE_OF: Final = {
    MemberClass.IN_SERVICE: Insurance.EMPLOYEE,
    MemberClass.RETIRED: Insurance.EMPLOYEE,
    MemberClass.ADULT: Insurance.RESIDENT,
    MemberClass.MINOR: Insurance.RESIDENT,
}
_DISEASES: Final = ("M00500", "M07800", "M08300", "NB-MENTAL")
_EPOCH: Final = date(2010, 1, 1)
"""The first day of everybody's insurance who was born then: claims of 2018 find him insured."""


@dataclass(frozen=True, slots=True)
class Population:
    """What every person of one province shares; `number` is the province's."""

    number: int
    today: date
    cities: Sequence[RegionCode]
    cards: CardFactory
    identities: tuple[tuple[MemberClass, Numbers], ...]

    @classmethod
    def of(cls, number: int, today: date, cities: Sequence[RegionCode]) -> "Population":
        """Return the population of the province with a number."""
        first = today.replace(month=1, day=1)
        identities = tuple(
            (
                member_class,
                Numbers(
                    first.replace(year=first.year - oldest),
                    first.replace(year=first.year - youngest) - timedelta(days=1),
                    mark,
                    number_of(number, f"identities/{member_class}", 1 << 40),
                ),
            )
            for member_class, (youngest, oldest, mark) in _AGES.items()
        )
        elsewhere = [region for region in cities if region != HOME]
        return cls(number, today, elsewhere, CardFactory.of(number), identities)


def generate(population: Population, count: int, first_serial: int) -> Iterator[Member]:
    """Yield people one by one, always the same ones; a larger province begins with a smaller one.

    Raises: ValueError when a class has no identity numbers left (above some 50 million people).
    """
    stream = stream_of(population.number, "people")
    identities = dict(population.identities)
    for nth in range(count):
        member_class = MIX[nth % len(MIX)]
        number, birth = identities[member_class].number(nth)
        serial = first_serial + nth
        region = HOME
        if stream.random() < 0.05 and population.cities:
            region = population.cities[nth % len(population.cities)]
        current, earlier = _balances(stream, member_class)
        status = _card_status(stream)
        locked = status is CardStatus.LOCKED_EMPLOYER
        member_id = person_number(number, serial)
        yield Member(
            member_id=member_id,
            bucket=int(member_id[:4]),
            version=1,
            social_security_number=number,
            name=person_name(serial),
            sex=birth.sex,
            born_on=birth.born_on,
            card=population.cards.card(
                serial, f"{region[:4]}00", _suite(nth), _issued(stream, population.today)
            ),
            card_status=status,
            locked_since=population.today - timedelta(days=20) if locked else None,
            locked_until=population.today + timedelta(days=40) if locked else None,
            atc=0,
            account_current_fen=current,
            account_earlier_fen=earlier,
            enrolments=_enrolments(stream, population, region, member_class, birth),
            filings=_filings(stream, population.today, region, str(member_id)),
            accumulators={},
        )


def _suite(nth: int) -> Suite:
    """Return SM4; AES-128 for one card in 41 and TDES for one in 83: primes, so of every class."""
    if nth % 83 == 11:
        return Suite.TDES
    return Suite.AES_128 if nth % 41 == 7 else Suite.SM4


def _issued(stream: Random, today: date) -> date:
    """Return an issue day: within nine years, for one in a hundred so old that it expired."""
    days = int(stream.random() * 3_200)
    return today - timedelta(days=days + (3_700 if stream.random() < 0.01 else 30))


def _balances(stream: Random, member_class: MemberClass) -> tuple[Fen, Fen]:
    """Return current-year and earlier-years balances; residents have no account."""
    if INSURANCE_OF[member_class] is Insurance.RESIDENT:
        return ZERO, ZERO
    limit = 600_000 if member_class is MemberClass.RETIRED else 300_000
    current = 0 if stream.random() < 0.05 else int(stream.random() * limit)
    earlier = 0 if stream.random() < 0.3 else int(stream.random() * 3 * limit)
    return Fen(current), Fen(earlier)


def _card_status(stream: Random) -> CardStatus:
    drawn = stream.random()
    if drawn < 0.985:
        return CardStatus.NORMAL
    if drawn < 0.991:
        return CardStatus.TEMPORARILY_LOST
    if drawn < 0.995:
        return CardStatus.LOST
    return CardStatus.CANCELLED if drawn < 0.997 else CardStatus.LOCKED_EMPLOYER


def _enrolments(
    stream: Random,
    population: Population,
    region: RegionCode,
    member_class: MemberClass,
    birth: Birth,
) -> tuple[Enrolment, ...]:
    insurance = INSURANCE_OF[member_class]
    working = member_class is MemberClass.IN_SERVICE
    since = max(_EPOCH, years_after(birth.born_on, 18) if working else birth.born_on)
    drawn = stream.random()
    until = None
    if drawn < 0.01:  # insured no more
        until = population.today - timedelta(days=40)
    spells = [Enrolment(region, insurance, member_class, since, until)]
    if member_class is MemberClass.RETIRED:
        retired = max(since, years_after(birth.born_on, 60))
        if retired > since:
            spells = [
                Enrolment(region, insurance, MemberClass.IN_SERVICE, since,
                          retired - timedelta(days=1)),
                Enrolment(region, insurance, member_class, retired, until),
            ]  # fmt: skip
    elif working and 0.01 <= drawn < 0.03 and population.cities:
        # Two schemes at once: a claim that names none is declined as ambiguous.
        other = population.cities[int(drawn * 100_000) % len(population.cities)]
        spells.append(
            Enrolment(other, Insurance.RESIDENT, MemberClass.ADULT, date(2019, 1, 1), None)
        )
    return tuple(spells)


def _filings(stream: Random, today: date, region: RegionCode, member_id: str) -> tuple[Filing, ...]:
    drawn = stream.random()
    if drawn >= 0.08:
        return ()
    since = today - timedelta(days=int(stream.random() * 1_500))
    ended = since + timedelta(days=90)
    filing_id = f"BA{member_id}"
    if drawn < 0.03:
        disease = _DISEASES[int(drawn * 100_000) % len(_DISEASES)]
        kind, place, until = FilingKind.SPECIAL_DISEASE, "", None
    else:
        disease, place = "", "330100" if region == HOME else HOME
        kind = FilingKind.REFERRAL if drawn < 0.055 else FilingKind.RESIDENCE
        until = ended if kind is FilingKind.REFERRAL else None
    return (Filing(filing_id, kind, region, place, disease, since, until),)
