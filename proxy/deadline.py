"""A bound on waiting that a stall of this very process does not use up.

A machine that is overloaded, or was stopped, runs us late. Then a timer is long due, and comes
before the answer that has arrived meanwhile: it would tell of a database that is silent where
only we were.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

_SLICES: Final = 4


class Patience:
    """So many seconds for one thing after another, in slices: a stall takes one at most."""

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
