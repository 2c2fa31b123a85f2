"""Streams over a signed link: frames both ways, each proven; and lists that are complete or void.

Source: design, section 4 (Streams); `docs/terminal.md`.
"""

import queue
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

import grpc

from clients.link import DETAILS_KEY, MAC_KEY, Link, Reply, Unproven, named_status, trailing_of
from medswitch.v1 import reconciliation_pb2 as pb
from switch.security.errors import MacMismatch
from switch.security.mac import ListDigest, frame_message, frame_reply_message

_END: Final = None


class FrameStream:
    """One stream of frames: each is sent, and its answer read and proven before the next.

    Raises: Unproven, SigninFault.
    """

    def __init__(self, link: Link, method: str, timeout_s: float) -> None:
        self._link = link
        self._opened = link.open(method, b"", timeout_s)
        self._frames: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._n = 0
        stub: Any = link.channel.stream_stream(method)
        self._answers = stub(iter(self._frames.get, _END), metadata=self._opened.metadata)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._frames.put(_END)
        self._answers.cancel()

    def send(self, body: bytes) -> Reply:
        """Send the next frame and return its proven answer. Raises: Unproven."""
        self._n += 1
        opened, key = self._opened, self._opened.session.key
        call = (opened.method, opened.terminal_id, opened.session.session_id, opened.seq)
        mac = key.compute(frame_message(*call, self._n, body))
        frame = pb.CompareDetailsRequest(method=opened.method, n=self._n, body=body, mac=mac)
        self._frames.put(frame.SerializeToString())
        answer = pb.CompareDetailsResponse.FromString(self._read())
        status = answer.status
        try:
            signed = frame_reply_message(*call, self._n, mac, status, answer.body)
            key.verify(signed, answer.mac)
        except (MacMismatch, OverflowError):
            raise Unproven(f"frame {self._n} is answered without a valid MAC") from None
        return Reply(status, answer.body)

    def _read(self) -> bytes:
        try:
            answer: bytes | None = next(self._answers, None)
        except grpc.RpcError as error:
            return self._refused(error)
        if answer is None:
            raise Unproven(f"the stream ended at frame {self._n}")
        return answer

    def _refused(self, error: grpc.RpcError) -> bytes:
        """Raise what the end of the stream says, proven or not."""
        status: int = error.code().value[0]
        trailing = trailing_of(error)
        details = trailing.get(DETAILS_KEY, b"")
        self._link.verify(self._opened, status, details, trailing.get(MAC_KEY, b""))
        raise StreamFault(Reply(status, details))


class StreamFault(Exception):
    """The switch ended the stream and proved it: `reply` has a fault's details."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the stream was ended with {named_status(reply.status)}")
        self.reply = reply


def read_list(link: Link, method: str, body: bytes, timeout_s: float) -> Iterator[bytes]:
    """Yield the messages of a list; its end proves that none is missing or changed.

    Raises: Unproven when it is not complete: then nothing yielded before may be believed;
    StreamFault, SigninFault.
    """
    opened = link.open(method, body, timeout_s)
    stub: Any = link.channel.unary_stream(method)
    call = stub(body, timeout=timeout_s, metadata=opened.metadata)
    digest = ListDigest()
    try:
        for message in call:
            digest.add(message)
            yield message
    except grpc.RpcError as error:
        status: int = error.code().value[0]
        trailing = trailing_of(error)
        details = trailing.get(DETAILS_KEY, b"")
        link.verify(opened, status, details, trailing.get(MAC_KEY, b""))
        raise StreamFault(Reply(status, details)) from None
    link.verify(opened, 0, digest.body(), trailing_of(call).get(MAC_KEY, b""))
