"""What a request is answered: its code, and the words in which people are told.

A decline is an ordinary, signed, recorded reply. Each code says in Chinese and English what it
means and what to do next; `{…}` in a text is filled from the decline's facts.
"""

from collections.abc import Mapping
from typing import Final

from switch.model.card_texts import CARD_TEXTS
from switch.model.filing_texts import FILING_TEXTS
from switch.model.reply_code import Next, ReplyCode, ReplyText
from switch.model.reply_texts import TEXTS
from switch.model.visit_texts import VISIT_TEXTS

__all__ = ["REPLY_TEXTS", "Next", "ReplyCode", "ReplyText", "reply_message"]

REPLY_TEXTS: Final[Mapping[ReplyCode, ReplyText]] = {
    **TEXTS,
    **CARD_TEXTS,
    **FILING_TEXTS,
    **VISIT_TEXTS,
}


def reply_message(code: ReplyCode, facts: Mapping[str, str]) -> tuple[str, str]:
    """Return the Chinese and English text of a code with its facts filled in."""
    text = REPLY_TEXTS[code]
    return text.zh.format_map(facts), text.en.format_map(facts)
