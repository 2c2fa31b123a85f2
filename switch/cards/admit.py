"""The ordered checks of a card: form and time before the registry is asked, then the registry.

Each check has its own decline code, in the order of `ReplyCode` (design section 5). Proofs are
not here: the pipeline asks the vault between `check_form` and `check_registry`.
"""

from datetime import date, datetime, timedelta
from typing import Final

from switch.model.claim import CardEvidence
from switch.model.codes import CardStatus
from switch.model.decision import Decline
from switch.model.ids import BEIJING, parse_card_identifier
from switch.model.member import Card, Member
from switch.model.money import CARD_AMOUNT_FEN_MAX
from switch.model.reply import ReplyCode

SCHEME: Final = "medswitch-1"
TAC_SKEW: Final = timedelta(minutes=10)
"""How far the time a card signed may lie from ours (design section 5)."""

_STATUS_CODES: Final = {
    CardStatus.TEMPORARILY_LOST: ReplyCode.CARD_TEMPORARILY_LOST,
    CardStatus.LOST: ReplyCode.CARD_LOST,
    CardStatus.CANCELLED: ReplyCode.CARD_CANCELLED,
    CardStatus.LOCKED_PERSON: ReplyCode.CARD_LOCKED_PERSON,
    CardStatus.LOCKED_EMPLOYER: ReplyCode.CARD_LOCKED_EMPLOYER,
}
_LOCKS: Final = frozenset({CardStatus.LOCKED_PERSON, CardStatus.LOCKED_EMPLOYER})


def check_form(evidence: CardEvidence, total_fen: int) -> Decline | None:
    """Check what needs no registry and no key: identifier, scheme, amount a card can sign."""
    try:
        parse_card_identifier(evidence.identifier)
    except ValueError:
        return Decline(ReplyCode.CARD_MALFORMED, {})
    if evidence.scheme != SCHEME:
        return Decline(ReplyCode.CARD_SCHEME_UNKNOWN, {"scheme": evidence.scheme[:20]})
    if total_fen > CARD_AMOUNT_FEN_MAX:
        return Decline(ReplyCode.AMOUNT_ABOVE_CARD_LIMIT, {})
    return None


def check_signed_time(signed_at: str, now: datetime) -> Decline | None:
    """Check that the card's signature is of now: within ten minutes either way."""
    try:
        local = datetime(
            int(signed_at[0:4]), int(signed_at[4:6]), int(signed_at[6:8]),
            int(signed_at[8:10]), int(signed_at[10:12]), int(signed_at[12:14]), tzinfo=BEIJING,
        )  # fmt: skip
    except ValueError:
        return _time_declined()
    return None if abs(local - now) <= TAC_SKEW else _time_declined()


def check_registry(
    evidence: CardEvidence, presented: Card, member: Member, today: date
) -> Decline | None:
    """Check a proven card against the registry; ordered as a counter clerk would.

    `presented` is the registered card of this identifier; `member` holds the current card. A
    replaced card's identifier is dead even if its data look current.
    """
    if presented.identifier != member.card.identifier:
        return Decline(ReplyCode.CARD_REPLACED, {})
    stated = {
        "number": (evidence.number, presented.number),
        "social security number": (
            evidence.social_security_number,
            member.social_security_number,
        ),
        "specification": (evidence.specification, presented.specification),
        "issue date": (evidence.issued_on, presented.issued_on),
        "expiry date": (evidence.expires_on, presented.expires_on),
    }
    for field, (ours, theirs) in stated.items():
        if ours != theirs:
            return Decline(ReplyCode.CARD_DATA_DIFFERS, {"field": field})
    if today < presented.issued_on:
        return Decline(ReplyCode.CARD_NOT_YET_VALID, {"since": str(presented.issued_on)})
    if today > presented.expires_on:
        return Decline(ReplyCode.CARD_EXPIRED, {"until": str(presented.expires_on)})
    declined = check_status(member, today)
    if declined is not None:
        return declined
    if evidence.atc <= member.atc:
        return Decline(ReplyCode.CARD_COUNTER_USED, {})
    return None


def check_status(member: Member, today: date) -> Decline | None:
    """Check the card's status; a lock holds between its dates, a loss until it is released."""
    status = member.card_status
    if status is CardStatus.NORMAL:
        return None
    since, until = member.locked_since, member.locked_until
    if status in _LOCKS and (
        (since is not None and today < since) or (until is not None and today > until)
    ):
        return None
    facts = {"since": str(since or ""), "until": str(until or "")}
    return Decline(_STATUS_CODES[status], facts)


def _time_declined() -> Decline:
    minutes = TAC_SKEW // timedelta(minutes=1)
    return Decline(ReplyCode.CARD_TIME, {"minutes": str(minutes)})
