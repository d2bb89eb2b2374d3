"""Parallel slots of one worker, whose rows in the limits' file follow what is true of them here."""

from __future__ import annotations

import itertools
from collections import Counter

from proxy.limits.sqlite_counters import Counters
from proxy.limits.worker_locks import WorkerLocks


class Slots:
    """Which requests hold which slots. `locks` says which other workers live."""

    def __init__(self, locks: WorkerLocks) -> None:
        self._locks = locks
        self._numbers = itertools.count(1)
        # The truth about this worker's slots; its rows follow, at once or a little later.
        self._leases: dict[str, tuple[str, ...]] = {}
        self._held: Counter[str] = Counter()
        self.behind: set[str] = set()
        # Leases of the transaction under way.
        self._granted: list[str] = []

    def grant(self, keys: tuple[str, ...]) -> str:
        """Hold a slot of each key; the lease."""
        lease = str(next(self._numbers))
        self._leases[lease] = keys
        for key in keys:
            self._held[key] += 1
            self.behind.add(key)
        self._granted.append(lease)
        return lease

    def release(self, lease: str) -> None:
        """Free the slots of a lease, once."""
        for key in self._leases.pop(lease, ()):
            self._held[key] -= 1
            self.behind.add(key)

    def in_use(self, counters: Counters, key: str, enough: int) -> int:
        """Where there are more than `enough`, those of dead workers are freed first."""
        others = counters.slots_elsewhere(key)
        busy = self._held.get(key, 0) + (sum(others.values()) if others else 0)
        if busy <= enough:
            return busy
        for worker, held in list(others.items()):
            if not self._locks.is_alive(worker):
                counters.drop_worker(worker)
                busy -= held
        return busy

    def begin(self) -> None:
        """A transaction begins."""
        self._granted.clear()

    def write(self, counters: Counters) -> None:
        """Write the rows that are behind."""
        for key in self.behind:
            counters.write_slots(key, self._held[key])
            if not self._held[key]:
                del self._held[key]

    def failed(self) -> None:
        """The transaction was not committed: what it granted was never held."""
        for lease in self._granted:
            self.release(lease)

    def committed(self) -> None:
        """The rows say what is true."""
        self.behind.clear()
