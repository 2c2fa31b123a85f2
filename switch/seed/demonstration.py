"""The demonstration province: its named institutions, terminals and people, all invented.

Each person stands for a case of `medswitch demo` or for a decline; balances and dates are those
the demonstration's expected amounts were worked out with.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from switch.model.codes import CardStatus, FilingKind, Level, MemberClass
from switch.model.filing import Agency
from switch.model.ids import RegionCode, city_of
from switch.model.member import Card, Enrolment, Filing, Institution, Member
from switch.model.money import Fen
from switch.model.terminal import TerminalClass
from switch.security.suite import Suite
from switch.seed.identity import (
    FEMALE,
    MALE,
    Birth,
    CardFactory,
    identity_number,
    person_name,
    person_number,
    years_after,
)
from switch.seed.people import DEMONSTRATION_MARK, INSURANCE_OF
from switch.seed.places import (
    DESIGNATED_SINCE,
    HOME,
    KINDS,
    PlacedTerminal,
    institution_code,
    terminal_of,
)

HANGZHOU: Final = RegionCode("330199")
JIAXING: Final = RegionCode("330499")
EXAMPLE: Final = RegionCode("339900")
"""The fictitious city whose policy has what no source gives for a real one."""
CROSS_CITY_SINCE: Final = date(2014, 11, 16)
VOUCHER_ISSUER: Final = "demonstration"
"""Whose e-vouchers are trusted: `clients/voucher.py` plays it."""
ARTICLE_DAY: Final = date(2018, 12, 1)
OPENED_ELSEWHERE: Final = 216
"""Institutions outside Ningbo that its patients can settle at on the article's day."""
INSURED_SINCE: Final = date(2012, 1, 1)
_CAPITALS: Final = (
    "330399", "330499", "330599", "330699", "330799", "330899", "330999", "331099", "331199",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Somebody of the demonstration; `replacement` is a card that lies ready at the card office."""

    name: str
    about: str
    member: Member
    replacement: Card | None


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What a person differs in from an employee in service with a card of his city."""

    about: str
    member_class: MemberClass = MemberClass.IN_SERVICE
    born: tuple[int, int, int] = (1985, 6, 15)
    current_fen: int = 0
    earlier_fen: int = 0
    region: str = HOME
    card_region: str = "330200"
    suite: Suite = Suite.SM4
    filings: tuple[tuple[FilingKind, str, str, date, date | None], ...] = ()
    """Kind, place, disease, first and last day."""
    status: CardStatus = CardStatus.NORMAL
    replacement: bool = False
    insured_until: date | None = None
    second: tuple[str, MemberClass] | None = None
    card_years: int = -2
    """Years from today to the card's issue."""


_REFERRAL: Final = (FilingKind.REFERRAL, "330100", "", date(2018, 11, 20), date(2019, 5, 31))
_ENDED: Final = (FilingKind.REFERRAL, "330100", "", date(2018, 3, 1), date(2018, 10, 31))
_RESIDENCE: Final = (FilingKind.RESIDENCE, "330100", "", date(2018, 1, 1), None)
_TUMOUR: Final = (FilingKind.SPECIAL_DISEASE, "", "M00500", date(2017, 6, 1), None)
_DIALYSIS: Final = (FilingKind.SPECIAL_DISEASE, "", "M07800", date(2018, 2, 1), None)

PEOPLE: Final[Mapping[str, _Sketch]] = {
    "employee_in_service": _Sketch("outpatient in three segments", current_fen=30_000),
    "employee_retired": _Sketch(
        "tertiary outpatient", MemberClass.RETIRED, (1950, 3, 8), 10_000, 15_000
    ),
    "adult_resident": _Sketch("two admissions in a year", MemberClass.ADULT, (1972, 9, 30)),
    "pharmacy_buyer": _Sketch("an account that runs empty", current_fen=8_000),
    "special_disease_patient": _Sketch(
        "tumour and referral filings", born=(1978, 11, 2), current_fen=20_000,
        filings=(_TUMOUR, _REFERRAL),
    ),
    "referral_patient": _Sketch("referred to Hangzhou", filings=(_REFERRAL,)),
    "employee_without_filing": _Sketch("goes to Hangzhou without a filing"),
    "employee_filing_ended": _Sketch("his filing has ended", filings=(_ENDED,)),
    "historical_forms_patient": _Sketch("both forms of reduction", filings=(_REFERRAL,)),
    "card_loser": _Sketch("loses, finds, replaces", current_fen=10_000, replacement=True),
    "wenzhou_card_holder": _Sketch(
        "insured in Ningbo, card of Wenzhou", current_fen=10_000, card_region="330300"
    ),
    "shanghai_card_holder": _Sketch(
        "insured in Ningbo, card of Shanghai", current_fen=10_000, card_region="310000"
    ),
    "lost_answer_patient": _Sketch("an answer that is lost", current_fen=20_000),
    "cancel_patient": _Sketch("a settlement cancelled", current_fen=10_000),
    "moving_balance_patient": _Sketch("a balance that moves", current_fen=10_000),
    "ceiling_patient": _Sketch(
        "comes near the yearly ceiling", MemberClass.ADULT, (1969, 4, 21)
    ),
    # Beside the demonstration's cases: who meets the other declines, suites and classes.
    "minor_resident": _Sketch("a child", MemberClass.MINOR, (2012, 5, 6)),
    "dialysis_resident": _Sketch(
        "a dialysis filing", MemberClass.ADULT, (1965, 8, 17), filings=(_DIALYSIS,)
    ),
    "resident_elsewhere": _Sketch(
        "lives in Hangzhou for long", MemberClass.RETIRED, (1951, 7, 7), 40_000, 90_000,
        filings=(_RESIDENCE,),
    ),
    "aes_card_holder": _Sketch("an AES-128 card", current_fen=50_000, suite=Suite.AES_128),
    "tdes_card_holder": _Sketch("a TDES card", current_fen=50_000, suite=Suite.TDES),
    "jiaxing_employee": _Sketch(
        "insured in Jiaxing, whose policy is not held", current_fen=50_000, region=JIAXING,
        card_region="330400",
    ),
    "card_lost": _Sketch(
        "formally lost, a replacement ready", current_fen=10_000, status=CardStatus.LOST,
        replacement=True,
    ),
    "card_locked": _Sketch(
        "locked for the employer", current_fen=10_000, status=CardStatus.LOCKED_EMPLOYER
    ),
    "card_expired": _Sketch("a card that expired", current_fen=10_000, card_years=-11),
    "insurance_ended": _Sketch("insured to 2018-06-30", insured_until=date(2018, 6, 30)),
    "two_insurances": _Sketch(
        "employee in Ningbo, resident in Wenzhou", current_fen=10_000,
        second=("330399", MemberClass.ADULT),
    ),
    "example_patient": _Sketch("a relative's account pays, too", region=EXAMPLE),
    "example_relative": _Sketch("whose account pays", earlier_fen=50_000, region=EXAMPLE),
}  # fmt: skip


def institutions() -> dict[str, Institution]:
    """Return the demonstration's institutions by name; the names of people's cases."""
    found = {
        "ningbo_community": _place(HOME, 1, Level.COMMUNITY, "示例甬江社区卫生服务中心"),
        "ningbo_secondary": _place(HOME, 2, Level.SECONDARY, "示例宁波二级医院"),
        "ningbo_tertiary": _place(HOME, 3, Level.TERTIARY, "示例宁波三级甲等医院"),
        "ningbo_pharmacy": _place(HOME, 4, Level.PHARMACY, "示例宁波大药房"),
        "hangzhou_tertiary": _place(
            HANGZHOU, 1, Level.TERTIARY, "示例杭州三级甲等医院", CROSS_CITY_SINCE
        ),
        "hangzhou_not_opened": _place(HANGZHOU, 2, Level.TERTIARY, "示例杭州未开通医院"),
        "hangzhou_opened_2021": _place(
            HANGZHOU, 3, Level.SECONDARY, "示例杭州二级医院", date(2021, 7, 1)
        ),
    }
    found["example_secondary"] = _place(EXAMPLE, 1, Level.SECONDARY, "示例市二级医院")
    for region in _CAPITALS:
        found[f"city_{region[:4]}_tertiary"] = _place(
            region, 1, Level.TERTIARY, f"示例{region[:4]}三级医院", CROSS_CITY_SINCE
        )
    return found


def opened_elsewhere() -> Iterator[Institution]:
    """Yield further institutions of the province's other cities, opened to Ningbo's patients.

    With the named ones they are 216 on the article's day, ten cities together. They have no
    terminals here. Source: a city's newspaper of December 2018.
    """
    cities = (HANGZHOU, *_CAPITALS)
    opened = [one for one in institutions().values() if _opened_to_ningbo(one)]
    for nth in range(OPENED_ELSEWHERE - len(opened)):
        region = cities[nth % len(cities)]
        level = (Level.TERTIARY, Level.SECONDARY, Level.COMMUNITY)[nth % 3]
        number = 101 + nth // len(cities)
        yield _place(region, number, level, f"示例{region[:4]}第{number}医院", CROSS_CITY_SINCE)


def _opened_to_ningbo(place: Institution) -> bool:
    opened = place.cross_city_since
    return opened is not None and opened <= ARTICLE_DAY and city_of(place.region) != city_of(HOME)


def agencies() -> dict[str, Agency]:
    """Return the demonstration's agencies by name; each serves its city."""
    return {
        "ningbo_agency": Agency("A33020100001", "示例宁波市医疗保障经办中心", "3302"),
        "hangzhou_agency": Agency("A33010100001", "示例杭州市医疗保障经办中心", "3301"),
        "example_agency": Agency("A33990000001", "示例市医疗保障经办中心", "3399"),
    }


def terminals(places: Mapping[str, Institution], today: date) -> dict[str, PlacedTerminal]:
    """Return the demonstration's terminals by name: every suite and class, and a blocked one."""
    found = {
        f"{name}_1": terminal_of(place.code, 1, Suite.SM4, today) for name, place in places.items()
    }
    tertiary, community = places["ningbo_tertiary"].code, places["ningbo_community"].code
    found["ningbo_community_2"] = terminal_of(community, 2, Suite.SM4, today)
    found["ningbo_community_aes"] = terminal_of(community, 3, Suite.AES_128, today)
    found["ningbo_tertiary_tdes"] = terminal_of(tertiary, 2, Suite.TDES, today)
    found["ningbo_tertiary_blocked"] = terminal_of(tertiary, 3, Suite.SM4, today, active=False)
    for name, agency in agencies().items():
        counter = terminal_of(agency.code, 1, Suite.SM4, today)
        found[f"{name}_1"] = replace(counter, terminal_class=TerminalClass.AGENCY)
    return found


def people(factory: CardFactory, today: date, first_serial: int = 1) -> Iterator[NamedPerson]:
    """Yield the demonstration's people; replacements take serials after the last person's."""
    for nth, (name, sketch) in enumerate(PEOPLE.items()):
        serial = first_serial + nth
        member = _member(sketch, serial, factory, today)
        replacement = None
        if sketch.replacement:
            spare = first_serial + len(PEOPLE) + nth
            new = factory.card(spare, sketch.card_region, sketch.suite, today - timedelta(days=1))
            replacement = replace(new, number=member.card.number)
        yield NamedPerson(name, sketch.about, member, replacement)


def _place(
    region: str, number: int, level: Level, name: str, opened: date | None = None
) -> Institution:
    return Institution(
        code=institution_code(region, number, level),
        name=name,
        region=RegionCode(region),
        level=level,
        deductible_level=level,
        kinds=KINDS[level],
        since=DESIGNATED_SINCE,
        until=None,
        cross_city_since=opened,
        cross_city_until=None,
    )


def _member(sketch: _Sketch, serial: int, factory: CardFactory, today: date) -> Member:
    sex = MALE if serial % 2 else FEMALE
    birth = Birth("330203", date(*sketch.born), sex)
    # Ten to each order number: this mark is the demonstration's own, so no generated number meets.
    order = serial * 10 + DEMONSTRATION_MARK * 2 + (sex == MALE)
    number = identity_number(birth, order)
    member_id = person_number(number, serial)
    locked = sketch.status is CardStatus.LOCKED_EMPLOYER
    issued_on = years_after(today, sketch.card_years)
    return Member(
        member_id=member_id,
        bucket=int(member_id[:4]),
        version=1,
        social_security_number=number,
        name=person_name(serial - 1),
        sex=sex,
        born_on=birth.born_on,
        card=factory.card(serial, sketch.card_region, sketch.suite, issued_on),
        card_status=sketch.status,
        locked_since=today - timedelta(days=30) if locked else None,
        locked_until=today + timedelta(days=60) if locked else None,
        atc=0,
        account_current_fen=Fen(sketch.current_fen),
        account_earlier_fen=Fen(sketch.earlier_fen),
        enrolments=tuple(_enrolments(sketch)),
        filings=tuple(_filings(sketch, member_id)),
        accumulators={},
    )


def _enrolments(sketch: _Sketch) -> Iterator[Enrolment]:
    spells: Sequence[tuple[str, MemberClass, date | None]] = (
        (sketch.region, sketch.member_class, sketch.insured_until),
        *(((*sketch.second, None),) if sketch.second else ()),
    )
    since = max(INSURED_SINCE, date(*sketch.born))
    for region, member_class, until in spells:
        insurance = INSURANCE_OF[member_class]
        yield Enrolment(RegionCode(region), insurance, member_class, since, until)


def _filings(sketch: _Sketch, member_id: str) -> Iterator[Filing]:
    for nth, (kind, place, disease, since, until) in enumerate(sketch.filings, start=1):
        region = RegionCode(sketch.region)
        yield Filing(f"BA{member_id}-{nth}", kind, region, place, disease, since, until)
