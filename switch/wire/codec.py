"""The codec as the switch asks for it: `pipeline.ports.Codec` and what the server needs beside."""

from datetime import datetime

from switch.model.answer import Answer
from switch.model.call import Authenticated
from switch.model.claim import Claim
from switch.model.fault import Fault
from switch.model.ids import RequestId
from switch.wire import decode, differ, encode, faults, frames, terminal
from switch.wire.decode import Operation
from switch.wire.terminal import SigninReply, SigninRequest


class WireCodec:
    """Stateless: one serves a process."""

    __slots__ = ()

    def decode(self, method: str, call: Authenticated) -> Operation:
        """Return the operation of a proven call. Raises: Fault."""
        return decode.decode(method, call)

    def frame(self, message: bytes) -> frames.Frame | None:
        """Return the frame in a message of a stream, None when it holds none."""
        return frames.read_frame(message)

    def called(self, body: bytes) -> tuple[str, bytes] | None:
        """Return (whole path, request) of a frame's body, None when it is not in its one form."""
        return frames.called(body)

    def encode_answered(self, answer: frames.Answered) -> bytes:
        """Return the message that answers a frame."""
        return frames.write_answered(answer)

    def encode(self, method: str, answer: Answer) -> bytes:
        """Return the reply message of a method."""
        return encode.encode(method, answer)

    def settled_claim(self, request_id: RequestId, body: bytes) -> Claim:
        """Return the claim of a recorded Settle. Raises: Fault."""
        return decode.settled_claim(request_id, body)

    def differing_field(self, method: str, recorded: bytes, received: bytes) -> str:
        """Return the path of the first field in which two request bodies differ."""
        return differ.differing_field(method, recorded, received)

    def decode_signin(self, body: bytes) -> SigninRequest:
        """Return what a sign-in says. Raises: Fault MALFORMED."""
        return terminal.decode_signin(body)

    def encode_signin(self, reply: SigninReply) -> bytes:
        """Return the reply message of a sign-in."""
        return terminal.encode_signin(reply)

    def encode_sign_out(self, ended_at: datetime) -> bytes:
        """Return the reply message of a sign-out."""
        return terminal.encode_sign_out(ended_at)

    def encode_heartbeat(self, server_time: datetime, expires_at: datetime) -> bytes:
        """Return the reply message of a heartbeat."""
        return terminal.encode_heartbeat(server_time, expires_at)

    def fault_details(
        self, fault: Fault, action: str, server_time: datetime, status: int = 2
    ) -> bytes:
        """Return the `google.rpc.Status` of a fault, at most 4 KiB."""
        return faults.fault_details(fault, action, server_time, status)
