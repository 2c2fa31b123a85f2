"""What was found of one identity on one message, and the identities by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from switch.national.amounts import yuan
from switch.national.words import Note, State


@dataclass(frozen=True, slots=True)
class Identity:
    """One thing that holds of a message. `number`: its place in domain facts 1.4, or empty."""

    number: str
    zh: str
    en: str
    formula: str


IDENTITIES: Final[Mapping[str, Identity]] = {
    "total-parts": Identity(
        "1", "总额 = 四部分", "total = its parts",
        "medfee_sumamt = fulamt_ownpay_amt + overlmt_selfpay + preselfpay_amt + inscp_scp_amt",
    ),
    "total-payers": Identity(
        "2", "总额 = 各方负担", "total = who bears it",
        "medfee_sumamt = fund_pay_sumamt + psn_part_amt + hosp_part_amt",
    ),
    "person-parts": Identity(
        "3", "个人负担 = 账户 + 现金", "person = accounts + cash",
        "psn_part_amt = acct_pay + psn_cash_pay (+ acct_mulaid_pay)",
    ),
    "fund-parts": Identity(
        "4", "基金总额 = 各基金", "all funds = each fund",
        "fund_pay_sumamt = hifp + cvlserv + hifes + hifmi + hifob + hifdm + maf + oth",
    ),
    "cancel-signs": Identity(
        "5", "撤销金额同号", "a cancel's amounts have one sign", "every amount <= 0",
    ),
    "cancel-negates": Identity(
        "5", "撤销 = 原结算取负", "a cancel negates its settlement", "amount = -(settled amount)",
    ),
    "deductible": Identity(
        "6", "全在起付线内则无基金", "all within the deductible: no fund",
        "act_pay_dedc = inscp_scp_amt: fund_pay_sumamt = 0",
    ),
    "amounts": Identity(
        "7", "金额格式", "amounts are well formed", "a number of at most two decimals",
    ),
    "detail-funds": Identity(
        "", "基金分项合计", "entries of funds = all funds",
        "fund_pay_sumamt = setldetail without 3102xx and 999996",
    ),
    "detail-account": Identity(
        "", "账户分项合计", "entries of accounts = account", "acct_pay = setldetail 3102xx",
    ),
    "detail-hospital": Identity(
        "", "医院分项合计", "entry of the hospital = its part", "hosp_part_amt = setldetail 999996",
    ),
    "line-parts": Identity(
        "", "明细 = 四部分", "line = its parts",
        "det_item_fee_sumamt = fulamt_ownpay_amt + overlmt_amt + preselfpay_amt + inscp_scp_amt",
    ),
    "line-price": Identity(
        "", "明细 = 单价 × 数量", "line = price × quantity",
        "det_item_fee_sumamt = pric × cnt, within 0.01",
    ),
    "line-limit": Identity(
        "", "超限价", "over the price limit",
        "overlmt_amt = max(0, det_item_fee_sumamt - pric_uplmt_amt × cnt)",
    ),
    "line-first": Identity(
        "", "先行自付四舍五入", "first self-pay, half-up",
        "preselfpay_amt = selfpay_prop × (det_item_fee_sumamt - fulamt_ownpay_amt - overlmt_amt)",
    ),
    "lines-total": Identity(
        "", "明细合计：总额", "lines: total", "medfee_sumamt = Σ det_item_fee_sumamt",
    ),
    "lines-own": Identity(
        "", "明细合计：全自费", "lines: own expense", "fulamt_ownpay_amt = Σ fulamt_ownpay_amt",
    ),
    "lines-over": Identity(
        "", "明细合计：超限价", "lines: over limit", "overlmt_selfpay = Σ overlmt_amt",
    ),
    "lines-first": Identity(
        "", "明细合计：先行自付", "lines: first self-pay", "preselfpay_amt = Σ preselfpay_amt",
    ),
    "lines-scope": Identity(
        "", "明细合计：范围内", "lines: in scope", "inscp_scp_amt = Σ inscp_scp_amt",
    ),
    "totals-result": Identity(
        "", "对总账结果", "the centre finds the totals equal", "stmt_rslt = 0",
    ),
    "totals-reply": Identity(
        "", "对总账往返一致", "totals sent = totals answered", "3201 input = output",
    ),
    "totals-settled": Identity(
        "", "总账 = 结算合计", "totals = the settlements here", "3201 total = Σ setlinfo",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """One amount that a finding speaks of. `expected`: what it is compared with, where each is."""

    field: str
    value: int
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """An identity on a message: its state, both sides, and why. Amounts in 10^-20 yuan."""

    identity: str
    state: State
    left: int | None = None
    right: int | None = None
    terms: tuple[Term, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    subject: str = ""
    """The fee line it is about, or the field; empty: the whole message."""

    @property
    def difference(self) -> int | None:
        """Return left minus right where both are known."""
        if self.left is None or self.right is None:
            return None
        return self.left - self.right

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values; amounts are text in yuan, exact."""
        identity = IDENTITIES[self.identity]
        return {
            "identity": self.identity,
            "number": identity.number,
            "formula": identity.formula,
            "state": self.state.value,
            "subject": self.subject,
            "left": _text(self.left),
            "right": _text(self.right),
            "difference": _text(self.difference),
            "terms": [
                {"field": t.field, "value": yuan(t.value), "expected": _text(t.expected)}
                for t in self.terms
            ],
            "missing": list(self.missing),
            "notes": [note.as_json() for note in self.notes],
        }


def compared(
    identity: str,
    left: int,
    right: int,
    terms: Iterable[Term] = (),
    notes: Iterable[Note] = (),
    subject: str = "",
) -> Finding:
    """Return the finding of an identity both of whose sides are known."""
    state = State.HOLDS if left == right else State.FAILS
    return Finding(identity, state, left, right, tuple(terms), (), tuple(notes), subject)


def undecided(
    identity: str,
    missing: Iterable[str] = (),
    notes: Iterable[Note] = (),
    subject: str = "",
) -> Finding:
    """Return the finding of an identity that cannot be judged."""
    return Finding(
        identity, State.UNDECIDED, missing=tuple(missing), notes=tuple(notes), subject=subject
    )


def _text(value: int | None) -> str | None:
    return None if value is None else yuan(value)
