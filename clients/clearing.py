"""`python -m clients.clearing`: an institution's window, its statement, and its answer.

    python -m clients.clearing window                                   # which business day is it
    python -m clients.clearing list 2026-11                             # the statement of a month
    python -m clients.clearing confirm 2026-11
    python -m clients.clearing dispute 2026-11 --line 2 --reason TEXT

What is confirmed is the digest of what was listed. Exit status: 0 done, 1 not taken or no
statement, 2 for what cannot be used.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from clients.faults import OutcomeUnknown, SwitchFault, read_fault
from clients.link import Link, Reply, SigninFault, Unproven
from clients.outbox import OutboxBusy
from clients.province import Province
from clients.records import yuan
from clients.streams import StreamFault, read_list
from medswitch.v1 import clearing_pb2 as pb
from switch.model.ids import BEIJING, RequestId

_SERVICE: Final = "/medswitch.v1.ClearingService/"
TIMEOUT_S: Final = 60.0
_STATES: Final = {
    pb.STATEMENT_STATE_OPEN: "待确认 open",
    pb.STATEMENT_STATE_CONFIRMED: "已确认 confirmed",
    pb.STATEMENT_STATE_DISPUTED: "有异议 disputed",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was listed, complete."""

    head: pb.StatementHead
    lines: tuple[pb.ListStatementResponse, ...]


class Desk:
    """Clearing over one terminal's link. Verbs raise Unproven, SwitchFault."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def window(self, business_day: str = "") -> pb.GetWindowResponse:
        """Return a business day of the institution's region, or the open one."""
        request = pb.GetWindowRequest(business_day=business_day)
        return pb.GetWindowResponse.FromString(self._call("GetWindow", request.SerializeToString()))

    def statement(self, month: str) -> Statement | None:
        """Return the statement of a month, complete; None when there is none."""
        body = pb.ListStatementRequest(period=month).SerializeToString()
        try:
            listed = list(read_list(self._link, _SERVICE + "ListStatement", body, TIMEOUT_S))
        except StreamFault as fault:
            raise read_fault(fault.reply.body) from None
        except SigninFault as fault:
            raise read_fault(fault.details) from None
        messages = [pb.ListStatementResponse.FromString(one) for one in listed]
        if not messages:
            return None
        return Statement(messages[0].head, tuple(one for one in messages if one.number))

    def answer(
        self, request_id: RequestId, head: pb.StatementHead, line: int = 0, reason: str = ""
    ) -> pb.ConfirmStatementResponse:
        """Confirm what was listed; with a reason, dispute a line of it, or all."""
        request = pb.ConfirmStatementRequest(
            request_id=request_id,
            period=head.period,
            version=head.version,
            digest=head.digest,
            dispute=bool(reason),
            line=line,
            reason=reason,
        )
        reply = self._call("ConfirmStatement", request.SerializeToString())
        return pb.ConfirmStatementResponse.FromString(reply)

    def positions(self, period: str) -> pb.GetPositionsResponse:
        """Return what regions owe each other; for terminals of agencies."""
        request = pb.GetPositionsRequest(period=period)
        reply = self._call("GetPositions", request.SerializeToString())
        return pb.GetPositionsResponse.FromString(reply)

    def _call(self, method: str, body: bytes) -> bytes:
        try:
            reply: Reply = self._link.call(_SERVICE + method, body, TIMEOUT_S)
        except SigninFault as fault:
            raise read_fault(fault.details) from None
        if reply.status != 0:
            raise read_fault(reply.body)
        return reply.body


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(words)
    try:
        with Province(options.folder).counter(options.terminal, options.address) as client:
            desk = Desk(client.link)
            if options.command == "window":
                return _window(desk, options.day)
            statement = desk.statement(options.month)
            if statement is None:
                print(f"{options.month}: 无清算单 no statement")
                return 1
            if options.command == "list":
                return _show(statement)
            reason = options.reason if options.command == "dispute" else ""
            line = options.line if options.command == "dispute" else 0
            reply = desk.answer(client.outbox.make_id(), statement.head, line, reason)
    except (OSError, OutboxBusy, OutcomeUnknown, SwitchFault, Unproven, KeyError) as error:
        print(f"clearing: {error}", file=sys.stderr)
        return 2
    taken = reply.result == pb.CONFIRM_RESULT_TAKEN
    result = pb.ConfirmResult.Name(reply.result).removeprefix("CONFIRM_RESULT_").lower()
    print(f"{options.month}: {result}; {_STATES.get(reply.state, '无 none')}")
    return 0 if taken else 1


def _window(desk: Desk, day: str) -> int:
    view = desk.window(day)
    if not view.known:
        print(f"{view.region} {view.business_day}: 无此业务日 no such window")
        return 1
    closed = f"已日切 closed {_time(view.closed_at_ms)}" if view.closed_at_ms else "在用 open"
    day_mark, month_mark = ("✔" if done else "–" for done in (view.day_closed, view.month_closed))
    print(
        f"{view.region} {view.business_day}: {closed}; 日切 cut-off {_time(view.cut_off_at_ms)}; "
        f"日结 day {day_mark}, 月结 month {month_mark}"
    )
    return 0


def _show(statement: Statement) -> int:
    head = statement.head
    print(
        f"{head.region} {head.period} 版本 version {head.version}: {_STATES[head.state]} "
        f"{head.reason}\n"
        f"基金 funds {yuan(head.fund_fen)}, 账户 accounts {yuan(head.account_fen)}, "
        f"质量保证金 withheld {yuan(head.withheld_fen)}, 应付 payable {yuan(head.payable_fen)}\n"
        f"摘要 digest {head.digest.hex()}"
    )
    for one in statement.lines:
        print(
            f"  {one.number:>3} {one.region_insured} {one.insurance} {one.clearing_type} "
            f"{one.payer} {one.count:>7} {yuan(one.amount_fen):>16}"
        )
    return 0


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m clients.clearing", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("window", "list", "confirm", "dispute"):
        one = commands.add_parser(name)
        if name == "window":
            one.add_argument("day", nargs="?", default="", help="business day; none: the open one")
        else:
            one.add_argument("month", help="2026-11")
        one.add_argument("--address", default="127.0.0.1:50051")
        one.add_argument("--folder", type=Path, default=Path("medswitch-demo"))
        one.add_argument("--terminal", default="ningbo_community_1")
    dispute = commands.choices["dispute"]
    dispute.add_argument("--line", type=int, default=0, help="its number; 0: the whole")
    dispute.add_argument("--reason", required=True)
    return parser


if __name__ == "__main__":
    sys.exit(main())
