"""Files of an institution's records: national columns, yuan in text, refunds, broken rows."""

from pathlib import Path

import pytest

from clients.outbox import Entry
from clients.records import (
    NotRecords,
    Records,
    fen,
    of_entries,
    read_file,
    write_file,
    yuan,
)
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from medswitch.v1 import reconciliation_pb2 as pb
from switch.model.ids import RequestId

ID = "H33020000001201812010900000001"
HEAD = "msgid,stmt_date,psn_no,medfee_sumamt,fund_pay_sumamt,acct_pay"


@pytest.mark.parametrize(
    ("text", "amount"),
    [("", 0), ("0", 0), ("1", 100), ("1.5", 150), ("-0.07", -7), ("171239.61", 17_123_961)],
)
def test_yuan_are_read_to_the_fen(text: str, amount: int) -> None:
    assert fen(text) == amount
    assert fen(yuan(amount)) == amount


@pytest.mark.parametrize("text", ["1.005", "1,000", "１", "+1", "1e3", ".5", "nan", "--1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount"):
        fen(text)


def written(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def test_a_comma_file_and_a_tab_file_say_the_same(tmp_path: Path) -> None:
    row = f"{ID},20181201,0001000001,10.00,7.00,1.00"
    comma = written(tmp_path / "a.csv", HEAD, row)
    tab = written(tmp_path / "a.tsv", HEAD.replace(",", "\t"), row.replace(",", "\t"))
    (one,) = read_file(comma)
    assert list(read_file(tab)) == [one]
    assert (one.business_day, one.total_fen, one.fund_fen, one.account_fen, one.undone) == (
        "2018-12-01", 1_000, 700, 100, False,
    )  # fmt: skip


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_undoing_is_negative_however_it_is_kept(tmp_path: Path, sign: str) -> None:
    head = f"{HEAD},refd_setl_flag,omsgid"
    row = f"H33020000001201812011000000009,2018-12-01,1,{sign}10.00,{sign}7.00,0,1,{ID}"
    (one,) = read_file(written(tmp_path / "a.csv", head, row))
    assert (one.request_id, one.undone, one.total_fen, one.fund_fen) == (ID, True, -1_000, -700)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["msgid,psn_no", "a,b"], "no column stmt_date"),
        ([HEAD, f"{ID},yesterday,1,1,1,1"], "line 2: stmt_date 'yesterday'"),
        ([HEAD, f"{ID},2018-12-01,1,1,1,1", f"{ID},2018-12-01,1,1.005,1,1"], "line 3: '1.005'"),
        ([""], "no column msgid"),
    ],
)
def test_a_file_that_is_no_list_names_row_and_column(
    tmp_path: Path, rows: list[str], told: str
) -> None:
    with pytest.raises(NotRecords, match=told):
        list(read_file(written(tmp_path / "a.csv", *rows)))


def record(number: int, *, undone: bool = False, day: str = "2018-12-01") -> pb.CompareRecord:
    return pb.CompareRecord(
        request_id=f"{ID[:-2]}{number:02d}", undone=undone, business_day=day, member_id="1",
        total_fen=-number if undone else number,
    )  # fmt: skip


def test_records_come_in_the_order_that_is_compared() -> None:
    records = Records()
    records.add([record(2), record(1, undone=True), record(1), record(3, day="2018-12-02")])
    found = [
        (one.request_id[-1], one.undone) for one in records.between("2018-12-01", "2018-12-01")
    ]
    assert found == [("1", False), ("1", True), ("2", False)]
    assert records.days() == ("2018-12-01", "2018-12-02")


def test_one_of_two_is_struck_and_one_record_stands_under_a_key() -> None:
    records, other = Records(), record(1, day="2018-12-03")
    records.add([record(1), record(1), other])
    records.strike_one(record(1))
    assert sorted(one.business_day for one in records.all()) == ["2018-12-01", "2018-12-03"]
    records.keep(record(1))
    assert list(records.all()) == [record(1)]
    records.strike(record(1).request_id, undone=False)
    assert records.days() is None


def test_what_the_switch_alone_says_is_not_kept() -> None:
    records, theirs = Records(), record(1)
    theirs.undone_by = "H33020000001201812010900000009"
    records.keep(theirs)
    assert list(records.all()) == [record(1)]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    given = [record(1), record(1, undone=True), record(7)]
    for name in ("a.csv", "a.tsv"):
        assert write_file(tmp_path / name, given) == 3
        assert list(read_file(tmp_path / name)) == given


def reversal(request_id: str, amount: int) -> Entry:
    reply = settlement_pb2.ReverseResponse(
        outcome=reply_pb2.Outcome(code=reply_pb2.REPLY_CODE_OK),
        undone=settlement_pb2.Undone(
            original=settlement_pb2.Original(request_id=request_id, member_id="1"),
            undo_settlement_id="2", business_day="2018-12-01", total_fen=amount,
        ),
    )  # fmt: skip
    return Entry(RequestId("r"), "Reverse", "1", amount, b"", reply=reply.SerializeToString())


def test_a_settlement_whose_answer_was_lost_and_reversed_is_no_record() -> None:
    reply = settlement_pb2.SettleResponse(
        outcome=reply_pb2.Outcome(code=reply_pb2.REPLY_CODE_OK, request_id=ID),
        business_day="2018-12-01",
        decision=common_pb2.Decision(insurance="310", split=common_pb2.Split(total_fen=5)),
    )
    settled = Entry(RequestId(ID), "Settle", "1", 5, b"", reply=reply.SerializeToString())
    declined = Entry(RequestId(ID), "Settle", "1", 5, b"", reply=b"")
    assert list(of_entries([reversal("lost", 9), declined])) == []
    found = list(of_entries([reversal(ID, 5), settled]))
    assert [(one.total_fen, one.insurance) for one in found] == [(5, "310"), (-5, "310")]
