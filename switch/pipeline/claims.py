"""Admits and adjudicates a claim: the part that presettle and settle share, word for word."""

from switch.model.claim import Claim, Evidence, IdentityEvidence
from switch.model.decision import Decline
from switch.model.fault import malformed
from switch.model.ids import InstitutionCode, city_of
from switch.model.member import Institution, Member
from switch.model.stages import Adjudicated, Admitted
from switch.pipeline.family import with_relatives
from switch.pipeline.view import View
from switch.rules.adjudicate import adjudicate


def admit(
    view: View, claim: Claim, member: Member, institution: InstitutionCode
) -> Admitted | Decline:
    """Return the claim with its person and place of care.

    Raises: Fault MALFORMED when the stated place of care is not where the institution lies.
    """
    place = view.institution(institution)
    if isinstance(place, Decline):
        return place
    if city_of(claim.region_care) != city_of(place.region):
        raise malformed("claim.mdtrtarea_admvs", f"the institution lies in region {place.region}")
    return Admitted(claim, with_relatives(view, claim, member), place)


def prescriber_of(view: View, claim: Claim) -> Institution | None:
    """Return the institution that prescribed, when the claim names one we know."""
    if claim.prescription is None:
        return None
    return view.reference.institutions.get(claim.prescription.institution)


def adjudicated(view: View, admitted: Admitted, evidence: Evidence) -> Adjudicated | Decline:
    """Return the admitted claim with its decision, or the rule that declined it."""
    decision = adjudicate(
        admitted.claim,
        admitted.member,
        admitted.institution,
        view.reference.rules,
        prescriber=prescriber_of(view, admitted.claim),
        by_identity=isinstance(evidence, IdentityEvidence),
    )
    return decision if isinstance(decision, Decline) else Adjudicated(admitted, decision)
