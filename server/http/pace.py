"""The least rate of a body: a byte now and then must not keep a connection for ever."""

from __future__ import annotations

from typing import Final

#: Seconds over which the rate is looked at.
SPAN: Final = 30.0


class Pace:
    """Whether a body comes at `rate` bytes per second over each `SPAN`. Times are the loop's.

    It is asked only while we wait for the client, so that a stall of ours is not held against it.
    """

    __slots__ = ("_due", "_rate", "taken")

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._due = now + SPAN
        #: Bytes since the span began.
        self.taken = 0

    def left(self, now: float) -> float:
        """Seconds until the client must have sent enough; 0 where it has not."""
        if now >= self._due:
            if self.taken < self._rate * SPAN:
                return 0.0
            self.taken = 0
            self._due = now + SPAN
        return self._due - now
