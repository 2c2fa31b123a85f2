"""What a step means, in words for the person it is about; shared by page and terminal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from switch.explain.statement import RuledStep
from switch.model.ids import BEIJING
from switch.pages import words
from switch.pages.words import Words

UNDONE: Final[Mapping[str, Words]] = {
    "cancellation": ("本结算已撤销", "This settlement was cancelled"),
    "replacement": ("本结算已部分退费重结", "This settlement was replaced by a part refund"),
    "reversal": ("本结算已冲正", "This settlement was reversed"),
    "tombstone": ("本结算已冲正", "This settlement was reversed"),
}

LEFT: Final[Mapping[str, Words]] = {
    "catalogue": ("进入下一步", "goes on"),
    "scope": ("进入下一步", "goes on"),
    "cross_city": ("计入范围", "in scope"),
    "segments": ("段内尚余", "left of the segment"),
    "deductible": ("起付线尚余", "left of the deductible"),
    "bands": ("个人负担", "borne by the person"),
    "flat": ("个人负担", "borne by the person"),
    "hospital": ("个人负担", "borne by the person"),
    "payer": ("个人负担", "borne by the person"),
    "account": ("账户余额", "balance"),
}
"""What the "left" of a step is, by type of rule."""

MEANINGS: Final[Mapping[str, Words]] = {
    "cross_city": (
        "在参保城市以外就医，先由个人承担这一比例。",
        "Care outside the insured city: the person pays this share first.",
    ),
    "segments": (
        "基金支付之前，先由这一段承担。",
        "Before the fund pays, this segment is borne first.",
    ),
    "deductible": (
        "起付线以内由个人承担，取应扣额与可扣额中较小者。",
        "Up to the deductible the person bears it: what is still owed, or what there is.",
    ),
    "bands": (
        "基数落在该段的部分，基金按比例支付。",
        "The fund pays its ratio of the part that lies in this band.",
    ),
    "ceiling": (
        "超过限额的部分，该基金不再支付。",
        "Above the limit this fund pays no more.",
    ),
    "flat": (
        "单列项目不计起付线和分段，基金按固定比例支付。",
        "Settled apart: no deductible, no bands, one ratio.",
    ),
    "hospital": (
        "按规定由医院承担的部分。",
        "What the hospital bears under its contract.",
    ),
    "payer": (
        "基本医保之后，由补充保障再支付一部分。",
        "After the basic fund, a further payer gives its part.",
    ),
    "account": (
        "个人负担中可由账户支付的部分；账户不足的付现金。",
        "Of what the person bears, the account pays what it may; cash takes the rest.",
    ),
}
"""One sentence by type of rule."""


def title_of(ruled: RuledStep) -> Words:
    """Return what a step is called: its note, or the name of its type of rule."""
    step = ruled.step
    if step.note_zh or step.note_en:
        return step.note_zh, step.note_en
    if ruled.kind_of_rule == "catalogue":
        return "全部计入范围", "Wholly in scope"
    return words.named(words.RULES, ruled.kind_of_rule)


def meaning_of(ruled: RuledStep) -> Words | None:
    """Return the sentence for a step, where its type of rule has one."""
    return MEANINGS.get(ruled.kind_of_rule)


def when(at: datetime) -> str:
    """Return an instant in Beijing, to the second."""
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
