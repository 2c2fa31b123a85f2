"""Adjudication: a claim, a person, a place and the rules in; a decision or a decline out.

Pure: no clock, no files, no state. Steps of design section 6, each its own module:
entitlement → place and special diseases → scope → benefit → hospital, further payers, accounts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from switch.model.claim import Claim
from switch.model.codes import EMERGENCY_KINDS, INPATIENT_KINDS, SPECIAL_KINDS, FundPayType, Kind
from switch.model.decision import Decision, Decline, LineScope, Payer, Split
from switch.model.ids import RegionCode
from switch.model.member import Institution, Member, year_key
from switch.model.money import Fen
from switch.rules.benefit import Benefit, find_cells, settle_flat, settle_group
from switch.rules.burden import settle_burden
from switch.rules.condition import Facts
from switch.rules.elsewhere import SpecialCare, area_of, holdings, place_of_care, special_care
from switch.rules.entitlement import (
    Entitled,
    check_card_loss,
    check_cover,
    day_of,
    decline_not_held,
    entitle,
)
from switch.rules.first_pay import take_first_pays
from switch.rules.groups import Case, Group, Rules, plan_beside, remainders, scope_groups
from switch.rules.plan import Plan
from switch.rules.remainder import Remainder
from switch.rules.scope import Totals
from switch.rules.tally import STAY_DEDUCTIBLE, Purse, Tally
from switch.rules.terms_benefit import Meter

__all__ = ["Rules", "adjudicate", "age_on"]


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
    year = plan.year.of(day_of(claim, plan.dates.year))
    key = year_key(plan.region, plan.insurance, year)
    stay = _stay(claim)
    once = bool(claim.stay) and claim.kind in INPATIENT_KINDS
    before = _sums(member, plan, year, stay, once=once)
    facts = _facts(claim, member, institution, entitled, plan, prescriber, before)
    diseases = {line.disease_code or claim.disease_code for line in claim.lines}
    refused = _check_cover(member, entitled, facts, day_of(claim, plan.dates.enrolment), diseases)
    if refused is not None:
        return refused
    named = facts
    if claim.kind in SPECIAL_KINDS and not claim.disease_code and any(diseases):
        # Its lines alone name a disease: the bill has no part without one to ask for.
        named = replace(facts, disease=min(diseases - {""}))
    place = place_of_care(claim, member, institution, plan, named)
    if isinstance(place, Decline):
        return place
    if place.filing != facts.filing:
        facts = replace(facts, filing=place.filing)
    special = _special(claim, member, institution, entitled, facts.area, diseases)
    if isinstance(special, Decline):
        return special
    uncovered = check_card_loss(member, claim.service_on)
    if uncovered is not None:
        return uncovered
    case = Case(claim, member, institution, entitled, facts, place, special)
    visit = claim.visit_id if claim.stay else ""
    tally = Tally(before, day_of(claim, plan.dates.year), stay, visit, once=once)
    if plan.reads_ordinal:
        tally.used(Meter(plan.reads_ordinal, ("admissions",), "year"))
    scoped = scope_groups(case, rules, tally)
    if isinstance(scoped, Decline):
        return scoped
    groups, lines = scoped
    return _decide(case, groups, lines, tally, key)


def _check_cover(
    member: Member, entitled: Entitled, facts: Facts, on: date, diseases: Collection[str]
) -> Decline | None:
    """Return why there is no cover: what is refused to one of its diseases is refused to a bill."""
    terms, enrolment = entitled.plan.entitlement, entitled.enrolment
    if terms is None:
        return None
    for disease in sorted(diseases) or [facts.disease]:
        asked = facts if disease == facts.disease else replace(facts, disease=disease)
        refused = check_cover(terms, member, enrolment, asked, on, entitled.book)
        if refused is not None:
            return refused
    return None


def _special(
    claim: Claim,
    member: Member,
    institution: Institution,
    entitled: Entitled,
    area: str,
    diseases: Collection[str],
) -> SpecialCare | Decline | None:
    """Return the special-disease benefit of a bill that asks for one: most do not."""
    if claim.kind not in SPECIAL_KINDS and not any(diseases):
        return None
    special_plan = plan_beside(claim, entitled, Kind.SPECIAL_DISEASE)
    return special_care(claim, member, institution, entitled.plan, special_plan, area)


def _days(claim: Claim) -> int:
    """Return how many days a stay has lasted: the last, or the day of an interim bill, is none."""
    if claim.admitted_on is None:
        return 1
    return max(1, ((claim.discharged_on or claim.service_on) - claim.admitted_on).days)


def _stay(claim: Claim) -> str:
    """Name the stay a claim belongs to: its visit's, its visit, or the day it began."""
    return claim.stay or claim.visit_id or str(claim.admitted_on or claim.service_on)


def _sums(member: Member, plan: Plan, year: int, stay: str, *, once: bool) -> Mapping[str, int]:
    """Return what the year's meters hold; a stay over New Year brings along what it counted."""
    sums = member.accumulators.get(year_key(plan.region, plan.insurance, year), {})
    last = member.accumulators.get(year_key(plan.region, plan.insurance, year - 1), {})
    begun: dict[str, int] = {}
    own = (STAY_DEDUCTIBLE,) if once else ()
    for meter in (*plan.meters, *own) if last else ():
        if meter.period == "stay":
            name = f"{meter.name}@{stay}"
            begun |= {
                key: n for key, n in last.items() if key == name or key.startswith(f"{name}@")
            }
    return sums if not begun else {**begun, **{k: n + begun.get(k, 0) for k, n in sums.items()}}


def _facts(
    claim: Claim,
    member: Member,
    institution: Institution,
    entitled: Entitled,
    plan: Plan,
    prescriber: Institution | None,
    before: Mapping[str, int],
) -> Facts:
    """Return what tables are looked up by, before the place's filing and a line's disease."""
    holding, filed = holdings(member, plan, day_of(claim, "admission"), institution)
    on = day_of(claim, plan.dates.enrolment)
    urgent = claim.emergency or claim.kind in EMERGENCY_KINDS
    admissions = before.get(plan.reads_ordinal, 0) if plan.reads_ordinal else 0
    return Facts(
        insurance=plan.insurance,
        kind=claim.kind,
        level=institution.level,
        deductible_level=institution.deductible_level,
        prescriber_level=institution.level if prescriber is None else prescriber.level,
        member_class=entitled.enrolment.member_class,
        sex=member.sex,
        age=age_on(member.born_on, day_of(claim, plan.dates.age)),
        area=area_of(institution, plan.region),
        filing="none",
        place=institution.region,
        institution=institution.code,
        emergency="yes" if urgent else "no",
        disease=claim.disease_code,
        ordinal=admissions + 1,
        filed=filed,
        standings=frozenset([item.word for item in member.standings if item.covers(on)]),
        tags=institution.tags,
        holding=holding,
        diagnoses=claim.diagnoses,
    )


def age_on(born_on: date, on: date) -> int:
    """Return the age in full years; a person is a year older from the birthday on."""
    years = on.year - born_on.year
    return max(0, years - ((on.month, on.day) < (born_on.month, born_on.day)))


def _decide(
    case: Case, groups: Sequence[Group], lines: tuple[LineScope, ...], tally: Tally, key: str
) -> Decision | Decline:
    """Settle the groups one after the other, then let the others of each plan pay, and join all."""
    member, entitled = case.member, case.entitled
    purse = Purse(
        member.account_current_fen, member.account_earlier_fen, member.account_relative_fen,
        use_account=case.claim.use_account,
    )  # fmt: skip
    paid: dict[FundPayType, int] = {}
    parts: dict[str, int] = {}
    left: dict[int, tuple[Plan, list[Remainder]]] = {}
    take_first_pays(groups, tally)
    for group in groups:
        benefit = _settle(group, tally, purse)
        if benefit is None:
            plan, level = group.plan, group.facts.level
            return decline_not_held(
                plan.region, plan.insurance, plan.kind, entitled.ruled_on, level=level
            )
        for fund, amount in benefit.funds.items():
            paid[fund] = paid.get(fund, 0) + amount
        for part, amount in benefit.parts.items():
            parts[part] = parts.get(part, 0) + amount
        left.setdefault(id(group.plan), (group.plan, []))[1].extend(remainders(group, benefit))
    hospital = cash = 0
    for plan, remains in left.values():
        borne, unpaid = settle_burden(plan, remains, paid, _days(case.claim), tally, purse)
        hospital += borne
        cash += unpaid
    _count_times(case, groups, tally)
    special_id = "" if case.special is None else case.special.filing_id
    return Decision(
        region_insured=RegionCode(entitled.plan.region),
        region_care=case.institution.region,
        insurance=entitled.enrolment.insurance,
        member_class=entitled.enrolment.member_class,
        clearing_type=entitled.plan.cover.clearing_type,
        filing_id=case.place.filing_id or special_id,
        split=_split(groups, paid, parts["deductible"], hospital, purse, cash),
        working=tuple(tally.steps),
        deltas={key: tally.deltas} if tally.deltas else {},
        consulted=frozenset([f"{key}#{name}" for name in tally.consulted]),
        year_to_date=tally.year_to_date(),
        rule_book=entitled.book.hash,
        ruled_on=entitled.ruled_on,
        parts=parts,
        lines=lines,
    )


def _split(
    groups: Sequence[Group],
    funds: Mapping[FundPayType, int],
    deductible: int,
    hospital: int,
    purse: Purse,
    cash: int,
) -> Split:
    bill = Totals()
    for group in groups:
        bill.join(group.totals)
    return Split(
        total_fen=Fen(bill.own + bill.over + bill.first + bill.in_scope),
        own_expense_fen=Fen(bill.own),
        over_limit_fen=Fen(bill.over),
        first_self_pay_fen=Fen(bill.first),
        in_scope_fen=Fen(bill.in_scope),
        deductible_fen=Fen(deductible),
        payers=tuple(Payer(fund, Fen(funds[fund])) for fund in sorted(funds) if funds[fund]),
        hospital_fen=Fen(hospital),
        account_current_fen=Fen(purse.paid["current"]),
        account_earlier_fen=Fen(purse.paid["earlier"]),
        account_relative_fen=Fen(purse.paid["relative"]),
        cash_fen=Fen(cash),
    )


def _count_times(case: Case, groups: Sequence[Group], tally: Tally) -> None:
    """Move what is counted in times: once a bill, or where by disease, once for each of it."""
    diseases = sorted({group.facts.disease for group in groups} - {""})
    meters = {meter.name: meter for group in groups for meter in group.plan.meters}
    for meter in meters.values():
        if meter.counts == ("visits",) or (meter.counts == ("admissions",) and case.admits):
            for disease in diseases if meter.by_disease and diseases else [case.claim.disease_code]:
                tally.add(meter, 1, disease)


def _settle(group: Group, tally: Tally, purse: Purse) -> Benefit | None:
    """Return the benefit of one group, or None where a table does not hold its level."""
    if group.flat is not None:
        return settle_flat(
            group.plan, group.flat, group.totals, group.facts, group.reduction, tally
        )
    cells = find_cells(group.plan, group.facts)
    if cells is None:
        return None
    return settle_group(group.plan, group.totals, group.facts, cells, group.reduction, tally, purse)
