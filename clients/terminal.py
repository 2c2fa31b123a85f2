"""A terminal's client: what a hospital's or a pharmacy's system calls.

    client = TerminalClient("127.0.0.1:50051", identity, Outbox(path, institution, now))
    shown = client.presettle(bill, card)
    result = client.settle_or_reverse(bill, card, shown)

Every request that changes something is stored before it is sent, is repeated with the same bytes
until a proven reply comes, and stays in the outbox while its outcome is not known. Only a proven
reply, a query that finds the request, or a reversal closes it: no fault and no silence does.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self, TypeVar

from google.protobuf.message import Message

from clients.card import Credential
from clients.faults import OutcomeUnknown, SwitchFault, read_fault
from clients.link import Link, SigninFault, TerminalIdentity, TlsFiles
from clients.outbox import Entry, EntryState, Outbox
from clients.repeat import Repeater
from clients.results import Resolution, SettleResult, SettleState, original_of, settle_result
from medswitch.v1 import (
    card_pb2,
    common_pb2,
    filing_pb2,
    reply_pb2,
    settlement_pb2,
    terminal_pb2,
    visit_pb2,
)
from switch.model.ids import RequestId
from switch.security.card_proof import CardOperation, epoch_ms
from switch.wire.methods import PATHS

__all__ = [
    "Resolution",
    "SettleResult",
    "SettleState",
    "TerminalClient",
    "original_of",
]

_TERMINALS: Final = "/medswitch.v1.TerminalService/"
BODY_BYTES_MAX: Final = 2**20

_Reply = TypeVar("_Reply", bound=Message)
REPEATED: Final[Mapping[str, type[Message]]] = {
    "Cancel": settlement_pb2.CancelResponse,
    "File": filing_pb2.FileResponse,
    "Withdraw": filing_pb2.WithdrawResponse,
    "Register": visit_pb2.RegisterResponse,
    "Update": visit_pb2.UpdateResponse,
    "UploadLines": visit_pb2.UploadLinesResponse,
    "WithdrawLines": visit_pb2.WithdrawLinesResponse,
    "Discharge": visit_pb2.DischargeResponse,
    "CancelVisit": visit_pb2.CancelVisitResponse,
    "ReportLost": card_pb2.ReportLostResponse,
    "ConfirmLost": card_pb2.ConfirmLostResponse,
    "Release": card_pb2.ReleaseResponse,
    "Replace": card_pb2.ReplaceResponse,
    "LockCard": card_pb2.LockCardResponse,
    "UnlockCard": card_pb2.UnlockCardResponse,
}
"""What cannot be undone: of unknown outcome it is repeated under its id until it is answered."""
_UNDONE: Final = frozenset({reply_pb2.REPLY_CODE_OK, reply_pb2.REPLY_CODE_ALREADY_UNDONE})
"""Answers to a Reverse: nothing of the original stands."""
_ARRIVED: Final = frozenset(
    {reply_pb2.REPLY_CODE_ORIGINAL_DECLINED, reply_pb2.REPLY_CODE_ACCOUNT_SPENT}
)
"""Answers to a Reverse: the original came through meanwhile, and its reply says what holds."""


class TerminalClient:
    """One terminal. Safe to use from several threads; each call blocks until it is answered.

    `attempts_max` and `timeout_s` bound a call: after them a changing request is `OutcomeUnknown`.
    """

    def __init__(
        self,
        address: str,
        identity: TerminalIdentity,
        outbox: Outbox,
        *,
        tls: TlsFiles | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        timeout_s: float = 10.0,
        attempts_max: int = 5,
    ) -> None:
        self.identity = identity
        self.outbox = outbox
        self._link = Link(address, identity, now, tls)
        self._repeater = Repeater(self._link, sleep, timeout_s, attempts_max)
        self._now = now
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connection and outbox. The session lives on until it expires: see `sign_out`."""
        self._link.close()
        self.outbox.close()

    @property
    def link(self) -> Link:
        """The signed link, for services of their own: see `clients.comparison`."""
        return self._link

    # Being there.

    def sign_in(self) -> None:
        """Open a session now; otherwise the first call does. Raises: SwitchFault CLOCK_SKEW."""
        try:
            self._link.sign_in(self._timeout_s)
        except SigninFault as fault:
            raise read_fault(fault.details) from None

    def sign_out(self) -> None:
        """End the session everywhere. Raises: OutcomeUnknown, SwitchFault."""
        path = _TERMINALS + "SignOut"
        self.ask(path, terminal_pb2.SignOutRequest(), terminal_pb2.SignOutResponse)
        self._link.forget_session()

    def heartbeat(self) -> terminal_pb2.HeartbeatResponse:
        """Say that the terminal lives. Raises: OutcomeUnknown, SwitchFault."""
        request = terminal_pb2.HeartbeatRequest(time_ms=epoch_ms(self._now()))
        return self.ask(_TERMINALS + "Heartbeat", request, terminal_pb2.HeartbeatResponse)

    def echo(self, payload: bytes) -> bytes:
        """Send up to 4 KiB there and back, unsigned. Raises: grpc.RpcError."""
        request = terminal_pb2.EchoRequest(payload=payload)
        reply = self._link.echo(request.SerializeToString(), self._timeout_s)
        return terminal_pb2.EchoResponse.FromString(reply).payload

    # Asking: nothing is posted, nothing need be stored.

    def read_member(self, credential: Credential) -> settlement_pb2.ReadMemberResponse:
        """Read the person a credential names (1101). Raises: OutcomeUnknown, SwitchFault."""
        request_id = self.outbox.make_id()
        request = settlement_pb2.ReadMemberRequest(
            request_id=request_id,
            evidence=credential.prove(
                CardOperation.READ_MEMBER, self.identity.terminal_id, request_id, 0
            ),
        )
        path = PATHS["ReadMember"]
        return self.ask(path, request, settlement_pb2.ReadMemberResponse)

    def presettle(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        *,
        replaces: settlement_pb2.Original | None = None,
    ) -> settlement_pb2.PresettleResponse:
        """Compute what a bill would cost (2206), or what would flow back (part refund).

        `replaces`: the settlement to give a part of back, `claim` what remains of it. Raises:
        OutcomeUnknown, SwitchFault.
        """
        request_id = self.outbox.make_id()
        request = settlement_pb2.PresettleRequest(claim=claim, replaces=replaces)
        request.claim.request_id = request_id
        evidence = credential.prove(
            CardOperation.PRESETTLE, self.identity.terminal_id, request_id, claim.total_fen
        )
        request.evidence.CopyFrom(evidence)
        path = PATHS["Presettle"]
        return self.ask(path, request, settlement_pb2.PresettleResponse)

    def get_settlement(
        self, original: settlement_pb2.Original
    ) -> settlement_pb2.GetSettlementResponse:
        """Ask what became of a request. Raises: OutcomeUnknown, SwitchFault."""
        request = settlement_pb2.GetSettlementRequest(original=original)
        path = PATHS["GetSettlement"]
        return self.ask(path, request, settlement_pb2.GetSettlementResponse)

    # Changing: stored, then sent.

    def settle(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        presettled: settlement_pb2.PresettleResponse,
    ) -> settlement_pb2.SettleResponse:
        """Settle what was presettled (2207), a part refund as one: the card signs what was seen.

        Raises: OutcomeUnknown when no proven reply came: the request stands in the outbox;
        SwitchFault for a proven refusal of the message itself.
        """
        return self.post(self.prepare(claim, credential, presettled), settlement_pb2.SettleResponse)

    def prepare(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        presettled: settlement_pb2.PresettleResponse,
    ) -> Entry:
        """Store a settlement, signed by the card, and send nothing yet: see `send`, `repeat`."""
        request_id = self.outbox.make_id()
        split = presettled.decision.split
        request = settlement_pb2.SettleRequest(
            claim=claim,
            expected=settlement_pb2.Expected(
                fund_fen=split.fund_fen,
                account_fen=split.account_fen,
                account_relative_fen=split.account_relative_fen,
            ),
            settle_nonce=presettled.settle_nonce,
        )
        request.claim.request_id = request_id
        if presettled.HasField("replaced"):
            request.replaces.CopyFrom(presettled.replaced.original)
        evidence = credential.sign(
            self.identity.terminal_id,
            request_id,
            claim.total_fen,
            split.fund_fen + split.account_fen,
            self._now(),
            presettled.settle_nonce,
        )
        request.evidence.CopyFrom(evidence)
        return self.stored(request_id, "Settle", presettled.member_id, claim.total_fen, request)

    def settle_or_reverse(
        self,
        claim: common_pb2.Claim,
        credential: Credential,
        presettled: settlement_pb2.PresettleResponse,
    ) -> SettleResult:
        """Settle; when the outcome stays unknown, ask, and reverse what was never seen.

        Raises: OutcomeUnknown when even the reversal has no proven reply: call `resolve` later, and
        let nobody pay before; SwitchFault for a proven refusal of the message itself.
        """
        entry = self.prepare(claim, credential, presettled)
        try:
            settled = self.post(entry, settlement_pb2.SettleResponse)
        except OutcomeUnknown:
            return self._conclude(entry)
        except SwitchFault as fault:
            if fault.refuses_the_message:
                raise
            # Proven to have done nothing, but not final: what was sent may be sent again by others.
            return self._conclude(entry)
        return settle_result(entry.request_id, settled)

    def cancel(self, original: settlement_pb2.Original) -> settlement_pb2.CancelResponse:
        """Undo a settlement known to have posted (2208). Raises: as `settle`."""
        request_id = self.outbox.make_id()
        request = settlement_pb2.CancelRequest(request_id=request_id, original=original)
        entry = self.stored(request_id, "Cancel", original.member_id, original.total_fen, request)
        return self.post(entry, settlement_pb2.CancelResponse)

    def reverse(self, original: settlement_pb2.Original) -> settlement_pb2.ReverseResponse:
        """Undo a settlement whose outcome is not known (2601). Raises: as `settle`."""
        request_id = self.outbox.make_id()
        request = settlement_pb2.ReverseRequest(request_id=request_id, original=original)
        entry = self.stored(request_id, "Reverse", original.member_id, original.total_fen, request)
        return self._reverse(entry)

    def repeat(self, request_id: RequestId) -> bytes:
        """Send a stored request again, byte for byte, and return the reply message.

        Raises: KeyError when it is not in the outbox; as `settle`.
        """
        entry = self.outbox.entry(request_id)
        if entry is None:
            raise KeyError(request_id)
        return self.send(entry)

    def send(self, entry: Entry) -> bytes:
        """Send a stored request and return the reply message; writing it down is the caller's.

        Raises: as `settle`.
        """
        return self._repeater.answer(PATHS[entry.method], entry.body, entry.request_id)

    def resolve(self) -> list[Resolution]:
        """Find out what became of every request of unknown outcome: after a crash, now and then.

        What cannot be undone is repeated; a settlement is asked for, and reversed if never seen.
        """
        pending = self.outbox.pending()
        found = []
        # Undoings first: they may close the settlements they name.
        for entry in sorted(pending, key=lambda entry: entry.method == "Settle"):
            error: SwitchFault | OutcomeUnknown | None = None
            try:
                self._resolve(entry)
            except (SwitchFault, OutcomeUnknown) as raised:
                error = raised
            found.append(Resolution(self.outbox.entry(entry.request_id) or entry, error))
        return found

    def _resolve(self, entry: Entry) -> None:
        current = self.outbox.entry(entry.request_id)
        if current is None or current.state is not EntryState.PENDING:
            return
        match entry.method:
            case "Settle":
                self._conclude(entry)
            case "Reverse":
                self._reverse(entry)
            case _:
                self.post(entry, REPEATED[entry.method])

    def stored(
        self, request_id: RequestId, method: str, member_id: str, total_fen: int, request: Message
    ) -> Entry:
        """Store a request, to be posted. Raises: ValueError when it is too large to be sent."""
        body = request.SerializeToString()
        if len(body) > BODY_BYTES_MAX:
            raise ValueError(f"the request has {len(body)} bytes, above {BODY_BYTES_MAX}")
        entry = Entry(request_id, method, member_id, total_fen, body)
        self.outbox.store(entry)
        return entry

    def post(self, entry: Entry, kind: type[_Reply]) -> _Reply:
        """Send a stored request until it is answered, and write the answer down.

        Raises: as `settle`.
        """
        try:
            body = self._repeater.answer(PATHS[entry.method], entry.body, entry.request_id)
        except SwitchFault as fault:
            if fault.refuses_the_message:
                self.outbox.close_entry(entry.request_id, EntryState.REFUSED, None, str(fault))
            raise
        self.outbox.close_entry(entry.request_id, EntryState.ANSWERED, body)
        return kind.FromString(body)

    def _reverse(self, entry: Entry) -> settlement_pb2.ReverseResponse:
        """Send a stored reversal; when it succeeded, its original is closed too."""
        reply = self.post(entry, settlement_pb2.ReverseResponse)
        original = settlement_pb2.ReverseRequest.FromString(entry.body).original
        if reply.outcome.code in _UNDONE:
            self.outbox.close_entry(
                RequestId(original.request_id), EntryState.UNDONE, None, entry.request_id
            )
        return reply

    def _conclude(self, entry: Entry) -> SettleResult:
        """Ask what became of a settlement, and reverse it when it was never seen."""
        original = original_of(entry)
        answer = self.get_settlement(original)
        if answer.outcome.code != reply_pb2.REPLY_CODE_OK:
            why = f"the question was declined: {answer.outcome.message_en}"
            raise OutcomeUnknown(entry.request_id, entry.method, why)
        match answer.state:
            case settlement_pb2.SETTLEMENT_STATE_POSTED | settlement_pb2.SETTLEMENT_STATE_DECLINED:
                reply = answer.settle.SerializeToString()
                self.outbox.close_entry(entry.request_id, EntryState.ANSWERED, reply)
                return settle_result(entry.request_id, answer.settle)
            case settlement_pb2.SETTLEMENT_STATE_NEVER_SEEN:
                reversal = self.reverse(original)
                if reversal.outcome.code in _ARRIVED:
                    return self._conclude(entry)
                if reversal.outcome.code not in _UNDONE:
                    why = f"the reversal was declined: {reversal.outcome.message_en}"
                    raise OutcomeUnknown(entry.request_id, entry.method, why)
                return SettleResult(SettleState.UNDONE, entry.request_id, None, reversal)
            case _:
                self.outbox.close_entry(entry.request_id, EntryState.UNDONE, None, answer.undone_by)
                return SettleResult(SettleState.UNDONE, entry.request_id, None)

    def ask(self, path: str, request: Message, kind: type[_Reply]) -> _Reply:
        """Ask what changes nothing. Raises: OutcomeUnknown, SwitchFault."""
        return kind.FromString(
            self._repeater.answer(path, request.SerializeToString(), RequestId(""))
        )
