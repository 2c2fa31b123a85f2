"""The switch dies in the middle of a run, by our hand or another's, and is started again.

As its supervisor would: at once, on the same data, at the same address.
"""

import signal
import time
from collections.abc import Callable
from typing import Any

from loadtest.processes import Switch


class Outage:
    """Kills the switch once when its time has come, and starts it again whenever it is dead."""

    def __init__(self, switch: Switch, kill_after_s: float | None, say: Callable[[str], None]):
        self._switch = switch
        self._kill_after_s = kill_after_s
        self._say = say
        self._begun = time.monotonic()
        self.told: dict[str, Any] = {}
        self.problems: list[str] = []

    def mind(self) -> None:
        """Look after the switch. Raises: RunFailed when it does not come back."""
        after_s = round(time.monotonic() - self._begun, 1)
        if self._kill_after_s is not None and after_s >= self._kill_after_s:
            self._kill_after_s = None
            pid = self._switch.pid
            self._switch.kill()
            self._say(f"kill -9 {pid}, {after_s} s into the load")
            self._start(after_s)
        elif (status := self._switch.ended) is not None:
            self._say(f"the switch ended with {status}, {after_s} s into the load")
            if status != -signal.SIGKILL:
                # Killed by a person is a test; anything else is a fault of the switch.
                self.problems.append(f"the switch ended with {status} in the middle of the load")
            self._start(after_s)

    def _start(self, after_s: float) -> None:
        took_s = round(self._switch.start(), 2)
        self._say(f"started again, it answers after {took_s} s")
        self.told = {"after_s": after_s, "back_after_s": took_s}
