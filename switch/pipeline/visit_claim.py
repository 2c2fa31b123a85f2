"""Settling by visit: a claim that names a visit and sends no lines takes all that are unsettled.

A claim may also name a visit and send its lines itself, as the fee of a registration: it is then
tied to the visit, whose stay and per-visit rules see it, and takes none of the visit's lines.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from switch.model.claim import Claim, FeeLine
from switch.model.codes import INPATIENT_KINDS
from switch.model.decision import Decline
from switch.model.fault import Fault, FaultReason
from switch.model.ids import InstitutionCode, MemberId, RequestId, is_visit_id
from switch.model.journal import Journal
from switch.model.money import Fen
from switch.model.reply import ReplyCode
from switch.model.stages import Settle, Undo
from switch.model.visit import Changes, Taking, Visit, VisitEvent, VisitState, within
from switch.pipeline.view import Register, View, named
from switch.pipeline.visit import act_of, refused_in

_FIELDS: Final = {
    "region_insured": "insuplc_admdvs",
    "insurance": "insutype",
    "kind": "med_type",
    "admitted_on": "adm_time",
    "discharged_on": "dscg_time",
}
"""What of a claim must be its visit's where it is stated: our name → the national one."""


@dataclass(frozen=True, slots=True)
class Billed:
    """A claim as it is adjudicated, its visit, and the changes whose lines it takes."""

    claim: Claim
    visit: Visit | None = None
    took: tuple[Changes, ...] = ()

    final: bool = False
    """Whether it settles a stay finally."""


def billed(
    view: View, claim: Claim, member_id: MemberId, institution: InstitutionCode
) -> Billed | Decline:
    """Return a claim with what its visit says, or why it is not settled, by the lowest code."""
    if not claim.visit_id or not is_visit_id(claim.visit_id):  # most claims
        return Billed(claim)
    visit = view.visits.get(claim.visit_id)
    if visit is None or visit.member_id != member_id:
        return Decline(ReplyCode.VISIT_UNKNOWN, {"visit": claim.visit_id})
    if visit.institution != institution:
        return Decline(ReplyCode.VISIT_OF_ANOTHER, {"visit": claim.visit_id})
    takes = not claim.lines
    differs = _difference(claim, visit, takes=takes)
    if differs:
        facts = {"field": differs, "visit": claim.visit_id}
        return Decline(ReplyCode.VISIT_DIFFERS, facts)
    refused = _not_settled(claim, visit, takes=takes)
    if refused is not None:
        return refused
    if not takes:
        return Billed(filled(claim, visit, claim.lines), visit)
    took = visit.unsettled()
    lines = taken(
        ((one.line, one.change) for one in view.lines.get(visit.visit_id, {}).values()), took
    )
    total = sum(line.amount_fen for line in lines)
    if not lines and not (visit.is_stay and not claim.interim):
        return Decline(ReplyCode.VISIT_NOTHING_TO_SETTLE, {"visit": claim.visit_id})
    if total != claim.total_fen:
        facts = {"sum": str(total), "stated": str(claim.total_fen)}
        return Decline(ReplyCode.VISIT_TOTAL_DIFFERS, facts)
    final = visit.is_stay and not claim.interim
    return Billed(filled(claim, visit, lines), visit, took, final)


def filled(claim: Claim, visit: Visit, lines: tuple[FeeLine, ...]) -> Claim:
    """Return a claim with what its visit says where the claim itself says nothing."""
    stay = claim.kind in INPATIENT_KINDS
    return replace(
        claim,
        region_insured=visit.region,
        insurance=visit.insurance,
        admitted_on=visit.details.begun_on if stay else claim.admitted_on,
        discharged_on=visit.ended_on if stay else claim.discharged_on,
        diagnoses=claim.diagnoses or visit.details.diagnoses,
        disease_code=claim.disease_code or visit.details.disease_code,
        lines=lines,
        stay=visit.stay,
    )


def taken(lines: Iterable[tuple[FeeLine, int]], took: tuple[Changes, ...]) -> tuple[FeeLine, ...]:
    """Return the lines that came with some changes, by number."""
    if len(took) == 1:  # nearly always
        [(after, upto)] = took
        found = [line for line, change in lines if after < change <= upto]
    else:
        found = [line for line, change in lines if within(change, took)]
    return tuple(sorted(found, key=_number))


def settled(view: View, operation: Settle, bill: Billed, journal: Journal) -> Visit | None:
    """Return the visit as a settlement of it leaves it; None when it is of no visit."""
    visit = bill.visit
    if visit is None:
        return None
    taking = Taking(operation.request_id, named(journal.ref), bill.took, bill.final)
    return replace(
        visit,
        state=VisitState.SETTLED if bill.final else visit.state,
        unsettled_fen=Fen(0) if not operation.claim.lines else visit.unsettled_fen,
        settlements=(*visit.settlements, taking),
        changed=act_of(operation, view),
    )


def undone(view: View, operation: Undo, original: Register, journal: Journal) -> Visit | None:
    """Return the visit as the undoing of a settlement leaves it; None when it is of no visit.

    Its lines are unsettled again; a stay that it settled finally is discharged, no more. Raises:
    Fault when the visit does not hold the settlement, which is our own mistake.
    """
    if not original.visit_id:
        return None
    visit = view.visits.get(original.visit_id)
    gone = None if visit is None else _taking(visit, original.request_id)
    if visit is None or gone is None:
        raise Fault(FaultReason.INTERNAL, "the original's visit is missing")
    given_back = journal.total_fen if gone.took else 0
    return replace(
        visit,
        state=VisitState.DISCHARGED if gone.final else visit.state,
        unsettled_fen=Fen(visit.unsettled_fen + given_back),
        settlements=tuple(one for one in visit.settlements if one is not gone),
        changed=act_of(operation, view),
    )


def later(view: View, original: Register) -> tuple[Taking, ...]:
    """Return the settlements that took lines of an original's visit after it did."""
    visit = view.visits.get(original.visit_id) if original.visit_id else None
    return () if visit is None else visit.later(original.request_id)


def _difference(claim: Claim, visit: Visit, *, takes: bool) -> str:
    """Return the national name of the first field in which a claim contradicts its visit."""
    stay = takes and visit.is_stay
    visits = {
        "region_insured": visit.region,
        "insurance": visit.insurance,
        "kind": visit.details.kind if takes else claim.kind,
        "admitted_on": visit.details.begun_on if stay else claim.admitted_on,
        "discharged_on": visit.ended_on if stay else claim.discharged_on,
    }
    if not takes and claim.kind in INPATIENT_KINDS:
        return "feedetail"  # a stay's lines are the visit's
    return next(
        (
            national
            for name, national in _FIELDS.items()
            if getattr(claim, name) not in {visits[name], "", None}
        ),
        "",
    )


def _not_settled(claim: Claim, visit: Visit, *, takes: bool) -> Decline | None:
    ends = takes and visit.is_stay and not claim.interim
    return refused_in(visit, VisitEvent.SETTLE_FINALLY if ends else VisitEvent.SETTLE)


def _taking(visit: Visit, request_id: RequestId) -> Taking | None:
    return next((one for one in visit.settlements if one.request_id == request_id), None)


def _number(line: FeeLine) -> int:
    return line.number
