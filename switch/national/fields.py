"""The interface's field names: what they mean, how else they are spelled, how many decimals.

Names are compared without case and underscores: `psnCash_pay` and `MEDFEE_SUMAMT` are seen in files
that passed through a HIS. Other spellings are read only where the first is missing.
Source: domain facts 1.3, 1.4; published clients of the interface (domain facts, G1, G3a, G5).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a message."""

    name: str
    zh: str
    en: str
    spellings: tuple[str, ...] = ()
    decimals: int = 2


FUNDS: Final = (
    Field("hifp_pay", "基本医保统筹基金", "basic pooled fund"),
    Field("cvlserv_pay", "公务员医疗补助", "civil servants' subsidy"),
    Field("hifes_pay", "企业补充医疗保险", "enterprise supplementary"),
    Field("hifmi_pay", "居民大病保险", "residents' critical illness"),
    Field("hifob_pay", "职工大额补助", "employees' large amount"),
    Field("hifdm_pay", "伤残人员医疗保障", "disabled persons' fund"),
    Field("maf_pay", "医疗救助", "medical assistance"),
    Field("oth_pay", "其他支出", "other", ("othfund_pay",)),
)
"""Identity 4 adds them up. `hifdm_pay` is left out of many messages."""

SETTLEMENT: Final = (
    Field("medfee_sumamt", "医疗费总额", "total fee"),
    Field("fulamt_ownpay_amt", "全自费", "own expense"),
    Field("overlmt_selfpay", "超限价自费", "over limit"),
    Field("preselfpay_amt", "先行自付", "first self-pay", ("prese_ifpay_amt",)),
    Field("inscp_scp_amt", "符合政策范围", "in scope", ("inscp_amt",)),
    Field("act_pay_dedc", "实际支付起付线", "deductible taken"),
    *FUNDS,
    Field("fund_pay_sumamt", "基金支付总额", "all funds"),
    Field("psn_part_amt", "个人负担总额", "person's burden", ("psn_pay",)),
    Field("acct_pay", "个人账户支出", "personal account"),
    Field("acct_mulaid_pay", "账户共济支付", "relatives' account"),
    Field("psn_cash_pay", "个人现金支出", "cash", ("cash_payamt", "pdn_cash_pay")),
    Field("hosp_part_amt", "医院负担", "hospital part", ("ownpay_hosp_part",)),
    Field("balc", "账户余额", "account balance"),
)
"""`setlinfo`. `pool_prop_selfpay` is a ratio nobody computes with (domain facts 1.4)."""

NEGATED: Final = tuple(field.name for field in SETTLEMENT if field.name != "balc")
"""What a cancellation repeats with the other sign: every amount but the balance after it."""

PAYERS: Final = frozenset(
    {
        *(field.name for field in FUNDS),
        *("fund_pay_sumamt", "psn_part_amt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay"),
        "hosp_part_amt",
    }
)
"""Who bears a bill: a difference that equals one of them is often one of them forgotten."""

LINE: Final = (
    Field("det_item_fee_sumamt", "明细费用总额", "line amount"),
    Field("cnt", "数量", "quantity", decimals=4),
    Field("pric", "单价", "unit price", decimals=6),
    Field("pric_uplmt_amt", "定价上限", "price limit", decimals=6),
    Field("selfpay_prop", "自付比例", "self-pay ratio", decimals=4),
    Field("fulamt_ownpay_amt", "全自费", "own expense"),
    Field("overlmt_amt", "超限价", "over limit", ("overlmt_selfpay",)),
    Field("preselfpay_amt", "先行自付", "first self-pay"),
    Field("inscp_scp_amt", "符合政策范围", "in scope"),
)
"""One fee line of 2204, 2301 or `detlcutinfo`."""

DETAIL: Final = (Field("fund_payamt", "基金支付金额", "paid by this fund"),)
"""One entry of `setldetail`."""

TOTALS: Final = (
    Field("medfee_sumamt", "医疗费总额", "total fee"),
    Field("fund_pay_sumamt", "基金支付总额", "all funds"),
    Field("acct_pay", "个人账户支出", "personal account"),
    Field("fixmedins_setl_cnt", "结算笔数", "number of settlements", decimals=0),
)
"""What 3201 compares."""

NAMES: Final[Mapping[str, Field]] = {
    field.name: field for field in (*TOTALS, *DETAIL, *LINE, *SETTLEMENT)
}


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a name without case and underscores, which is how names are compared."""
    return name.replace("_", "").lower()
