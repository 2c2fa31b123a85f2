"""Care in another city, and special diseases at home and away (design 6.2).

"Cross-city" compares cities; a filing permits, a reduction costs; both are dated data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from switch.model.claim import Claim, FeeLine
from switch.model.codes import FilingKind, Kind
from switch.model.decision import Decline
from switch.model.ids import city_of
from switch.model.member import Filing, Institution, Member
from switch.model.reply import ReplyCode
from switch.rules.catalogue import Item
from switch.rules.entitlement import day_of, decline_not_held
from switch.rules.terms import CrossCity, Plan, Reduction, SpecialModes


@dataclass(frozen=True, slots=True)
class Place:
    """Where care is given as seen from the insured city; `reduction` None: as at home."""

    away: bool
    reduction: Reduction | None
    filing_id: str


def place_of_care(
    claim: Claim, member: Member, institution: Institution, plan: Plan
) -> Place | Decline:
    """Return the reduction and filing that hold for the place of care, or why it is refused."""
    away = city_of(institution.region) != city_of(plan.region)
    if not away:
        cross = plan.areas.get("home")
        return Place(away, None, "") if cross is None else _match(
            claim, member, institution, plan, cross, away=False
        )  # fmt: skip
    on = claim.service_on
    since, until = institution.cross_city_since, institution.cross_city_until
    if since is None or on < since or (until is not None and on > until):
        return Decline(ReplyCode.INSTITUTION_NOT_OPEN_CROSS_CITY, {"on": on.isoformat()})
    same_province = institution.region[:2] == plan.region[:2]
    cross = plan.areas.get("province") if same_province else None
    if cross is None:
        return decline_not_held(plan.region, plan.insurance, plan.kind, on)
    return _match(claim, member, institution, plan, cross, away=True)


def reduction_of(
    claim: Claim, member: Member, institution: Institution, plan: Plan
) -> Reduction | None:
    """Return the reduction of a second plan on a bill whose place is already admitted."""
    place = place_of_care(claim, member, institution, plan)
    return place.reduction if isinstance(place, Place) else None


def _match(
    claim: Claim,
    member: Member,
    institution: Institution,
    plan: Plan,
    cross: CrossCity,
    *,
    away: bool,
) -> Place | Decline:
    """Return the first row whose filing is in force on the day the rule names.

    With filing_on = admission, "a stay begun within the filing is settled even if the filing
    ends" (national rule for care in another region, domain facts 2.5).
    """
    on = day_of(claim, cross.filing_on)
    filings = [item for item in member.filings if city_of(item.region) == city_of(plan.region)]
    for row in cross.rows:
        if institution.level not in row.levels:
            continue
        reduction = None if row.form == "none" else row
        if row.filing == "none":
            return Place(away, reduction, "")
        for filing in filings:
            here = _is_for(filing, institution.region)
            if filing.kind == row.filing and filing.covers(on) and here == (row.at == "here"):
                return Place(away, reduction, filing.filing_id if here else "")
    accepted = {row.filing for row in cross.rows}
    ended = [
        item.until
        for item in filings
        if item.kind in accepted
        and _is_for(item, institution.region)
        and item.until is not None
        and item.until < on
    ]
    if ended:
        facts = {"place": institution.region, "until": max(ended).isoformat()}
        return Decline(ReplyCode.FILING_ENDED, facts)
    return Decline(ReplyCode.FILING_MISSING, {"place": institution.region})


def _is_for(filing: Filing, region: str) -> bool:
    """Say whether a filing's place takes in a region; '' is anywhere, '33' a province."""
    return region.startswith(filing.place) or city_of(filing.place) == city_of(region)


@dataclass(frozen=True, slots=True)
class SpecialCare:
    """The special-disease benefit of a bill: its plan, and which lines belong to it."""

    plan: Plan
    modes: SpecialModes
    filings: tuple[Filing, ...]
    listed: frozenset[str]
    whole_bill: str
    """The claim's disease code where it stands for unmarked lines (mode "open"), else ''."""
    filing_id: str

    def takes(self, line: FeeLine, item: Item | None) -> bool:
        """Say whether a line belongs: marked, on the list, under a filing on the line's date."""
        disease = line.disease_code or self.whole_bill
        if not disease or disease not in self.listed:
            return False
        if self.modes.items_listed and (item is None or disease not in item.diseases):
            return False
        return any(
            filing.disease_code == disease and filing.covers(line.on) for filing in self.filings
        )


def special_care(
    claim: Claim,
    member: Member,
    institution: Institution,
    plan: Plan,
    special_plan: Plan | None,
    *,
    away: bool,
) -> SpecialCare | Decline | None:
    """Return the special-disease benefit of a bill, None where it has none, or why it is refused.

    Under `refuse` a kind-14 bill is declined whole, and so is an ordinary bill with marked lines;
    care with a stay never is: its plan has no modes.
    """
    modes = plan.special_modes
    marks = {line.disease_code for line in claim.lines if line.disease_code}
    whole = claim.kind == Kind.SPECIAL_DISEASE
    if modes is None or not (whole or marks):
        return None
    codes = marks | {claim.disease_code} if whole else marks
    if away and (
        institution.level not in modes.elsewhere_levels
        or any(modes.mode(code, away=True) == "refuse" for code in codes)
    ):
        return Decline(ReplyCode.SPECIAL_DISEASE_EXCLUDED_CROSS_CITY, {})
    if special_plan is None or special_plan.special_diseases is None:
        return None
    filings = special_filings(member, plan.region)
    listed = frozenset(special_plan.special_diseases.names)
    filing_id, whole_bill = "", ""
    if whole:
        named = claim.disease_code or min(marks, default="")
        found = _filing_for(named, filings, claim.service_on)
        if found is None:
            facts = {"on": claim.service_on.isoformat(), "disease": named or "-"}
            return Decline(ReplyCode.SPECIAL_DISEASE_FILING_MISSING, facts)
        if named not in listed:
            return Decline(ReplyCode.SPECIAL_DISEASE_NOT_LISTED, {"disease": named})
        filing_id = found.filing_id
        whole_bill = named if modes.mode(named, away=away) == "open" else ""
    return SpecialCare(special_plan, modes, filings, listed, whole_bill, filing_id)


def special_filings(member: Member, region: str) -> tuple[Filing, ...]:
    """Return a member's special-disease filings with the insured city."""
    return tuple(
        item
        for item in member.filings
        if item.kind is FilingKind.SPECIAL_DISEASE and city_of(item.region) == city_of(region)
    )


def deductible_waived(claim: Claim, member: Member, plan: Plan) -> bool:
    """Say whether a special-disease filing frees the bill of its deductible (dated policy)."""
    if not plan.deductible.waived_by_special_disease or plan.special_diseases is None:
        return False
    on = day_of(claim, "admission")
    return any(
        item.disease_code in plan.special_diseases.names and item.covers(on)
        for item in special_filings(member, plan.region)
    )


def _filing_for(disease: str, filings: Sequence[Filing], on: date) -> Filing | None:
    for filing in filings:
        if filing.disease_code == disease and filing.covers(on):
            return filing
    return None
