"""A card office at an agency's terminal, before a real lane."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from clients.card_office import COUNTER, PHONE, card_record
from medswitch.v1 import card_pb2, common_pb2, reply_pb2
from switch.model.ids import CardIdentifier
from switch.model.member import Card
from switch.wire.card import RESPONSES
from switch.wire.differ import REQUESTS
from tests.fix_province import Province, Room

OK = reply_pb2.REPLY_CODE_OK
REASON = common_pb2.Reason(operator="王一", why="本人申请")


def name_of(response: Any) -> str:
    """Return a reply's code as the contract names it, without what all begin with."""
    return reply_pb2.ReplyCode.Name(response.outcome.code).removeprefix("REPLY_CODE_")


def spare_of(province: Province, who: str) -> Card:
    """Return the card that lies ready for a person."""
    spare = province.people["people"][who]["replacement"]
    return Card(
        CardIdentifier(bytes.fromhex(spare["identifier"])),
        spare["number"],
        spare["suite"],
        spare["key_version"],
        spare["specification"],
        date.fromisoformat(spare["issued_on"]),
        date.fromisoformat(spare["expires_on"]),
    )


@dataclass
class Office:
    """Sees to cards through one room."""

    room: Room

    @property
    def province(self) -> Province:
        return self.room.province

    def number(self, who: str) -> str:
        """Return a person's social security number."""
        return str(self.province.people["people"][who]["social_security_number"])

    def body(
        self, method: str, who: str, channel: Any = COUNTER, asked: Any = None, **fields: Any
    ) -> bytes:
        """Return a change as it is sent."""
        stated: dict[str, Any] = {
            "request_id": self.room.request_id(),
            "social_security_number": self.number(who),
            "channel": channel,
            "reason": REASON,
        }
        request = card_pb2.CardRequest(**{**stated, **(asked or {})})
        return bytes(REQUESTS[method](request=request, **fields).SerializeToString())

    async def send(self, method: str, body: bytes) -> Any:
        """Send a change and return the reply."""
        return RESPONSES[method].FromString(await self.room.send(method, body))

    async def change(self, method: str, who: str, channel: Any = COUNTER, **fields: Any) -> Any:
        """Change a card."""
        return await self.send(method, self.body(method, who, channel, **fields))

    async def report_lost(self, who: str, channel: Any = PHONE) -> Any:
        return await self.change("ReportLost", who, channel)

    async def replace(self, who: str, card: Card | None = None, **fields: Any) -> Any:
        """Replace a card by the one that lies ready, or by another."""
        record = card_record(card or spare_of(self.province, who))
        return await self.change("Replace", who, card=record, **fields)

    async def get(self, who: str) -> card_pb2.GetCardResponse:
        message = card_pb2.GetCardRequest(
            request_id=self.room.request_id(), social_security_number=self.number(who)
        )
        call = self.room.call("GetCard", message.SerializeToString())
        operation: Any = self.room.codec.decode(call.received.method, call)
        return card_pb2.GetCardResponse.FromString(await self.room.inquiries.ask(operation))
