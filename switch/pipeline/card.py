"""A card's life: lost, found, replaced, locked. Each change is recorded, a version of its person.

Status and settlement meet on the member row under its version: a card that was reported lost is
frozen before the next transaction anywhere. A loss goes before a lock, which stays: a locked card
that was lost and released is locked. Nothing is deleted, and a replaced card is dead for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never

from switch.model.act import Act
from switch.model.answer import CardAnswer, DeclineAnswer
from switch.model.call import Authenticated
from switch.model.card import LOCKS, LOSSES, CardChange, CardEvent
from switch.model.card_office import (
    ChangeCard,
    ConfirmLost,
    GetCard,
    LockCard,
    Release,
    Replace,
    ReportLost,
    UnlockCard,
)
from switch.model.codes import CardStatus
from switch.model.decision import Decline
from switch.model.ids import BEIJING, CardIdentifier, SocialSecurityNumber, card_region
from switch.model.member import Card, Member, Standing
from switch.model.reply import ReplyCode
from switch.pipeline.ports import CardVault, Codec
from switch.pipeline.view import Outcome, View
from switch.rules.book import card_terms_of
from switch.rules.card import CardTerms, with_loss, without_loss
from switch.security.suite import Suite


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a card stands: what it is and hides."""

    status: CardStatus
    lock: CardStatus | None
    since: date | None
    until: date | None
    card: Card
    standings: tuple[Standing, ...]

    @property
    def effective(self) -> "_Standing":
        """Return it with the status that loss and lock come to."""
        if self.status in LOSSES:
            return self
        return replace(self, status=self.lock or CardStatus.NORMAL)


def change_card(vault: CardVault, codec: Codec, view: View, operation: ChangeCard) -> Outcome:
    """Decide one change of a card on the view as it stands."""
    member = _person(view, operation.asked.social_security_number)
    if member is None:
        return _declined(codec, operation, Decline(ReplyCode.IDENTITY_UNKNOWN, {}), None)
    today = view.now.astimezone(BEIJING).date()
    terms = card_terms_of(view.reference.rules.books, member, today)
    change = CHANGES[type(operation)]
    refused = _not_served(view, operation.call, member) or _closed(operation, change, terms)
    if refused is not None:
        return _declined(codec, operation, refused, member)
    before = _standing(member, view.events.get(member.member_id, ()))
    if before.status is CardStatus.CANCELLED:
        return _declined(codec, operation, Decline(ReplyCode.CARD_CLOSED, {}), member)
    after = _changed(vault, view, operation, before, terms, today)
    if isinstance(after, Decline):
        return _declined(codec, operation, after, member)
    return _done(codec, view, operation, change, member, after.effective)


def get_card(view: View, inquiry: GetCard) -> CardAnswer | DeclineAnswer:
    """Answer GetCard: how a person's card stands, and what happened to it."""
    member = _person(view, inquiry.social_security_number)
    if member is None:
        return DeclineAnswer(inquiry.request_id, Decline(ReplyCode.IDENTITY_UNKNOWN, {}))
    refused = _not_served(view, inquiry.call, member)
    if refused is not None:
        return DeclineAnswer(inquiry.request_id, refused)
    events = tuple(view.events.get(member.member_id, ()))
    return CardAnswer(inquiry.request_id, member, events)


CHANGES = {
    ReportLost: CardChange.REPORTED_LOST,
    ConfirmLost: CardChange.CONFIRMED_LOST,
    Release: CardChange.RELEASED,
    Replace: CardChange.REPLACED,
    LockCard: CardChange.LOCKED,
    UnlockCard: CardChange.UNLOCKED,
}
"""What each request does to a card."""


def _person(view: View, number: SocialSecurityNumber) -> Member | None:
    member_id = view.persons.get(number)
    return None if member_id is None else view.people[member_id]


def _not_served(view: View, call: Authenticated, member: Member) -> Decline | None:
    """Return why this caller may not see to a card: an agency does for the regions it serves."""
    agency = view.reference.agencies.get(call.institution)
    regions = [card_region(member.card.identifier), *(one.region for one in member.enrolments)]
    if agency is not None and any(region.startswith(agency.serves) for region in regions):
        return None
    return Decline(ReplyCode.CARD_AGENCY_OTHER, {})


def _closed(operation: ChangeCard, change: CardChange, terms: CardTerms) -> Decline | None:
    channel, opened = operation.asked.channel, terms.channels.channels(change)
    if channel in opened:
        return None
    facts = {"change": str(change), "channel": str(channel), "open": ", ".join(sorted(opened))}
    return Decline(ReplyCode.CARD_CHANNEL_CLOSED, facts)


def _standing(member: Member, events: Sequence[CardEvent]) -> _Standing:
    """Return how a card stands; a lock that a loss hides, its last change tells."""
    lock = member.card_status if member.card_status in LOCKS else None
    if lock is None and events:
        lock = events[-1].lock
    return _Standing(
        member.card_status,
        lock,
        member.locked_since,
        member.locked_until,
        member.card,
        member.standings,
    )


def _changed(
    vault: CardVault,
    view: View,
    operation: ChangeCard,
    before: _Standing,
    terms: CardTerms,
    today: date,
) -> _Standing | Decline:
    """Return how the card stands afterwards, or why it may not be changed so."""
    match operation:
        case ReportLost():
            if before.status in LOSSES:
                return Decline(ReplyCode.CARD_LOST_ALREADY, {"status": str(before.status)})
            return _lost(before, CardStatus.TEMPORARILY_LOST, terms, today)
        case ConfirmLost():
            if before.status is CardStatus.LOST:
                return Decline(ReplyCode.CARD_LOST_ALREADY, {"status": str(before.status)})
            return _lost(before, CardStatus.LOST, terms, today)
        case Release():
            if before.status not in LOSSES:
                return Decline(ReplyCode.CARD_NOT_LOST, {})
            return _found(before, today)
        case Replace():
            return _replaced(vault, view, operation.card, before, today)
        case LockCard():
            return _locked(operation, before, today)
        case UnlockCard():
            if before.lock is not operation.lock or not _in_force(before, today):
                return Decline(ReplyCode.CARD_NOT_LOCKED, {"lock": str(operation.lock)})
            if view.persons[operation.asked.social_security_number] in view.unresolved:
                return Decline(ReplyCode.CARD_SUSPECTED, {})
            return replace(before, lock=None, since=None, until=None)
        case _:
            assert_never(operation)


def _lost(before: _Standing, status: CardStatus, terms: CardTerms, today: date) -> _Standing:
    """Return the card lost; what the loss costs counts from its first report."""
    if before.status in LOSSES:
        return replace(before, status=status)
    return replace(before, status=status, standings=with_loss(before.standings, terms.loss, today))


def _found(before: _Standing, today: date) -> _Standing:
    return replace(
        before, status=CardStatus.NORMAL, standings=without_loss(before.standings, today)
    )


def _replaced(
    vault: CardVault, view: View, wanted: Card, before: _Standing, today: date
) -> _Standing | Decline:
    if wanted.identifier == before.card.identifier or wanted.identifier in view.issued:
        return Decline(ReplyCode.NEW_CARD_REGISTERED, {})
    if not before.card.issued_on < wanted.issued_on <= today < wanted.expires_on:
        return Decline(ReplyCode.NEW_CARD_DATES, {"replaced": before.card.issued_on.isoformat()})
    region = card_region(wanted.identifier)
    if wanted.key_version not in vault.live_versions(region, Suite(wanted.suite)):
        facts = {"region": region, "suite": str(wanted.suite), "version": str(wanted.key_version)}
        return Decline(ReplyCode.NEW_CARD_NOT_PROVABLE, facts)
    found = _found(before, today)
    return replace(found, card=replace(wanted, number=before.card.number))


def _locked(operation: LockCard, before: _Standing, today: date) -> _Standing | Decline:
    if before.lock is not None and _in_force(before, today):
        facts = {
            "lock": str(before.lock),
            "since": "" if before.since is None else before.since.isoformat(),
            "until": "" if before.until is None else before.until.isoformat(),
        }
        return Decline(ReplyCode.CARD_LOCKED_ALREADY, facts)
    return replace(before, lock=operation.lock, since=operation.since, until=operation.until)


def _in_force(before: _Standing, today: date) -> bool:
    """Say whether a lock holds, or is to come."""
    return before.until is None or today <= before.until


def _done(
    codec: Codec,
    view: View,
    operation: ChangeCard,
    change: CardChange,
    before: Member,
    after: _Standing,
) -> Outcome:
    reason, call = operation.asked.reason, operation.call
    act = Act(
        operation.request_id, call.institution, call.received.terminal_id, reason.operator,
        reason.why, view.now,
    )  # fmt: skip
    renewed = after.card.identifier != before.card.identifier
    member = replace(
        before,
        version=before.version + 1,
        card=after.card,
        card_status=after.status,
        locked_since=after.since,
        locked_until=after.until,
        standings=after.standings,
        atc=0 if renewed else before.atc,  # another chip counts, from its own beginning
    )
    event = CardEvent(
        before.member_id,
        member.version,
        change,
        operation.asked.channel,
        after.status,
        after.lock,
        after.since,
        after.until,
        CardIdentifier(after.card.identifier),
        after.card if renewed else None,
        before.card.identifier if renewed else None,
        after.standings,
        act,
    )
    answer = CardAnswer(operation.request_id, member, (event,))
    reply = codec.encode(type(operation).__name__, answer)
    return Outcome(reply, ReplyCode.OK, member_id=before.member_id, member=member, writes=(event,))


def _declined(
    codec: Codec, operation: ChangeCard, decline: Decline, member: Member | None
) -> Outcome:
    """Decline under the person: should a request before it be decided again, so is this."""
    answer = DeclineAnswer(operation.request_id, decline)
    member_id = "" if member is None else member.member_id
    return Outcome(
        codec.encode(type(operation).__name__, answer), decline.code, member_id=member_id
    )
