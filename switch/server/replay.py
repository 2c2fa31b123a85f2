"""The replay window: which sequence numbers of a session were taken here.

The first net only: it is per process and dies with it. The second is the request id.
Source: design, section 4 (Replay).
"""

from typing import Final

WINDOW_SEQS: Final = 1024
"""How far a number may lag behind the highest one taken."""

_ALL: Final = (1 << WINDOW_SEQS) - 1


class ReplayWindow:
    """The highest number taken, and which of the 1,024 up to it were; bit 0 is the highest."""

    __slots__ = ("_highest", "_taken")

    def __init__(self) -> None:
        self._highest = 0
        self._taken = 1

    def take(self, seq: int) -> bool:
        """Take a number once. False: it was taken before, or lies below the window.

        Call it only for a message whose MAC is verified, or anybody could use numbers up.
        """
        ahead = seq - self._highest
        if ahead > 0:
            # A jump of a whole window forgets everything below: 2^63 bits are never shifted.
            kept = self._taken << ahead & _ALL if ahead < WINDOW_SEQS else 0
            self._taken = kept | 1
            self._highest = seq
            return True
        if ahead <= -WINDOW_SEQS:
            return False
        bit = 1 << -ahead
        if self._taken & bit:
            return False
        self._taken |= bit
        return True
