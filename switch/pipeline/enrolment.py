"""The insurance that a filing or a visit is for: the one active on its first day."""

from datetime import date

from switch.model.decision import Decline
from switch.model.member import Enrolment, Member
from switch.model.reply import ReplyCode


def enrolment_on(member: Member, on: date, region: str, insurance: str) -> Enrolment | Decline:
    """Return the insurance active on a day. `region`, `insurance`: "" for the only one."""
    active = {
        (one.region, one.insurance): one
        for one in member.enrolments
        if one.covers(on) and region in {"", one.region} and insurance in {"", one.insurance}
    }
    if not active:
        return Decline(ReplyCode.NOT_INSURED, {"on": on.isoformat(), "region": region or "-"})
    if len(active) > 1:
        choices = ", ".join(f"{place}/{kind}" for place, kind in sorted(active))
        return Decline(ReplyCode.INSURANCE_AMBIGUOUS, {"choices": choices})
    return next(iter(active.values()))
