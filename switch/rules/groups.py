"""The groups of a bill: lines that share a plan and a disease, or are settled apart.

Each line is scoped into its group; the groups are settled one after the other by `benefit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from switch.model.claim import Claim
from switch.model.codes import INPATIENT_KINDS, SPECIAL_KINDS, Kind
from switch.model.decision import Decline, LineScope
from switch.model.frozen import frozen
from switch.model.ids import city_of
from switch.model.member import Institution, Member
from switch.model.reply import ReplyCode
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue
from switch.rules.condition import Facts
from switch.rules.elsewhere import Place, SpecialCare, place_of_care
from switch.rules.entitlement import Entitled, decline_not_held, plan_of
from switch.rules.plan import Plan
from switch.rules.scope import Scoper, Totals, net_lines
from switch.rules.tally import Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import FlatGroup


@frozen
class Rules:
    """All reference data of adjudication: books by pooling region, catalogues by region of care.

    A catalogue may stand under a region, its city ("330200") or its province ("330000"); a policy
    that brings items of its own is the catalogue of its region.
    """

    books: Mapping[str, RuleBook]
    catalogues: Mapping[str, Catalogue]

    def catalogue_of(self, region: str) -> Catalogue | None:
        """Return the catalogue in force at a region: its own, its city's or its province's."""
        found = self.catalogues
        book = self.books.get(region)
        return (
            found.get(region)
            or (None if book is None else book.catalogue)
            or found.get(f"{city_of(region)}00")
            or found.get(f"{region[:2]}0000")
        )


@dataclass(slots=True)
class Group:
    """Lines that share a plan and a disease, or a flat group, and their reduction elsewhere.

    A flat group's own payer is not reduced, but those after it are.
    """

    plan: Plan
    totals: Totals
    reduction: Reduction | None
    facts: Facts
    flat: FlatGroup | None = None


@frozen
class Case:
    """What every step asks for: the claim, the person, the places, and what was found of them."""

    claim: Claim
    member: Member
    institution: Institution
    entitled: Entitled
    facts: Facts
    place: Place
    special: SpecialCare | None

    @property
    def admits(self) -> bool:
        """Whether the bill counts as an admission: it ends a stay. Interim bills admit nobody.

        A bill without a stay is none, though its plan may ask for the ordinal of one.
        """
        stay = self.claim.kind in INPATIENT_KINDS or self.claim.admitted_on is not None
        return stay and not self.claim.interim


def scope_groups(
    case: Case, rules: Rules, tally: Tally
) -> tuple[list[Group], tuple[LineScope, ...]] | Decline:
    """Scope every line into its group: settled apart, by special disease, or ordinary."""
    plan, special = case.entitled.plan, case.special
    care, insured = case.institution.region, plan.region
    catalogue = rules.catalogue_of(care if plan.scope.catalogue == "care" else insured)
    ratios = (
        catalogue
        if plan.scope.ratios == plan.scope.catalogue
        else rules.catalogue_of(care if plan.scope.ratios == "care" else insured)
    )
    if catalogue is None or ratios is None:
        return decline_not_held(care, plan.insurance, plan.kind, case.entitled.ruled_on)
    without = "paid" if plan.entitlement is None else plan.entitlement.prescribed
    prescribed = case.claim.prescription is not None
    scoper = Scoper(plan.scope, case.facts, tally.steps, prescribed=prescribed, without=without)
    sums: dict[tuple[str, FlatGroup | None], Totals] = {}
    # In order of their numbers, whatever the message's: lines may share a limit.
    for line in sorted(net_lines(case.claim.lines), key=lambda one: one.number):
        item = catalogue.find(line.code, line.on)
        if item is not None and item.prescription and not prescribed and without == "declined":
            return Decline(ReplyCode.PRESCRIPTION_MISSING, {"line": str(line.number)})
        flat = None
        if plan.flat and item is not None and item.group:
            flat = next((one for one in plan.flat if item.group in one.groups), None)
        disease = "" if special is None or flat is not None else special.disease_of(line, item)
        totals = sums.get((disease, flat))
        if totals is None:
            totals = sums[disease, flat] = Totals()
        ratio_item = item if ratios is catalogue else ratios.find(line.code, line.on)
        scoper.add(line, item, ratio_item, totals, disease)
    groups = _groups(case, sums)
    return groups if isinstance(groups, Decline) else (groups, tuple(scoper.lines))


def _groups(
    case: Case, sums: Mapping[tuple[str, FlatGroup | None], Totals]
) -> list[Group] | Decline:
    """Return the groups of the bill in the order they are settled: apart, special, ordinary.

    On a kind-14 bill the lines that do not belong take the ordinary outpatient benefit.
    """
    plan, special, place = case.entitled.plan, case.special, case.place
    whole = case.claim.kind in SPECIAL_KINDS and special is not None
    groups = [
        Group(plan, sums["", flat], place.reduction, case.facts, flat)
        for flat in plan.flat
        if ("", flat) in sums
    ]
    if special is not None:
        reduction, facts = place.reduction, case.facts
        if special.plan is not plan:
            reduction, facts = _elsewhere(case, special.plan)
        apart = special.plan.special_diseases is not None and special.plan.special_diseases.apart
        joined: dict[str, Totals] = {}
        for (disease, flat), totals in sums.items():
            if disease and flat is None:
                joined.setdefault(disease if apart else "", Totals()).join(totals)
        if whole and not joined:
            joined[case.claim.disease_code if apart else ""] = Totals()
        groups += [
            Group(special.plan, totals, reduction, replace(facts, disease=disease))
            for disease, totals in sorted(joined.items())
        ]
    ordinary = sums.get(("", None))
    if not whole:
        if ordinary is not None or not groups:
            ordinary = ordinary or Totals()
            groups.append(Group(plan, ordinary, place.reduction, case.facts))
    elif ordinary is not None:
        outpatient = plan_beside(case.claim, case.entitled, Kind.OUTPATIENT)
        if outpatient is None:
            return decline_not_held(
                plan.region, plan.insurance, Kind.OUTPATIENT, case.entitled.ruled_on
            )
        reduction, facts = _elsewhere(case, outpatient)
        groups.append(Group(outpatient, ordinary, reduction, replace(facts, disease="")))
    return groups


def _elsewhere(case: Case, plan: Plan) -> tuple[Reduction | None, Facts]:
    """Return the reduction and the facts of a second plan on a bill whose place is admitted.

    Its kind is the plan's: the lines take the benefit of that kind, and so its rows.
    """
    facts = replace(case.facts, kind=plan.kind)
    place = place_of_care(case.claim, case.member, case.institution, plan, facts)
    return (place.reduction if isinstance(place, Place) else None), facts


def plan_beside(claim: Claim, entitled: Entitled, kind: Kind) -> Plan | None:
    """Return the plan of another kind of care for the same enrolment.

    A bill that is itself for a special disease is settled by its own kind's plan.
    """
    if claim.kind == kind or (kind == Kind.SPECIAL_DISEASE and claim.kind in SPECIAL_KINDS):
        return entitled.plan
    held, _ = plan_of(entitled.book, entitled.enrolment.insurance, kind, claim)
    return held if isinstance(held, Plan) else None
