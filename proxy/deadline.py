"""A deadline that a stall of this very process does not use up.

A machine that is overloaded, or was suspended, runs this process late. A timer is then long due and
fires before the answer that has arrived meanwhile: the database would seem silent where only this
process was.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

_SLICES: Final = 4


class StallTolerantDeadline:
    """So many seconds for one thing after another, in slices: a stall uses up one slice at most."""

    __slots__ = ("_left", "_slice")

    def __init__(self, seconds: float) -> None:
        self._slice = seconds / _SLICES
        self._left = _SLICES

    async def done(self, task: asyncio.Task[Any]) -> bool:
        """Wait for a task; whether it ended in time. It is not cancelled."""
        while self._left:
            await asyncio.wait((task,), timeout=self._slice)
            if task.done():
                return True
            self._left -= 1
        return False
