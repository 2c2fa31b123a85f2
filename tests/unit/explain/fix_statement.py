"""Statements of decisions under the shipped rules, as a reader of the ledger would build them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from switch.explain.build import Settled, build
from switch.explain.statement import Statement, Undone
from switch.model.claim import Claim
from switch.model.decision import Decision
from switch.model.member import Institution, Member
from switch.rules.adjudicate import Rules, adjudicate
from tests.unit.rules.fix_rules import (
    OWN,
    Person,
    make_claim,
    make_filing,
    make_institution,
    make_line,
    make_member,
    shipped_rules,
)

AT: Final = datetime(2018, 12, 1, 3, 4, 5, tzinfo=UTC)
NUMBER: Final = "201812010000001099511635968"

Situation = tuple[Claim, Member, Institution]


def statement_of(
    situation: Situation,
    *,
    difference: str = "",
    undone: Undone | None = None,
    rules: Rules | None = None,
) -> Statement:
    claim, member, institution = situation
    rules = rules or shipped_rules()
    decision = adjudicate(claim, member, institution, rules)
    assert isinstance(decision, Decision), decision
    return build(
        Settled(
            claim=claim,
            member=member,
            institution=institution,
            rules=rules,
            decision=decision,
            difference=difference,
            settlement_id=NUMBER,
            settled_at=AT,
            business_day=date(2018, 12, 1),
            balance_current_fen=member.account_current_fen - decision.split.account_current_fen,
            balance_earlier_fen=member.account_earlier_fen - decision.split.account_earlier_fen,
            undone=undone,
            names={"330299": ("宁波市本级", "Ningbo"), "330199": ("杭州市本级", "Hangzhou")},
        )
    )


def outpatient() -> Situation:
    """Both segments, the fund, both accounts and cash; a limit, a first share, own expense."""
    lines = [
        make_line(1, 80_000, "DEMO-MRI-HEAD"),
        make_line(2, 60_000, "DEMO-CEFURO-TAB"),
        make_line(3, 1_500, OWN),
        make_line(4, 2_000, "UNKNOWN"),
    ]
    person = Person(
        current_fen=10_000,
        earlier_fen=15_000,
        history={"330299/310/2018": {"outpatient.self_segment": 30_000}},
    )
    return make_claim(lines), make_member(person), make_institution(level="tertiary")


def away() -> Situation:
    """A stay in another city under a referral: first pay, deductible, bands."""
    on, admitted = date(2018, 12, 10), date(2018, 12, 1)
    lines = [make_line(1, 1_200_000, "DEMO-STENT", on=on), make_line(2, 300_000, on=on)]
    person = Person(filings=[make_filing("referral")])
    claim = make_claim(lines, "21", on=on, care="330199", admitted=admitted, discharged=on)
    return claim, make_member(person), make_institution("330199", "tertiary")


def example() -> Situation:
    """The fictitious region, whose policy has further payers and a hospital's part."""
    on = date(2018, 12, 10)
    lines = [make_line(1, 30_000_000, on=on), make_line(2, 8_000_000, OWN, on=on)]
    person = Person(region="339900", current_fen=50_000, earlier_fen=900_000)
    claim = make_claim(lines, "21", on=on, care="339900", admitted=on, discharged=on)
    return claim, make_member(person), make_institution("339900", "tertiary")


def withdrawn() -> Situation:
    """A bill with a line that is half withdrawn."""
    lines = [make_line(1, 5_000), make_line(2, -2_000, withdraws=1)]
    return make_claim(lines), make_member(Person()), make_institution()


def special() -> Situation:
    """A special disease's bill, urgent, under its filing."""
    lines = [make_line(1, 250_000, "DEMO-DIALYSIS", disease="M00500")]
    person = Person(filings=[make_filing("special_disease", "", "M00500")])
    claim = make_claim(lines, "14", disease="M00500")
    return replace(claim, emergency=True), make_member(person), make_institution(level="tertiary")


def hostile() -> Situation:
    """Texts that are markup."""
    claim, member, institution = outpatient()
    script = '<script>alert("1")</script>&\'<b>'
    lines = tuple(replace(line, name=script) for line in claim.lines)
    return replace(claim, lines=lines), member, replace(institution, name=script)


SITUATIONS: Final[Sequence[tuple[str, Situation]]] = (
    ("outpatient", outpatient()),
    ("away", away()),
    ("example", example()),
    ("withdrawn", withdrawn()),
    ("special", special()),
)
