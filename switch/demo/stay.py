"""The demonstration of a long stay: sixty days, twelve thousand lines, every answer lost once.

    medswitch demo --scenario stay

A patient is admitted in November and discharged in January: two interim settlements, a card
replaced in the middle, a discharge undone and done again, all settlements cancelled and the whole
stay settled at once; and a registration, its bill and their refund on one day.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from clients.bill import item
from clients.card import Credential
from clients.outbox import Entry, Outbox
from clients.terminal import TerminalClient, original_of
from clients.visit import VisitClient
from medswitch.v1 import common_pb2, settlement_pb2, visit_pb2
from switch.demo.measure import Measured, Meter
from switch.demo.world import World, now

WHO: Final = "card_loser"
OUTPATIENT: Final = "employee_retired"
AT: Final = "ningbo_tertiary"
REGION: Final = "330299"
FIRST: Final = date(2018, 11, 20)
DAYS: Final = 60
LINES_A_DAY: Final = 200
ITEMS: Final = (
    ("DEMO-CEFTRI-INJ", "12.50"),
    ("DEMO-LEVO-INJ", "31.20"),
    ("DEMO-CLOPI-TAB", "8.40"),
    ("DEMO-AMLOD-TAB", "1.00"),
)


class Forgetful(TerminalClient):
    """A terminal that never hears the first answer: each request is sent, and then repeated."""

    repeated = 0

    def post(self, entry: Entry, kind: Any) -> Any:
        """Send a request over a line that breaks before the answer, then again until it comes."""
        self.send(entry)
        self.repeated += 1
        return super().post(entry, kind)


class Ward:
    """The hospital's side of the scenario: its terminal, its visits, the patient's card."""

    def __init__(self, world: World, meter: Meter) -> None:
        self.world = world
        self.meter = meter
        identity = world.province.identity(f"{AT}_1")
        folder = world.province.folder / "outboxes"
        folder.mkdir(exist_ok=True)
        outbox = Outbox(folder / f"{AT}_1", identity.institution, now)
        self.terminal = Forgetful(world.address, identity, outbox, timeout_s=60.0)
        self.visits = VisitClient(self.terminal, operator="赵三", why="住院诊疗")

    def settle(
        self, visit: visit_pb2.Visit, card: Credential, on: date, **fields: Any
    ) -> tuple[settlement_pb2.SettleResponse, settlement_pb2.Original]:
        """Presettle and settle what is unsettled."""
        claim = self.visits.claim(visit, REGION, on, **fields)
        shown = self.terminal.presettle(claim, card)
        entry = self.terminal.prepare(claim, card, shown)
        return self.terminal.post(entry, settlement_pb2.SettleResponse), original_of(entry)


def run_stay(world: World, meter: Meter) -> Iterator[tuple[str, str, Measured]]:
    """Do the scenario; yield each step as Chinese, English and what it took and came to.

    `Measured.wrong` is "" where a step came out as it must.
    """
    ward = Ward(world, meter)
    try:
        yield from _stay(ward)
        yield from _outpatient(ward)
        lost = f"{ward.terminal.repeated} answers lost, each request repeated with the same bytes"
        yield "每步应答丢失后重发", lost, Measured()
    finally:
        world.adopt(ward.terminal)


def _stay(ward: Ward) -> Iterator[tuple[str, str, Measured]]:
    step, world = ward.meter.step, ward.world
    details = visit_pb2.VisitDetails(kind="21", begun_on=FIRST.isoformat(), diagnoses=["I63.900"])
    member = world.people[WHO].member_id
    opened = step(lambda: ward.visits.register(member, "ZY0001", details), "OK")
    yield "入院 2401", "admitted", opened
    visit = opened.reply.visit
    again = step(lambda: ward.visits.register(member, "ZY0002", details), "VISIT_STAY_OPEN")
    yield "重复入院被拒", "a second stay is refused", again
    originals = []
    for part, name in enumerate(("first", "second")):
        yield from _charge(ward, visit, part)
        if part:
            world.replace_card(WHO)
            yield "换卡", "the card is replaced", Measured()
        on = FIRST + timedelta(days=20 * part + 19)
        settle = partial(ward.settle, visit, world.card(WHO), on, interim=True)
        done = step(settle, "OK")
        originals.append(done.made)
        yield "中途结算 2304", f"{name} interim settlement", done
    yield from _charge(ward, visit, 2)
    yield from _discharged(ward, visit)
    last = FIRST + timedelta(days=DAYS - 1)
    done = step(lambda: ward.settle(visit, world.card(WHO), last), "OK")
    yield "出院结算 2304", "final settlement over New Year: no second deductible", done
    originals.append(done.made)
    early = step(lambda: ward.terminal.cancel(originals[0]), "LATER_SETTLEMENTS_DEPEND")
    yield "先撤销前次被拒", "the first cannot be cancelled before the last", early
    for original in reversed(originals):
        undone = step(partial(ward.terminal.cancel, original), "OK")
        yield "撤销 2305", "cancelled, the last first", undone
    whole = step(lambda: ward.settle(visit, world.card(WHO), last), "OK")
    yield "一次结清", "the whole stay at once", whole


def _discharged(ward: Ward, visit: visit_pb2.Visit) -> Iterator[tuple[str, str, Measured]]:
    """Discharge, undo it for a line that was forgotten, and discharge again."""
    step, visits = ward.meter.step, ward.visits
    last = FIRST + timedelta(days=DAYS - 1)
    yield "出院 2402", "discharged", step(lambda: visits.discharge(visit, last), "OK")
    late = [_line(DAYS * LINES_A_DAY, last)]
    refused = step(lambda: visits.upload(visit, late)[-1], "VISIT_DISCHARGED")
    yield "出院后上传被拒", "a line after the discharge is refused", refused
    undo = visit_pb2.VISIT_CANCELLATION_DISCHARGE
    yield "撤销出院 2405", "discharge undone", step(lambda: visits.cancel(visit, undo), "OK")
    yield "补传一行 2301", "the line", step(lambda: visits.upload(visit, late)[-1], "OK")
    yield "再次出院 2402", "discharged again", step(lambda: visits.discharge(visit, last), "OK")


def _charge(ward: Ward, visit: visit_pb2.Visit, part: int) -> Iterator[tuple[str, str, Measured]]:
    """Upload twenty days of lines; the last line of all comes after the discharge."""
    numbers = range(part * 20 * LINES_A_DAY + 1, (part + 1) * 20 * LINES_A_DAY + 1)
    lines = [
        _line(n, FIRST + timedelta(days=(n - 1) // LINES_A_DAY))
        for n in numbers
        if n < DAYS * LINES_A_DAY
    ]
    done = ward.meter.step(lambda: ward.visits.upload(visit, lines)[-1], "OK")
    yield "上传明细 2301", f"{len(lines):,} lines in calls of 500", done


def _line(number: int, on: date) -> common_pb2.FeeLine:
    code, price = ITEMS[number % len(ITEMS)]
    line = item(code, code, 1, price)
    line.number, line.on = number, on.isoformat()
    return line


def _outpatient(ward: Ward) -> Iterator[tuple[str, str, Measured]]:
    """A registration with its fee, a bill, and their refund, on one day."""
    step, world, visits = ward.meter.step, ward.world, ward.visits
    on, card = date(2019, 1, 21), world.card(OUTPATIENT)
    details = visit_pb2.VisitDetails(kind="11", begun_on=on.isoformat(), diagnoses=["J06.900"])
    member = world.people[OUTPATIENT].member_id
    opened = step(lambda: visits.register(member, "MZ0001", details), "OK")
    yield "挂号 2201", "registered", opened
    visit = opened.reply.visit
    paid = step(lambda: _fee(ward, visit, card, on), "OK")
    yield "挂号费 2207", "the fee, kind 12, tied to the visit", paid
    visits.upload(visit, [_line(1, on), _line(2, on)])
    bill = step(lambda: ward.settle(visit, card, on), "OK")
    yield "门诊结算 2207", "the bill", bill
    undo = visit_pb2.VISIT_CANCELLATION_REGISTRATION
    refused = step(lambda: visits.cancel(visit, undo), "VISIT_SETTLEMENTS_LIVE")
    yield "有结算时退号被拒", "not cancelled while settlements stand", refused
    for original in (bill.made, paid.made):
        undone = step(partial(ward.terminal.cancel, original), "OK")
        yield "退费 2208", "refunded", undone
    yield "退号 2202", "registration cancelled", step(lambda: visits.cancel(visit, undo), "OK")


def _fee(
    ward: Ward, visit: visit_pb2.Visit, card: Credential, on: date
) -> tuple[settlement_pb2.SettleResponse, settlement_pb2.Original]:
    from clients.bill import bill

    fee = item("DEMO-REGISTRATION", "挂号费", 1, "10.00")
    claim = bill("12", REGION, on, [fee], visit_id=visit.visit_id)
    entry = ward.terminal.prepare(claim, card, ward.terminal.presettle(claim, card))
    return ward.terminal.post(entry, settlement_pb2.SettleResponse), original_of(entry)
