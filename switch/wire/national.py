"""The flat fields of the national `setlinfo`, computed from a split as it stands on the wire.

For integrators, receipts and checks: nothing here decides anything.
Source: domain facts 1.4.
"""

from collections.abc import Mapping
from typing import Final

from medswitch.v1 import common_pb2
from switch.model.codes import FundPayType

FLAT_FIELDS: Final[Mapping[str, str]] = {
    FundPayType.EMPLOYEE_POOLED: "hifp_pay",
    FundPayType.RESIDENT_POOLED: "hifp_pay",
    FundPayType.CIVIL_SERVANT: "cvlserv_pay",
    FundPayType.ENTERPRISE: "hifes_pay",
    FundPayType.RESIDENT_CRITICAL_ILLNESS: "hifmi_pay",
    FundPayType.LARGE_AMOUNT: "hifob_pay",
    FundPayType.DISABLED: "hifdm_pay",
    FundPayType.ASSISTANCE: "maf_pay",
    FundPayType.ASSISTANCE_2: "maf_pay",
    FundPayType.ASSISTANCE_3: "maf_pay",
    FundPayType.ASSISTANCE_4: "maf_pay",
    FundPayType.EMPLOYEE_MATERNITY: "oth_pay",
    FundPayType.MATERNITY: "oth_pay",
    FundPayType.VETERAN: "oth_pay",
    FundPayType.COMMERCIAL: "oth_pay",
    FundPayType.OTHER: "oth_pay",
    FundPayType.LOCAL: "oth_pay",
}
"""Fund (`fund_pay_type`) → the flat field its payment stands in: `oth_pay` if none is its own."""

FUND_FIELDS: Final = (
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifmi_pay",
    "hifob_pay",
    "hifdm_pay",
    "maf_pay",
    "oth_pay",
)


def setlinfo(split: common_pb2.Split) -> dict[str, int]:
    """Return the amounts of `setlinfo` in fen, by their national names."""
    funds = dict.fromkeys(FUND_FIELDS, 0)
    for payer in split.payers:
        funds[FLAT_FIELDS[payer.fund_pay_type]] += payer.amount_fen
    return {
        "medfee_sumamt": split.total_fen,
        "fulamt_ownpay_amt": split.own_expense_fen,
        "overlmt_selfpay": split.over_limit_fen,
        "preselfpay_amt": split.first_self_pay_fen,
        "inscp_scp_amt": split.in_scope_fen,
        "act_pay_dedc": split.deductible_fen,
        **funds,
        "fund_pay_sumamt": split.fund_fen,
        "hosp_part_amt": split.hospital_fen,
        "psn_part_amt": split.person_fen,
        "acct_pay": split.account_fen,
        "acct_mulaid_pay": split.account_relative_fen,
        "psn_cash_pay": split.cash_fen,
    }
