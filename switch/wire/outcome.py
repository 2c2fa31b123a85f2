"""The outcome that begins every business reply, and the small values that replies share."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

from medswitch.v1 import reply_pb2
from switch.model.decision import Decline
from switch.model.reply import REPLY_TEXTS, Next, ReplyCode, reply_message

CODES: Final[Mapping[ReplyCode, reply_pb2.ReplyCode.ValueType]] = {
    code: reply_pb2.ReplyCode.Value(f"REPLY_CODE_{code.name}") for code in ReplyCode
}
NEXTS: Final[Mapping[Next, reply_pb2.Next.ValueType]] = {
    word: reply_pb2.Next.Value(f"NEXT_{word.name}") for word in Next
}
_OK: Final = REPLY_TEXTS[ReplyCode.OK]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class _Facts(dict[str, str]):
    """A text that names a fact nobody gave shows its name: a reply is never lost for a word."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def done(request_id: str) -> reply_pb2.Outcome:
    """Return the outcome OK."""
    return reply_pb2.Outcome(
        code=reply_pb2.REPLY_CODE_OK,
        message_zh=_OK.zh,
        message_en=_OK.en,
        next=reply_pb2.NEXT_NOTHING,
        request_id=request_id,
    )


def declined(request_id: str, decline: Decline) -> reply_pb2.Outcome:
    """Return the outcome of a decline, its texts filled in."""
    facts = decline.facts
    zh, en = reply_message(decline.code, _Facts(facts))
    return reply_pb2.Outcome(
        code=CODES[decline.code],
        message_zh=zh,
        message_en=en,
        next=NEXTS[REPLY_TEXTS[decline.code].next],
        facts=[reply_pb2.Fact(key=key, value=facts[key]) for key in sorted(facts)],
        request_id=request_id,
    )


def epoch_ms(at: datetime) -> int:
    """Return an instant as milliseconds since 1970 UTC, cut off."""
    return (at - _EPOCH) // _MILLISECOND


def iso(on: date | None) -> str:
    """Return a day as yyyy-MM-dd, or "" for none."""
    return "" if on is None else on.isoformat()
