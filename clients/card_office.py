"""A card office through an agency's terminal: lost, found, replaced, locked.

    office = CardOffice(terminal, operator="王一")
    office.report_lost(number, PHONE, why="电话挂失")
    office.replace(number, card, COUNTER, why="补卡")

Every change is stored in the terminal's outbox before it is sent, and repeated with the same bytes
until it is answered; `TerminalClient.resolve` finds out what became of those that were not.
"""

from typing import Final, TypeAlias, TypeVar

from google.protobuf.message import Message

from clients.card import Credential
from clients.terminal import TerminalClient
from medswitch.v1 import card_pb2, common_pb2
from switch.model.ids import RequestId
from switch.model.member import Card
from switch.security.card_proof import CardOperation
from switch.wire.methods import PATHS

PHONE: Final = card_pb2.CARD_CHANNEL_PHONE
WEB: Final = card_pb2.CARD_CHANNEL_WEB
WECHAT: Final = card_pb2.CARD_CHANNEL_WECHAT
COUNTER: Final = card_pb2.CARD_CHANNEL_COUNTER
PERSON: Final = card_pb2.CARD_LOCK_PERSON
EMPLOYER: Final = card_pb2.CARD_LOCK_EMPLOYER

_Request = (
    card_pb2.ReportLostRequest
    | card_pb2.ConfirmLostRequest
    | card_pb2.ReleaseRequest
    | card_pb2.ReplaceRequest
    | card_pb2.LockCardRequest
    | card_pb2.UnlockCardRequest
)
_Reply = TypeVar("_Reply", bound=Message)

Channel: TypeAlias = card_pb2.CardChannel.ValueType
Lock: TypeAlias = card_pb2.CardLock.ValueType


class CardOffice:
    """Sees to cards through one terminal, whose outbox and session it shares.

    `number` is the holder's social security number. Each change raises: OutcomeUnknown when no
    proven reply came, and the request stands in the outbox; SwitchFault for a proven refusal of the
    message itself.
    """

    def __init__(self, terminal: TerminalClient, *, operator: str) -> None:
        self._terminal = terminal
        self._operator = operator

    def report_lost(
        self, number: str, channel: Channel, *, why: str
    ) -> card_pb2.ReportLostResponse:
        """Freeze a card at once (临时挂失)."""
        asked = self._asked(number, channel, why)
        return self._post(
            "ReportLost", card_pb2.ReportLostRequest(request=asked), card_pb2.ReportLostResponse
        )

    def confirm_lost(
        self, number: str, channel: Channel = COUNTER, *, why: str
    ) -> card_pb2.ConfirmLostResponse:
        """Make a loss formal (正式挂失)."""
        asked = self._asked(number, channel, why)
        return self._post(
            "ConfirmLost", card_pb2.ConfirmLostRequest(request=asked), card_pb2.ConfirmLostResponse
        )

    def release(
        self, number: str, channel: Channel = COUNTER, *, why: str
    ) -> card_pb2.ReleaseResponse:
        """Let a card that was found work again (解挂)."""
        asked = self._asked(number, channel, why)
        return self._post(
            "Release", card_pb2.ReleaseRequest(request=asked), card_pb2.ReleaseResponse
        )

    def replace(
        self, number: str, card: Card, channel: Channel = COUNTER, *, why: str
    ) -> card_pb2.ReplaceResponse:
        """Give the person another card under the same card number (同号换卡)."""
        asked = self._asked(number, channel, why)
        request = card_pb2.ReplaceRequest(request=asked, card=card_record(card))
        return self._post("Replace", request, card_pb2.ReplaceResponse)

    def lock(
        self, number: str, lock: Lock, since: str, until: str = "", *, why: str
    ) -> card_pb2.LockCardResponse:
        """Lock a card between two days, or from one on (封锁)."""
        asked = self._asked(number, COUNTER, why)
        request = card_pb2.LockCardRequest(request=asked, lock=lock, since=since, until=until)
        return self._post("LockCard", request, card_pb2.LockCardResponse)

    def unlock(self, number: str, lock: Lock, *, why: str) -> card_pb2.UnlockCardResponse:
        """End a lock at once."""
        asked = self._asked(number, COUNTER, why)
        return self._post(
            "UnlockCard",
            card_pb2.UnlockCardRequest(request=asked, lock=lock),
            card_pb2.UnlockCardResponse,
        )

    def get(self, number: str) -> card_pb2.GetCardResponse:
        """Return how a person's card stands, and its history."""
        request = card_pb2.GetCardRequest(
            request_id=self._terminal.outbox.make_id(), social_security_number=number
        )
        return self._terminal.ask(PATHS["GetCard"], request, card_pb2.GetCardResponse)

    def holder(self, credential: Credential, year: int = 0) -> card_pb2.GetHolderResponse:
        """Return what a person who is present has, and a year's settlements; 0: this year."""
        request_id = self._terminal.outbox.make_id()
        terminal_id = self._terminal.identity.terminal_id
        evidence = credential.prove(CardOperation.READ_MEMBER, terminal_id, request_id, 0)
        request = card_pb2.GetHolderRequest(request_id=request_id, evidence=evidence, year=year)
        return self._terminal.ask(PATHS["GetHolder"], request, card_pb2.GetHolderResponse)

    def _asked(self, number: str, channel: Channel, why: str) -> card_pb2.CardRequest:
        return card_pb2.CardRequest(
            request_id=self._terminal.outbox.make_id(),
            social_security_number=number,
            channel=channel,
            reason=common_pb2.Reason(operator=self._operator, why=why),
        )

    def _post(self, method: str, request: _Request, kind: type[_Reply]) -> _Reply:
        entry = self._terminal.stored(RequestId(request.request.request_id), method, "", 0, request)
        return self._terminal.post(entry, kind)


def card_record(card: Card) -> card_pb2.CardRecord:
    """Return a card as a replacement names it: without its number, which is the old one's."""
    return card_pb2.CardRecord(
        identifier=card.identifier,
        suite=card.suite,
        key_version=card.key_version,
        specification=card.specification,
        issued_on=card.issued_on.isoformat(),
        expires_on=card.expires_on.isoformat(),
    )
