"""Care in another city, and special diseases at home and away (design 6.2).

"Cross-city" compares cities; a filing permits, a reduction costs; both are dated data.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from switch.model.claim import Claim, FeeLine
from switch.model.codes import SPECIAL_KINDS, FilingKind
from switch.model.decision import Decline
from switch.model.frozen import frozen
from switch.model.ids import city_of
from switch.model.member import Filing, Institution, Member
from switch.model.reply import ReplyCode
from switch.rules.condition import Facts
from switch.rules.entitlement import day_of, decline_not_held
from switch.rules.filing import takes_in
from switch.rules.item import Item
from switch.rules.plan import Plan
from switch.rules.terms import CrossCity, Reduction, SpecialModes


@frozen
class Place:
    """Where care is given as seen from the insured city; `reduction` None: as at home.

    `filing`: the kind of cross-city filing that holds, or "none".
    """

    reduction: Reduction | None
    filing: str
    filing_id: str


def area_of(institution: Institution, region: str) -> str:
    """Return where an institution lies as seen from an insured region."""
    if city_of(institution.region) == city_of(region):
        return "home"
    return "province" if institution.region[:2] == region[:2] else "national"


def place_of_care(
    claim: Claim, member: Member, institution: Institution, plan: Plan, facts: Facts
) -> Place | Decline:
    """Return the reduction and filing that hold for the place of care, or why it is refused."""
    on = claim.service_on
    cross = plan.areas.get(facts.area)
    if facts.area == "home":
        if cross is None:
            return Place(None, "none", "")
        return _match(claim, member, institution, plan, cross, facts)
    since, until = institution.cross_city_since, institution.cross_city_until
    opened = since is not None and since <= on and (until is None or on <= until)
    if not opened and (cross is None or cross.opened):
        return Decline(ReplyCode.INSTITUTION_NOT_OPEN_CROSS_CITY, {"on": on.isoformat()})
    if cross is None:
        return decline_not_held(plan.region, plan.insurance, plan.kind, on, area=facts.area)
    return _match(claim, member, institution, plan, cross, facts)


def _match(
    claim: Claim,
    member: Member,
    institution: Institution,
    plan: Plan,
    cross: CrossCity,
    facts: Facts,
) -> Place | Decline:
    """Return the first row whose filing is in force on the day the rule names.

    With filing_on = admission, "a stay begun within the filing is settled even if the filing
    ends" (national rule for care in another region, domain facts 2.5).
    """
    on = day_of(claim, cross.filing_on)
    filings = [item for item in member.filings if city_of(item.region) == city_of(plan.region)]
    place = institution.region
    for row in cross.rows:
        filing = _filing_of(row, filings, place, on)
        if filing is None and row.filing != "none":
            continue
        seen = facts if row.filing == facts.filing else replace(facts, filing=row.filing)
        if not row.condition.holds(seen):
            continue
        if row.form == "refuse":
            return _refused(cross, filings, place, on)
        here = filing is not None and row.at == "here"
        reduction = None if row.form == "none" else row
        return Place(reduction, row.filing, filing.filing_id if filing and here else "")
    if facts.area == "home":
        return Place(None, "none", "")  # A rule for care at home is for whom it names.
    return _refused(cross, filings, place, on)


def _refused(cross: CrossCity, filings: Sequence[Filing], place: str, on: date) -> Decline:
    """Return why care here is refused: a filing that ended, or none."""
    accepted = {row.filing for row in cross.rows}
    ended = [
        item.until
        for item in filings
        if item.kind in accepted
        and takes_in(item.place, place)
        and item.until is not None
        and item.until < on
    ]
    if ended:
        return Decline(ReplyCode.FILING_ENDED, {"place": place, "until": max(ended).isoformat()})
    return Decline(ReplyCode.FILING_MISSING, {"place": place})


def _filing_of(row: Reduction, filings: Sequence[Filing], place: str, on: date) -> Filing | None:
    for filing in filings:
        here = takes_in(filing.place, place)
        if filing.kind == row.filing and filing.covers(on) and here == (row.at == "here"):
            return filing
    return None


@frozen
class SpecialCare:
    """The special-disease benefit of a bill: its plan, and which lines belong to which disease."""

    plan: Plan
    modes: SpecialModes
    filings: tuple[Filing, ...]
    listed: frozenset[str]
    whole_bill: str
    """The claim's disease code where it stands for unmarked lines (mode "open"), else ''."""
    filing_id: str

    def disease_of(self, line: FeeLine, item: Item | None) -> str:
        """Return the disease a line belongs to, or '': marked, on the list, under a filing on the
        line's date.
        """
        disease = line.disease_code or self.whole_bill
        if not disease or disease not in self.listed:
            return ""
        if self.modes.items_listed and (item is None or disease not in item.diseases):
            return ""
        filed = any(one.disease_code == disease and one.covers(line.on) for one in self.filings)
        return disease if filed else ""


def special_care(
    claim: Claim,
    member: Member,
    institution: Institution,
    plan: Plan,
    special_plan: Plan | None,
    area: str,
) -> SpecialCare | Decline | None:
    """Return the special-disease benefit of a bill, None where it has none, or why it is refused.

    Under `refuse` a kind-14 bill is declined whole, and so is an ordinary bill with marked lines;
    care with a stay never is: its plan has no modes. A policy without a list of diseases settles a
    kind-14 bill whole, by its own rules.
    """
    modes = plan.special_modes
    marks = {line.disease_code for line in claim.lines if line.disease_code}
    whole = claim.kind in SPECIAL_KINDS
    if modes is None or not (whole or marks):
        return None
    named = claim.disease_code or min(marks, default="")
    codes = marks | {named} if whole else marks
    if area != "home" and (
        institution.level not in modes.elsewhere_levels
        or any(modes.mode(code, area) == "refuse" for code in codes)
    ):
        return Decline(ReplyCode.SPECIAL_DISEASE_EXCLUDED_CROSS_CITY, {})
    if special_plan is None or special_plan.special_diseases is None:
        return None
    filings = special_filings(member, plan.region)
    listed = frozenset(special_plan.special_diseases.names)
    filing_id, whole_bill = "", ""
    if whole:
        found = _filing_for(named, filings, claim.service_on)
        if found is None:
            facts = {"on": claim.service_on.isoformat(), "disease": named or "-"}
            return Decline(ReplyCode.SPECIAL_DISEASE_FILING_MISSING, facts)
        if named not in listed:
            return Decline(ReplyCode.SPECIAL_DISEASE_NOT_LISTED, {"disease": named})
        filing_id = found.filing_id
        whole_bill = named if modes.mode(named, area) == "open" else ""
    return SpecialCare(special_plan, modes, filings, listed, whole_bill, filing_id)


def special_filings(member: Member, region: str) -> tuple[Filing, ...]:
    """Return a member's special-disease filings with the insured city."""
    return tuple(
        item
        for item in member.filings
        if item.kind is FilingKind.SPECIAL_DISEASE and city_of(item.region) == city_of(region)
    )


def holdings(
    member: Member, plan: Plan, on: date, institution: Institution
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the kinds of filing in force on a day with the insured city, and the diseases filed.

    A filing for a disease that the policy's list does not hold counts for nothing, and so does one
    that chose another institution.
    """
    listed = None if plan.special_diseases is None else plan.special_diseases.names
    kinds, diseases = set(), set()
    for item in member.filings:
        if not item.covers(on) or city_of(item.region) != city_of(plan.region):
            continue
        if item.kind is FilingKind.SPECIAL_DISEASE:
            if listed is not None and item.disease_code not in listed:
                continue
            diseases.add(item.disease_code)
        if item.kind is FilingKind.DESIGNATED and item.institution != institution.code:
            continue
        kinds.add(str(item.kind))
    return frozenset(kinds), frozenset(diseases)


def _filing_for(disease: str, filings: Sequence[Filing], on: date) -> Filing | None:
    for filing in filings:
        if filing.disease_code == disease and filing.covers(on):
            return filing
    return None
