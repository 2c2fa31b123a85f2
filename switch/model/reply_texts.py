"""What the codes about people, care and money say to people."""

from collections.abc import Mapping
from typing import Final

from switch.model.reply_code import Next, ReplyCode, ReplyText

TEXTS: Final[Mapping[ReplyCode, ReplyText]] = {
    ReplyCode.OK: ReplyText("成功", "Done", Next.NOTHING),
    ReplyCode.CANCELLED: ReplyText(
        "该结算已撤销",
        "This settlement has been cancelled",
        Next.NOTHING,
    ),
    ReplyCode.REVERSED: ReplyText(
        "该请求已冲正，不再入账",
        "This request has been reversed and will never post",
        Next.NEW_REQUEST,
    ),
    ReplyCode.REQUEST_TOO_OLD: ReplyText(
        "请求编号时间早于{minutes}分钟，未入账，请使用新编号",
        "The request id is older than {minutes} minutes and was never posted; use a new id",
        Next.NEW_REQUEST,
    ),
    ReplyCode.REQUEST_AHEAD: ReplyText(
        "请求编号时间超前{minutes}分钟以上，请校准时钟",
        "The request id is more than {minutes} minutes ahead; set the clock",
        Next.NEW_REQUEST,
    ),
    ReplyCode.ORIGINAL_UNKNOWN: ReplyText(
        "原交易不存在，未作任何变更；结果不明请用冲正",
        "The original is not known and nothing changed; when its outcome is unknown, reverse it",
        Next.NEW_REQUEST,
    ),
    ReplyCode.ORIGINAL_DIFFERS: ReplyText(
        "原交易的{field}与所述不符，未作任何变更",
        "The original's {field} differs from what was named; nothing was undone",
        Next.NEW_REQUEST,
    ),
    ReplyCode.ORIGINAL_NOT_SETTLEMENT: ReplyText(
        "只有结算可撤销或冲正；结果不明的撤销请按原编号重发",
        "Only a settlement can be undone; repeat a cancel of unknown outcome under its own id",
        Next.NEW_REQUEST,
    ),
    ReplyCode.ORIGINAL_DECLINED: ReplyText(
        "原交易未入账（{code}），无需撤销",
        "The original was declined ({code}) and posted nothing; there is nothing to undo",
        Next.NOTHING,
    ),
    ReplyCode.ALREADY_UNDONE: ReplyText(
        "原结算已由{by}撤销或冲正",
        "The original settlement was already undone by {by}",
        Next.NOTHING,
    ),
    ReplyCode.LATER_SETTLEMENTS_DEPEND: ReplyText(
        "其后的结算依赖本次累计，请先撤销：{settlements}",
        "Later settlements depend on this one; cancel them first: {settlements}",
        Next.NEW_REQUEST,
    ),
    ReplyCode.REPLACES_MORE: ReplyText(
        "部分退费后的明细须少于原结算，第{line}行不符，未作任何变更",
        "What remains must be less than the original; line {line} is not, and nothing changed",
        Next.NEW_REQUEST,
    ),
    ReplyCode.ACCOUNT_SPENT: ReplyText(
        "原结算所用账户余额已另作使用，无法恢复；退费结算继续有效",
        "What the original took from the account is spent since; the settlement that replaced it"
        " stands",
        Next.NOTHING,
    ),
    ReplyCode.ORIGINAL_ADJUSTED: ReplyText(
        "原结算已由经办机构更正（{by}），不能部分退费；可撤销后重新结算",
        "The agency corrected this settlement ({by}); cancel it and settle anew",
        Next.NEW_REQUEST,
    ),
    ReplyCode.CARD_MALFORMED: ReplyText(
        "卡识别码格式错误，请重新读卡",
        "The card identifier is malformed; read the card again",
        Next.NEW_REQUEST,
    ),
    ReplyCode.CARD_REGION_NOT_SERVED: ReplyText(
        "发卡地区{region}未接入，请自费后到参保地报销",
        "Cards of region {region} are not served here; the patient pays and claims by hand",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.CARD_SCHEME_UNKNOWN: ReplyText(
        "不支持的卡凭证方案{scheme}",
        "The card evidence scheme {scheme} is not known",
        Next.NEW_REQUEST,
    ),
    ReplyCode.AMOUNT_ABOVE_CARD_LIMIT: ReplyText(
        "金额超过卡可签名上限，请分次结算",
        "The amount is above what a card can sign; settle in parts",
        Next.NEW_REQUEST,
    ),
    ReplyCode.NONCE_EXPIRED: ReplyText(
        "预结算已过期，请重新预结算",
        "The presettlement has expired; presettle again",
        Next.PRESETTLE,
    ),
    ReplyCode.NONCE_INVALID: ReplyText(
        "结算随机数与本卡、终端或金额不符，请重新预结算",
        "The settle nonce is not of this card, terminal and total; presettle again",
        Next.PRESETTLE,
    ),
    ReplyCode.CARD_TIME: ReplyText(
        "卡签名时间与平台相差超过{minutes}分钟，请校准时钟",
        "The card's signature is more than {minutes} minutes off our time; set the clock",
        Next.PRESETTLE,
    ),
    ReplyCode.CARD_UNKNOWN: ReplyText(
        "未找到该卡，请到制卡机构核实",
        "The card is not in the registry; the patient asks the card office",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_KEY_NOT_LIVE: ReplyText(
        "卡密钥版本已停用，请换卡",
        "The card's key version is retired; the card must be replaced",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_PROOF_INVALID: ReplyText(
        "卡认证失败，请重新读卡",
        "The card could not prove itself; read the card again",
        Next.NEW_REQUEST,
    ),
    ReplyCode.CARD_REPLACED: ReplyText(
        "该卡已补换，请使用新卡",
        "This card has been replaced; use the new card",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_DATA_DIFFERS: ReplyText(
        "卡面信息与登记不符（{field}），请重新读卡",
        "The card's {field} differs from the registry; read the card again",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_NOT_YET_VALID: ReplyText(
        "该卡{since}起有效",
        "The card is valid from {since}",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_EXPIRED: ReplyText(
        "该卡已于{until}到期",
        "The card expired on {until}",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_TEMPORARILY_LOST: ReplyText(
        "该卡已临时挂失；如已找回，请持卡和身份证解挂",
        "The card is reported lost; if found, release it at a card office",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_LOST: ReplyText(
        "该卡已正式挂失，请补卡",
        "The card is formally lost; it must be replaced",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_CANCELLED: ReplyText(
        "该卡已注销",
        "The card is cancelled",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_LOCKED_PERSON: ReplyText(
        "该卡个人封锁（{since}至{until}），请联系经办机构",
        "The card is locked for the person ({since} to {until}); ask the agency",
        Next.AGENCY,
    ),
    ReplyCode.CARD_LOCKED_EMPLOYER: ReplyText(
        "该卡因单位封锁（{since}至{until}），请联系单位或经办机构",
        "The card is locked for the employer ({since} to {until}); ask the employer or agency",
        Next.AGENCY,
    ),
    ReplyCode.CARD_COUNTER_USED: ReplyText(
        "卡交易计数已使用，请重新读卡",
        "The card's counter has been used; read the card again",
        Next.NEW_REQUEST,
    ),
    ReplyCode.IDENTITY_UNKNOWN: ReplyText(
        "未找到参保人",
        "The person is not known",
        Next.AGENCY,
    ),
    ReplyCode.IDENTITY_NOT_ACCEPTED: ReplyText(
        "参保地{region}不接受身份证结算，请出示社保卡",
        "Region {region} does not accept the identity number; use the card",
        Next.NEW_REQUEST,
    ),
    ReplyCode.INSTITUTION_NOT_DESIGNATED: ReplyText(
        "本机构在{on}不是定点机构",
        "The institution is not designated on {on}",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.KIND_NOT_OPEN_HERE: ReplyText(
        "本机构未开通医疗类别{kind}",
        "Kind of care {kind} is not opened at this institution",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.NOT_INSURED: ReplyText(
        "{on}无有效参保（{region}）",
        "The person is not insured on {on} ({region})",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.INSURANCE_AMBIGUOUS: ReplyText(
        "当日有多个险种有效，请注明：{choices}",
        "More than one insurance is active; name one of: {choices}",
        Next.NEW_REQUEST,
    ),
    ReplyCode.INJURY_ANOTHER_PAYER: ReplyText(
        "外伤原因为{cause}，由其他责任方支付",
        "The injury cause is {cause}: another payer is liable",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.POLICY_NOT_HELD: ReplyText(
        "未持有{region}险种{insurance}类别{kind}在{on}的政策",
        "No complete policy is held for {region}, insurance {insurance}, kind {kind} on {on}",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.KIND_NOT_COVERED: ReplyText(
        "{region}的险种{insurance}不支付医疗类别{kind}",
        "Insurance {insurance} of {region} does not cover kind of care {kind}",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.COVER_WAITING: ReplyText(
        "医保待遇自{until}起享受，目前在等待期，未入账，由个人支付",
        "Cover begins on {until}, after the waiting period; the patient pays",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.COVER_SUSPENDED: ReplyText(
        "医保待遇自{since}起暂停（{reason}），未入账，由个人支付后向经办机构申报",
        "Cover is suspended since {since} ({reason}); the patient pays and asks the agency",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.PRESCRIPTION_MISSING: ReplyText(
        "第{line}行为处方药而无处方，未入账，请补处方后以新编号提交",
        "Line {line} is a prescription drug without a prescription; add it and use a new id",
        Next.NEW_REQUEST,
    ),
    ReplyCode.INSTITUTION_NOT_OPEN_CROSS_CITY: ReplyText(
        "本机构在{on}未开通异地结算",
        "The institution is not opened for cross-city settlement on {on}",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.FILING_MISSING: ReplyText(
        "无到{place}的异地就医备案",
        "There is no cross-city filing for {place}",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.FILING_ENDED: ReplyText(
        "到{place}的异地就医备案已于{until}终止",
        "The cross-city filing for {place} ended on {until}",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.SPECIAL_DISEASE_EXCLUDED_CROSS_CITY: ReplyText(
        "门诊特殊病异地暂不支持刷卡结算，请先自费再回参保地报销",
        "Special diseases are not settled by card in another city; pay and claim by hand",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.SPECIAL_DISEASE_FILING_MISSING: ReplyText(
        "{on}无特殊病{disease}备案",
        "There is no special-disease filing for {disease} on {on}",
        Next.AGENCY,
    ),
    ReplyCode.SPECIAL_DISEASE_NOT_LISTED: ReplyText(
        "病种{disease}不在参保地特殊病目录内",
        "Disease {disease} is not on the insured place's special-disease list",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.CARD_LOST_UNCOVERED: ReplyText(
        "社保卡挂失后未按期补卡或解挂，{since}至{until}的费用不予支付",
        "Costs from {since} to {until} are not covered: the lost card was not replaced or released",
        Next.PATIENT_PAYS,
    ),
    ReplyCode.AMOUNTS_CHANGED: ReplyText(
        "应付金额已变化，未入账，请按新金额重新结算",
        "The amounts have changed and nothing was posted; settle anew with the new amounts",
        Next.PRESETTLE,
    ),
}
