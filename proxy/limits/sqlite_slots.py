"""Parallel slots of one worker, whose rows in the limits' file follow what is true of them here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
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
        # Those whose rows may say more than is true, for as long as no other worker is there.
        self._roomy: set[str] = set()
        # Leases of requests that have ended, to be freed with the next transaction.
        self._ended: list[int] = []
        #: Free the slots of a lease, once.
        self.release: Callable[[int], None] = self._ended.append
        # Leases of the transaction under way.
        self._granted: list[int] = []

    @property
    def are_behind(self) -> bool:
        """Whether a row says something else than is true, or may do so."""
        return bool(self.behind or self._ended or self._roomy)

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

    def _free(self, leases: list[int]) -> None:
        ended = [*map(self._leases.pop, leases, repeat(()))]
        if not ended:
            return
        keys = ended[0]
        if ended.count(keys) == len(ended):
            # As with one token, where a Counter would cost more than all of this.
            self._give_back(keys, len(ended))
        else:
            for keys, count in Counter(ended).items():
                self._give_back(keys, count)

    def _give_back(self, keys: tuple[str, ...], count: int) -> None:
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

    def write(self, counters: Counters, *, exactly: bool) -> None:
        """Write the rows that are behind. Where they need not be exact, they may say that more
        slots are held, but never that fewer are: most are not written then."""
        if exactly and self._roomy:
            self.behind |= self._roomy
            self._roomy.clear()
        for key in self.behind:
            held = self._held[key]
            if exactly:
                counters.write_slots(key, held)
            else:
                self._roomy.add(key)
                if held > counters.slots_told(key):
                    counters.write_slots(key, 2 * held)
            if not held:
                del self._held[key]

    def failed(self) -> None:
        """The transaction was not committed: what it granted was never held."""
        self._free(self._granted)

    def committed(self) -> None:
        """The rows say what is true, or enough."""
        self.behind.clear()
