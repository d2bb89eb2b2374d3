"""Leaky buckets in bounded memory: what throttles and rate-limited audit trails count with.

Each process counts for itself.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

#: Keys that are remembered at most.
REMEMBERED: Final = 4096


class LeakyBuckets:
    """A bucket per key, which leaks one unit every `leak_seconds`.

    Of more than `REMEMBERED` keys, those not added to for longest are forgotten.
    """

    __slots__ = ("_clock", "_leak", "_levels")

    def __init__(self, *, leak_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._leak = leak_seconds
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def read(self, key: str) -> float:
        """The level of `key` now."""
        level, since = self._levels.get(key, (0.0, 0.0))
        return max(0.0, level - (self._clock() - since) / self._leak)

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


class RateLimitedAudit:
    """Which events get a line in the audit trail: a burst, then a steady rate, per key and in all.

    The others are counted in `suppressed`.
    """

    __slots__ = ("_of_all", "_of_one", "suppressed")

    #: Admitted at once, and the seconds until one more is: for one key, and in all.
    _BURST: Final = 20
    _SECONDS: Final = 60
    _BURST_OF_ALL: Final = 200
    _SECONDS_OF_ALL: Final = 6
    _ALL: Final = "all"

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._of_one = LeakyBuckets(leak_seconds=self._SECONDS, clock=clock)
        self._of_all = LeakyBuckets(leak_seconds=self._SECONDS_OF_ALL, clock=clock)
        self.suppressed = 0

    def admit(self, key: str) -> int | None:
        """How many lines were suppressed since the last admitted one; None to suppress this one."""
        if (
            self._of_one.read(key) > self._BURST - 1
            or self._of_all.read(self._ALL) > self._BURST_OF_ALL - 1
        ):
            self.suppressed += 1
            return None
        self._of_one.add(key, most=self._BURST)
        self._of_all.add(self._ALL, most=self._BURST_OF_ALL)
        suppressed, self.suppressed = self.suppressed, 0
        return suppressed
