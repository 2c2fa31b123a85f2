"""What agencies ask of cards: lost, found, replaced, locked, and how one stands."""

from datetime import date

from switch.model.act import Reason
from switch.model.call import Authenticated
from switch.model.card import Channel
from switch.model.codes import CardStatus
from switch.model.frozen import frozen
from switch.model.ids import RequestId, SocialSecurityNumber
from switch.model.member import Card


@frozen
class CardAsked:
    """Whose card a change is of, how its holder came, who asks and why."""

    social_security_number: SocialSecurityNumber
    channel: Channel
    reason: Reason


@frozen
class ReportLost:
    """临时挂失: a card is reported lost, and frozen at once."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked


@frozen
class ConfirmLost:
    """正式挂失: a loss becomes formal."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked


@frozen
class Release:
    """解挂: a card that was found works again."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked


@frozen
class Replace:
    """同号换卡: another card under the same number. `card.number` is empty: the old one's."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked
    card: Card


@frozen
class LockCard:
    """封锁: a card is locked for the person or the employer; `until` None: until it is ended."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked
    lock: CardStatus
    since: date
    until: date | None


@frozen
class UnlockCard:
    """解除封锁: a lock is ended at once."""

    call: Authenticated
    request_id: RequestId
    asked: CardAsked
    lock: CardStatus


@frozen
class GetCard:
    """A person's card with its history."""

    call: Authenticated
    request_id: RequestId
    social_security_number: SocialSecurityNumber


ChangeCard = ReportLost | ConfirmLost | Release | Replace | LockCard | UnlockCard
OnCards = ChangeCard | GetCard
"""What needs a card with its history; it names its person by the social security number."""
