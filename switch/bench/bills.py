"""The bills of the benchmark: a Ningbo employee's outpatient visit and stay, of few lines or many.

Pure and fixed: the same bills on every machine. Lines are drawn from a generated catalogue so that
each size of it gives the same mix of ratios and price ceilings, spread over all of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from switch.model.claim import Claim, FeeLine
from switch.model.codes import CardStatus, InjuryCause, Insurance, Kind, MemberClass
from switch.model.ids import (
    CardIdentifier,
    MemberId,
    RegionCode,
    RequestId,
    SocialSecurityNumber,
)
from switch.model.member import Card, Enrolment, Institution, Member, year_key
from switch.model.money import Fen, line_price_fen

REGION: Final = RegionCode("330299")
ON: Final = date(2018, 12, 1)
BILLS: Final = 32
"""Different bills of each kind: one alone would lie in the processor's cache."""
_MIX: Final = 12
"""Ratios and ceilings of `catalogue.generate_rows` repeat after so many items."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A kind of care as the benchmark settles it.

    The unit price lies above the price ceiling of some generated items and below that of most.
    """

    name: str
    zh: str
    kind: Kind
    level: str
    price_e4: int


OUTPATIENT: Final = Visit("outpatient", "门诊", Kind.OUTPATIENT, "community", 320_000)
STAY: Final = Visit("stay", "住院", Kind.INPATIENT, "tertiary", 3_600_000)


def member() -> Member:
    """Return an employee in service who has used some of the year and has both accounts."""
    card = Card(CardIdentifier(bytes(16)), "", 1, 1, "", date(2012, 1, 1), date(2032, 1, 1))
    used = {
        "outpatient.self_segment": 85_000, "inpatient.deductible": 40_000,
        "inpatient.in_scope": 900_000, "admissions": 1,
    }  # fmt: skip
    return Member(
        member_id=MemberId("00070000000001"),
        bucket=7,
        version=9,
        social_security_number=SocialSecurityNumber(""),
        name="",
        sex="1",
        born_on=date(1980, 6, 1),
        card=card,
        card_status=CardStatus.NORMAL,
        locked_since=None,
        locked_until=None,
        atc=9,
        account_current_fen=Fen(2_000),
        account_earlier_fen=Fen(50_000),
        enrolments=(
            Enrolment(REGION, Insurance.EMPLOYEE, MemberClass.IN_SERVICE, date(2002, 7, 1), None),
        ),
        filings=(),
        accumulators={year_key(REGION, Insurance.EMPLOYEE, ON.year): used},
    )


def institution(visit: Visit) -> Institution:
    """Return a designated institution of the insured city that is open for everything."""
    return Institution(
        code="H33029900001",
        name="",
        region=REGION,
        level=visit.level,
        deductible_level=visit.level,
        kinds=frozenset(Kind),
        since=date(2000, 1, 1),
        until=None,
        cross_city_since=None,
        cross_city_until=None,
    )


def claims(visit: Visit, lines: int, catalogue_items: int) -> Iterator[Claim]:
    """Yield the bills of a kind of care, each of so many lines of a generated catalogue."""
    stay = visit is STAY
    for bill in range(BILLS):
        fees = tuple(_line(visit, number, bill, catalogue_items) for number in range(1, lines + 1))
        yield Claim(
            request_id=RequestId(f"H3302990000120181201120000{bill:04d}"),
            region_care=REGION,
            region_insured=REGION,
            insurance=Insurance.EMPLOYEE,
            kind=visit.kind,
            use_account=True,
            visit_id="",
            service_on=ON,
            admitted_on=ON - timedelta(days=7) if stay else None,
            discharged_on=ON if stay else None,
            interim=False,
            injury_cause=InjuryCause.NONE,
            diagnoses=("J18.900",),
            disease_code="",
            prescription=None,
            lines=fees,
            total_fen=Fen(sum(line.amount_fen for line in fees)),
        )


def _line(visit: Visit, number: int, bill: int, catalogue_items: int) -> FeeLine:
    """Return a line of an item of the mix, from a place in the catalogue that differs by bill."""
    blocks = catalogue_items // _MIX
    block = (bill * 7_919 + number * 104_729) % blocks
    item = block * _MIX + (number * 5 + bill) % _MIX
    quantity_e4 = 10_000 * (1 + (number + bill) % 5)
    return FeeLine(
        number=number,
        code=f"GEN-{item:06d}",
        name=f"示例项目{item}",
        on=ON,
        quantity_e4=quantity_e4,
        unit_price_e4=visit.price_e4,
        amount_fen=line_price_fen(quantity_e4, visit.price_e4),
    )
