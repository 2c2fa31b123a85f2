"""A card's life on the wire: requests to operations of the model, changes to messages."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from medswitch.v1 import card_pb2
from switch.model.answer import CardAnswer
from switch.model.call import Authenticated
from switch.model.card import HOLDERS, CardChange, CardEvent, Channel
from switch.model.card_office import (
    CardAsked,
    ConfirmLost,
    GetCard,
    LockCard,
    Release,
    Replace,
    ReportLost,
    UnlockCard,
)
from switch.model.codes import CardStatus
from switch.model.fault import malformed
from switch.model.ids import (
    BEIJING,
    RequestId,
    parse_card_identifier,
    parse_social_security_number,
)
from switch.model.member import Card
from switch.security.suite import Suite
from switch.wire import checks, methods
from switch.wire.acts import act_message, reason_of
from switch.wire.outcome import done, iso
from switch.wire.parse import parse
from switch.wire.person import CARD_STATUSES

CHANNELS: Final[Mapping[Channel, card_pb2.CardChannel.ValueType]] = {
    one: card_pb2.CardChannel.Value(f"CARD_CHANNEL_{one.name}") for one in Channel
}
CHANGES: Final[Mapping[CardChange, card_pb2.CardChange.ValueType]] = {
    one: card_pb2.CardChange.Value(f"CARD_CHANGE_{one.name}") for one in CardChange
}
LOCKS: Final[Mapping[CardStatus, card_pb2.CardLock.ValueType]] = {
    CardStatus.LOCKED_PERSON: card_pb2.CARD_LOCK_PERSON,
    CardStatus.LOCKED_EMPLOYER: card_pb2.CARD_LOCK_EMPLOYER,
}
_CHANNELS: Final = {number: channel for channel, number in CHANNELS.items() if channel in HOLDERS}
_LOCKS: Final = {number: lock for lock, number in LOCKS.items()}
_SUITES: Final = {int(suite): suite for suite in Suite}
KEY_VERSION_MAX: Final = 2**31 - 1

Response = (
    card_pb2.ReportLostResponse
    | card_pb2.ConfirmLostResponse
    | card_pb2.ReleaseResponse
    | card_pb2.ReplaceResponse
    | card_pb2.LockCardResponse
    | card_pb2.UnlockCardResponse
    | card_pb2.GetCardResponse
)
RESPONSES: Final[Mapping[str, type[Response]]] = {
    methods.REPORT_LOST: card_pb2.ReportLostResponse,
    methods.CONFIRM_LOST: card_pb2.ConfirmLostResponse,
    methods.RELEASE: card_pb2.ReleaseResponse,
    methods.REPLACE: card_pb2.ReplaceResponse,
    methods.LOCK_CARD: card_pb2.LockCardResponse,
    methods.UNLOCK_CARD: card_pb2.UnlockCardResponse,
    methods.GET_CARD: card_pb2.GetCardResponse,
}
"""Method → its response: each is an outcome and a card's state."""
CARD_CHANGES: Final = frozenset(RESPONSES) - {methods.GET_CARD}
"""The methods that change a card."""


def decode_report_lost(call: Authenticated) -> ReportLost:
    """Return what a ReportLost asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(card_pb2.ReportLostRequest, call.received.body)
    return ReportLost(call, *_asked(call, message.request))


def decode_confirm_lost(call: Authenticated) -> ConfirmLost:
    """Return what a ConfirmLost asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(card_pb2.ConfirmLostRequest, call.received.body)
    return ConfirmLost(call, *_asked(call, message.request))


def decode_release(call: Authenticated) -> Release:
    """Return what a Release asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(card_pb2.ReleaseRequest, call.received.body)
    return Release(call, *_asked(call, message.request))


def decode_replace(call: Authenticated) -> Replace:
    """Return what a Replace asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(card_pb2.ReplaceRequest, call.received.body)
    return Replace(call, *_asked(call, message.request), _new_card(message.card))


def decode_lock(call: Authenticated) -> LockCard:
    """Return what a LockCard asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(card_pb2.LockCardRequest, call.received.body)
    request_id, asked = _asked(call, message.request)
    lock = checks.one_of("lock", message.lock, _LOCKS)
    since = checks.day("since", message.since)
    today = call.received.received_at.astimezone(BEIJING).date()
    if since < today:
        raise malformed("since", f"since {since} is past; a lock begins today or later")
    return LockCard(call, request_id, asked, lock, since, _last_day(message.until, since))


def decode_unlock(call: Authenticated) -> UnlockCard:
    """Return what an UnlockCard asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(card_pb2.UnlockCardRequest, call.received.body)
    request_id, asked = _asked(call, message.request)
    return UnlockCard(call, request_id, asked, checks.one_of("lock", message.lock, _LOCKS))


def decode_get_card(call: Authenticated) -> GetCard:
    """Return what a GetCard asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(card_pb2.GetCardRequest, call.received.body)
    return GetCard(
        call,
        checks.request_id("request_id", message.request_id, call.institution),
        checks.shaped(
            "social_security_number",
            message.social_security_number,
            parse_social_security_number,
        ),
    )


def card_response(name: str, answer: CardAnswer) -> Response:
    """Return the reply to a method of the card office."""
    member = answer.member
    return RESPONSES[name](
        outcome=done(answer.request_id),
        state=card_pb2.CardState(
            member_id=member.member_id,
            status=CARD_STATUSES[member.card_status],
            card=_card(member.card),
            events=[_event(one) for one in answer.events],
        ),
    )


def _asked(call: Authenticated, message: card_pb2.CardRequest) -> tuple[RequestId, CardAsked]:
    request_id = checks.request_id("request.request_id", message.request_id, call.institution)
    return request_id, CardAsked(
        checks.shaped(
            "request.social_security_number",
            message.social_security_number,
            parse_social_security_number,
        ),
        checks.one_of("request.channel", message.channel, _CHANNELS),
        reason_of(message.reason if message.HasField("reason") else None, "request.reason"),
    )


def _new_card(message: card_pb2.CardRecord) -> Card:
    """Return the new card; whether it may be one is the pipeline's to say."""
    if message.number:
        raise malformed("card.number", "card.number is the old card's; leave it out")
    suite = checks.one_of("card.suite", message.suite, _SUITES)
    if not 1 <= message.key_version <= KEY_VERSION_MAX:
        raise malformed("card.key_version", f"card.key_version {message.key_version} is none")
    try:
        identifier = parse_card_identifier(message.identifier)
    except ValueError as error:
        raise malformed("card.identifier", f"card.identifier: {error}") from None
    return Card(
        identifier,
        "",
        suite,
        message.key_version,
        checks.text_of("card.specification", message.specification, 1, 10),
        checks.day("card.issued_on", message.issued_on),
        checks.day("card.expires_on", message.expires_on),
    )


def _card(card: Card) -> card_pb2.CardRecord:
    return card_pb2.CardRecord(
        identifier=card.identifier,
        number=card.number,
        suite=card.suite,
        key_version=card.key_version,
        specification=card.specification,
        issued_on=card.issued_on.isoformat(),
        expires_on=card.expires_on.isoformat(),
    )


def _event(event: CardEvent) -> card_pb2.CardEvent:
    return card_pb2.CardEvent(
        change=CHANGES[event.change],
        channel=CHANNELS[event.channel],
        status=CARD_STATUSES[event.status],
        lock=card_pb2.CARD_LOCK_UNSPECIFIED if event.lock is None else LOCKS[event.lock],
        locked_since=iso(event.locked_since),
        locked_until=iso(event.locked_until),
        identifier=event.identifier,
        replaced=event.replaced or b"",
        uncovered_since=iso(event.uncovered_since),
        act=act_message(event.act),
    )


def _last_day(text: str, since: date) -> date | None:
    if not text:
        return None
    until = checks.day("until", text)
    if until < since:
        raise malformed("until", f"until {until} lies before the first day, {since}")
    return until
