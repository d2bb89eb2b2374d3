"""Who holds what in the limits' file of a machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from proxy.limits.sqlite_charges import SqliteCharges
from proxy.limits.telling import tell_reached
from proxy.limits.unheard import Silent
from proxy.limits.worker_locks import is_alive

_DAY_S: Final = 86_400


class SqliteHolders:
    """Those of `charges`; `workers` is where the machine's workers have their locks."""

    def __init__(
        self, charges: SqliteCharges, workers: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._charges = charges
        self._workers = workers
        self._clock = clock

    async def silent(self) -> Sequence[Silent]:
        """As `Holders` says."""
        return await asyncio.to_thread(self._silent)

    def _silent(self) -> list[Silent]:
        found = []
        for worker, died in self._charges.holders():
            if is_alive(self._workers, worker):
                continue
            if died is None:
                self._charges.found_dead(worker)
            seconds = 0.0 if died is None else self._clock() - died
            found.append(Silent(worker, is_here=True, seconds=seconds))
        return found

    async def positions(self, journals: Iterable[str]) -> Mapping[str, int]:
        """As `Holders` says."""
        return await asyncio.to_thread(self._charges.positions, [*journals])

    async def end(self, worker: str, *, keep: bool) -> None:
        """As `Holders` says."""
        await asyncio.to_thread(self._charges.end_holds, worker, keep=keep)
        await tell_reached(self._charges)

    async def clean(self, days: int) -> None:
        """As `Holders` says."""
        before = int((self._clock() - days * _DAY_S) * 1_000_000)
        await asyncio.to_thread(self._charges.clean, before)
