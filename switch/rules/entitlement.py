"""Entitlement: under which insurance and plan, and whether at all (design 6.0).

Several reasons may hold at once; the lowest reply code is given, so the order here is the order
of the codes.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from switch.model.card import CARD_LOST
from switch.model.claim import Claim
from switch.model.codes import InjuryCause
from switch.model.decision import Decline
from switch.model.frozen import frozen
from switch.model.member import Enrolment, Institution, Member
from switch.model.reply import ReplyCode
from switch.rules.book import Held, NotCovered, RuleBook
from switch.rules.condition import Facts
from switch.rules.filing import months_later
from switch.rules.plan import Plan
from switch.rules.terms import Entitlement


@frozen
class Entitled:
    """The enrolment and the plan that decide a claim, and the day the policy is read on."""

    book: RuleBook
    enrolment: Enrolment
    plan: Plan
    ruled_on: date


def day_of(claim: Claim, word: str) -> date:
    """Return the day a policy names: service, admission or discharge (else the service day)."""
    if word == "admission":
        return claim.admitted_on or claim.service_on
    if word == "discharge":
        return claim.discharged_on or claim.service_on
    return claim.service_on


def plan_of(book: RuleBook, insurance: str, kind: str, claim: Claim) -> tuple[Held, date]:
    """Return what is held for a claim and the day it is read on.

    Which day decides is itself policy, read on the service day; where none is held any more, on
    the day of admission, for a stay that began under it.
    """
    on = claim.service_on
    held = book.held(insurance, kind, on)
    if held is None and claim.admitted_on is not None:
        begun = book.held(insurance, kind, claim.admitted_on)
        if isinstance(begun, Plan) and begun.dates.policy == "admission":
            return begun, claim.admitted_on
    if isinstance(held, Plan) and held.dates.policy != "service":
        on = day_of(claim, held.dates.policy)
        held = book.held(insurance, kind, on)
    return held, on


def entitle(
    claim: Claim,
    member: Member,
    institution: Institution,
    books: Mapping[str, RuleBook],
    *,
    by_identity: bool,
) -> Entitled | Decline:
    """Return the enrolment and plan of a claim, or why there is none."""
    found = _enrolment(claim, member, books)
    if isinstance(found, Enrolment) and by_identity and not _identity(found, claim, books):
        return Decline(ReplyCode.IDENTITY_NOT_ACCEPTED, {"region": found.region})
    refused = _designation(claim, institution)
    if refused is not None:
        return refused
    if isinstance(found, Decline):
        return found
    return _plan(claim, found, books)


def decline_not_held(region: str, insurance: str, kind: str, on: date, **of: str) -> Decline:
    """Return the decline of a region, insurance, kind or day without a complete policy.

    `of`: for what there is none, where the kind has a policy: an area, a level.
    """
    found = {"region": region, "insurance": insurance, "kind": kind, "on": on.isoformat()}
    return Decline(ReplyCode.POLICY_NOT_HELD, {**found, **of})


def _identity(enrolment: Enrolment, claim: Claim, books: Mapping[str, RuleBook]) -> bool:
    book = books.get(enrolment.region)
    if book is None:
        return False
    held, _ = plan_of(book, enrolment.insurance, claim.kind, claim)
    # A kind that is not covered has no identity term to read: it is declined by its own name.
    return isinstance(held, NotCovered) or (held is not None and held.identity_accepted)


def _designation(claim: Claim, institution: Institution) -> Decline | None:
    on = claim.service_on
    if on < institution.since or (institution.until is not None and on > institution.until):
        return Decline(ReplyCode.INSTITUTION_NOT_DESIGNATED, {"on": on.isoformat()})
    if claim.kind not in institution.kinds:
        return Decline(ReplyCode.KIND_NOT_OPEN_HERE, {"kind": claim.kind})
    return None


def _enrolment(claim: Claim, member: Member, books: Mapping[str, RuleBook]) -> Enrolment | Decline:
    """Return the one basic insurance that is active; the latest spell where spells overlap."""
    active: dict[tuple[str, str], Enrolment] = {}
    for enrolment in member.enrolments:
        if claim.region_insured and enrolment.region != claim.region_insured:
            continue
        if claim.insurance and enrolment.insurance != claim.insurance:
            continue
        on, held = claim.service_on, None
        book = books.get(enrolment.region)
        if book is not None:
            held, _ = plan_of(book, enrolment.insurance, claim.kind, claim)
            if isinstance(held, Plan):
                on = day_of(claim, held.dates.enrolment)
        since = _covered_since(enrolment, member, held)
        if enrolment.covers(on) or since <= on < enrolment.since:
            key = (enrolment.region, enrolment.insurance)
            if key not in active or active[key].since < enrolment.since:
                active[key] = enrolment
    if not active:
        regions = claim.region_insured or ", ".join(
            sorted({enrolment.region for enrolment in member.enrolments})
        )
        return Decline(
            ReplyCode.NOT_INSURED,
            {"on": claim.service_on.isoformat(), "region": regions or "-"},
        )
    if len(active) > 1:
        choices = ", ".join(f"{region}/{insurance}" for region, insurance in sorted(active))
        return Decline(ReplyCode.INSURANCE_AMBIGUOUS, {"choices": choices})
    return next(iter(active.values()))


def _plan(claim: Claim, enrolment: Enrolment, books: Mapping[str, RuleBook]) -> Entitled | Decline:
    book = books.get(enrolment.region)
    held, on = (
        plan_of(book, enrolment.insurance, claim.kind, claim)
        if book is not None
        else (None, claim.service_on)
    )
    injuries = frozenset({InjuryCause.NONE}) if held is None else held.cover.injuries
    if claim.injury_cause not in injuries:
        return Decline(ReplyCode.INJURY_ANOTHER_PAYER, {"cause": claim.injury_cause})
    if book is None or held is None:
        return decline_not_held(enrolment.region, enrolment.insurance, claim.kind, on)
    if isinstance(held, NotCovered):
        return Decline(
            ReplyCode.KIND_NOT_COVERED,
            {"region": enrolment.region, "insurance": enrolment.insurance, "kind": claim.kind},
        )
    return Entitled(book, enrolment, held, on)


def _covered_since(enrolment: Enrolment, member: Member, held: Held) -> date:
    """Return the first day a spell covers: birth, for a newborn enrolled within the policy's days.

    Source: a newborn enrolled in time is covered from birth (retroactive cover).
    """
    terms = held.entitlement if isinstance(held, Plan) else None
    if terms is None or not terms.newborn_days:
        return enrolment.since
    age_days = (enrolment.since - member.born_on).days
    return member.born_on if 0 <= age_days <= terms.newborn_days else enrolment.since


def check_cover(
    terms: Entitlement,
    member: Member,
    enrolment: Enrolment,
    facts: Facts,
    on: date,
    book: RuleBook,
) -> Decline | None:
    """Return why a person who is insured has no cover yet, or none now.

    `on` is the day that decides the enrolment. Raises: nothing.
    """
    begins = _waits_until(enrolment, member, terms, facts, book)
    if on < begins:
        return Decline(ReplyCode.COVER_WAITING, {"until": begins.isoformat()})
    for standing in member.standings:
        begins = standing.since + timedelta(days=terms.grace_days)
        if standing.word in terms.suspending and standing.covers(on) and on >= begins:
            return Decline(
                ReplyCode.COVER_SUSPENDED,
                {"reason": standing.word, "since": standing.since.isoformat()},
            )
    return None


def check_card_loss(member: Member, on: date) -> Decline | None:
    """Return why costs of a day are not covered: the card was lost and not replaced in time.

    Whether and from which day, policy said when the loss was reported: it stands with the person.
    """
    for one in member.standings:
        if one.word == CARD_LOST and one.covers(on):
            until = "" if one.until is None else one.until.isoformat()
            facts = {"since": one.since.isoformat(), "until": until}
            return Decline(ReplyCode.CARD_LOST_UNCOVERED, facts)
    return None


def _waits_until(
    enrolment: Enrolment, member: Member, terms: Entitlement, facts: Facts, book: RuleBook
) -> date:
    """Return the first day a spell no longer waits; one that does not wait, the first of all days.

    A spell that goes on after an earlier one waits for what that one left: the days it would still
    have waited had it not ended. It never waits longer than a new one.
    """
    waiting = terms.waiting.find(facts)
    age_days = (enrolment.since - member.born_on).days
    born = terms.newborn_days > 0 and 0 <= age_days <= terms.newborn_days
    if waiting is None or born:
        return date.min
    begins = months_later(enrolment.since, waiting.months) + timedelta(days=waiting.days)
    for other in member.enrolments:
        if other.until is None or not _goes_on(enrolment, other, other.until, terms):
            continue
        its = terms
        if other.insurance != enrolment.insurance:
            held = book.held(other.insurance, facts.kind, other.since)
            if not isinstance(held, Plan) or held.entitlement is None:
                return date.min
            its = held.entitlement
        then = replace(facts, insurance=other.insurance, member_class=other.member_class)
        left = _waits_until(other, member, its, then, book) - (other.until + timedelta(days=1))
        begins = min(begins, enrolment.since + max(left, timedelta()))
    return begins


def _goes_on(enrolment: Enrolment, other: Enrolment, until: date, terms: Entitlement) -> bool:
    """Say whether at most so many days without cover lie between an earlier spell and this one."""
    return (
        (other.insurance == enrolment.insurance or other.insurance in terms.gap_insurances)
        and other.since < enrolment.since
        and (enrolment.since - until).days - 1 <= terms.gap_days
    )
