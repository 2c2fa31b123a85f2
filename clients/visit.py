"""Visits at an institution's counter or ward: register, charge, discharge; settle by visit.

    visits = VisitClient(terminal, operator="赵三")
    visit = visits.register(member_id, "ZY20261125", details).visit
    visits.upload(visit, lines)                      # as many as there are, 500 at a time
    claim = visits.claim(visit, "330299")            # all that are unsettled
    result = terminal.settle_or_reverse(claim, card, terminal.presettle(claim, card))

Every change is stored in the terminal's outbox before it is sent, and repeated with the same bytes
until it is answered; `TerminalClient.resolve` finds out what became of those that were not.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from clients.bill import bill
from clients.terminal import TerminalClient
from medswitch.v1 import common_pb2, visit_pb2
from switch.wire.methods import PATHS

LINES_MAX: Final = 500
"""Lines of one upload."""

_Reply = TypeVar("_Reply", bound=Message)


class VisitClient:
    """Keeps visits through one terminal, whose outbox and session it shares.

    Each method raises OutcomeUnknown when no proven reply came: the request stands in the outbox;
    SwitchFault for a proven refusal of the message itself. A reply's outcome may be a decline.
    """

    def __init__(self, terminal: TerminalClient, *, operator: str, why: str = "诊疗") -> None:
        self._terminal = terminal
        self._reason = common_pb2.Reason(operator=operator, why=why)

    def register(
        self, member_id: str, number: str, details: visit_pb2.VisitDetails, **fields: Any
    ) -> visit_pb2.RegisterResponse:
        """Open a visit (2201, 2401). `number`: the institution's own."""
        return self._send(
            "Register", visit_pb2.RegisterResponse, visit_pb2.RegisterRequest(
                request_id=self._terminal.outbox.make_id(), member_id=member_id, number=number,
                details=details, reason=self._reason, **fields,
            ),
        )  # fmt: skip

    def update(
        self, visit: visit_pb2.Visit, details: visit_pb2.VisitDetails
    ) -> visit_pb2.UpdateResponse:
        """Replace what is known of a visit (2203, 2403)."""
        request = visit_pb2.UpdateRequest(**self._of(visit), details=details)
        return self._send("Update", visit_pb2.UpdateResponse, request)

    def upload(
        self, visit: visit_pb2.Visit, lines: Iterable[common_pb2.FeeLine]
    ) -> list[visit_pb2.UploadLinesResponse]:
        """Add lines to a visit (2204, 2301), 500 at a time; stops at the first that is declined."""
        replies = []
        for part in _parts(lines):
            request = visit_pb2.UploadLinesRequest(**self._of(visit), lines=part)
            replies.append(self._send("UploadLines", visit_pb2.UploadLinesResponse, request))
            if replies[-1].outcome.code != 1:
                break
        return replies

    def withdraw(
        self, visit: visit_pb2.Visit, numbers: Sequence[int] = ()
    ) -> visit_pb2.WithdrawLinesResponse:
        """Take unsettled lines back by number (2205, 2302); no numbers: all of them."""
        request = visit_pb2.WithdrawLinesRequest(
            **self._of(visit),
            lines=[visit_pb2.LineNumber(number=number) for number in numbers],
            all_unsettled=not numbers,
        )
        return self._send("WithdrawLines", visit_pb2.WithdrawLinesResponse, request)

    def discharge(
        self, visit: visit_pb2.Visit, ended_on: date, diagnoses: Sequence[str] = ()
    ) -> visit_pb2.DischargeResponse:
        """End a stay (2402)."""
        request = visit_pb2.DischargeRequest(
            **self._of(visit), ended_on=ended_on.isoformat(), diagnoses=diagnoses
        )
        return self._send("Discharge", visit_pb2.DischargeResponse, request)

    def cancel(
        self, visit: visit_pb2.Visit, what: visit_pb2.VisitCancellation.ValueType
    ) -> visit_pb2.CancelVisitResponse:
        """Take a registration (2202), an admission (2404) or a discharge (2405) back."""
        request = visit_pb2.CancelVisitRequest(**self._of(visit), what=what)
        return self._send("CancelVisit", visit_pb2.CancelVisitResponse, request)

    def told(
        self, visit: visit_pb2.Visit, after_line: int | None = None
    ) -> visit_pb2.GetVisitResponse:
        """Return a visit as it stands; with `after_line` 0 its first 500 lines, and so on."""
        request = visit_pb2.GetVisitRequest(
            request_id=self._terminal.outbox.make_id(),
            member_id=visit.member_id,
            visit_id=visit.visit_id,
            with_lines=after_line is not None,
            after_line=after_line or 0,
        )
        return self._terminal.ask(PATHS["GetVisit"], request, visit_pb2.GetVisitResponse)

    def claim(
        self, visit: visit_pb2.Visit, region_care: str, on: date, **fields: Any
    ) -> common_pb2.Claim:
        """Return the claim that takes a visit's unsettled lines; `interim=True`: the stay goes on.

        A hospital knows the sum of its own lines; this one asks.
        """
        told = self.told(visit)
        kind = told.visit.details.kind
        claim = bill(kind, region_care, on, [], visit_id=visit.visit_id, **fields)
        claim.total_fen = told.unsettled_fen
        return claim

    def _of(self, visit: visit_pb2.Visit) -> dict[str, Any]:
        return {
            "request_id": self._terminal.outbox.make_id(),
            "member_id": visit.member_id,
            "visit_id": visit.visit_id,
            "reason": self._reason,
        }

    def _send(self, method: str, kind: type[_Reply], request: Any) -> _Reply:
        entry = self._terminal.stored(request.request_id, method, request.member_id, 0, request)
        return self._terminal.post(entry, kind)


def _parts(lines: Iterable[common_pb2.FeeLine]) -> Iterator[list[common_pb2.FeeLine]]:
    rest = iter(lines)
    while part := list(islice(rest, LINES_MAX)):
        yield part
