"""Sending the same bytes until a proven reply comes, within bounds."""

import random
from collections.abc import Callable
from typing import Final

from clients.faults import RETRY, STOP, OutcomeUnknown, SwitchFault, read_fault
from clients.link import Link, SigninFault, Unproven
from switch.model.ids import RequestId

BACK_OFF_FIRST_S: Final = 0.1
BACK_OFF_LONGEST_S: Final = 5.0


class Repeater:
    """Repeats a request under its own id: each attempt has a new sequence number, never a new body.

    Raises: ValueError unless there is at least one attempt.
    """

    def __init__(
        self, link: Link, sleep: Callable[[float], None], timeout_s: float, attempts_max: int
    ) -> None:
        if attempts_max < 1:
            raise ValueError(f"attempts_max is {attempts_max}: at least one is made")
        self._link = link
        self._sleep = sleep
        self._timeout_s = timeout_s
        self._attempts_max = attempts_max

    def answer(self, path: str, body: bytes, request_id: RequestId) -> bytes:
        """Return the proven reply message.

        Raises: SwitchFault when every attempt was proven to have done nothing; OutcomeUnknown
        otherwise. A refused session is opened anew and the attempt repeated.
        """
        doubtful = False
        last: SwitchFault | Unproven | None = None
        for attempt in range(self._attempts_max):
            if attempt:
                self._sleep(back_off_s(attempt))
            try:
                reply = self._link.call(path, body, self._timeout_s)
            except SigninFault as fault:
                last = read_fault(fault.details)
            except Unproven as unproven:
                # Also a refused session: anybody can say so, and the request may have posted.
                doubtful, last = True, unproven
                continue
            else:
                if reply.status == 0:
                    return reply.body
                last = read_fault(reply.body)
            doubtful = doubtful or last.action not in {STOP, RETRY}
            if last.action == STOP:
                break
        if isinstance(last, SwitchFault) and not doubtful:
            raise last
        why = last.why if isinstance(last, Unproven) else str(last)
        raise OutcomeUnknown(request_id, path.rpartition("/")[2], why) from last


def back_off_s(attempt: int) -> float:
    """Return a doubling wait with jitter, so that many terminals do not come back at once."""
    doubled_s: float = BACK_OFF_FIRST_S * 2**attempt
    return random.uniform(0.5, 1.0) * min(doubled_s, BACK_OFF_LONGEST_S)
