"""Counters that drain with time, in bounded memory: what throttles and bounded trails stand on.

Each process counts for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

#: Keys that are remembered at most.
REMEMBERED: Final = 4096


class Levels:
    """A counter per key that drains with time. The keys longest unheard of are forgotten."""

    __slots__ = ("_clock", "_drain", "_levels")

    def __init__(
        self, *, drain_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
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
        if len(self._levels) > REMEMBERED:
            self._levels.popitem(last=False)
        return level

    def take_back(self, key: str) -> None:
        """Count one less."""
        level = self.read(key) - 1
        if level > 0:
            self._levels[key] = (level, self._clock())
        else:
            self.clear(key)

    def clear(self, key: str) -> None:
        """Forget `key`."""
        self._levels.pop(key, None)

    def __len__(self) -> int:
        return len(self._levels)


class Trickle:
    """Lets through a burst for each key and in all, and then a trickle; counts the rest."""

    __slots__ = ("_of_all", "_of_one", "suppressed")

    #: Admitted at once, and the seconds until one more is: for one key, and in all.
    _BURST: Final = 20
    _SECONDS: Final = 60
    _BURST_OF_ALL: Final = 200
    _SECONDS_OF_ALL: Final = 6
    _ALL: Final = "all"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_one = Levels(drain_seconds=self._SECONDS, clock=clock)
        self._of_all = Levels(drain_seconds=self._SECONDS_OF_ALL, clock=clock)
        self.suppressed = 0

    def admit(self, key: str) -> int | None:
        """How many were held back since the last that was let through; None to hold this back."""
        if (
            self._of_one.read(key) > self._BURST - 1
            or self._of_all.read(self._ALL) > self._BURST_OF_ALL - 1
        ):
            self.suppressed += 1
            return None
        self._of_one.add(key, most=self._BURST)
        self._of_all.add(self._ALL, most=self._BURST_OF_ALL)
        held_back, self.suppressed = self.suppressed, 0
        return held_back
