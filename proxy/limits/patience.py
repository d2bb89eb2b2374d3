"""How long requests wait for a server, counted in slices, and what it means where they all do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from proxy.limits.queue import Waiting
from proxy.limits.store import LimitsUnavailable


class Patience:
    """That of all requests in `undecided`. `answers` says how often the server has answered."""

    def __init__(self, undecided: Mapping[Waiting, None], answers: Callable[[], int]) -> None:
        self._undecided = undecided
        self._answers = answers
        #: The server took too long, and no probe has been answered since.
        self.silent = asyncio.Event()
        self._clock: asyncio.TimerHandle | None = None

    def begin(self, slice_s: float) -> None:
        """Somebody waits: use up slices of so many seconds."""
        if self._clock is None:
            loop = asyncio.get_running_loop()
            self._clock = loop.call_later(slice_s, self._use_up, slice_s)

    def end(self) -> None:
        """Nobody waits any more."""
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _use_up(self, slice_s: float) -> None:
        self._clock = None
        late = []
        for waiting in self._undecided:
            waiting.slices -= 1
            if waiting.slices <= 0:
                late.append(waiting)
        if any(waiting.answers == self._answers() for waiting in late):
            # Not one answer in all the time: this is no matter of locks or of too many requests.
            self.silent.set()
            late = list(self._undecided)
        for waiting in late:
            waiting.refuse(LimitsUnavailable("the database does not answer in time"))
        if self._undecided:
            self.begin(slice_s)
