"""Reconciliation over a real channel: the institution's command, the streams, a meddler."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from clients.bill import item, outpatient
from clients.comparison import Desk
from clients.faults import SwitchFault
from clients.link import Unproven
from clients.outbox import Outbox
from clients.province import Province
from clients.reconcile import main
from clients.records import read_file, write_file
from clients.streams import FrameStream, StreamFault
from clients.terminal import TerminalClient
from medswitch.v1 import reconciliation_pb2 as pb
from medswitch.v1 import reply_pb2
from switch.model.ids import BEIJING
from tests.e2e.conftest import Served
from tests.e2e.fix_meddler import Meddler

COMPARE = "/medswitch.v1.ReconciliationService/CompareDetails"
TERMINAL = "ningbo_secondary_1"


@pytest.fixture
def client(served: Served) -> Iterator[TerminalClient]:
    with served.province.counter(TERMINAL, served.address) as made:
        yield made


def today() -> str:
    return datetime.now(UTC).astimezone(BEIJING).date().isoformat()


def settle(province: Province, client: TerminalClient, quantity: int) -> str:
    card = province.card("employee_in_service")
    bill = outpatient("330299", date(2018, 12, 3), [item("DEMO-AMOX-CAP", "a", quantity, "10.00")])
    result = client.settle_or_reverse(bill, card, client.presettle(bill, card))
    assert result.settled is not None
    assert result.settled.outcome.code == reply_pb2.REPLY_CODE_OK
    return str(result.request_id)


def records(served: Served, path: Path) -> list[pb.CompareRecord]:
    assert main(["write", str(path), *where(served)]) == 0
    return list(read_file(path))


def where(served: Served) -> list[str]:
    folder = str(served.province.folder)
    return ["--address", served.address, "--folder", folder, "--terminal", TERMINAL]


def test_an_institution_compares_mends_and_agrees(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served.province.counter(TERMINAL, served.address) as client:
        ids = [settle(served.province, client, quantity) for quantity in (1, 2, 3, 4, 5)]
        client.outbox.forget(datetime(2999, 1, 1, tzinfo=UTC))
        lost = settle(served.province, client, 6)
    file = tmp_path / "records.tsv"
    kept = records(served, file)
    # The outbox forgot the first five: the institution's own books are what is left of them.
    with served.province.counter(TERMINAL, served.address) as client:
        desk, found = Desk(client.link), list[pb.Difference]()
        desk.compare(today(), today(), kept, found.append)
    books = {one.switch_record.request_id: one.switch_record for one in found} | {
        one.request_id: one for one in kept
    }
    assert set(ids) < set(books)
    write_file(file, (books[key] for key in sorted(books)))
    assert main(["compare", str(file), *where(served)]) == 0

    first, second, third, fourth, fifth = (books[one] for one in ids)
    undone = pb.CompareRecord()
    undone.CopyFrom(fifth)
    undone.undone, undone.settlement_id = True, ""
    undone.total_fen, undone.fund_fen = -fifth.total_fen - 100, -fifth.fund_fen
    undone.account_fen = -fifth.account_fen
    first.total_fen += 6_100
    third.member_id = "0001999999"
    del books[second.request_id], books[lost]
    write_file(file, [*books.values(), fourth, undone])
    capsys.readouterr()
    assert main(["compare", str(file), "--repair", *where(served)]) == 0
    shown = capsys.readouterr().out
    for repair in ("→ correct", "→ reverse", "→ strike", "→ cancel"):
        assert repair in shown
    assert "reversed, and both acts entered" in shown
    assert "an outbox keeps the reply that says posted" in shown
    assert "待处理 left 0" in shown
    mended = list(read_file(tmp_path / "records.mended.tsv"))
    assert {(one.request_id, one.undone) for one in mended} >= {
        (ids[1], False), (ids[1], True), (ids[4], True), (lost, False),
    }  # fmt: skip
    assert main(["compare", str(tmp_path / "records.mended.tsv"), *where(served)]) == 0
    assert main(["list", *where(served)]) == 0


def test_more_differences_than_an_answer_holds_come_in_several(
    client: TerminalClient,
) -> None:
    invented = [
        pb.CompareRecord(
            request_id=f"{client.identity.institution}20181203090000{number:04d}",
            business_day=today(), member_id="0001000001", total_fen=number + 1,
        )
        for number in range(1_234)
    ]  # fmt: skip
    found: list[pb.Difference] = []
    end = Desk(client.link).compare(today(), today(), invented, found.append)
    theirs = {one.institution_record.request_id for one in found} - {""}
    assert len(theirs) == 1_234
    assert end.differences == len(found)
    assert end.explained.total_fen == end.switch_total.amounts.total_fen - sum(range(1_235))
    standing = Desk(client.link).standing(today(), today())
    assert [one.difference for one in standing] == found


def part(records: list[pb.CompareRecord], until: str = "2018-12-03") -> bytes:
    return pb.CompareDetailsPart(
        since="2018-12-03", until=until, records=records, complete=True
    ).SerializeToString()


def record(request_id: str, **fields: int | str) -> pb.CompareRecord:
    made = pb.CompareRecord(request_id=request_id, business_day="2018-12-03", member_id="1")
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_a_frame_that_is_wrong_is_answered_with_what_is_wrong(client: TerminalClient) -> None:
    mine = f"{client.identity.institution}201812030900000001"
    cases = [
        (part([record("H33029999999201812030900000001")]), "NOT_PERMITTED"),
        (part([record(mine, business_day="2018-12-04")]), "business_day"),
        (part([record(mine, undone_by="x")]), "undone_by"),
        (part([record(mine[:-1] + "2"), record(mine)]), "send in order"),
        (part([], until="2019-12-03"), "span"),
        (b"\xff", "no CompareDetailsPart"),
    ]
    for body, told in cases:
        with FrameStream(client.link, COMPARE, 10) as stream:
            reply = stream.send(body)
            assert reply.status != 0
            assert told.encode() in reply.body
            with pytest.raises(Unproven, match="ended"):
                stream.send(b"")
    with (
        FrameStream(client.link, COMPARE, 10) as stream,
        pytest.raises(StreamFault) as fault,
    ):
        stream.send(b"")
    assert b"the first frame names the days" in fault.value.reply.body


class Forger(FrameStream):
    """Signs what another frame says."""

    def forge(self, n: int, method: str) -> None:
        frame = pb.CompareDetailsRequest(
            method=method, n=n, body=part([]), mac=bytes(16)
        ).SerializeToString()
        self._frames.put(frame)
        self._read()


@pytest.mark.parametrize(("n", "method"), [(1, COMPARE), (2, COMPARE), (1, COMPARE + "x")])
def test_a_frame_that_is_not_genuine_ends_the_stream_without_a_word(
    client: TerminalClient, n: int, method: str
) -> None:
    with Forger(client.link, COMPARE, 10) as stream, pytest.raises(Unproven, match="refused"):
        stream.forge(n, method)


def test_a_comparison_ends_with_its_session(client: TerminalClient) -> None:
    with FrameStream(client.link, COMPARE, 10) as stream:
        assert stream.send(part([])).status == 0
        client.sign_out()
        with pytest.raises(Unproven, match="refused"):
            stream.send(part([]))


def test_who_meddles_with_answers_or_lists_is_not_believed(
    client: TerminalClient, served: Served
) -> None:
    mine = f"{client.identity.institution}201812030900000"
    invented = [record(f"{mine}{n:03d}", total_fen=n) for n in range(3)]
    Desk(client.link).compare("2018-12-03", "2018-12-03", invented, lambda _: None)
    genuine = Desk(client.link).standing("2018-12-03", "2018-12-03")
    assert len(genuine) == 3

    def flipped(messages: list[bytes]) -> list[bytes]:
        return [*messages[:-1], messages[-1][:-1] + bytes([messages[-1][-1] ^ 1])]

    def outbox() -> Outbox:
        return Outbox(":memory:", client.identity.institution, lambda: datetime.now(UTC))

    for spoil in (lambda m: m[:-1], lambda m: m[::-1], lambda m: [*m, m[0]], flipped):
        with (
            Meddler(served.address, spoil) as between,
            TerminalClient(between.address, client.identity, outbox()) as fooled,
            pytest.raises(Unproven),
        ):
            Desk(fooled.link).standing("2018-12-03", "2018-12-03")
    with (
        Meddler(served.address, flipped) as between,
        TerminalClient(between.address, client.identity, outbox()) as fooled,
        pytest.raises(Unproven, match="without a valid MAC"),
    ):
        Desk(fooled.link).compare("2018-12-03", "2018-12-03", invented, lambda _: None)


def test_days_that_are_no_range_are_refused(client: TerminalClient) -> None:
    with pytest.raises(SwitchFault, match="MALFORMED"):
        Desk(client.link).totals("2018-12-03", "2018-12-02", [])
