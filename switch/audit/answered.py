"""Invariant 6: no reply before its commit. What callers were told must stand in the register.

The answers come from outside, one JSON object a line, as a client or the load test kept them:
{"request_id", "method", "code", "settlement_id", "fund_fen", "account_fen", "cash_fen",
"total_fen"}. `code` is a number or a name; what a line leaves out is not compared.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from medswitch.v1 import settlement_pb2
from switch.audit.findings import Violation
from switch.audit.replies import RECORDED, read_reply
from switch.audit.rows import RequestRow, UndoRow
from switch.model.reply import ReplyCode
from switch.wire.methods import short_name

BY_ID_ALONE: Final = frozenset({ReplyCode.REQUEST_TOO_OLD, ReplyCode.REQUEST_AHEAD})
"""Declines that follow from the id and are not recorded."""
UNDONE: Final = frozenset({ReplyCode.CANCELLED, ReplyCode.REVERSED})
"""What the repeat of a request that was undone since is answered."""
_AMOUNTS: Final = ("fund_fen", "account_fen", "cash_fen", "total_fen")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller was told."""

    line: int
    request_id: str
    method: str
    code: ReplyCode
    settlement_id: str | None
    amounts: Mapping[str, int]

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"answer {self.line} to {self.request_id}"


class NotAnAnswer(Exception):
    """A line of the file that is none; the message names it."""


def read_answers(lines: Iterable[str]) -> Iterator[Answer]:
    """Yield the answers to what is recorded; others post nothing. Raises: NotAnAnswer.

    A line without its end was being written when its writer was killed: it is no answer yet.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip() and line.endswith("\n"):
            answer = _answer(number, line)
            if answer.method in RECORDED:
                yield answer


def _answer(number: int, line: str) -> Answer:
    try:
        said: dict[str, Any] = json.loads(line)
        code = said["code"]
        name = None if isinstance(code, int) else str(code).removeprefix("REPLY_CODE_")
        return Answer(
            number,
            said["request_id"],
            short_name(said["method"]),
            ReplyCode(code) if name is None else ReplyCode[name],
            said.get("settlement_id"),
            {one: int(said[one]) for one in _AMOUNTS if said.get(one) is not None},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotAnAnswer(f"line {number} is no answer: {error!r}") from error


def check_answer(
    answer: Answer, row: RequestRow | None, undone: UndoRow | None
) -> Iterator[Violation]:
    """An answer is in the register, with the code and the settlement that were said."""
    if answer.code in BY_ID_ALONE:
        return
    if row is None:
        yield Violation(6, answer.key, f"{answer.code.name} was answered; the register has nothing")
        return
    if answer.code in UNDONE and undone is not None:
        return
    if row.method != answer.method or row.code != answer.code:
        said = f"{answer.method} {answer.code.name}"
        yield Violation(6, answer.key, f"{said} was answered; {row.method} {row.code} stands")
        return
    if answer.code is ReplyCode.OK:
        yield from _check_posted(answer, row)


def _check_posted(answer: Answer, row: RequestRow) -> Iterator[Violation]:
    reply = read_reply(row)
    if reply is None:
        yield Violation(6, answer.key, "the register's reply cannot be read")
        return
    if isinstance(reply, settlement_pb2.SettleResponse):
        settled, amounts = reply.settlement_id, _amounts(reply.decision.split)
    elif not isinstance(reply, settlement_pb2.CancelResponse | settlement_pb2.ReverseResponse):
        return  # of filings, visits and cards: no money
    else:
        settled, amounts = reply.undone.undo_settlement_id, _amounts(reply.undone)
    if answer.settlement_id is not None and answer.settlement_id != settled:
        said = answer.settlement_id or "no settlement"
        yield Violation(6, answer.key, f"{said} was answered; {settled or 'none'} stands")
    for name, said_fen in answer.amounts.items():
        if amounts[name] != said_fen:
            yield Violation(
                6, answer.key, f"{name} {said_fen} was answered; {amounts[name]} stands"
            )


def _amounts(message: Any) -> dict[str, int]:
    return {name: getattr(message, name) for name in _AMOUNTS}
