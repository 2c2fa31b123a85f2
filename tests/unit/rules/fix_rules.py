"""Builds members, institutions, claims and the shipped rules for the tests of adjudication."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from switch.model.claim import Claim, FeeLine, Prescription
from switch.model.codes import (
    CardStatus,
    FilingKind,
    InjuryCause,
    Insurance,
    Kind,
    MemberClass,
)
from switch.model.decision import Decision, Decline
from switch.model.ids import (
    CardIdentifier,
    InstitutionCode,
    MemberId,
    RegionCode,
    RequestId,
    SocialSecurityNumber,
)
from switch.model.member import Card, Enrolment, Filing, Institution, Member
from switch.model.money import Fen
from switch.rules.adjudicate import Rules, adjudicate
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue

PARAMETERS: Final = Path(__file__).parents[3] / "switch" / "rules" / "parameters"
REGIONS: Final = tuple(sorted(path.name for path in PARAMETERS.iterdir() if path.is_dir()))
PLAIN: Final = "DEMO-NURSING-1"
"""Class A without a limit: wholly in scope."""
OWN: Final = "DEMO-COSMETIC"
"""Class C: wholly own expense."""
DAY: Final = date(2018, 12, 1)


def region_texts(region: str) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((PARAMETERS / region).glob("*.toml"))
    }


@cache
def shipped_rules() -> Rules:
    with (PARAMETERS / "catalogue_330000.csv").open(encoding="utf-8", newline="") as file:
        catalogue = Catalogue.parse("330000", csv.DictReader(file))
    books = {region: RuleBook.parse(region_texts(region)) for region in REGIONS}
    return Rules(books, {"330000": catalogue})


@dataclass(frozen=True)
class Person:
    """What a case says of a person; the rest of a `Member` does not matter to the rules."""

    region: str = "330299"
    insurance: str = "310"
    member_class: str = "in_service"
    born_on: date = date(1968, 1, 1)
    since: date = date(2010, 1, 1)
    until: date | None = None
    current_fen: int = 0
    earlier_fen: int = 0
    history: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    filings: Sequence[Filing] = ()
    more_enrolments: Sequence[Enrolment] = ()


def make_member(person: Person) -> Member:
    enrolment = Enrolment(
        RegionCode(person.region),
        Insurance(person.insurance),
        MemberClass(person.member_class),
        person.since,
        person.until,
    )
    card = Card(
        CardIdentifier(bytes(16)), "X00000019", 1, 1, "3.00", date(2012, 1, 1), date(2032, 1, 1)
    )
    return Member(
        member_id=MemberId("0007TEST0001"),
        bucket=7,
        version=1,
        social_security_number=SocialSecurityNumber("330203196801010000"),
        name="测试",
        sex="1",
        born_on=person.born_on,
        card=card,
        card_status=CardStatus.NORMAL,
        locked_since=None,
        locked_until=None,
        atc=0,
        account_current_fen=Fen(person.current_fen),
        account_earlier_fen=Fen(person.earlier_fen),
        enrolments=(enrolment, *person.more_enrolments),
        filings=tuple(person.filings),
        accumulators=person.history,
    )


def make_institution(
    region: str = "330299",
    level: str = "secondary",
    deductible_level: str = "",
    *,
    kinds: Sequence[str] = tuple(Kind),
    since: date = date(2000, 1, 1),
    until: date | None = None,
    opened: date | None = date(2012, 1, 1),
    closed: date | None = None,
) -> Institution:
    return Institution(
        code="H33029900001",
        name="测试医院",
        region=RegionCode(region),
        level=level,
        deductible_level=deductible_level or level,
        kinds=frozenset(kinds),
        since=since,
        until=until,
        cross_city_since=opened,
        cross_city_until=closed,
    )


def make_filing(
    kind: str,
    place: str = "330100",
    disease: str = "",
    since: date = date(2018, 1, 1),
    until: date | None = None,
    region: str = "330299",
) -> Filing:
    return Filing(f"F-{kind}", FilingKind(kind), RegionCode(region), place, disease, since, until)


def make_line(
    number: int,
    amount_fen: int,
    code: str = PLAIN,
    *,
    on: date = DAY,
    quantity_e4: int = 10_000,
    disease: str = "",
    withdraws: int = 0,
) -> FeeLine:
    return FeeLine(number, code, "项目", on, quantity_e4, 0, Fen(amount_fen), disease, withdraws)


def make_claim(
    lines: Sequence[FeeLine],
    kind: str = "11",
    *,
    on: date = DAY,
    care: str = "330299",
    region: str = "",
    insurance: str = "",
    use_account: bool = True,
    admitted: date | None = None,
    discharged: date | None = None,
    injury: str = "none",
    disease: str = "",
    prescription: bool = False,
    interim: bool = False,
) -> Claim:
    return Claim(
        request_id=RequestId("H33029900001201812010800000001"),
        region_care=RegionCode(care),
        region_insured=region,
        insurance=insurance,
        kind=Kind(kind),
        use_account=use_account,
        visit_id="",
        service_on=on,
        admitted_on=admitted,
        discharged_on=discharged,
        interim=interim,
        injury_cause=InjuryCause(injury),
        diagnoses=(),
        disease_code=disease,
        prescription=Prescription("P1", InstitutionCode("H33029900002"), on)
        if prescription
        else None,
        lines=tuple(lines),
        total_fen=Fen(sum(line.amount_fen for line in lines)),
    )


def decide(
    claim: Claim,
    person: Person | None = None,
    institution: Institution | None = None,
    prescriber: Institution | None = None,
) -> Decision:
    found = adjudicate(
        claim,
        make_member(person or Person()),
        institution or make_institution(),
        shipped_rules(),
        prescriber=prescriber,
    )
    assert isinstance(found, Decision), found
    return found


def refuse(
    claim: Claim, person: Person | None = None, institution: Institution | None = None
) -> Decline:
    found = adjudicate(
        claim, make_member(person or Person()), institution or make_institution(), shipped_rules()
    )
    assert isinstance(found, Decline), found
    return found
