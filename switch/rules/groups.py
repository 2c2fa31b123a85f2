"""The groups of a bill: lines that share a plan and a disease, or are settled apart.

Each line is scoped into its group; the groups are settled one after the other by `benefit`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from switch.model.claim import Claim
from switch.model.codes import INPATIENT_KINDS, SPECIAL_KINDS, Kind
from switch.model.decision import Decline, LineScope
from switch.model.ids import city_of
from switch.model.member import Institution, Member
from switch.model.reply import ReplyCode
from switch.rules.benefit import Benefit
from switch.rules.book import RuleBook
from switch.rules.catalogue import Catalogue
from switch.rules.condition import Facts
from switch.rules.elsewhere import Place, SpecialCare, place_of_care
from switch.rules.entitlement import Entitled, decline_not_held, plan_of
from switch.rules.plan import Plan
from switch.rules.remainder import Remainder
from switch.rules.scope import Scoper, Totals, net_lines
from switch.rules.tally import Tally
from switch.rules.terms import Reduction
from switch.rules.terms_benefit import FlatGroup
from switch.rules.words import LINE_PARTS


@dataclass(frozen=True, slots=True)
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
    """Lines that share a plan, a disease, a flat group or none; and their reduction elsewhere."""

    plan: Plan
    totals: Totals
    reduction: Reduction | None
    facts: Facts
    flat: FlatGroup | None = None


@dataclass(frozen=True, slots=True)
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
        disease = "" if special is None else special.disease_of(line, item)
        totals = sums.get((disease, flat))
        if totals is None:
            totals = sums[disease, flat] = Totals()
        ratio_item = item if ratios is catalogue else ratios.find(line.code, line.on)
        scoper.add(line, item, ratio_item, totals, disease)
        if flat is None and item is not None and item.group:
            totals.note(item.group, scoper.lines[-1])
    groups = _groups(case, sums)
    return groups if isinstance(groups, Decline) else (groups, tuple(scoper.lines))


def _groups(
    case: Case, sums: Mapping[tuple[str, FlatGroup | None], Totals]
) -> list[Group] | Decline:
    """Return the groups of the bill in the order they are settled: apart, special, ordinary.

    On a kind-14 bill the lines that do not belong take the ordinary outpatient benefit.
    """
    plan, special = case.entitled.plan, case.special
    groups: list[Group] = []
    for apart in plan.flat:
        for disease in sorted([disease for disease, flat in sums if flat is apart]):
            of = case.facts.disease if special is None else disease
            group = _group_of(case, plan, of, sums[disease, apart], apart)
            if isinstance(group, Decline):
                return group
            groups.append(group)
    whole = case.claim.kind in SPECIAL_KINDS and special is not None
    if special is not None:
        listed = special.plan.special_diseases
        each = listed is not None and listed.apart
        joined: dict[str, Totals] = {}
        for (disease, flat), totals in sums.items():
            if disease and flat is None:
                joined.setdefault(disease if each else "", Totals()).join(totals)
        if whole and not joined:
            joined[case.claim.disease_code if each else ""] = Totals()
        for disease, totals in sorted(joined.items()):
            group = _group_of(case, special.plan, disease, totals)
            if isinstance(group, Decline):
                return group
            groups.append(group)
    ordinary = sums.get(("", None))
    if not whole:
        if ordinary is not None or not groups:
            ordinary = ordinary or Totals()
            groups.append(Group(plan, ordinary, case.place.reduction, case.facts))
    elif ordinary is not None:
        outpatient = plan_beside(case.claim, case.entitled, Kind.OUTPATIENT)
        if outpatient is None:
            return decline_not_held(
                plan.region, plan.insurance, Kind.OUTPATIENT, case.entitled.ruled_on
            )
        group = _group_of(case, outpatient, "", ordinary)
        if isinstance(group, Decline):
            return group
        groups.append(group)
    return groups


def remainders(group: Group, benefit: Benefit) -> list[Remainder]:
    """Return what the basic fund leaves of a group, for whoever pays after it."""
    parts, facts, reduction = benefit.parts, group.facts, group.reduction
    total = sum(parts.values()) + sum(benefit.funds.values())
    found = []
    for name, sums in group.totals.groups.items():
        if group.flat is None and name in group.plan.payer_groups:
            # What lies outside the scope is known by line; the rest is the whole group's.
            own = dict.fromkeys(parts, 0)
            for part, amount in zip(LINE_PARTS, sums, strict=True):
                own[part] = amount
                parts[part] -= amount
            total -= sum(sums)
            found.append(Remainder(facts, reduction, own, sum(sums), 0, frozenset({name})))
    groups = frozenset() if group.flat is None else group.flat.groups
    return [Remainder(facts, reduction, parts, total, benefit.basic, groups), *found]


def _group_of(
    case: Case, plan: Plan, disease: str, totals: Totals, flat: FlatGroup | None = None
) -> Group | Decline:
    """Return the group of a disease's lines, or of a second plan's, with what care here costs it.

    Its kind is the plan's: the lines take the benefit of that kind, and so its rows. A row that
    refuses them refuses the bill; a plan that says nothing of care here takes nothing off.
    """
    if plan is case.entitled.plan and disease == case.facts.disease:
        return Group(plan, totals, case.place.reduction, case.facts, flat)
    facts = replace(case.facts, kind=plan.kind, disease=disease)
    if facts.area not in plan.areas:
        return Group(plan, totals, None, facts, flat)
    place = place_of_care(case.claim, case.member, case.institution, plan, facts)
    if isinstance(place, Decline):
        return place
    return Group(plan, totals, place.reduction, replace(facts, filing=place.filing), flat)


def plan_beside(claim: Claim, entitled: Entitled, kind: Kind) -> Plan | None:
    """Return the plan of another kind of care for the same enrolment.

    A bill that is itself for a special disease is settled by its own kind's plan.
    """
    if claim.kind == kind or (kind == Kind.SPECIAL_DISEASE and claim.kind in SPECIAL_KINDS):
        return entitled.plan
    held, _ = plan_of(entitled.book, entitled.enrolment.insurance, kind, claim)
    return held if isinstance(held, Plan) else None
