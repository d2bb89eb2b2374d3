"""Parallel slots of one worker, whose rows in the limits' file follow what is true of them here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat

from proxy.limits.sqlite_counters import Counters
from proxy.limits.worker_locks import WorkerLocks


class Slots:
    """Which requests hold which slots. `locks` says which other workers live."""

    def __init__(self, locks: WorkerLocks) -> None:
        self._locks = locks
        self._next = 1
        # The truth about this worker's slots; its rows follow, at once or a little later.
        self._leases: dict[int, tuple[str, ...]] = {}
        self._held: Counter[str] = Counter()
        self.behind: set[str] = set()
        # Leases of requests that have ended, to be freed with the next transaction.
        self._ended: list[int] = []
        # Leases of the transaction under way.
        self._granted: list[int] = []

    @property
    def are_behind(self) -> bool:
        """Whether a row says something else than is true."""
        return bool(self.behind or self._ended)

    def grant(self, keys: tuple[str, ...], count: int) -> Sequence[int]:
        """Hold a slot of each key, so many times; the leases."""
        leases = range(self._next, self._next + count)
        self._next += count
        self._leases.update(dict.fromkeys(leases, keys))
        self._granted += leases
        for key in keys:
            self._held[key] += count
            self.behind.add(key)
        return leases

    def release(self, lease: int) -> None:
        """Free the slots of a lease, once."""
        self._ended.append(lease)

    def _free(self, leases: Iterable[int]) -> None:
        ended = Counter(map(self._leases.pop, leases, repeat(())))
        for keys, count in ended.items():
            for key in keys:
                self._held[key] -= count
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
        self._free(self._ended)
        self._ended.clear()

    def write(self, counters: Counters) -> None:
        """Write the rows that are behind."""
        for key in self.behind:
            counters.write_slots(key, self._held[key])
            if not self._held[key]:
                del self._held[key]

    def failed(self) -> None:
        """The transaction was not committed: what it granted was never held."""
        self._free(self._granted)

    def committed(self) -> None:
        """The rows say what is true."""
        self.behind.clear()
