"""A counter that files: an agency's or an institution's room, and days as seen from its clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from medswitch.v1 import common_pb2, filing_pb2, settlement_pb2
from switch.model.ids import BEIJING
from switch.office.change import Verb
from switch.seed.places import HOME
from switch.store.policy import propose_activation
from switch.store.rule_books import load_shipped
from tests.fix_office import found, opened, signer_of
from tests.fix_province import ManualClock, Province, Room

REASON = common_pb2.Reason(operator="王一", why="转上级医院")
RESIDENCE = settlement_pb2.FILING_KIND_RESIDENCE
REFERRAL = settlement_pb2.FILING_KIND_REFERRAL
SPECIAL = settlement_pb2.FILING_KIND_SPECIAL_DISEASE
DESIGNATED = settlement_pb2.FILING_KIND_DESIGNATED
FAMILY = settlement_pb2.FILING_KIND_FAMILY
HANGZHOU = "330100"


def day(clock: ManualClock, offset: int = 0) -> str:
    """Return a day so many days from the clock's, as a message writes it."""
    return iso(today_of(clock) + timedelta(days=offset))


def today_of(clock: ManualClock) -> date:
    """Return the clock's day in Beijing."""
    return clock.now().astimezone(BEIJING).date()


def iso(on: date) -> str:
    """Return a day as a message writes it."""
    return on.isoformat()


@dataclass
class Filer:
    """Files, withdraws and lists through one room."""

    room: Room

    @property
    def province(self) -> Province:
        return self.room.province

    def file_body(self, who: str, **fields: Any) -> bytes:
        """Return a File as it is sent: a residence in Hangzhou from today on, unless told."""
        stated: dict[str, Any] = {
            "request_id": self.room.request_id(),
            "member_id": self.province.member_id(who),
            "kind": RESIDENCE,
            "since": day(self.room.clock),
            "reason": REASON,
        }
        if fields.get("kind", RESIDENCE) in {RESIDENCE, REFERRAL}:
            stated["place"] = HANGZHOU
        return filing_pb2.FileRequest(**{**stated, **fields}).SerializeToString()

    async def send_file(self, body: bytes) -> filing_pb2.FileResponse:
        return filing_pb2.FileResponse.FromString(await self.room.send("File", body))

    async def file(self, who: str, **fields: Any) -> filing_pb2.FileResponse:
        return await self.send_file(self.file_body(who, **fields))

    def withdraw_body(self, who: str, filing_id: str, **fields: Any) -> bytes:
        stated = {
            "request_id": self.room.request_id(),
            "member_id": self.province.member_id(who),
            "filing_id": filing_id,
            "reason": common_pb2.Reason(operator="李二", why="已返回参保地"),
        }
        return filing_pb2.WithdrawRequest(**{**stated, **fields}).SerializeToString()

    async def send_withdraw(self, body: bytes) -> filing_pb2.WithdrawResponse:
        return filing_pb2.WithdrawResponse.FromString(await self.room.send("Withdraw", body))

    async def withdraw(self, who: str, filing_id: str) -> filing_pb2.WithdrawResponse:
        return await self.send_withdraw(self.withdraw_body(who, filing_id))

    async def bind(self, who: str, relative: str) -> filing_pb2.FileResponse:
        """Let a relative's account pay from today on."""
        relative_id = self.province.member_id(relative)
        return await self.file(who, kind=FAMILY, relative_id=relative_id)

    async def list(self, who: str, **fields: Any) -> filing_pb2.ListFilingsResponse:
        stated = {
            "request_id": self.room.request_id(),
            "member_id": self.province.member_id(who),
        }
        message = filing_pb2.ListFilingsRequest(**{**stated, **fields})
        call = self.room.call("ListFilings", message.SerializeToString())
        operation: Any = self.room.codec.decode(call.received.method, call)
        return filing_pb2.ListFilingsResponse.FromString(await self.room.inquiries.ask(operation))


def open_family_accounts(
    province: Province, accounts: str = '["earlier"]', at: datetime | None = None
) -> None:
    """Put a policy in force at home under which relatives' accounts pay, too; now, or at `at`.

    No source gives Ningbo's figures, so the shipped policy has no such rule.
    """
    texts = dict(load_shipped()[HOME])
    before = '  { account = "earlier", parts = ["self_segment", "share", "first_self_pay"'
    assert texts["employee.toml"].count(before) == 1
    texts["employee.toml"] = texts["employee.toml"].replace(
        before,
        '  { account = "relative", parts = ["self_segment", "share", "first_self_pay"] },\n'
        + before,
    )
    texts["family.toml"] = _FAMILY.format(accounts=accounts)
    put_in_force(province, texts, "共济", at)


def allow_filings_of_the_past(province: Province, days: int, at: datetime | None = None) -> None:
    """Put a policy in force at home under which a residence may begin so many days ago."""
    texts = dict(load_shipped()[HOME])
    before = 'filings = ["residence", "student"]\n[[rule.value]]\nsince = 2018-01-01\n'
    assert texts["filings.toml"].count(before) == 1
    texts["filings.toml"] = texts["filings.toml"].replace(before, f"{before}back_days = {days}\n")
    put_in_force(province, texts, "追溯备案", at)


def put_in_force(
    province: Province, texts: dict[str, str], why: str, at: datetime | None = None
) -> None:
    """Let two officers put a policy in force at home; now, or at `at`."""
    at = at or datetime.now(UTC).replace(microsecond=0)
    with opened(province.url) as registrar:
        found(registrar, at)
        change = propose_activation(
            registrar, signer_of("li"), HOME, texts, at.astimezone(BEIJING).date(), why, at
        )
        registrar.decide(signer_of("wang"), Verb.APPROVE, change.number, "", at)


_FAMILY = """
region = "330299"
[[rule]]
id = "filing.family"
type = "filing"
insurances = ["310", "390"]
filings = ["family"]
since = 2018-01-01
source = "a test"
accounts = {accounts}
"""
