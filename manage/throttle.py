"""Slowing wrong credentials down, by client address and in bounded memory.

Nothing here ever delays a right credential: it is looked at first, so a neighbour behind the same
address who keeps failing locks nobody out. Each worker counts for itself.
"""

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

#: Wrong tries that an address has free, before answers are held back …
_FREE: Final = 3
# … for this long, doubled each time …
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 1.0
# … and after which they are 429; one try is forgotten in so many seconds.
_MOST_TRIES: Final = 10
_FORGET_SECONDS: Final = 10
_REMEMBERED: Final = 4096
#: Answers held back at once; a flood gets its 429 without waiting.
_WAITING_PER_ADDRESS: Final = 4
_WAITING: Final = 256


class Levels:
    """A counter per key that drains with time. The keys longest unheard of are forgotten."""

    __slots__ = ("_clock", "_drain", "_levels")

    def __init__(self, *, drain_seconds: float, clock: Callable[[], float]) -> None:
        self._drain = drain_seconds
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def read(self, key: str) -> float:
        """The level of `key` now."""
        level, since = self._levels.get(key, (0.0, 0.0))
        return max(0.0, level - (self._clock() - since) / self._drain)

    def add(self, key: str, *, most: float) -> float:
        """Count one more, up to `most`; the level that makes."""
        level = min(self.read(key) + 1, most)
        self._levels[key] = (level, self._clock())
        self._levels.move_to_end(key)
        if len(self._levels) > _REMEMBERED:
            self._levels.popitem(last=False)
        return level

    def __len__(self) -> int:
        return len(self._levels)


class Throttle:
    """What a wrong credential costs the address that it came from."""

    __slots__ = ("_failures", "_waiting", "_waiting_by_address")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures = Levels(drain_seconds=_FORGET_SECONDS, clock=clock)
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


def network_of(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if ip.version == 4:
        return address
    return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))
