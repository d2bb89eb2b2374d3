"""Requests, rates and slots in a transaction of the limits' file: what is taken, and taking."""

from __future__ import annotations

from proxy.limits.decision import GRAIN, refilled
from proxy.limits.sqlite_counters import Counters
from proxy.limits.sqlite_slots import Slots
from proxy.limits.store import Claim


class Claims:
    """Claims on the counters and slots of one worker."""

    def __init__(self, counters: Counters, slots: Slots) -> None:
        self._counters = counters
        self._slots = slots

    def levels(self, claims: tuple[Claim, ...], now: float) -> tuple[list[float], bool]:
        """How much of each limit is taken, and whether there is room for the claims."""
        fits = True
        # Beside `claims`, since an object for each of them would cost more than the arithmetic.
        levels: list[float] = []
        for key, dimension, limit, amount, base, epoch in claims:
            if dimension == "slots":
                level: float = self._slots.in_use(self._counters, key, limit - amount)
            else:
                row = self._counters.counter(key)
                if dimension == "requests":
                    level = base if row.epoch < epoch else row.used
                else:
                    if now < row.at:
                        # The clock was set back: unless this is written, the bucket stands still.
                        row.at, row.changed = now, True
                    level = refilled(row.bucket_level, now - row.at, limit)
            if level + amount > limit + GRAIN:
                fits = False
            levels.append(level)
        return levels, fits

    def take(self, claims: tuple[Claim, ...], levels: list[float], now: float) -> str | None:
        """Take what is claimed; the lease of its slots."""
        slots: tuple[str, ...] = ()
        for (key, dimension, _, amount, _, epoch), level in zip(claims, levels, strict=True):
            if dimension == "slots":
                slots += (key,) * amount
                continue
            row = self._counters.counter(key)
            row.changed = True
            if dimension == "requests":
                if row.epoch < epoch:
                    row.epoch, row.used = epoch, int(level)
                row.used += amount
            else:
                row.bucket_level, row.at = level + amount, now
        return self._slots.grant(slots) if slots else None
