"""Slowing wrong credentials down, by client address and in bounded memory.

Nothing here ever delays a right credential: it is looked at first, so a neighbour behind the same
address who keeps failing locks no one out. Each worker counts for itself.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from config.client_address import network_of
from models.leaky_buckets import LeakyBuckets

#: Wrong tries that an address has free, before answers are held back …
_FREE: Final = 3
# … for this long, doubled each time …
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 1.0
# … and after which they are 429; one try is forgotten in so many seconds.
_MOST_TRIES: Final = 10
_FORGET_SECONDS: Final = 10
#: Answers held back at once; a flood gets its 429 without waiting.
_WAITING_PER_ADDRESS: Final = 4
_WAITING: Final = 256


class WrongTokenThrottle:
    """What a wrong credential costs the address that it came from."""

    __slots__ = ("_failures", "_waiting", "_waiting_by_address")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures = LeakyBuckets(leak_seconds=_FORGET_SECONDS, clock=clock)
        self._waiting = 0
        self._waiting_by_address: dict[str, int] = {}

    async def hold_back(self, address: str) -> int | None:
        """Wait as long as this failure has to; for how many seconds to say 429, None for 401."""
        key = network_of(address)
        tries = self._failures.add(key, most=2 * _MOST_TRIES)
        waiting = self._waiting_by_address.get(key, 0)
        if waiting >= _WAITING_PER_ADDRESS or self._waiting >= _WAITING:
            return _FORGET_SECONDS
        if tries > _FREE:
            await self._wait(key, min(_FIRST_DELAY * 2 ** (tries - _FREE - 1), _LONGEST_DELAY))
        return _FORGET_SECONDS if tries > _MOST_TRIES else None

    async def _wait(self, key: str, seconds: float) -> None:
        self._waiting += 1
        self._waiting_by_address[key] = self._waiting_by_address.get(key, 0) + 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._waiting -= 1
            self._waiting_by_address[key] -= 1
            if not self._waiting_by_address[key]:
                del self._waiting_by_address[key]
