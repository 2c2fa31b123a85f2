"""Somebody in the middle: passes every call on, and spoils what streams answer."""

from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any, Self

import grpc

Spoil = Callable[[list[bytes]], list[bytes]]


class _Passes(grpc.GenericRpcHandler):
    def __init__(self, channel: grpc.Channel, spoil: Spoil) -> None:
        self._channel = channel
        self._spoil = spoil

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        method = details.method
        if method.endswith("ListDifferences"):
            return grpc.unary_stream_rpc_method_handler(self._list(method))
        if method.endswith("CompareDetails"):
            return grpc.stream_stream_rpc_method_handler(self._frames(method))
        return grpc.unary_unary_rpc_method_handler(self._unary(method))

    def _unary(self, method: str) -> Callable[[bytes, Any], bytes]:
        def pass_on(body: bytes, context: Any) -> bytes:
            stub: Any = self._channel.unary_unary(method)
            reply, call = stub.with_call(body, metadata=_signed(context))
            context.set_trailing_metadata(call.trailing_metadata())
            answer: bytes = reply
            return answer

        return pass_on

    def _list(self, method: str) -> Callable[[bytes, Any], Iterator[bytes]]:
        def pass_on(body: bytes, context: Any) -> Iterator[bytes]:
            stub: Any = self._channel.unary_stream(method)
            call = stub(body, metadata=_signed(context))
            yield from self._spoil(list(call))
            context.set_trailing_metadata(call.trailing_metadata())

        return pass_on

    def _frames(self, method: str) -> Callable[[Iterator[bytes], Any], Iterator[bytes]]:
        def pass_on(frames: Iterator[bytes], context: Any) -> Iterator[bytes]:
            stub: Any = self._channel.stream_stream(method)
            for answer in stub(frames, metadata=_signed(context)):
                yield from self._spoil([answer])

        return pass_on


def _signed(context: Any) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (key, value) for key, value in context.invocation_metadata() if key.startswith("x-")
    )


class Meddler:
    """A server between a client and the switch."""

    def __init__(self, address: str, spoil: Spoil) -> None:
        self._channel = grpc.insecure_channel(address)
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers([_Passes(self._channel, spoil)])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()
        self._channel.close()
