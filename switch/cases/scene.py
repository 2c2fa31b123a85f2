"""What a case is about: the person, the places, the rules; and how a bill changes the person.

Must not know: expectations. It builds the model's own types, so that a case runs what a claim runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from switch.cases.fields import Fields
from switch.ledger.accumulators import applied
from switch.model.codes import CardStatus, FilingKind, Insurance, Kind, Level, MemberClass
from switch.model.decision import Decision
from switch.model.ids import (
    CardIdentifier,
    InstitutionCode,
    MemberId,
    RegionCode,
    SocialSecurityNumber,
    parse_region,
)
from switch.model.member import (
    Card,
    Enrolment,
    Filing,
    Institution,
    Member,
    Standing,
)
from switch.model.money import Fen
from switch.rules.adjudicate import Rules
from switch.rules.condition import AGE_MAX
from switch.rules.words import BASIC_CLASSES

_NO_CARD: Final = Card(
    CardIdentifier(bytes(16)), "", 1, 1, "", date(2000, 1, 1), date(2099, 12, 31)
)
_FIRST_DAY: Final = date(1990, 1, 1)
_AGE: Final = 40
_SEXES: Final = {"male": "1", "female": "2"}


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the case states him, and the insurance his history is of."""

    member: Member
    region: str
    insurance: str

    def after(self, decision: Decision) -> "Person":
        """Return the person after a settlement: sums moved, accounts lowered."""
        member, split = self.member, decision.split
        return replace(
            self,
            member=replace(
                member,
                accumulators=applied(member.accumulators, decision.deltas),
                account_current_fen=Fen(member.account_current_fen - split.account_current_fen),
                account_earlier_fen=Fen(member.account_earlier_fen - split.account_earlier_fen),
                account_relative_fen=Fen(member.account_relative_fen - split.account_relative_fen),
            ),
        )

    def opening(self, accumulators: Mapping[str, Mapping[str, int]]) -> "Person":
        """Return this person with the sums that his case opens with."""
        return replace(self, member=replace(self.member, accumulators=accumulators))

    def holding(self, earlier: "Person") -> "Person":
        """Return this person, as a later bill states him, with the sums and balances left."""
        was = earlier.member
        return replace(
            self,
            member=replace(
                self.member,
                accumulators=was.accumulators,
                account_current_fen=was.account_current_fen,
                account_earlier_fen=was.account_earlier_fen,
                account_relative_fen=was.account_relative_fen,
            ),
        )

    def undone(self, decision: Decision) -> "Person":
        """Return the person after a settlement is cancelled: everything negated."""
        member, split = self.member, decision.split
        negative = {
            key: {name: -change for name, change in changes.items()}
            for key, changes in decision.deltas.items()
        }
        return replace(
            self,
            member=replace(
                member,
                accumulators=applied(member.accumulators, negative),
                account_current_fen=Fen(member.account_current_fen + split.account_current_fen),
                account_earlier_fen=Fen(member.account_earlier_fen + split.account_earlier_fen),
                account_relative_fen=Fen(member.account_relative_fen + split.account_relative_fen),
            ),
        )

    def next_year(self, credit_fen: int) -> "Person":
        """Return the person after the year end: current-year turns earlier-years, then a credit."""
        member = self.member
        earlier = Fen(member.account_earlier_fen + member.account_current_fen)
        changed = replace(member, account_earlier_fen=earlier, account_current_fen=Fen(credit_fen))
        return replace(self, member=changed)


def read_person(fields: Fields, rules: Rules, on: date) -> Person:
    """Return the person of a case, who has used nothing yet.

    Raises: ValueError for a word that is none.
    """
    region = _region(fields, rules)
    insurance = fields.word("insurance", Insurance, _only_insurance(rules, region))
    classes = BASIC_CLASSES.get(insurance, (MemberClass.IN_SERVICE,))
    member_class = fields.word("class", MemberClass, classes[0])
    age = fields.whole("age", _AGE)
    if not 0 <= age < AGE_MAX:
        fields.fail(f"age is {age}; write full years, or `born`")
    if fields.has("age") and fields.has("born"):
        fields.fail("age and born stand side by side; write the one or the other")
    stated = min(on, fields.day("admitted") or on)
    born_on = fields.day("born") or _born(stated, age)
    enrolment = Enrolment(
        RegionCode(region),
        Insurance(insurance),
        MemberClass(member_class),
        fields.day("since", _FIRST_DAY) or _FIRST_DAY,
        fields.day("until"),
    )
    more = [_enrolment(one, enrolment) for one in fields.tables("more_enrolments")]
    member = Member(
        member_id=MemberId("0007CASE0001"),
        bucket=7,
        version=1,
        social_security_number=SocialSecurityNumber(""),
        name="",
        sex=_SEXES[fields.word("sex", _SEXES, "male")],
        born_on=born_on,
        card=_NO_CARD,
        card_status=CardStatus.NORMAL,
        locked_since=None,
        locked_until=None,
        atc=0,
        account_current_fen=Fen(fields.fen("current")),
        account_earlier_fen=Fen(fields.fen("earlier")),
        enrolments=(enrolment, *more),
        filings=tuple(_filing(one, region) for one in fields.tables("filings")),
        accumulators={},
        standings=tuple(_standings(fields)),
        account_relative_fen=Fen(fields.fen("relative")),
    )
    return Person(member, region, insurance)


def read_institution(fields: Fields, region: str) -> Institution:
    """Return the place of care."""
    level = fields.word("level", Level, Level.SECONDARY)
    return Institution(
        code=fields.text("institution", "H00000000001"),
        name="",
        region=RegionCode(parse_region(fields.text("care", region))),
        level=level,
        deductible_level=fields.word("deductible_level", Level, level),
        kinds=frozenset(fields.words("opens_kinds") or tuple(Kind)),
        since=fields.day("designated", _FIRST_DAY) or _FIRST_DAY,
        until=fields.day("designated_until"),
        cross_city_since=fields.day("opened", _FIRST_DAY),
        cross_city_until=fields.day("closed"),
        tags=frozenset(fields.words("tags")),
    )


def read_prescriber(fields: Fields, region: str) -> Institution | None:
    """Return the prescribing institution where the case names its level."""
    if not fields.has("prescriber_level"):
        return None
    level = fields.word("prescriber_level", Level, Level.SECONDARY)
    return Institution(
        InstitutionCode("H00000000002"), "", RegionCode(region), level, level, frozenset(Kind),
        _FIRST_DAY, None, None, None,
    )  # fmt: skip


def _region(fields: Fields, rules: Rules) -> str:
    with_rules = [region for region, book in rules.books.items() if book.plans]
    default = with_rules[0] if len(with_rules) == 1 else ""
    region = fields.text("region", default)
    if not region:
        fields.fail(f"region is missing; the policies are of {', '.join(sorted(with_rules))}")
    return parse_region(region)


def _only_insurance(rules: Rules, region: str) -> str:
    book = rules.books.get(region)
    found = sorted({insurance for insurance, _ in book.plans}) if book else []
    return found[0] if len(found) == 1 else Insurance.EMPLOYEE


def _born(on: date, age: int) -> date:
    """Return the birth of who turns so old on a day: it is his age for the year from then on."""
    return date(on.year - age, on.month, min(on.day, 28) if on.month == 2 else on.day)


def _enrolment(one: Fields, first: Enrolment) -> Enrolment:
    """Return a further enrolment; what it leaves out is as in the first."""
    found = Enrolment(
        RegionCode(parse_region(one.text("region", first.region))),
        Insurance(one.word("insurance", Insurance, first.insurance)),
        MemberClass(one.word("class", MemberClass, first.member_class)),
        one.day("since", _FIRST_DAY) or _FIRST_DAY,
        one.day("until"),
    )
    one.done()
    return found


def _filing(one: Fields, region: str) -> Filing:
    kind = FilingKind(one.word("kind", FilingKind, FilingKind.REFERRAL))
    found = Filing(
        one.text("id", f"F-{kind}"),
        kind,
        RegionCode(one.text("region", region)),
        one.text("place"),
        one.text("disease"),
        one.day("since", _FIRST_DAY) or _FIRST_DAY,
        one.day("until"),
        one.text("institution"),
    )
    one.done()
    return found


def _standings(fields: Fields) -> list[Standing]:
    value = fields.take("standings", [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(item, str | dict) for item in value):
        fields.fail(f"standings is {value!r}; write a list of words, or of tables with days")
    found = []
    for item in value:
        if isinstance(item, str):
            found.append(Standing(item, _FIRST_DAY, None))
        else:
            one = Fields(item, f"{fields.where}, standings")
            since = one.day("since", _FIRST_DAY) or _FIRST_DAY
            found.append(Standing(one.text("word"), since, one.day("until")))
            one.done()
    return found
