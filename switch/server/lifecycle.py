"""The server's life: build, start, drain. What it serves is handed in.

Draining: health says NOT_SERVING and new calls get SHUTTING_DOWN under their MAC, calls in flight
are answered, then the port closes. Nothing that was begun is cut off before `drain_grace_s`.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import structlog
from grpc import aio
from grpc_health.v1 import (  # type: ignore[import-untyped] # only its messages are typed
    health,
    health_pb2,
    health_pb2_grpc,
)
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

from switch.server.handlers import Handlers
from switch.server.sessions import BODY_BYTES_MAX

SERVICES: Final = (
    "medswitch.v1.TerminalService",
    "medswitch.v1.SettlementService",
    "medswitch.v1.ReconciliationService",
    "medswitch.v1.ClearingService",
    "medswitch.v1.FilingService",
    "medswitch.v1.VisitService",
    "medswitch.v1.CardService",
)
_RECEIVE_BYTES_MAX: Final = BODY_BYTES_MAX + 4_096
"""A body just above its limit still reaches our own check; anything larger is gRPC's to refuse."""
_METADATA_BYTES_MAX: Final = 8_192
_FLUSH_S: Final = 2.0
"""What the last replies get to leave the process; then streams such as a health watch are cut."""

_log = structlog.get_logger("switch.server")


class AddressRefused(RuntimeError):
    """The address cannot be listened on; the message says which."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. With `client_authorities`, callers must show a certificate (mutual TLS)."""

    certificate: Path
    private_key: Path
    client_authorities: Path | None = None

    def credentials(self) -> grpc.ServerCredentials:
        """Return the server's credentials. Raises: OSError naming a file that cannot be read."""
        pair = (self.private_key.read_bytes(), self.certificate.read_bytes())
        if self.client_authorities is None:
            return grpc.ssl_server_credentials([pair])
        roots = self.client_authorities.read_bytes()
        return grpc.ssl_server_credentials(
            [pair], root_certificates=roots, require_client_auth=True
        )


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Where and how to serve; every bound that load would otherwise find."""

    listen: str = "127.0.0.1:50051"
    tls: TlsFiles | None = None
    reuse_port: bool = False
    """Whether other processes may listen on the same port: the kernel deals connections out."""
    reflection: bool = False
    calls_max: int = 4_096
    """Calls at once in this process; one more is refused by gRPC itself."""
    streams_per_connection_max: int = 1_024
    drain_notice_s: float = 1.0
    """Between NOT_SERVING and closing: what a load balancer needs to look elsewhere."""
    drain_grace_s: float = 20.0

    def __post_init__(self) -> None:
        if min(self.calls_max, self.streams_per_connection_max) < 1:
            raise ValueError("calls_max and streams_per_connection_max are at least 1")
        if not 0 <= self.drain_notice_s <= self.drain_grace_s:
            raise ValueError("drain_notice_s lies between 0 and drain_grace_s")


class SwitchServer:
    """A gRPC server over raw bytes. Build it inside a running event loop."""

    def __init__(self, limits: ServerLimits, handlers: Handlers) -> None:
        self._limits = limits
        self._handlers = handlers
        self._health = health.aio.HealthServicer()
        self._server = aio.server(
            handlers=[handlers, *_side_services(self._health, with_reflection=limits.reflection)],
            options=_options(limits),
            maximum_concurrent_rpcs=limits.calls_max,
        )
        self._is_open = False
        self.port = 0

    async def start(self) -> int:
        """Bind, serve, and return the port. Raises: AddressRefused; OSError for TLS files."""
        listen = self._limits.listen
        tls = self._limits.tls
        credentials = None if tls is None else tls.credentials()
        try:
            self.port = (
                self._server.add_insecure_port(listen)
                if credentials is None
                else self._server.add_secure_port(listen, credentials)
            )
        except RuntimeError:
            raise AddressRefused(
                f"{listen} cannot be listened on: it is taken, or no address of this machine"
            ) from None
        await self._server.start()
        self._is_open = True
        await self.tell_health(serving=True)
        _log.info("serving", listen=listen, port=self.port, tls=tls is not None)
        return self.port

    async def tell_health(self, *, serving: bool) -> None:
        """Tell who asks for our health whether we serve; once draining, the answer stays no."""
        states = health_pb2.HealthCheckResponse
        for service in ("", *SERVICES):
            await self._health.set(service, states.SERVING if serving else states.NOT_SERVING)

    async def serve_until_signalled(
        self,
        signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve until one of the signals comes, then drain. A second signal changes nothing.

        `announce` tells whoever waits for us; from then on a signal is an order to drain.
        """
        loop = asyncio.get_running_loop()
        wanted = asyncio.Event()
        for number in signals:
            loop.add_signal_handler(number, wanted.set)
        try:
            announce()
            await wanted.wait()
            await self.drain()
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    async def drain(self) -> None:
        """Refuse what is new, finish what was begun, close. Safe to call twice."""
        if not self._is_open:
            return
        self._is_open = False
        _log.info("draining", in_flight=self._handlers.in_flight)
        self._handlers.refuse_new()
        await self._health.enter_graceful_shutdown()
        await asyncio.sleep(self._limits.drain_notice_s)
        # Not `stop(grace)` alone: a health watch never ends, and would use the whole of it.
        finished = await self._handlers.finish(self._limits.drain_grace_s)
        await self._server.stop(_FLUSH_S)
        _log.info("stopped", unfinished=0 if finished else self._handlers.in_flight)


class _Collector:
    """Stands in for a server while generated code registers: keeps the generic handlers only.

    On every call grpc.aio waits on one future for each method registered by name; generic
    handlers share one.
    """

    def __init__(self) -> None:
        self.handlers: list[grpc.GenericRpcHandler] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self.handlers.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """Register nothing by name."""


def _side_services(servicer: Any, *, with_reflection: bool) -> list[grpc.GenericRpcHandler]:
    collector = _Collector()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, collector)
    if with_reflection:
        names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection_pb2_grpc.add_ServerReflectionServicer_to_server(
            reflection.aio.ReflectionServicer(names), collector
        )
    return collector.handlers


def _options(limits: ServerLimits) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", int(limits.reuse_port)),
        ("grpc.max_receive_message_length", _RECEIVE_BYTES_MAX),
        ("grpc.max_metadata_size", _METADATA_BYTES_MAX),
        ("grpc.max_concurrent_streams", limits.streams_per_connection_max),
        # Identity only (bit 0): the MAC covers the bytes sent, and nothing inflates.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        # A dead peer is found within 80 s; a peer may ping every 10 s.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
