"""A client whose input is left unread for now, since it sends ahead of what is done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from server.http.disconnect import peer_disconnected

#: Seconds between two looks for a client that may have left meanwhile.
_LOOK_EVERY: Final = 0.4


class HeldBack:
    """While `paused`, the transport does not notice that the client has left: then `left` is
    called."""

    __slots__ = ("_check", "_left", "_loop", "_transport", "paused")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        left: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._left = left
        self._check: asyncio.TimerHandle | None = None
        self.paused = False

    def pause(self) -> None:
        """Read no more."""
        if self.paused:
            return
        self.paused = True
        self._transport.pause_reading()
        if self._check is None:
            self._look_later()

    def resume(self) -> None:
        """Read on."""
        if self.paused:
            self.paused = False
            self._transport.resume_reading()

    def cancel(self) -> None:
        """The connection is gone."""
        self.paused = False
        if self._check is not None:
            self._check.cancel()

    def _look_later(self) -> None:
        self._check = self._loop.call_later(_LOOK_EVERY, self._look)

    def _look(self) -> None:
        self._check = None
        if not self.paused or self._transport.is_closing():
            return
        if peer_disconnected(self._transport):
            self._left()
        else:
            self._look_later()
