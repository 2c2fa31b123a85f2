"""The table method × class, cell by cell through the door; the pace; the end of a lock."""

from datetime import datetime, timedelta

import pytest
from grpc import StatusCode

from switch.model.ids import TerminalId
from switch.model.terminal import TerminalClass
from switch.security.suite import Suite
from switch.server import rights
from switch.server.rights import FREE_MISUSES, LOOK_EVERY
from switch.server.throttle import Pace
from tests.fix_server import NOW, Door, Pos

INSTITUTION, AGENCY = TerminalClass.INSTITUTION, TerminalClass.AGENCY
MAY = {
    "TerminalService": {"SignOut": "ia", "Heartbeat": "ia"},
    "SettlementService": {
        "ReadMember": "ia", "Presettle": "i", "Settle": "i", "Cancel": "i", "Reverse": "i",
        "GetSettlement": "i", "SettleStream": "i",
    },
    "ReconciliationService": {"CompareTotals": "i", "CompareDetails": "i", "ListDifferences": "i"},
    "ClearingService": {
        "GetWindow": "i", "ListStatement": "i", "ConfirmStatement": "i", "GetPositions": "a",
    },
    "FilingService": {"File": "ia", "Withdraw": "ia", "ListFilings": "ia"},
    "VisitService": {
        "Register": "i", "Update": "i", "UploadLines": "i", "WithdrawLines": "i", "Discharge": "i",
        "CancelVisit": "i", "GetVisit": "ia",
    },
    "CardService": {
        "ReportLost": "a", "ConfirmLost": "a", "Release": "a", "Replace": "a", "LockCard": "a",
        "UnlockCard": "a", "GetCard": "a", "GetHolder": "a",
    },
}  # fmt: skip
"""Method → who may call it once signed in: i an institution, a an agency. Stated here anew."""
CELLS = [
    pytest.param(f"/medswitch.v1.{service}/{method}", one, letter in who,
                 id=f"{method}-{one.value}")
    for service, methods in MAY.items()
    for method, who in methods.items()
    for letter, one in (("i", INSTITUTION), ("a", AGENCY))
]  # fmt: skip


class Book:
    """An operator's word on locks, and what was noted."""

    def __init__(self) -> None:
        self.words: dict[str, datetime] = {}
        self.looked = 0
        self.noted: list[tuple[str, str | None]] = []

    async def note(self, terminal_id: TerminalId, software: str | None, _: datetime) -> None:
        self.noted.append((terminal_id, software))

    async def unlocked_at(self, terminal_id: TerminalId) -> datetime | None:
        self.looked += 1
        return self.words.get(terminal_id)


async def opened(one: TerminalClass, door: Door | None = None) -> Pos:
    door = door or Door()
    door.store.register("T1", Suite.SM4, terminal_class=one)
    pos = Pos(door, Suite.SM4)
    assert (await pos.sign_in()).reply is not None
    return pos


def test_the_table_has_no_other_cell() -> None:
    stated = {f"/medswitch.v1.{service}/{one}" for service, names in MAY.items() for one in names}
    assert stated == set(rights.RIGHTS)


@pytest.mark.parametrize(("method", "one", "allowed"), CELLS)
async def test_a_class_may_call_what_its_cell_says(
    method: str, one: TerminalClass, allowed: bool
) -> None:
    pos = await opened(one)
    outcome = await pos.call(method, b"q")
    refused = outcome.code is StatusCode.PERMISSION_DENIED
    assert refused is not allowed
    if refused:
        assert "terminals of this class" in outcome.text
        assert pos.door.codec.decoded == []
        assert pos.door.counter.asked == []


async def test_a_terminal_calls_so_often_in_a_second_and_others_do_not_count() -> None:
    door = Door()
    door.handlers = door.another_process(calls_per_s_max=3)
    pos, other = await opened(INSTITUTION, door), Pos(door, Suite.AES_128)
    await other.sign_in()
    for _ in range(3):
        assert (await pos.call(rights.HEARTBEAT, b"")).reply == b"beat"
    beyond = await pos.call(rights.HEARTBEAT, b"")
    assert beyond.code is StatusCode.RESOURCE_EXHAUSTED
    assert (await other.call(rights.HEARTBEAT, b"")).reply == b"beat"
    door.clock.move(timedelta(seconds=1))
    assert (await pos.call(rights.HEARTBEAT, b"")).reply == b"beat"


def test_no_bound_is_no_bound() -> None:
    pace = Pace(0)
    assert all(pace.take("T1", NOW) for _ in range(10_000))


async def test_an_operator_ends_a_lock_and_is_asked_at_most_once_a_second() -> None:
    door, book = Door(), Book()
    door.handlers = door.another_process(book=book)
    pos = await opened(AGENCY, door)
    for _ in range(FREE_MISUSES + 5):  # 16 seconds
        door.handlers._routes.lock.misused(TerminalId("T1"), door.clock.now())
    for _ in range(4):
        locked = await pos.call(rights.HEARTBEAT, b"")
        assert locked.code is StatusCode.PERMISSION_DENIED
    assert book.looked == 1
    door.clock.move(LOOK_EVERY)
    book.words["T1"] = door.clock.now() - timedelta(minutes=5)
    again = await pos.call(rights.HEARTBEAT, b"")
    assert again.code is StatusCode.PERMISSION_DENIED, "a word from before the misuse ends nothing"
    book.words["T1"] = door.clock.now()
    door.clock.move(LOOK_EVERY)
    assert (await pos.call(rights.HEARTBEAT, b"")).reply == b"beat"


async def test_software_and_heartbeats_are_noted_and_a_book_that_fails_costs_no_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door, book = Door(), Book()
    door.handlers = door.another_process(book=book)
    pos = await opened(INSTITUTION, door)
    await pos.call(rights.HEARTBEAT, b"")
    (first, software), (second, none) = book.noted
    assert (first, second, none) == ("T1", "T1", None)
    assert software

    async def down(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(book, "note", down)
    assert (await pos.sign_in()).reply is not None
