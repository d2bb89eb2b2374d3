"""Lets the event loop have the core in between, where the database's thread works for long.

A thread keeps its core for up to 4 ms, though a packet has woken the loop's meanwhile, and Python's
lock for up to 5 while it runs Python. So between two steps of a transaction it offers both.
"""

import os
from contextvars import ContextVar
from time import monotonic
from typing import Final

#: How much of all time may pass while others have the core instead, and for how long at once: where
#: the loop never rests, entries would be left behind without end.
_SHARE: Final = 0.25
_MOST_S: Final = 0.01


class Way:
    """One thread's, which gives it again and again."""

    __slots__ = ("_left_s", "_looked_at")

    def __init__(self) -> None:
        self._left_s = _MOST_S
        self._looked_at = monotonic()

    def give(self) -> None:
        """Let others run, if they wait for the core or for Python's lock."""
        now = monotonic()
        self._left_s = min(_MOST_S, self._left_s + (now - self._looked_at) * _SHARE)
        self._looked_at = now
        if self._left_s > 0:
            os.sched_yield()
            self._left_s -= monotonic() - now


_way: ContextVar[Way | None] = ContextVar("way", default=None)


def gives(way: Way) -> None:
    """What runs in the current context is long work of a thread of its own."""
    _way.set(way)


def give_way() -> None:
    """Between two steps of long work. Elsewhere, as in the loop's own thread, nothing happens."""
    way = _way.get()
    if way is not None:
        way.give()
