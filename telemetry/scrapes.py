"""When the text of `/metrics` is made: off the loop, and at most once a second in each worker.

Every scrape meanwhile gets the same text. It is at most a second old, and has in it every
request that this worker had ended when it was asked for: who asks more often waits for the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

_EVERY: Final = 1.0


class Scrapes:
    """One worker's. `flush` works off what the worker has ended, and returns how many requests
    that is in all; `ended` is how many there are now. `make` runs in a thread."""

    def __init__(
        self, flush: Callable[[], int], ended: Callable[[], int], make: Callable[[], bytes]
    ) -> None:
        self._flush = flush
        self._ended = ended
        self._make = make
        self._text = b""
        #: What is in the text: how many requests, and all workers' until when, by the loop's clock.
        self._requests = -1
        self._as_of = float("-inf")
        self._next = float("-inf")
        self._making: asyncio.Task[None] | None = None

    async def current(self) -> bytes:
        """The text."""
        asked = asyncio.get_running_loop().time()
        ended = self._ended()
        while self._requests < ended or self._as_of < asked - _EVERY:
            if self._making is None:
                self._making = asyncio.create_task(self._renew(), name="scrape")
            # A scrape that is cancelled must not cancel the others'.
            await asyncio.shield(self._making)
        return self._text

    async def close(self) -> None:
        """Make no more."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _renew(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(self._next - loop.time())
            begun = loop.time()
            self._next = begun + _EVERY
            requests = self._flush()
            self._text = await asyncio.to_thread(self._make)
            self._as_of, self._requests = begun, requests
        finally:
            self._making = None
