"""`medswitch serve`: one process of the switch."""

import asyncio
import contextlib
import sys
from pathlib import Path

from switch.app import run
from switch.cli.database import open_server
from switch.config import Settings
from switch.device.home import open_home
from switch.logs import configure
from switch.store.embedded import EmbeddedPostgres
from switch.store.keeper import keep_alive


def serve(settings: Settings, port_file: Path | None) -> None:
    """Serve until signalled. The embedded database starts and stops with the process."""
    open_home(settings)  # Before a database is made that nothing could be served from.
    configure(settings.log_level)
    with open_server(settings) as (url, server):
        runner = asyncio.Runner
        if sys.platform == "win32":
            loop_factory = None
        else:
            import uvloop

            loop_factory = uvloop.new_event_loop
        with runner(loop_factory=loop_factory) as loop:
            loop.run(_serve(settings, url, port_file, server))


async def _serve(
    settings: Settings, url: str, port_file: Path | None, server: EmbeddedPostgres | None
) -> None:
    keeper = None if server is None else asyncio.create_task(keep_alive(server), name="keeper")
    try:
        await run(settings, url, port_file)
    finally:
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
