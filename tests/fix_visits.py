"""A counter that keeps visits: registers, uploads, settles by visit, discharges, takes back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from clients.bill import bill, item
from clients.card import Credential
from medswitch.v1 import common_pb2, settlement_pb2, visit_pb2
from switch.model.ids import BEIJING
from switch.office.change import Verb
from switch.seed.places import HOME
from switch.store.policy import propose_activation
from switch.store.rule_books import load_shipped
from tests.fix_filings import day
from tests.fix_office import found, opened, signer_of
from tests.fix_province import Province, Room

REASON = common_pb2.Reason(operator="赵三", why="医嘱")
REGISTRATION = visit_pb2.VISIT_CANCELLATION_REGISTRATION
ADMISSION = visit_pb2.VISIT_CANCELLATION_ADMISSION
DISCHARGE = visit_pb2.VISIT_CANCELLATION_DISCHARGE


def charge(
    number: int, on: str, yuan: str = "40.00", code: str = "DEMO-CEFTRI-INJ", quantity: int = 1
) -> common_pb2.FeeLine:
    """Return one line of a visit."""
    line = item(code, "头孢曲松", quantity, yuan)
    line.number, line.on = number, on
    return line


def withdrawal(
    number: int, of: common_pb2.FeeLine, on: str, quantity: int = 1
) -> common_pb2.FeeLine:
    """Return a negative line that withdraws so many of another."""
    line = common_pb2.FeeLine()
    line.CopyFrom(of)
    line.number, line.on, line.withdraws = number, on, of.number
    line.quantity_e4 = -10_000 * quantity
    line.amount_fen = -(of.amount_fen * 10_000 * quantity // of.quantity_e4)
    return line


@dataclass
class Ward:
    """Keeps visits through one room."""

    room: Room

    @property
    def province(self) -> Province:
        return self.room.province

    def day(self, offset: int = 0) -> str:
        """Return a day so many days from the clock's."""
        return day(self.room.clock, offset)

    def register_body(self, who: str, kind: str = "21", begun: int = -9, **fields: Any) -> bytes:
        """Return a Register as it is sent: an admission nine days ago, unless told."""
        begun_on = self.day(begun)
        details = visit_pb2.VisitDetails(kind=kind, begun_on=begun_on, diagnoses=["J18.900"])
        stated: dict[str, Any] = {
            "request_id": self.room.request_id(),
            "member_id": self.province.member_id(who),
            "number": f"ZY{self.room.sequence:06d}",
            "details": details,
            "reason": REASON,
        }
        return visit_pb2.RegisterRequest(**{**stated, **fields}).SerializeToString()

    async def register(self, who: str, kind: str = "21", **fields: Any) -> Any:
        body = self.register_body(who, kind, **fields)
        return visit_pb2.RegisterResponse.FromString(await self.room.send("Register", body))

    async def admit(self, who: str, **fields: Any) -> visit_pb2.Visit:
        """Register a stay and return it."""
        reply = await self.register(who, **fields)
        assert reply.outcome.code == 1, reply.outcome.message_en
        visit: visit_pb2.Visit = reply.visit
        return visit

    def body(self, kind: Any, visit: visit_pb2.Visit, **fields: Any) -> bytes:
        """Return any request about a visit as it is sent."""
        stated: dict[str, Any] = {
            "request_id": self.room.request_id(),
            "member_id": visit.member_id,
            "visit_id": visit.visit_id,
        }
        if kind is not visit_pb2.GetVisitRequest:
            stated["reason"] = REASON
        return bytes(kind(**{**stated, **fields}).SerializeToString())

    async def change(self, method: str, visit: visit_pb2.Visit, **fields: Any) -> Any:
        """Send a change of a visit and return the reply."""
        body = self.body(getattr(visit_pb2, f"{method}Request"), visit, **fields)
        reply = getattr(visit_pb2, f"{method}Response")
        return reply.FromString(await self.room.send(method, body))

    async def upload(
        self, visit: visit_pb2.Visit, lines: Iterable[common_pb2.FeeLine]
    ) -> visit_pb2.UploadLinesResponse:
        reply: visit_pb2.UploadLinesResponse = await self.change(
            "UploadLines", visit, lines=list(lines)
        )
        return reply

    async def withdraw(self, visit: visit_pb2.Visit, *numbers: int) -> Any:
        """Withdraw lines by number, or all that are unsettled."""
        if numbers:
            lines = [visit_pb2.LineNumber(number=number) for number in numbers]
            return await self.change("WithdrawLines", visit, lines=lines)
        return await self.change("WithdrawLines", visit, all_unsettled=True)

    async def discharge(self, visit: visit_pb2.Visit, offset: int = 0) -> Any:
        return await self.change("Discharge", visit, ended_on=self.day(offset))

    async def take_back(self, visit: visit_pb2.Visit, what: Any) -> Any:
        return await self.change("CancelVisit", visit, what=what)

    async def told(self, visit: visit_pb2.Visit, **fields: Any) -> visit_pb2.GetVisitResponse:
        """Return the visit as it stands; `after_line` asks for its lines."""
        fields.setdefault("with_lines", "after_line" in fields)
        body = self.body(visit_pb2.GetVisitRequest, visit, **fields)
        operation: Any = self.room.codec.decode("GetVisit", self.room.call("GetVisit", body))
        return visit_pb2.GetVisitResponse.FromString(await self.room.inquiries.ask(operation))

    async def bill(self, visit: visit_pb2.Visit, **fields: Any) -> common_pb2.Claim:
        """Return the claim that settles a visit's unsettled lines."""
        told = await self.told(visit)
        listed = await self.told(visit, after_line=0)
        region = str(self.province.one("SELECT region FROM institution WHERE code = %s",
                                       told.visit.institution)[0])  # fmt: skip
        on = date.fromisoformat(told.visit.ended_on or self.day())
        claim = bill(told.visit.details.kind, region, on, [], visit_id=visit.visit_id, **fields)
        claim.total_fen = listed.unsettled_fen
        return claim

    async def settle(
        self, visit: visit_pb2.Visit, credential: Credential, **fields: Any
    ) -> settlement_pb2.SettleResponse:
        """Settle a visit's unsettled lines."""
        return await self.room.buy(await self.bill(visit, **fields), credential)


def open_stay_terms(province: Province) -> None:
    """Put a policy in force at home under which care before a stay, and a transfer, belong to it.

    No source gives Ningbo's figures, so the shipped policy has no such rule.
    """
    at = datetime.now(UTC).replace(microsecond=0)
    texts = {**load_shipped()[HOME], "stay.toml": _STAY}
    with opened(province.url) as registrar:
        found(registrar, at)
        today = at.astimezone(BEIJING).date()
        change = propose_activation(registrar, signer_of("li"), HOME, texts, today, "住院", at)
        registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", at)


_STAY = """
region = "330299"
[[rule]]
id = "stay"
type = "stay"
insurances = ["310"]
kinds = ["21", "28"]
since = 2018-01-01
source = "a test"
before_days = 3
transfer_days = 1
"""
