"""A client that does not take what it is sent: watched while something waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

#: It is looked at so many times within its time, and no more often than this, in seconds.
_LOOKS: Final = 4
_LEAST_LOOK: Final = 0.05


class SlowReader:
    """`unsent` tells how much waits; `give_up` is called once none of it has gone for `patience`
    seconds."""

    __slots__ = ("_check", "_give_up", "_loop", "_patience", "_progress_at", "_unsent", "_waits")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        unsent: Callable[[], int],
        patience: float,
        give_up: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._unsent = unsent
        self._patience = patience
        self._give_up = give_up
        self._waits = 0
        self._progress_at = 0.0
        self._check: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """More is unsent than we like: from now on the client must make progress."""
        self._waits = self._unsent()
        self._progress_at = self._loop.time()
        # Not once for each pause: a stream to a client that is a little slow has thousands.
        if self._check is None:
            self._look_later()

    def keeps_up(self) -> None:
        """The client has taken enough."""
        self._waits = 0

    def cancel(self) -> None:
        """The connection is gone."""
        if self._check is not None:
            self._check.cancel()

    def _look_later(self) -> None:
        wait = max(_LEAST_LOOK, self._patience / _LOOKS)
        self._check = self._loop.call_later(wait, self._look)

    def _look(self) -> None:
        self._check = None
        unsent, now = self._unsent(), self._loop.time()
        if not unsent or not self._waits:
            return
        if unsent < self._waits:
            self._waits, self._progress_at = unsent, now
        elif now - self._progress_at >= self._patience:
            self._give_up()
            return
        self._look_later()
