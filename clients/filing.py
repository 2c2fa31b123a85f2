"""Filings at an agency's counter, or at an institution's where the policy lets it.

    filings = FilingClient(terminal)
    taken = filings.file(member_id, wanted, operator="王一", why="转上级医院")
    filings.withdraw(member_id, taken.record.filing.filing_id, operator="王一", why="已返回")

Every change is stored in the terminal's outbox before it is sent, and repeated with the same bytes
until it is answered; `TerminalClient.resolve` finds out what became of those that were not.
"""

from clients.terminal import TerminalClient
from medswitch.v1 import common_pb2, filing_pb2, settlement_pb2
from switch.wire.methods import PATHS


class FilingClient:
    """Files through one terminal, whose outbox and session it shares."""

    def __init__(self, terminal: TerminalClient) -> None:
        self._terminal = terminal

    def file(
        self, member_id: str, wanted: filing_pb2.FileRequest, *, operator: str, why: str
    ) -> filing_pb2.FileResponse:
        """Take a filing (2501, 2503, 2505). `wanted`: kind, days, and what it is for.

        Raises: OutcomeUnknown when no proven reply came: the request stands in the outbox;
        SwitchFault for a proven refusal of the message itself.
        """
        request_id = self._terminal.outbox.make_id()
        request = filing_pb2.FileRequest()
        request.CopyFrom(wanted)
        request.request_id, request.member_id = request_id, member_id
        request.reason.CopyFrom(common_pb2.Reason(operator=operator, why=why))
        entry = self._terminal.stored(request_id, "File", member_id, 0, request)
        return self._terminal.post(entry, filing_pb2.FileResponse)

    def withdraw(
        self, member_id: str, filing_id: str, *, operator: str, why: str
    ) -> filing_pb2.WithdrawResponse:
        """End a filing at once (2502, 2504, 2506). Raises: as `file`."""
        request_id = self._terminal.outbox.make_id()
        request = filing_pb2.WithdrawRequest(
            request_id=request_id,
            member_id=member_id,
            filing_id=filing_id,
            reason=common_pb2.Reason(operator=operator, why=why),
        )
        entry = self._terminal.stored(request_id, "Withdraw", member_id, 0, request)
        return self._terminal.post(entry, filing_pb2.WithdrawResponse)

    def list(
        self,
        member_id: str,
        kind: settlement_pb2.FilingKind.ValueType = settlement_pb2.FILING_KIND_UNSPECIFIED,
    ) -> filing_pb2.ListFilingsResponse:
        """Return a person's filings with their history (5301, 5302, 5304).

        Raises: OutcomeUnknown, SwitchFault.
        """
        request = filing_pb2.ListFilingsRequest(
            request_id=self._terminal.outbox.make_id(), member_id=member_id, kind=kind
        )
        return self._terminal.ask(PATHS["ListFilings"], request, filing_pb2.ListFilingsResponse)
