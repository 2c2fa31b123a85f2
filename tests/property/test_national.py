"""Consistent messages hold on everything, and a fen anywhere is seen by what contains it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from switch.national import Report, check
from switch.national.words import State

FUNDS = {
    "hifp_pay": "310100",
    "cvlserv_pay": "320100",
    "hifob_pay": "330100",
    "maf_pay": "610100",
    "oth_pay": "999997",
}
OTHER_FUNDS = ("hifes_pay", "hifmi_pay", "hifdm_pay")
PARTS = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
LINE_SUMS = {
    "det_item_fee_sumamt": ("medfee_sumamt", "lines-total"),
    "fulamt_ownpay_amt": ("fulamt_ownpay_amt", "lines-own"),
    "overlmt_amt": ("overlmt_selfpay", "lines-over"),
    "preselfpay_amt": ("preselfpay_amt", "lines-first"),
    "inscp_scp_amt": ("inscp_scp_amt", "lines-scope"),
}


class Fen(int):
    """An amount of a generated message; anything else in it is written as it is."""


@dataclass(frozen=True)
class Visit:
    """A 2204 reply and the settlement of its lines."""

    lines: list[dict[str, Any]]
    bill: dict[str, Any]
    details: list[dict[str, Any]]

    def documents(self) -> list[Any]:
        output = {"setlinfo": self.bill, "setldetail": self.details}
        return [
            {"infcode": 0, "output": {"result": self.lines}},
            {"infcode": "0", "output": output},
        ]


def as_number(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def written(node: Any, amount: Callable[[int], str] = as_number) -> str:
    """Return JSON text in which every amount is typed by `amount`."""
    match node:
        case Fen():
            return amount(node)
        case dict():
            inside = (f"{json.dumps(k)}: {written(v, amount)}" for k, v in node.items())
            return f"{{{', '.join(inside)}}}"
        case list():
            return f"[{', '.join(written(item, amount) for item in node)}]"
        case _:
            return json.dumps(node, ensure_ascii=False)


def report_of(documents: list[Any], amount: Callable[[int], str] = as_number) -> Report:
    text = "\n".join(written(document, amount) for document in documents)
    return check([("messages.jsonl", text.encode())])


def states(report: Report) -> list[Any]:
    assert report.unreadable == ()
    return [
        (one.kind, [(f.identity, f.subject, f.state, f.left, f.right) for f in one.findings])
        for one in report.checked
    ]


def failing(report: Report) -> set[str]:
    assert report.unreadable == ()
    return {f.identity for one in report.checked for f in one.findings if f.state is State.FAILS}


@st.composite
def fee_line(draw: st.DrawFn, number: int) -> dict[str, Any]:
    count, price = draw(st.integers(1, 20)), draw(st.integers(1, 300_000))
    amount = count * price
    limit = draw(st.sampled_from([99_999_900, 9_999_999_900]) | st.integers(1, 400_000))
    ratio_bp = draw(st.sampled_from([0, 500, 1000, 3333, 10_000]))
    own = amount if ratio_bp == 10_000 and draw(st.booleans()) else 0
    over = 0 if own or limit >= 99_999_900 else max(0, amount - limit * count)
    first = (ratio_bp * (amount - own - over) + 5_000) // 10_000
    return {
        "feedetl_sn": f"sn-{number}",
        "det_item_fee_sumamt": Fen(amount),
        "cnt": count,
        "pric": Fen(price),
        "pric_uplmt_amt": Fen(limit),
        "selfpay_prop": f"{ratio_bp // 10_000}.{ratio_bp % 10_000:04d}",
        "fulamt_ownpay_amt": Fen(own),
        "overlmt_amt": Fen(over),
        "preselfpay_amt": Fen(first),
        "inscp_scp_amt": Fen(amount - own - over - first),
    }


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    lines = [draw(fee_line(number)) for number in range(draw(st.integers(1, 4)))]
    sums = {field: sum(line[name] for line in lines) for name, (field, _) in LINE_SUMS.items()}
    total, scope = sums["medfee_sumamt"], sums["inscp_scp_amt"]
    fund = draw(st.integers(0, scope))
    left, shares = fund, {}
    for name in list(FUNDS)[1:]:
        shares[name] = draw(st.integers(0, left))
        left -= shares[name]
    shares["hifp_pay"] = left
    hospital = draw(st.integers(0, total - fund))
    person = total - fund - hospital
    account = draw(st.integers(0, person))
    # A relative's account of one fen could be either side of a fen's change: left out.
    relative = draw(st.just(0) | st.integers(2, max(2, person - account)))
    relative = min(relative, person - account)
    assume(relative != 1)
    bill = {
        "setl_id": "330200000000000001",
        "mdtrt_id": "330200000000000002",
        **{name: Fen(value) for name, value in sums.items()},
        "act_pay_dedc": Fen(draw(st.integers(0, scope if fund == 0 else max(0, scope - 2)))),
        **{name: Fen(0) for name in OTHER_FUNDS},
        **{name: Fen(value) for name, value in shares.items()},
        "fund_pay_sumamt": Fen(fund),
        "psn_part_amt": Fen(person),
        "acct_pay": Fen(account),
        "acct_mulaid_pay": Fen(relative),
        "psn_cash_pay": Fen(person - account - relative),
        "hosp_part_amt": Fen(hospital),
        "balc": Fen(draw(st.integers(0, 10**7))),
    }
    entries = [*((FUNDS[name], value) for name, value in shares.items())]
    entries += [("310200", account), ("999996", hospital)]
    details = [
        {"fund_pay_type": code, "fund_payamt": Fen(value)} for code, value in entries if value
    ]
    return Visit(lines, bill, draw(st.permutations(details)))


@given(visits())
def test_a_consistent_visit_holds_on_everything(visit: Visit) -> None:
    report = report_of(visit.documents())
    assert failing(report) == set()
    assert report.status == 0
    undecided = {
        f.identity for one in report.checked for f in one.findings if f.state is State.UNDECIDED
    }
    assert undecided <= {"cancel-signs", "deductible", "detail-funds"}
    assert "detail-funds" not in undecided or not visit.details


def contained(visit: Visit, name: str) -> set[str]:
    """Which identities contain a field of the bill."""
    kinds = {entry["fund_pay_type"] for entry in visit.details}
    found = {
        "medfee_sumamt": {"total-parts", "total-payers", "lines-total"},
        "fulamt_ownpay_amt": {"total-parts", "lines-own"},
        "overlmt_selfpay": {"total-parts", "lines-over"},
        "preselfpay_amt": {"total-parts", "lines-first"},
        "inscp_scp_amt": {"total-parts", "lines-scope"},
        "fund_pay_sumamt": {"total-payers", "fund-parts"},
        "psn_part_amt": {"total-payers", "person-parts"},
        "acct_pay": {"person-parts"},
        "acct_mulaid_pay": {"person-parts"},
        "psn_cash_pay": {"person-parts"},
        "hosp_part_amt": {"total-payers"},
        "act_pay_dedc": set(),
        "balc": set(),
    }.get(name, {"fund-parts"})
    if name == "fund_pay_sumamt" and visit.details:
        found |= {"detail-funds"}
    if name == "acct_pay" and "310200" in kinds:
        found |= {"detail-account"}
    if name == "hosp_part_amt" and "999996" in kinds:
        found |= {"detail-hospital"}
    bill = visit.bill
    taken, scope, fund = (bill[n] for n in ("act_pay_dedc", "inscp_scp_amt", "fund_pay_sumamt"))
    if taken == scope != 0 and fund:
        found |= {"deductible"}
    return found


@given(visits(), st.data())
def test_a_fen_on_the_bill_fails_exactly_what_contains_it(
    visit: Visit, data: st.DataObject
) -> None:
    amounts = sorted(name for name, value in visit.bill.items() if isinstance(value, Fen))
    name = data.draw(st.sampled_from(amounts))
    # A relative's account may lie within the account: a fen of it alone proves nothing.
    assume(name != "acct_mulaid_pay" or visit.bill[name])
    changed = Fen(visit.bill[name] + data.draw(st.sampled_from([-1, 1])))
    broken = Visit(visit.lines, {**visit.bill, name: changed}, visit.details)
    assert failing(report_of(broken.documents())) == contained(broken, name)


@given(visits(), st.data())
def test_a_fen_in_the_details_fails_their_sum(visit: Visit, data: st.DataObject) -> None:
    assume(visit.details)
    at = data.draw(st.integers(0, len(visit.details) - 1))
    entry = visit.details[at]
    moved = {**entry, "fund_payamt": Fen(entry["fund_payamt"] + 1)}
    details = [*visit.details[:at], moved, *visit.details[at + 1 :]]
    sums = {"310200": "detail-account", "999996": "detail-hospital"}
    expected = {sums.get(entry["fund_pay_type"], "detail-funds")}
    assert failing(report_of(Visit(visit.lines, visit.bill, details).documents())) == expected


@given(visits(), st.data())
def test_a_fen_on_a_line_fails_line_and_sum(visit: Visit, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(visit.lines) - 1))
    name = data.draw(st.sampled_from(sorted(LINE_SUMS)))
    line = visit.lines[at]
    moved = {**line, name: Fen(line[name] + data.draw(st.sampled_from([-1, 1])))}
    lines = [*visit.lines[:at], moved, *visit.lines[at + 1 :]]
    found = failing(report_of(Visit(lines, visit.bill, visit.details).documents()))
    own = {"preselfpay_amt": {"line-first"}, "overlmt_amt": {"line-limit"}}.get(name, set())
    must = {"line-parts", LINE_SUMS[name][1], *own}
    # What is left of the line moves its rounded share or not; price × quantity allows a fen.
    assert must <= found <= must | {"line-first", "line-limit"}


@given(visits(), st.data())
def test_how_an_amount_is_typed_changes_nothing(visit: Visit, data: st.DataObject) -> None:
    def typed(fen: int) -> str:
        plain = as_number(fen)
        forms = [plain, f"{plain}000", f"{fen}e-2", f'"{plain}"', f'" {plain} "', f'"{fen}E-2"']
        return data.draw(st.sampled_from(forms))

    documents = visit.documents()
    assert states(report_of(documents, typed)) == states(report_of(documents))


@given(visits(), st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), st.booleans())
def test_how_a_file_is_laid_out_changes_nothing(visit: Visit, encoding: str, array: bool) -> None:
    first, second = visit.documents()
    noted = [{**first, "err_msg": "成功"}, second]
    text = written(noted) if array else "\r\n\r\n".join(written(one) for one in noted)
    found = check([("messages.json", text.encode(encoding))])
    assert states(found) == states(report_of([first, second]))


def negated(node: Any) -> Any:
    match node:
        case Fen():
            return Fen(-node)
        case dict():
            return {k: v if k == "balc" else negated(v) for k, v in node.items()}
        case list():
            return [negated(item) for item in node]
        case _:
            return node


@given(visits(), st.data())
def test_a_cancellation_negates_and_a_fen_is_seen(visit: Visit, data: st.DataObject) -> None:
    """At least two fen on the bill: it must still be told from a settlement when one is moved."""
    assume(visit.bill["medfee_sumamt"] >= 2)
    settled = visit.documents()[1]
    nulls = data.draw(st.sets(st.sampled_from(["psn_part_amt", "hosp_part_amt"])))
    undone = negated(settled)
    undone["output"]["setlinfo"].update(dict.fromkeys(nulls))
    assert failing(report_of([settled, undone])) == set()
    bill = undone["output"]["setlinfo"]
    name = data.draw(st.sampled_from(sorted(n for n, v in bill.items() if isinstance(v, Fen))))
    bill[name] = Fen(bill[name] - 1)
    found = failing(report_of([settled, undone]))
    assert ("cancel-negates" in found) == (name != "balc")
