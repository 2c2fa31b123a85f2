"""Keeps the embedded PostgreSQL alive under a switch: one that was killed is started again.

Nothing is lost meanwhile: what was answered is on disk, and whatever comes is told to ask again.
"""

import asyncio
from typing import Final

import psycopg
import structlog

from switch.store.cluster import EmbeddedPostgresError
from switch.store.embedded import EmbeddedPostgres
from switch.store.postmaster import NamespaceRefused

CHECK_S: Final = 0.5

log = structlog.get_logger()


async def keep_alive(server: EmbeddedPostgres) -> None:
    """Start the server again whenever it has ended; for as long as this task runs.

    Its socket stays where it was, so that every URL stays right.
    """
    while True:
        await asyncio.sleep(CHECK_S)
        if server.pid is not None:
            continue
        log.warning("postgresql_ended", log=str(server.log))
        try:
            # In a thread: it replays its log first, and calls are refused meanwhile.
            await asyncio.to_thread(server.start)
        except (EmbeddedPostgresError, NamespaceRefused, OSError, psycopg.Error) as error:
            log.exception("postgresql_not_started", why=str(error))
        else:
            log.warning("postgresql_started", pid=server.pid)
