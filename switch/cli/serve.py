"""`medswitch serve`: one process of the switch."""

import asyncio
import sys
from pathlib import Path

from switch.app import run
from switch.cli.database import open_database
from switch.config import Settings, read_kek
from switch.logs import configure


def serve(settings: Settings, port_file: Path | None) -> None:
    """Serve until signalled. The embedded database starts and stops with the process."""
    read_kek(settings)  # Before a database is made that nothing could be served from.
    configure(settings.log_level)
    with open_database(settings) as url:
        runner = asyncio.Runner
        if sys.platform == "win32":
            loop_factory = None
        else:
            import uvloop

            loop_factory = uvloop.new_event_loop
        with runner(loop_factory=loop_factory) as loop:
            loop.run(run(settings, url, port_file))
