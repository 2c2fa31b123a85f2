"""Bad input over the wire gets a proven, clear error, and the real ledger does not move.

The wire's own tests know each field (`tests/unit/wire/cases`); here a whole switch answers.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clients.bill import bill, inpatient, item
from clients.faults import SwitchFault
from clients.link import Unproven
from clients.terminal import TerminalClient
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.model.ids import BEIJING
from tests.e2e.conftest import Served

ON = date(2018, 12, 20)
SETTLE = "/medswitch.v1.SettlementService/Settle"
Spoil = Callable[[Any], None]
Lines = list[common_pb2.FeeLine]


@pytest.fixture
def counter(served: Served) -> Iterator[TerminalClient]:
    """A terminal of the community hospital; no two tests use its outbox at once."""
    with served.province.counter("ningbo_community_1", served.address) as client:
        yield client


def tablets() -> Lines:
    return [item("DEMO-AMLOD-TAB", "氨氯地平片", 28, "1.00")]


def put(**values: Any) -> Spoil:
    def spoil(claim: Any) -> None:
        for name, value in values.items():
            setattr(claim, name, value)

    return spoil


def line(**values: Any) -> Spoil:
    return lambda claim: put(**values)(claim.lines[0])


def withdraw_nothing(claim: Any) -> None:
    claim.lines.add(
        number=2, code="DEMO-AMLOD-TAB", name="-", on=ON.isoformat(),
        quantity_e4=-10_000, unit_price_e4=10_000, amount_fen=-100,
    )  # fmt: skip
    claim.total_fen -= 100


def many_lines(claim: Any) -> None:
    one = claim.lines[0]
    del claim.lines[:]
    for number in range(1, 502):
        claim.lines.add().CopyFrom(one)
        claim.lines[-1].number = number
    claim.total_fen = 501 * one.amount_fen


def no_lines(claim: Any) -> None:
    del claim.lines[:]
    claim.total_fen = 0


TOMORROW = (datetime.now(UTC).astimezone(BEIJING).date() + timedelta(days=1)).isoformat()
BAD: list[tuple[str, Spoil, str]] = [
    ("an overflowing amount", line(amount_fen=2**63 - 1), "claim.lines[0].amount_fen"),
    ("a negative line naming none", withdraw_nothing, "claim.lines[1].withdraws"),
    ("lines that do not add up", put(total_fen=2_801), "claim.total_fen"),
    ("2 fen off quantity × price", line(amount_fen=2_802), "claim.lines[0].amount_fen"),
    ("a service day in the future", put(service_on=TOMORROW), "claim.service_on"),
    ("an empty claim", no_lines, "claim.lines"),
    ("501 lines", many_lines, "claim.lines"),
]


def settle_of(counter: TerminalClient, served: Served, lines: Lines) -> Any:
    """Return a Settle that would post, signed by the card and not sent."""
    card = served.province.card("employee_in_service")
    claim = bill("11", "330299", ON, lines)
    entry = counter.prepare(claim, card, counter.presettle(claim, card))
    return settlement_pb2.SettleRequest.FromString(entry.body)


def refused(counter: TerminalClient, served: Served, body: bytes) -> SwitchFault:
    """Send a Settle and return the proven fault it must end in, having changed nothing."""
    before = served.recorded()
    request_id = counter.outbox.make_id()
    with pytest.raises(SwitchFault) as caught:
        counter._repeater.answer(SETTLE, body, request_id)
    assert served.recorded() == before
    return caught.value


@pytest.mark.parametrize(("spoil", "field"), [pytest.param(s, f, id=n) for n, s, f in BAD])
def test_a_bad_claim_is_refused_at_its_field_and_moves_nothing(
    counter: TerminalClient, served: Served, spoil: Spoil, field: str
) -> None:
    request = settle_of(counter, served, tablets())
    spoil(request.claim)
    fault = refused(counter, served, request.SerializeToString())
    assert (fault.reason, fault.action, fault.field) == ("MALFORMED", "stop", field)
    assert fault.text


def test_an_unknown_field_moves_nothing(counter: TerminalClient, served: Served) -> None:
    body = settle_of(counter, served, tablets()).SerializeToString() + bytes.fromhex("f8ff0101")
    fault = refused(counter, served, body)
    assert (fault.reason, fault.field) == ("MALFORMED", "4095")


def test_bytes_that_end_early_move_nothing(counter: TerminalClient, served: Served) -> None:
    body = settle_of(counter, served, tablets()).SerializeToString()[:-3]
    assert refused(counter, served, body).reason == "MALFORMED"


def test_text_that_is_not_utf_8_moves_nothing(counter: TerminalClient, served: Served) -> None:
    body = settle_of(counter, served, tablets()).SerializeToString()
    spoiled = body.replace("氨".encode(), b"\xff\xfe\xfd")
    assert spoiled != body
    assert refused(counter, served, spoiled).field == "claim.lines[0].name"


def test_a_message_above_1_mib_is_not_even_read(counter: TerminalClient, served: Served) -> None:
    request = settle_of(counter, served, tablets())
    request.claim.lines[0].name = "长" * (2**20 // 3 + 1)
    before = served.recorded()
    with pytest.raises(Unproven, match="RESOURCE_EXHAUSTED"):
        counter._link.call(SETTLE, request.SerializeToString(), 10.0)
    assert served.recorded() == before


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("insurance_ended", reply_pb2.REPLY_CODE_NOT_INSURED),
        ("two_insurances", reply_pb2.REPLY_CODE_INSURANCE_AMBIGUOUS),
    ],
)
def test_whoever_is_insured_nowhere_or_twice_is_declined_in_both_languages(
    counter: TerminalClient, served: Served, who: str, code: int
) -> None:
    before = served.recorded()
    shown = counter.presettle(bill("11", "330299", ON, tablets()), served.province.card(who))
    assert shown.outcome.code == code
    assert shown.outcome.message_zh
    assert shown.outcome.message_en
    assert served.recorded() == before


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(
            bill("11", "330299", ON, [item("院内自编-77", "院内制剂", 1, "30.00")]),
            id="an uncatalogued code",
        ),
        pytest.param(
            bill("11", "330299", ON, [*tablets(), item("DEMO-ECG", "心电图", 1, 0)]),
            id="a zero-price line",
        ),
        pytest.param(
            inpatient("330299", date(2018, 12, 1), ON, tablets()),
            id="a stay begun before the card was issued",
        ),
    ],
)
def test_what_only_looks_odd_is_settled(
    counter: TerminalClient, served: Served, claim: common_pb2.Claim
) -> None:
    card = served.province.card("cancel_patient")
    assert card.face.issued_on > ON
    result = counter.settle_or_reverse(claim, card, counter.presettle(claim, card))
    assert result.settled is not None
    assert result.settled.outcome.code == reply_pb2.REPLY_CODE_OK
    split = result.settled.decision.split
    assert split.fund_fen + split.hospital_fen + split.account_fen + split.cash_fen == (
        claim.total_fen
    )
