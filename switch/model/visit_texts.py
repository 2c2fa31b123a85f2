"""What the codes about visits say to people."""

from collections.abc import Mapping
from typing import Final

from switch.model.reply_code import Next, ReplyCode, ReplyText

VISIT_TEXTS: Final[Mapping[ReplyCode, ReplyText]] = {
    ReplyCode.VISIT_UNKNOWN: ReplyText(
        "该参保人无就诊{visit}，未作任何变更",
        "The person has no visit {visit}; nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_OF_ANOTHER: ReplyText(
        "就诊{visit}属其他机构，未作任何变更",
        "Visit {visit} is at another institution; nothing changed",
        Next.NOTHING,
    ),
    ReplyCode.VISIT_DIFFERS: ReplyText(
        "{field}与就诊{visit}不符，未作任何变更",
        "The {field} differs from that of visit {visit}; nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_CANCELLED: ReplyText(
        "就诊{visit}已取消，请重新登记",
        "Visit {visit} was cancelled; register anew",
        Next.NOTHING,
    ),
    ReplyCode.VISIT_SETTLED: ReplyText(
        "就诊{visit}已出院结算，请先撤销该结算",
        "Visit {visit} is settled finally; cancel that settlement first",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_DISCHARGED: ReplyText(
        "就诊{visit}已于{on}出院，请先撤销出院",
        "Visit {visit} was discharged on {on}; undo the discharge first",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_NOT_DISCHARGED: ReplyText(
        "就诊{visit}未办理出院，请先出院或作中途结算",
        "Visit {visit} is not discharged; discharge first, or settle it as interim",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_NOT_CONTINUED: ReplyText(
        "就诊{visit}不能作为转院前住院，未作任何变更",
        "Visit {visit} is no ended stay that this one can go on from; nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_STAY_OPEN: ReplyText(
        "该参保人在{institution}住院未出院（就诊{visit}），未作任何变更",
        "The person is still admitted at {institution} (visit {visit}); nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_NUMBER_USED: ReplyText(
        "院内编号已用于就诊{visit}，请继续使用该就诊",
        "The number is visit {visit}'s already; go on with that one",
        Next.NOTHING,
    ),
    ReplyCode.VISIT_DISCHARGE_BEFORE_ADMISSION: ReplyText(
        "出院日期{on}早于入院日期{begun}，未作任何变更",
        "The discharge on {on} lies before the admission on {begun}; nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_LINES_BEYOND: ReplyText(
        "已有费用明细日期{line_day}超出所述起止日期{on}，未作任何变更",
        "A line of {line_day} lies beyond the day stated, {on}; nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_SETTLEMENTS_LIVE: ReplyText(
        "请先撤销该就诊的结算：{settlements}",
        "Settlements of the visit stand; cancel them first: {settlements}",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_LINE_DIFFERS: ReplyText(
        "明细{line}已存在且内容不同，本次未入任何明细",
        "Line {line} is there with other content; nothing of this call was taken",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_LINE_SETTLED: ReplyText(
        "明细{line}已结算，请先撤销结算",
        "Line {line} is settled; cancel the settlement first",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_LINE_UNKNOWN: ReplyText(
        "明细{line}不存在或与所冲项目不同，未作任何变更",
        "Line {line} is not there, or no charge of the same item; nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_LINE_TOO_EARLY: ReplyText(
        "明细{line}日期{on}早于{earliest}，本次未入任何明细",
        "Line {line} of {on} lies before {earliest}; nothing of this call was taken",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_LINE_OVERDRAWN: ReplyText(
        "冲减超过明细{line}的金额或数量，未作任何变更",
        "More would be withdrawn than line {line} charged; nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_LINES_TOO_MANY: ReplyText(
        "该就诊明细将超过{limit}条，本次未入任何明细",
        "The visit would hold more than {limit} lines; nothing of this call was taken",
        Next.NOTHING,
    ),
    ReplyCode.VISIT_NOTHING_TO_SETTLE: ReplyText(
        "就诊{visit}无未结算明细",
        "Visit {visit} has no unsettled line",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_TOTAL_DIFFERS: ReplyText(
        "未结算明细合计{sum}分，申报总额{stated}分，未入账",
        "The unsettled lines add up to {sum} fen, the claim states {stated}; nothing was posted",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VISIT_NOT_REPLACED: ReplyText(
        "就诊{visit}的结算不能替换，请撤销后更正明细再结算",
        "A settlement of visit {visit} is not replaced; cancel it, correct the lines, settle anew",
        Next.NEW_REQUEST,
    ),
}
