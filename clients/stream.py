"""A gateway's stream: many settlements under way on one connection, each with a proven answer.

    with SettleStream(link) as stream:
        settled = [stream.send("Settle", entry.body) for entry in entries]
        replies = [answer.result() for answer in settled]

A frame's answer is proven or there is none: whatever breaks, the futures of the others raise
`Unproven`, and their requests stay of unknown outcome, as after a call that broke.
Source: design, section 4 (Streams).
"""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Final, Self

import grpc

from clients.link import Link, Opened, Reply, Unproven
from switch.security.errors import MacMismatch
from switch.security.mac import frame_message, frame_reply_message
from switch.wire.frames import (
    SETTLE_STREAM,
    Answered,
    Frame,
    frame_body,
    read_answered,
    write_frame,
)

CLOSE_S_MAX: Final = 60.0
"""How long `close` waits for the last answers."""


class SettleStream:
    """One open stream of a terminal. Safe to use from several threads."""

    def __init__(self, link: Link, timeout_s: float = 86_400.0) -> None:
        """Open it. Raises: as `Link.call` of the sign-in it may need."""
        self._opened: Opened = link.open(SETTLE_STREAM, timeout_s)
        self._waiting: dict[int, tuple[Future[Reply], bytes]] = {}
        self._lock = threading.Lock()
        self._n = 0
        self._ended: str | None = None
        self._frames: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._call: Any = self._opened.stream(self._outgoing())
        self._reader = threading.Thread(target=self._read, name="settle-stream", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, method: str, request: bytes) -> "Future[Reply]":
        """Send one request and return its answer to come: proven, or `Unproven`.

        `method`: its short name, as "Settle". A fault is an answer of another status than 0.
        Raises: Unproven when the stream has ended: nothing was sent.
        """
        opened = self._opened
        body = frame_body(method, request)
        answer: Future[Reply] = Future()
        with self._lock:
            if self._ended is not None:
                raise Unproven(self._ended)
            self._n += 1
            mac = opened.key.compute(
                frame_message(
                    SETTLE_STREAM, opened.terminal_id, opened.session_id, opened.seq, self._n, body
                )
            )
            self._waiting[self._n] = answer, mac
            self._frames.put(write_frame(Frame(self._n, body, mac)))
        return answer

    def close(self) -> None:
        """Send no more and wait for the answers to what was sent."""
        with self._lock:
            if self._ended is None:
                self._ended = "the stream is closed"
                self._frames.put(None)
        self._reader.join(CLOSE_S_MAX)
        self._call.cancel()

    def _outgoing(self) -> Iterator[bytes]:
        while (frame := self._frames.get()) is not None:
            yield frame

    def _read(self) -> None:
        why = "the stream ended before an answer"
        try:
            for message in self._call:
                self._take(read_answered(message))
        except grpc.RpcError as error:
            why = f"the stream ended with {error.code().name}"
        with self._lock:
            self._ended = self._ended or why
            self._frames.put(None)
            left = list(self._waiting.values())
            self._waiting.clear()
        for answer, _ in left:
            answer.set_exception(Unproven(why))

    def _take(self, answered: Answered | None) -> None:
        """Hand a proven answer to whoever waits for it; any other is none."""
        if answered is None:
            return
        with self._lock:
            waiting = self._waiting.get(answered.n)
        if waiting is None:
            return
        answer, frame_mac = waiting
        opened = self._opened
        message = frame_reply_message(
            SETTLE_STREAM, opened.terminal_id, opened.session_id, opened.seq, answered.n,
            frame_mac, answered.status, answered.body,
        )  # fmt: skip
        try:
            opened.key.verify(message, answered.mac)
        except MacMismatch:
            return
        with self._lock:
            self._waiting.pop(answered.n, None)
        answer.set_result(Reply(answered.status, answered.body))
