"""The clone alarm: a proven card whose counter goes back, or repeats, under a new request id.

A Settle of such a card is declined and recorded as ever, and writes the suspicion with it. What
only asks records nothing: there the alarm sends the request to the lane, which decides it again and
records that one. A message that merely came late is no suspicion: its id was made before the use
that it seems to repeat.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from switch.model.act import Act
from switch.model.answer import DeclineAnswer
from switch.model.card import LOCKS, CardChange, CardEvent, Channel
from switch.model.claim import CardEvidence
from switch.model.codes import CardStatus
from switch.model.ids import BEIJING, request_institution, request_time
from switch.model.member import Member
from switch.model.reply import ReplyCode
from switch.model.stages import Presettle, ReadMember, Settle
from switch.model.suspicion import CardUse, Suspicion
from switch.pipeline.ports import Codec
from switch.pipeline.register import in_time
from switch.pipeline.view import Outcome, View, Write
from switch.rules.book import card_terms_of

CLOCKS_APART: Final = timedelta(minutes=5)
"""A terminal's clock may be so far off ours (design section 4): an id is new only beyond it."""
WHY: Final = "卡计数倒退，疑似复制 counter went back: perhaps a clone"
SWITCH: Final = "medswitch"
"""Who locks a card without being asked."""


class Suspected(Exception):
    """An inquiry that shows a suspicion: the lane must decide it, so that it is recorded."""


def suspects(view: View, inquiry: ReadMember | Presettle, answer: object) -> bool:
    """Say whether an inquiry that was so answered shows a suspicion, rather than came late."""
    if not isinstance(answer, DeclineAnswer):
        return False
    if answer.decline.code is not ReplyCode.CARD_COUNTER_USED:
        return False
    member = _holder(view, inquiry)
    earlier = None if member is None else view.uses.get(member.member_id)
    if earlier is None or not in_time(inquiry.request_id, view.now):
        return False
    used_at = max(earlier.at, request_time(earlier.request_id))
    return request_time(inquiry.request_id) > used_at + CLOCKS_APART


def declined_again(
    codec: Codec, view: View, inquiry: ReadMember | Presettle, answer: object
) -> Outcome:
    """Return what an inquiry comes to in the lane: recorded when it still shows a suspicion."""
    method = type(inquiry).__name__
    reply = codec.encode(method, answer)  # type: ignore[arg-type] # the inquiry's own answer
    member = _holder(view, inquiry)
    if member is None or not suspects(view, inquiry, answer):
        code = answer.decline.code if isinstance(answer, DeclineAnswer) else ReplyCode.OK
        return Outcome(reply, code, record=False)
    outcome = Outcome(reply, ReplyCode.CARD_COUNTER_USED, member_id=member.member_id)
    return with_suspicion(view, inquiry, member, outcome)


def with_suspicion(
    view: View, operation: ReadMember | Presettle | Settle, member: Member, outcome: Outcome
) -> Outcome:
    """Return a decline with the suspicion that it shows, and the lock that policy puts on it."""
    evidence = operation.evidence
    if not isinstance(evidence, CardEvidence):
        return outcome
    today = view.now.astimezone(BEIJING).date()
    clone = card_terms_of(view.reference.rules.books, member, today).clone
    locks = clone is not None and clone.locks and not _locked(member, today)
    received = operation.call.received
    after = replace(member, version=member.version + 1)
    request_id = operation.request_id
    institution = request_institution(request_id)
    use = CardUse(request_id, institution, received.terminal_id, view.now, evidence.atc)
    writes: list[Write] = [
        Suspicion(
            member.member_id,
            after.version,
            evidence.identifier,
            type(operation).__name__,
            use,
            member.atc,
            view.uses.get(member.member_id),
            locks,
        )
    ]
    if locks:
        after = replace(
            after, card_status=CardStatus.LOCKED_PERSON, locked_since=today, locked_until=None
        )
        act = Act(request_id, institution, received.terminal_id, SWITCH, WHY, view.now)
        writes.append(_lock(after, act))
    return replace(
        outcome, member_id=member.member_id, member=after, writes=(*outcome.writes, *writes)
    )


def _holder(view: View, inquiry: ReadMember | Presettle) -> Member | None:
    if not isinstance(inquiry.evidence, CardEvidence):
        return None
    found = view.card(inquiry.evidence)
    return None if found is None else view.people[found.member_id]


def _locked(member: Member, today: date) -> bool:
    """Say whether a lock stands or is to come: it is not put aside for another."""
    until = member.locked_until
    return member.card_status in LOCKS and (until is None or today <= until)


def _lock(after: Member, act: Act) -> CardEvent:
    return CardEvent(
        after.member_id,
        after.version,
        CardChange.LOCKED,
        Channel.SWITCH,
        after.card_status,
        after.card_status,
        after.locked_since,
        after.locked_until,
        after.card.identifier,
        None,
        None,
        after.standings,
        act,
    )
