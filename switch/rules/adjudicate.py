"""Adjudication: a claim, a person, a place and the rules in; a decision or a decline out.

Pure: no clock, no files, no state. Steps of design section 6, each its own module:
entitlement → place and special diseases → scope → benefit → further payers → account and cash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from switch.model.claim import Claim
from switch.model.codes import FundPayType, Kind
from switch.model.decision import Decision, Decline, Payer, Split
from switch.model.ids import RegionCode, city_of
from switch.model.member import Institution, Member, year_key
from switch.model.money import Fen
from switch.rules.benefit import Cells, Person, find_cells, settle_group
from switch.rules.book import RuleBook
from switch.rules.burden import pay_account, pay_further
from switch.rules.catalogue import Catalogue
from switch.rules.elsewhere import (
    Place,
    SpecialCare,
    deductible_waived,
    place_of_care,
    reduction_of,
    special_care,
)
from switch.rules.entitlement import Entitled, day_of, decline_not_held, entitle, plan_of
from switch.rules.scope import Totals, find_item, net_lines, scope_line
from switch.rules.tally import Purse, Tally
from switch.rules.terms import Plan, Reduction


@dataclass(frozen=True, slots=True)
class Rules:
    """All reference data of adjudication: books by pooling region, catalogues by region of care.

    A catalogue may stand under a region, its city ("330200") or its province ("330000").
    """

    books: Mapping[str, RuleBook]
    catalogues: Mapping[str, Catalogue]

    def catalogue_of(self, region: str) -> Catalogue | None:
        """Return the catalogue in force at a region: its own, its city's or its province's."""
        found = self.catalogues
        return (
            found.get(region) or found.get(f"{city_of(region)}00") or found.get(f"{region[:2]}0000")
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines that share a plan, and what care elsewhere costs under it."""

    plan: Plan
    totals: Totals
    reduction: Reduction | None
    person: Person
    cells: Cells


def adjudicate(
    claim: Claim,
    member: Member,
    institution: Institution,
    rules: Rules,
    *,
    prescriber: Institution | None = None,
    by_identity: bool = False,
) -> Decision | Decline:
    """Return who pays what of a claim, with the working, or why it is declined.

    Raises: ValueError when lines withdraw more than was charged (the codec refuses it before).
    Source: design section 6; the rules' own sources stand beside their values.
    """
    entitled = entitle(claim, member, institution, rules.books, by_identity=by_identity)
    if isinstance(entitled, Decline):
        return entitled
    plan = entitled.plan
    place = place_of_care(claim, member, institution, plan)
    if isinstance(place, Decline):
        return place
    special_plan = _plan_beside(claim, entitled, Kind.SPECIAL_DISEASE)
    special = special_care(claim, member, institution, plan, special_plan, away=place.away)
    if isinstance(special, Decline):
        return special
    scope_region = institution.region if plan.scope.catalogue == "care" else plan.region
    catalogue = rules.catalogue_of(scope_region)
    if catalogue is None:
        return decline_not_held(scope_region, plan.insurance, plan.kind, entitled.ruled_on)
    year = plan.year.of(day_of(claim, plan.dates.year))
    key = year_key(plan.region, plan.insurance, year)
    tally = Tally(member.accumulators.get(key, {}))
    sums = _scope(claim, plan, special, catalogue, tally)
    groups = _groups(claim, member, institution, entitled, place, special, prescriber, sums)
    if isinstance(groups, Decline):
        return groups
    return _decide(claim, member, institution, entitled, place, special, groups, tally, key)


def _plan_beside(claim: Claim, entitled: Entitled, kind: Kind) -> Plan | None:
    """Return the plan of another kind of care for the same enrolment."""
    if claim.kind == kind:
        return entitled.plan
    held, _ = plan_of(entitled.book, entitled.enrolment.insurance, kind, claim)
    return held if isinstance(held, Plan) else None


def _scope(
    claim: Claim,
    plan: Plan,
    special: SpecialCare | None,
    catalogue: Catalogue,
    tally: Tally,
) -> tuple[Totals, Totals]:
    """Scope every line; return the sums of (ordinary, special-disease) lines."""
    ordinary, diseased = Totals(), Totals()
    for line in net_lines(claim.lines):
        item = find_item(catalogue, line)
        belongs = special is not None and special.takes(line, item)
        scope_line(line, item, plan.scope, diseased if belongs else ordinary, tally.steps)
    return ordinary, diseased


def _groups(
    claim: Claim,
    member: Member,
    institution: Institution,
    entitled: Entitled,
    place: Place,
    special: SpecialCare | None,
    prescriber: Institution | None,
    sums: tuple[Totals, Totals],
) -> list[_Group] | Decline:
    """Return the groups of the bill in the order they are settled: special lines first.

    On a kind-14 bill the lines that do not belong take the ordinary outpatient benefit.
    """
    ordinary, diseased = sums
    wanted: list[tuple[Plan, Totals, Reduction | None]] = []
    if special is not None and (diseased != Totals() or special.plan is entitled.plan):
        reduction = (
            place.reduction
            if special.plan is entitled.plan
            else reduction_of(claim, member, institution, special.plan)
        )
        wanted.append((special.plan, diseased, reduction))
    if claim.kind != Kind.SPECIAL_DISEASE:
        wanted.append((entitled.plan, ordinary, place.reduction))
    elif ordinary != Totals():
        outpatient = _plan_beside(claim, entitled, Kind.OUTPATIENT)
        if outpatient is None:
            return decline_not_held(
                entitled.plan.region, entitled.plan.insurance, Kind.OUTPATIENT, entitled.ruled_on
            )
        reduction = reduction_of(claim, member, institution, outpatient)
        wanted.append((outpatient, ordinary, reduction))
    groups = []
    for plan, totals, reduction in wanted:
        person = _person(claim, member, institution, entitled, plan, prescriber)
        cells = find_cells(plan, person)
        if cells is None:
            return decline_not_held(plan.region, plan.insurance, plan.kind, entitled.ruled_on)
        groups.append(_Group(plan, totals, reduction, person, cells))
    return groups


def _person(
    claim: Claim,
    member: Member,
    institution: Institution,
    entitled: Entitled,
    plan: Plan,
    prescriber: Institution | None,
) -> Person:
    level = institution.level
    if plan.bands.level_of_prescriber and prescriber is not None:
        level = prescriber.level
    return Person(
        member_class=entitled.enrolment.member_class,
        age=age_on(member.born_on, day_of(claim, plan.dates.age)),
        level=level,
        deductible_level=institution.deductible_level,
        waived=deductible_waived(claim, member, plan),
        interim=claim.interim,
    )


def age_on(born_on: date, on: date) -> int:
    """Return the age in full years; a person is a year older from the birthday on."""
    years = on.year - born_on.year
    return max(0, years - ((on.month, on.day) < (born_on.month, born_on.day)))


def _decide(
    claim: Claim,
    member: Member,
    institution: Institution,
    entitled: Entitled,
    place: Place,
    special: SpecialCare | None,
    groups: list[_Group],
    tally: Tally,
    key: str,
) -> Decision:
    """Settle the groups one after the other and join them to one split."""
    purse = Purse(
        member.account_current_fen, member.account_earlier_fen, use_account=claim.use_account
    )
    funds: dict[FundPayType, int] = {}
    bill = Totals()
    deductible = cash = 0
    for group in groups:
        benefit = settle_group(
            group.plan, group.totals, group.person, group.cells, group.reduction, tally, purse
        )
        deductible += benefit.parts["deductible"]
        paid = pay_further(group.plan, benefit.parts, tally)
        paid[group.plan.bands.payer] = paid.get(group.plan.bands.payer, 0) + benefit.fund
        for fund, amount in paid.items():
            funds[fund] = funds.get(fund, 0) + amount
        pay_account(group.plan.account, benefit.parts, tally, purse)
        cash += sum(benefit.parts.values())
        bill.own += group.totals.own
        bill.over += group.totals.over
        bill.first += group.totals.first
        bill.in_scope += group.totals.in_scope
    split = Split(
        total_fen=Fen(bill.own + bill.over + bill.first + bill.in_scope),
        own_expense_fen=Fen(bill.own),
        over_limit_fen=Fen(bill.over),
        first_self_pay_fen=Fen(bill.first),
        in_scope_fen=Fen(bill.in_scope),
        deductible_fen=Fen(deductible),
        payers=tuple(Payer(fund, Fen(funds[fund])) for fund in sorted(funds) if funds[fund]),
        hospital_fen=Fen(0),
        account_current_fen=Fen(purse.paid_current),
        account_earlier_fen=Fen(purse.paid_earlier),
        account_relative_fen=Fen(0),
        cash_fen=Fen(cash),
    )
    filing_id = place.filing_id or ("" if special is None else special.filing_id)
    return Decision(
        region_insured=RegionCode(entitled.plan.region),
        region_care=institution.region,
        insurance=entitled.enrolment.insurance,
        member_class=entitled.enrolment.member_class,
        clearing_type=entitled.plan.cover.clearing_type,
        filing_id=filing_id,
        split=split,
        working=tuple(tally.steps),
        deltas={key: tally.deltas} if tally.deltas else {},
        consulted=frozenset([f"{key}#{name}" for name in tally.consulted]),
        year_to_date=tally.year_to_date(),
        rule_book=entitled.book.hash,
        ruled_on=entitled.ruled_on,
    )
