"""The report over several files: what belongs together, where it stands, how it ends."""

import json

import pytest

from switch.national import Report, check
from switch.national.message import Lines, Settlement
from switch.national.words import Note, State

SETTLED = {
    "setl_id": "1", "mdtrt_id": "2", "medfee_sumamt": 100, "fund_pay_sumamt": 60,
    "hifp_pay": 60, "psn_part_amt": 40, "acct_pay": 40, "psn_cash_pay": 0, "hosp_part_amt": 0,
}  # fmt: skip
UNDONE = {k: -v if isinstance(v, int) else v for k, v in SETTLED.items()}


def of(*documents: object) -> Report:
    return check(
        (f"{number}.json", json.dumps(document, ensure_ascii=False).encode())
        for number, document in enumerate(documents, start=1)
    )


def states(report: Report, message: int) -> dict[str, State]:
    return {finding.identity: finding.state for finding in report.checked[message].findings}


def test_a_cancellation_finds_its_settlement_in_another_file() -> None:
    report = of(UNDONE, SETTLED)
    assert states(report, 0)["cancel-negates"] is State.HOLDS
    assert report.status == 0


def test_lines_find_their_bill_in_another_file() -> None:
    line = {"feedetl_sn": "1", "det_item_fee_sumamt": 99.99, "pric": 99.99, "cnt": 1}
    report = of({"output": {"result": [line]}}, SETTLED)
    assert states(report, 1)["lines-total"] is State.FAILS
    assert report.status == 1


def test_a_message_says_where_it_stands_and_no_more_than_ids() -> None:
    named = {**SETTLED, "psn_name": "某某", "certno": "330200190001010000"}
    report = of([{"hello": 1, "infcode": 0}, {"data": [{"output": {"setlinfo": named}}]}])
    written = json.dumps(report.as_json(), ensure_ascii=False)
    assert report.checked[1].as_json()["path"] == "$[1].data[0].output.setlinfo"
    assert report.checked[1].ids == {"setl_id": "1", "mdtrt_id": "2"}
    assert "某某" not in written
    assert "330200190001010000" not in written


def test_json_states_amounts_as_exact_text() -> None:
    report = of({**SETTLED, "medfee_sumamt": 100.01})
    finding = next(
        one
        for one in report.as_json()["messages"][0]["findings"]
        if one["identity"] == "total-payers"
    )
    assert finding["state"] == "fails"
    assert (finding["left"], finding["right"], finding["difference"]) == (
        "100.01", "100.00", "0.01",
    )  # fmt: skip
    assert finding["number"] == "2"
    assert finding["terms"][0] == {"field": "fund_pay_sumamt", "value": "60.00", "expected": None}
    assert report.as_json()["counts"]["fails"] == 1


@pytest.mark.parametrize(
    "raw", [b"", b" \n", b"{", b"[]", b"1", b'"{]"', b'{"a": 1}', b"[[], 1]", b"\xff"]
)
def test_what_is_no_message_ends_with_2(raw: bytes) -> None:
    report = check([("file", raw), ("good", json.dumps(SETTLED).encode())])
    assert report.status == 2
    assert [one.file for one in report.unreadable] == ["file"]
    assert len(report.checked) == 1


def test_a_file_that_could_not_be_opened_ends_with_2() -> None:
    report = check([("file", Note("打不开", "cannot be opened"))])
    assert report.status == 2
    assert report.as_json()["unreadable"][0]["why"]["en"] == "cannot be opened"


def test_unreadable_outweighs_a_failure() -> None:
    assert check([("a", b"{"), ("b", json.dumps({**SETTLED, "acct_pay": 39}).encode())]).status == 2


def test_a_single_line_and_an_array_of_lines_are_one_reply_each() -> None:
    line = {"feedetl_sn": "1", "cnt": 1, "pric": 2}
    report = of({"result": line}, [line, line])
    counts = [len(one.message.lines) for one in report.checked if isinstance(one.message, Lines)]
    assert counts == [1, 2]


def test_a_request_in_one_object_with_its_cancel_reply_makes_it_one() -> None:
    """A cancellation of nothing has no sign; its transaction number tells what it is."""
    nothing = dict.fromkeys(SETTLED, 0)
    report = of({"infno": "2208", "input": {"data": {}}, "output": {"setlinfo": nothing}})
    assert report.checked[0].kind == "cancel"


def test_what_lies_too_deep_is_not_looked_for() -> None:
    document: object = SETTLED
    for _ in range(60):
        document = {"data": document}
    assert of(document).status == 2


def test_a_list_of_settlements_is_read_one_by_one() -> None:
    report = of({"output": {"setlinfo": [SETTLED, {**SETTLED, "setl_id": "9"}], "other": [1]}})
    found = [one.message.setl_id for one in report.checked if isinstance(one.message, Settlement)]
    assert found == ["1", "9"]


def test_one_reply_twice_is_one_settlement() -> None:
    undone = {**UNDONE, "setl_id": "8"}
    report = of(SETTLED, SETTLED, undone)
    assert states(report, 2)["cancel-negates"] is State.HOLDS


def test_a_settlement_after_the_cancellation_is_not_undone_by_it() -> None:
    undone = {**UNDONE, "setl_id": "8", "setl_time": "2022-03-01 10:00:00"}
    before = {**SETTLED, "setl_time": "20220301095959"}
    after = {**SETTLED, "setl_time": "2022-03-01 10:00:01"}
    assert states(of(before, undone), 1)["cancel-negates"] is State.HOLDS
    assert states(of(after, undone), 1)["cancel-negates"] is State.UNDECIDED


def test_a_cancellation_that_gives_more_than_was_settled_fails() -> None:
    undone = {**UNDONE, "maf_pay": -1}
    assert states(of(SETTLED, undone), 1)["cancel-negates"] is State.FAILS


def test_the_first_spelling_wins_and_another_may_be_wrong() -> None:
    """The other spelling is read only where the first has no amount; a wrong one is still named."""
    report = of({**SETTLED, "psn_pay": 40, "ownpay_hosp_part": "none", "cash_payamt": 3})
    assert states(report, 0)["total-payers"] is State.HOLDS
    assert states(report, 0)["person-parts"] is State.HOLDS
    (amounts,) = (one for one in report.checked[0].findings if one.identity == "amounts")
    assert [note.en for note in amounts.notes] == ["ownpay_hosp_part: not a number: 'none'"]


def test_a_cancellation_may_leave_out_what_was_nothing() -> None:
    details = [{"fund_pay_type": "310100", "fund_payamt": None}]
    undone = {**UNDONE, "hosp_part_amt": None, "acct_pay": None, "setldetail": details}
    (found,) = (
        one for one in of(SETTLED, undone).checked[1].findings if one.identity == "cancel-negates"
    )
    assert found.state is State.HOLDS
    assert found.notes[1].en == "the cancel leaves out acct_pay"


def test_totals_are_asked_and_answered_in_turn() -> None:
    def asked(total: int) -> dict[str, object]:
        data = {"stmt_begndate": "2022-03-01", "medfee_sumamt": total, "setl_optins": "330299"}
        return {"infno": "3201", "input": {"data": data}}

    def answered(total: int, agency: str = "330299") -> dict[str, object]:
        stated = {"stmt_rslt": "0", "medfee_sumamt": total, "setl_optins": agency}
        return {"infcode": 0, "output": {"stmtinfo": stated}}

    report = of(asked(1), answered(1), asked(2), answered(2), asked(3), answered(3, "330100"))
    assert states(report, 0)["totals-reply"] is State.HOLDS
    assert states(report, 2)["totals-reply"] is State.HOLDS
    assert states(report, 4)["totals-result"] is State.UNDECIDED
    assert "totals-result" in states(report, 5)


def test_totals_count_settlements_with_their_cancellations_or_without() -> None:
    def asked(count: int) -> dict[str, object]:
        return {
            "stmt_begndate": "2022-03-01", "stmt_enddate": "2022-03-31",
            "medfee_sumamt": 50, "fund_pay_sumamt": 30, "fixmedins_setl_cnt": count,
        }  # fmt: skip

    other = {"setl_id": "5", "mdtrt_id": "6", "medfee_sumamt": 50, "fund_pay_sumamt": 30}
    for count, state in [(3, "holds"), (2, "holds"), (1, "holds"), (4, "not decidable")]:
        report = of(asked(count), SETTLED, UNDONE, {**other, "psn_part_amt": 20})
        found = [f for f in report.checked[0].findings if f.identity == "totals-settled"]
        assert found[0].state.value == state
    missing = of(asked(1), {**other, "hifp_pay": 30, "medfee_sumamt": None, "setl_id": "7"})
    found = [f for f in missing.checked[0].findings if f.identity == "totals-settled"]
    assert found[0].missing == ("medfee_sumamt of 7",)
