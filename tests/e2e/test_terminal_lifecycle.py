"""A server process from its start to SIGTERM."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import grpc
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2  # type: ignore[import-untyped]

from switch.server import lifecycle, rights
from tests.fix_server import Door

QUICK = lifecycle.ServerLimits(listen="localhost:0", drain_notice_s=0)


def unary(channel: aio.Channel, path: str) -> Callable[..., Awaitable[bytes]]:
    """Return a call of raw bytes, as any client may send them."""
    call: Any = channel.unary_unary(path)
    return cast("Callable[..., Awaitable[bytes]]", call)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_drains_and_closes(number: signal.Signals) -> None:
    server = lifecycle.SwitchServer(QUICK, Door().handlers)
    port = await server.start()
    serving = asyncio.create_task(server.serve_until_signalled())
    async with aio.insecure_channel(f"localhost:{port}") as channel:
        assert await unary(channel, rights.ECHO)(b"\n\x01x") == b"\n\x01x"
        os.kill(os.getpid(), number)
        await asyncio.wait_for(serving, 10)
        with pytest.raises(grpc.RpcError):
            await unary(channel, rights.ECHO)(b"\n\x01x")
    await server.drain()


async def test_a_signal_that_comes_with_the_announcement_is_an_order_to_drain() -> None:
    """Whoever waits for the switch may stop it the moment it is told."""
    server = lifecycle.SwitchServer(QUICK, Door().handlers)
    await server.start()
    announced: list[int] = []

    def announce() -> None:
        announced.append(server.port)
        os.kill(os.getpid(), signal.SIGTERM)

    await asyncio.wait_for(server.serve_until_signalled(announce=announce), 10)
    assert announced == [server.port]


async def test_health_watch_hears_of_the_drain_and_does_not_hold_it_up() -> None:
    server = lifecycle.SwitchServer(QUICK, Door().handlers)
    port = await server.start()
    async with aio.insecure_channel(f"localhost:{port}") as channel:
        watch: Any = channel.unary_stream("/grpc.health.v1.Health/Watch")
        asked = health_pb2.HealthCheckRequest(service=lifecycle.SERVICES[0])
        heard = watch(asked.SerializeToString())
        states = [health_pb2.HealthCheckResponse.FromString(await heard.read()).status]
        drained = asyncio.create_task(server.drain())
        states.append(health_pb2.HealthCheckResponse.FromString(await heard.read()).status)
        await asyncio.wait_for(drained, lifecycle._FLUSH_S + 5)
    serving, closing = (
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    )
    assert states == [serving, closing]


async def test_call_that_does_not_end_is_given_up_after_the_grace() -> None:
    door = Door()
    limits = lifecycle.ServerLimits(listen="localhost:0", drain_notice_s=0, drain_grace_s=0.01)
    server = lifecycle.SwitchServer(limits, door.handlers)
    await server.start()
    door.handlers._routes.begin()
    await asyncio.wait_for(server.drain(), 10)
    assert door.handlers.in_flight == 1


@pytest.mark.parametrize(
    "wrong", [{"calls_max": 0}, {"drain_notice_s": -1.0}, {"drain_notice_s": 30.0}]
)
def test_limits_contradicting_each_other_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"calls_max|drain_notice_s"):
        lifecycle.ServerLimits(**wrong)


async def test_taken_address_is_an_error_and_not_a_silent_second_server() -> None:
    first = lifecycle.SwitchServer(QUICK, Door().handlers)
    taken = f"localhost:{await first.start()}"
    for listen in (taken, "256.0.0.1:1"):
        second = lifecycle.SwitchServer(lifecycle.ServerLimits(listen=listen), Door().handlers)
        with pytest.raises(lifecycle.AddressRefused, match=listen):
            await second.start()
        await second.drain()
    await first.drain()


async def test_processes_of_one_switch_share_a_port_when_told_to() -> None:
    limits = lifecycle.ServerLimits(listen="localhost:0", reuse_port=True, drain_notice_s=0)
    first = lifecycle.SwitchServer(limits, Door().handlers)
    shared = replace(limits, listen=f"localhost:{await first.start()}")
    second = lifecycle.SwitchServer(shared, Door().handlers)
    assert await second.start() == first.port
    await first.drain()
    await second.drain()


async def test_oversized_and_compressed_messages_are_greeted_by_grpc_itself() -> None:
    server = lifecycle.SwitchServer(QUICK, Door().handlers)
    port = await server.start()
    async with aio.insecure_channel(f"localhost:{port}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            await unary(channel, rights.SETTLE)(b"x" * (2**20 + 8_192))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(grpc.RpcError) as caught:
            await unary(channel, rights.ECHO)(
                b"\n\x7f" + b"x" * 127, compression=grpc.Compression.Gzip
            )
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    await server.drain()
