"""What the codes about a card's life say to people."""

from collections.abc import Mapping
from typing import Final

from switch.model.reply_code import Next, ReplyCode, ReplyText

CARD_TEXTS: Final[Mapping[ReplyCode, ReplyText]] = {
    ReplyCode.CARD_AGENCY_OTHER: ReplyText(
        "该卡发卡地与持卡人参保地均不属于本经办机构服务范围",
        "This agency serves neither the card's region nor one that its holder is insured in",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_CHANNEL_CLOSED: ReplyText(
        "{change}不能经由{channel}办理，可办理渠道：{open}",
        "Policy does not open channel {channel} for this change ({change}); it opens: {open}",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_CLOSED: ReplyText(
        "该卡已注销，不能再变更",
        "The card is cancelled; nothing of it can be changed any more",
        Next.CARD_OFFICE,
    ),
    ReplyCode.CARD_LOST_ALREADY: ReplyText(
        "该卡已挂失（{status}），未作任何变更",
        "The card is reported lost already ({status}); nothing changed",
        Next.NOTHING,
    ),
    ReplyCode.CARD_NOT_LOST: ReplyText(
        "该卡未挂失，无需解挂",
        "The card is not reported lost; there is nothing to release",
        Next.NOTHING,
    ),
    ReplyCode.CARD_LOCKED_ALREADY: ReplyText(
        "该卡已封锁（{lock}，{since}至{until}），请先解除",
        "The card is locked already ({lock}, {since} to {until}); end that lock first",
        Next.NEW_REQUEST,
    ),
    ReplyCode.CARD_NOT_LOCKED: ReplyText(
        "该卡无此封锁（{lock}），未作任何变更",
        "The card has no such lock ({lock}); nothing changed",
        Next.NOTHING,
    ),
    ReplyCode.NEW_CARD_REGISTERED: ReplyText(
        "新卡识别码已登记，一卡只发一次",
        "The new card's identifier is registered already; a card is issued once",
        Next.NEW_REQUEST,
    ),
    ReplyCode.NEW_CARD_DATES: ReplyText(
        "新卡发卡日期须晚于旧卡（{replaced}）且不晚于今日，有效期须晚于今日",
        "A new card is issued after the old one ({replaced}), not after today, and expires later",
        Next.NEW_REQUEST,
    ),
    ReplyCode.NEW_CARD_NOT_PROVABLE: ReplyText(
        "本平台无法验证{region}算法{suite}密钥版本{version}的卡",
        "Cards of region {region}, suite {suite}, key version {version} cannot be proven here",
        Next.NEW_REQUEST,
    ),
    ReplyCode.CARD_SUSPECTED: ReplyText(
        "该卡因疑似复制被封锁，须由经办机构核实后方可解除",
        "The card is locked on a suspicion of a clone; officers resolve that first",
        Next.AGENCY,
    ),
    ReplyCode.VOUCHER_ISSUER_UNKNOWN: ReplyText(
        "电子凭证签发方{issuer}未接入，请刷社保卡",
        "E-vouchers of issuer {issuer} are not taken here; use the card",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VOUCHER_INVALID: ReplyText(
        "电子凭证签名无效，请重新展码",
        "The e-voucher is not its issuer's; show it again",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VOUCHER_EXPIRED: ReplyText(
        "电子凭证已过{minutes}分钟有效期，请重新展码",
        "The e-voucher is older than its {minutes} minutes, or not yet valid; show it again",
        Next.NEW_REQUEST,
    ),
    ReplyCode.VOUCHER_USED: ReplyText(
        "该电子凭证已用于结算，请重新展码",
        "The e-voucher has settled already; show another",
        Next.NEW_REQUEST,
    ),
}
