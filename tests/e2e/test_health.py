"""Health says whether the switch can answer: its database away, it says no; back again, yes."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
from grpc import aio
from grpc_health.v1 import health_pb2  # type: ignore[import-untyped] # only its messages are typed
from psycopg import conninfo, sql

from switch.app import SystemClock, switch
from switch.config import Settings
from switch.server.lifecycle import SERVICES
from tests.fix_province import KEK, Province

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def let_in(url: str, *, allowed: bool) -> None:
    """Let the database take connections, or refuse them all."""
    name = str(conninfo.conninfo_to_dict(url)["dbname"])
    other = conninfo.make_conninfo(url, dbname="postgres")
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                sql.Identifier(name), sql.Literal(allowed)
            )
        )


async def test_health_follows_the_database(province: Province, tmp_path: Path) -> None:
    (tmp_path / "kek").write_text(f"{KEK.kek_id}:{bytes(range(16)).hex()}", "ascii")
    settings = Settings(listen="127.0.0.1:0", data_dir=tmp_path)
    async with (
        switch(settings, province.url, SystemClock(), durable=False) as server,
        aio.insecure_channel(f"127.0.0.1:{server.port}") as channel,
    ):
        watches: list[Any] = []
        for service in ("", *SERVICES):
            watch: Any = channel.unary_stream("/grpc.health.v1.Health/Watch")
            asked = health_pb2.HealthCheckRequest(service=service)
            watches.append(watch(asked.SerializeToString()))

        async def heard() -> set[Any]:
            answers = [await asyncio.wait_for(one.read(), 20) for one in watches]
            return {health_pb2.HealthCheckResponse.FromString(answer).status for answer in answers}

        assert await heard() == {SERVING}
        let_in(province.url, allowed=False)
        try:
            assert await heard() == {NOT_SERVING}
        finally:
            let_in(province.url, allowed=True)
        assert await heard() == {SERVING}
