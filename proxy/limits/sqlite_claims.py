"""Requests, rates and slots in a transaction of the limits' file: what is taken, and taking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.limits.decision import GRAIN, Row, refilled
from proxy.limits.sqlite_counters import Counters
from proxy.limits.sqlite_slots import Slots
from proxy.limits.store import Claim

#: Before the first claim on a counter.
_NONE: Final = Row()


class Claims:
    """Claims on the counters and slots of one worker."""

    def __init__(self, counters: Counters, slots: Slots) -> None:
        self._counters = counters
        self._slots = slots

    def levels(self, claims: tuple[Claim, ...], now: float, count: int) -> tuple[list[float], int]:
        """How much of each limit is taken, and for how many of `count` requests with these claims
        there is room, as far as they all take 1 of each; else for one at most."""
        room = count
        of, row = "", _NONE
        # Beside `claims`, since an object for each of them would cost more than the arithmetic.
        levels: list[float] = []
        for key, dimension, limit, amount, base, epoch in claims:
            if dimension == "slots":
                level: float = self._slots.in_use(self._counters, key, limit - amount * count)
            else:
                if key != of:
                    of, row = key, self._counters.counter(key)
                if dimension == "requests":
                    level = base if row.epoch < epoch else row.used
                else:
                    if now < row.at:
                        # The clock was set back: unless this is written, the bucket stands still.
                        row.at, row.changed = now, True
                    level = refilled(row.bucket_level, now - row.at, limit)
            if amount == 1:
                if level + room > limit + GRAIN:
                    room = max(0, int(limit - level + GRAIN))
            else:
                room = min(room, 1)
                if level + amount * room > limit + GRAIN:
                    room = 0
            levels.append(level)
        return levels, room

    def take(
        self, claims: tuple[Claim, ...], levels: list[float], now: float, count: int
    ) -> Sequence[int | None]:
        """Take what `count` requests claim; the leases of their slots."""
        slots: tuple[str, ...] = ()
        of, row = "", _NONE
        for (key, dimension, _, amount, _, epoch), level in zip(claims, levels, strict=True):
            if dimension == "slots":
                slots += (key,) * amount
                continue
            if key != of:
                of, row = key, self._counters.counter(key)
                row.changed = True
            if dimension == "requests":
                if row.epoch < epoch:
                    row.epoch, row.used = epoch, int(level)
                row.used += amount * count
            else:
                row.bucket_level, row.at = level + amount * count, now
        return self._slots.grant(slots, count) if slots else (None,) * count
