"""The answers that were proven, one JSON line each: what `medswitch audit --answered` compares.

A line is handed to the operating system before the next request begins, so that nothing depends on
how the switch or this process ends.
"""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from google.protobuf.message import Message

from clients.outbox import Outbox
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.wire.encode import REPLIES

SETTLE: Final = "Settle"
CANCEL: Final = "Cancel"
REVERSE: Final = "Reverse"
FILE: Final = "File"
WITHDRAW: Final = "Withdraw"
_CODE: Final = "REPLY_CODE_"


class _Undoing(Protocol):
    @property
    def outcome(self) -> reply_pb2.Outcome: ...
    @property
    def undone(self) -> settlement_pb2.Undone: ...


class AnswerFile:
    """The answers of a run, appended line by line."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self.lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, method: str, reply: Message) -> None:
        """Append one proven reply to a request that changes something."""
        self._file.write(json.dumps(line_of(method, reply), separators=(",", ":")) + "\n")
        self.lines += 1

    def write_bytes(self, method: str, reply: bytes) -> None:
        """Append one proven reply as it came."""
        self.write(method, parse(method, reply))

    def write_outbox(self, outbox: Outbox) -> None:
        """Append every proven reply that an outbox keeps."""
        for entry in outbox.replied():
            if entry.reply is not None:
                self.write_bytes(entry.method, entry.reply)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def parse(method: str, reply: bytes) -> Message:
    """Return a recorded reply of a method as its message."""
    return REPLIES[method].FromString(reply)


def line_of(method: str, reply: Any) -> dict[str, Any]:
    """Return what a line says.

    What moved nothing, as a decline or a filing, has amounts of 0 and the settlement id "".
    """
    line = {
        "request_id": reply.outcome.request_id,
        "method": method,
        "code": code_of(reply.outcome),
        "settlement_id": "",
        "fund_fen": 0,
        "account_fen": 0,
        "cash_fen": 0,
        "total_fen": 0,
    }
    if reply.outcome.code != reply_pb2.REPLY_CODE_OK:
        return line
    if method == SETTLE:
        return line | _settled(reply)
    return line | _undone(reply) if method in {CANCEL, REVERSE} else line


def code_of(outcome: reply_pb2.Outcome) -> str:
    """Return a reply code's short name; an unknown one's number."""
    name = reply_pb2.ReplyCode.DESCRIPTOR.values_by_number.get(outcome.code)
    return str(outcome.code) if name is None else str(name.name).removeprefix(_CODE)


def _settled(reply: settlement_pb2.SettleResponse) -> dict[str, Any]:
    split = reply.decision.split
    return {
        "settlement_id": reply.settlement_id,
        "fund_fen": split.fund_fen,
        "account_fen": split.account_fen,
        "cash_fen": split.cash_fen,
        "total_fen": split.total_fen,
    }


def _undone(reply: _Undoing) -> dict[str, Any]:
    undone = reply.undone
    return {
        "settlement_id": undone.undo_settlement_id,
        "fund_fen": undone.fund_fen,
        "account_fen": undone.account_fen,
        "cash_fen": undone.cash_fen,
        "total_fen": undone.total_fen,
    }
