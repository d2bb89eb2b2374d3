"""When a receiver that failed is asked again: after 5 s, then after twice as long each time."""

from __future__ import annotations

from typing import Final

#: Seconds.
SHORTEST: Final = 5.0
LONGEST: Final = 86_400.0
#: 5 s doubled so often is more than the longest.
_MOST_DOUBLINGS: Final = 15


def pause(failures: int, retry_after: float | None = None) -> float:
    """Seconds until the next attempt, after so many failures in a row, the last one included.

    What the receiver asks for stands in place of that, within the same bounds.
    """
    doublings = min(max(failures, 1) - 1, _MOST_DOUBLINGS)
    wanted = SHORTEST * 2**doublings if retry_after is None else retry_after
    return min(LONGEST, max(SHORTEST, wanted))
