"""The last bytes of answers that are whole for their clients, read so that connections are kept.

Clients hang up at the event that ends an answer, and what the upstream sends behind it (an empty
line, the last chunk) is still to come. Its connection would be lost for want of these bytes.
"""

from __future__ import annotations

import asyncio
from typing import Final

from proxy.upstream.errors import UpstreamError
from proxy.upstream.source import ResponseSource

#: Seconds that an upstream has for them, and how much they may be.
TAIL_S: Final = 1.0
TAIL_MAX_BYTES: Final = 64 * 1024


class Tails:
    """Reads them off the client's way: no client waits for it, and no request is counted for it."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def let_go(self, source: ResponseSource, *, read: bool) -> None:
        """Release the source of a response; `read` what is left of it before."""
        if not read or source.ended:
            source.release()
            return
        task = asyncio.get_running_loop().create_task(_read(source), name="tail")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def all_read(self) -> None:
        """Wait until nothing is read any more."""
        if self._running:
            await asyncio.wait(self._running)


async def _read(source: ResponseSource) -> None:
    size = 0

    def take(data: bytes) -> bool:
        nonlocal size
        size += len(data)
        return size <= TAIL_MAX_BYTES

    try:
        async with asyncio.timeout(TAIL_S):
            while not source.ended and size <= TAIL_MAX_BYTES:
                await source.pump(take)
    except (UpstreamError, TimeoutError):
        # The answer was whole without it.
        pass
    finally:
        source.release()
