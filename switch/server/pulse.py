"""Health as load balancers see it: whether what answers need is there, asked again and again.

Must not know what that is: `app` hands in the question.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from switch.server.lifecycle import SwitchServer

PULSE_S: Final = 2.0
"""Between two questions; a load balancer looks elsewhere after so long and one answer's time."""
ANSWER_S_MAX: Final = 5.0
"""A question that is not answered by then is answered no."""

_log = structlog.get_logger("switch.server")


async def pulse(
    server: SwitchServer, is_ready: Callable[[], Awaitable[bool]], every_s: float = PULSE_S
) -> None:
    """Tell the server's health what `is_ready` says, until cancelled.

    Calls are taken all the same: whoever asks while the answer is no gets a fault that says
    whether to repeat, and is served as soon as it can be.
    """
    known = True
    while True:
        await asyncio.sleep(every_s)
        try:
            ready = await asyncio.wait_for(is_ready(), ANSWER_S_MAX)
        except TimeoutError:
            ready = False
        if ready != known:
            _log.warning("ready" if ready else "not_ready")
        await server.tell_health(serving=ready)
        known = ready
