"""Clearing: windows, statements, answers and positions, in and out."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from medswitch.v1 import clearing_pb2 as pb
from switch.clearing.answer import (
    Answer,
    Head,
    PositionsView,
    Result,
    StatementState,
    StatementView,
    WindowView,
)
from switch.clearing.netting import net
from switch.clearing.period import Kind, Period
from switch.model.call import Authenticated
from switch.model.fault import malformed
from switch.wire import checks
from switch.wire.outcome import done, epoch_ms
from switch.wire.parse import parse

REASON_CHARACTERS_MAX: Final = 200
DIGEST_BYTES: Final = 32

_STATES: Final[Mapping[StatementState, pb.StatementState.ValueType]] = {
    state: pb.StatementState.Value(f"STATEMENT_STATE_{state.name}") for state in StatementState
}
_RESULTS: Final[Mapping[Result, pb.ConfirmResult.ValueType]] = {
    result: pb.ConfirmResult.Value(f"CONFIRM_RESULT_{result.name}") for result in Result
}


def decode_window(call: Authenticated) -> date | None:
    """Return the day that GetWindow asks about; None: the open one. Raises: Fault."""
    message = parse(pb.GetWindowRequest, call.received.body)
    return checks.day("business_day", message.business_day) if message.business_day else None


def encode_window(view: WindowView) -> bytes:
    """Return the reply of GetWindow."""
    return pb.GetWindowResponse(
        outcome=done(""),
        region=view.region,
        business_day=view.day.isoformat(),
        known=view.known,
        cut_off_at_ms=epoch_ms(view.cut_off_at),
        closed_at_ms=0 if view.closed_at is None else epoch_ms(view.closed_at),
        day_closed=view.day_closed,
        month_closed=view.month_closed,
    ).SerializeToString()


def decode_statement(call: Authenticated) -> Period:
    """Return the month that ListStatement asks about. Raises: Fault."""
    return _month(parse(pb.ListStatementRequest, call.received.body).period)


def encode_statement(view: StatementView) -> Iterator[bytes]:
    """Yield the messages of ListStatement; a statement without lines is its head alone."""
    head = _head_message(view.head)
    if not view.lines:
        yield pb.ListStatementResponse(head=head).SerializeToString()
    for number, line in enumerate(view.lines, start=1):
        yield pb.ListStatementResponse(
            head=head if number == 1 else None,
            number=number,
            region_insured=line.region_insured,
            insurance=line.insurance,
            clearing_type=line.clearing_type,
            payer=line.payer,
            count=line.count,
            amount_fen=line.amount_fen,
        ).SerializeToString()


def decode_answer(call: Authenticated) -> Answer:
    """Return the answer that ConfirmStatement gives. Raises: Fault."""
    message = parse(pb.ConfirmStatementRequest, call.received.body)
    if message.dispute:
        reason = checks.text_of("reason", message.reason, 1, REASON_CHARACTERS_MAX)
    elif message.reason or message.line:
        raise malformed("reason", "reason and line go with a dispute; confirm the whole")
    else:
        reason = ""
    if not 0 <= message.line <= 2**31 or not 0 <= message.version <= 2**31:
        raise malformed("line", f"line {message.line} or version {message.version} is none")
    return Answer(
        checks.request_id("request_id", message.request_id, call.institution),
        _month(message.period),
        message.version,
        checks.bytes_of("digest", message.digest, DIGEST_BYTES),
        message.dispute,
        message.line,
        reason,
    )


def encode_answer(request_id: str, result: Result, state: StatementState | None) -> bytes:
    """Return the reply of ConfirmStatement."""
    return pb.ConfirmStatementResponse(
        outcome=done(request_id),
        result=_RESULTS[result],
        state=pb.STATEMENT_STATE_UNSPECIFIED if state is None else _STATES[state],
    ).SerializeToString()


def decode_positions(call: Authenticated) -> Period:
    """Return the period that GetPositions asks about. Raises: Fault."""
    return _period(parse(pb.GetPositionsRequest, call.received.body).period)


def encode_positions(view: PositionsView) -> bytes:
    """Return the reply of GetPositions."""
    return pb.GetPositionsResponse(
        outcome=done(""),
        dues=[
            pb.RegionAmount(from_region=one.home, to_region=one.care, amount_fen=one.amount_fen)
            for one in view.dues
        ],
        positions=[
            pb.Position(region=region, amount_fen=fen)
            for region, fen in sorted(net(view.dues).items())
        ],
        mode=view.mode.value,
        payments=[
            pb.RegionAmount(from_region=one.payer, to_region=one.payee, amount_fen=one.amount_fen)
            for one in view.transfers
        ],
    ).SerializeToString()


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError as error:
        raise malformed("period", f"period: {error}") from None


def _month(text: str) -> Period:
    period = _period(text)
    if period.kind is not Kind.MONTH:
        raise malformed("period", f"period {text} is no month; statements are of months")
    return period


def _head_message(head: Head) -> pb.StatementHead:
    return pb.StatementHead(
        region=head.region,
        period=head.period.name,
        version=head.version,
        fund_fen=head.fund_fen,
        account_fen=head.account_fen,
        deposit_bp=head.rate_bp,
        withheld_fen=head.withheld_fen,
        payable_fen=head.payable_fen,
        state=_STATES[head.state],
        digest=head.digest,
        lines=head.lines,
        disputed_line=head.disputed_line,
        reason=head.reason,
    )
