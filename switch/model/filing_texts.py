"""What the codes about filings say to people."""

from collections.abc import Mapping
from typing import Final

from switch.model.reply_code import Next, ReplyCode, ReplyText

FILING_TEXTS: Final[Mapping[ReplyCode, ReplyText]] = {
    ReplyCode.FILING_AGENCY_ONLY: ReplyText(
        "{region}的{kind}备案须由经办机构办理，本机构不能办理",
        "Filings of kind {kind} for {region} are taken by the agency only",
        Next.AGENCY,
    ),
    ReplyCode.FILING_NOT_SERVED: ReplyText(
        "参保地{region}不属于本经办机构服务范围",
        "Insured region {region} is not served by this agency",
        Next.AGENCY,
    ),
    ReplyCode.FILING_PLACE_UNKNOWN: ReplyText(
        "就医地{place}不存在，请更正后以新编号提交",
        "Place {place} is not known; correct it and use a new id",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_PLACE_AT_HOME: ReplyText(
        "就医地{place}在参保地{region}本市，无需异地备案",
        "Place {place} lies in the insured city ({region}); no filing is needed there",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_DISEASE_UNKNOWN: ReplyText(
        "病种{disease}不在{region}的特殊病目录内，请更正后以新编号提交",
        "Disease {disease} is not on the list of {region}; correct it and use a new id",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_INSTITUTION_UNKNOWN: ReplyText(
        "机构{institution}在{on}不是定点机构，请更正后以新编号提交",
        "Institution {institution} is not designated on {on}; correct it and use a new id",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_RELATIVE_UNKNOWN: ReplyText(
        "亲属{relative}不存在或为本人，请更正后以新编号提交",
        "Relative {relative} is not known, or the person himself; correct it and use a new id",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_RELATIVE_ELSEWHERE: ReplyText(
        "亲属{relative}在{on}未在{region}参保，不能共济",
        "Relative {relative} is not insured in {region} on {on}; accounts pay within one region",
        Next.NOTHING,
    ),
    ReplyCode.FILING_TOO_EARLY: ReplyText(
        "备案开始日期{since}早于政策允许的{earliest}",
        "The filing would begin on {since}; policy allows {earliest} at the earliest",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_TOO_LONG: ReplyText(
        "备案结束日期{until}晚于政策允许的{latest}",
        "The filing would run until {until}; policy allows {latest} at the latest",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_OVERLAPS: ReplyText(
        "与已有备案{filing}（{since}至{until}）重叠，未作任何变更",
        "It overlaps filing {filing} ({since} to {until}); nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILINGS_TOO_MANY: ReplyText(
        "该参保人备案已达{limit}条",
        "The person has {limit} filings, the most that one person can have",
        Next.AGENCY,
    ),
    ReplyCode.FILING_UNKNOWN: ReplyText(
        "该参保人无备案{filing}",
        "The person has no filing {filing}",
        Next.NEW_REQUEST,
    ),
    ReplyCode.FILING_OF_ANOTHER: ReplyText(
        "备案{filing}非本机构办理，请到经办机构撤销",
        "Filing {filing} was taken by another; the agency withdraws it",
        Next.AGENCY,
    ),
    ReplyCode.FILING_OVER: ReplyText(
        "备案{filing}已于{until}终止，未作任何变更",
        "Filing {filing} ended on {until}; nothing changed",
        Next.NOTHING,
    ),
}
