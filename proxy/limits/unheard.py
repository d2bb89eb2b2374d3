"""Requests whose entries will not come: what they hold is charged as it is.

A worker that died leaves holds behind. Its journal is taken over by another worker of its machine;
what is left when all of that was charged belongs to requests that never ended. Where the journal
does not come, since its machine is gone for good, say, they are charged all the same, and an entry
that comes later takes the place of that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from loguru import logger

from proxy import beat

_EVERY_S: Final = 5.0
#: How long a journal may stay away after its worker's last sign of life.
_PATIENCE_S: Final = 15 * 60.0
#: Sweeps between two removals of what is over, and how long that is kept.
_CLEAN_EVERY: Final = 720
KEPT_DAYS: Final = 35


class Silent(NamedTuple):
    """A worker that holds something and gives no sign of life.

    `is_here` where its journals are on this machine, or were.
    """

    worker: str
    is_here: bool
    seconds: float


class Holders(Protocol):
    """Who holds what, in one engine. Everything raises LimitsUnavailable, DatabaseUnavailable."""

    async def silent(self) -> Sequence[Silent]:
        """Workers that are dead, or may be."""
        ...

    async def positions(self, journals: Iterable[str]) -> Mapping[str, int]:
        """Up to where the entries of journals were charged."""
        ...

    async def end(self, worker: str, *, keep: bool) -> None:
        """Charge what its requests hold; `keep` the rows for entries that may come."""
        ...

    async def clean(self, days: int) -> None:
        """Remove what has been over for so long."""
        ...


class Sizes(Protocol):
    """The journals of this machine."""

    def __call__(self) -> Mapping[str, int]:
        """How long each is, by its id."""
        ...


class Unheard:
    """Looks after holds of the dead, every few seconds, in every worker: whoever comes first."""

    def __init__(self, holders: Holders, sizes: Sizes) -> None:
        self._holders = holders
        self._sizes = sizes
        # What there was of journals when a worker was found dead: it has written nothing since.
        self._left: dict[str, Mapping[str, int]] = {}
        self._sweeps = 0
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, in a task of its own."""
        self._task = asyncio.create_task(self._sweep_forever(), name="limits-unheard")

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _sweep_forever(self) -> None:
        while True:
            try:
                await self.sweep()
                self._failing = False
            except Exception as exc:  # noqa: BLE001  (whatever it is, the next sweep may succeed)
                if not self._failing:
                    self._failing = True
                    logger.warning("What dead workers hold of budgets is not known: {!r}", exc)
            await beat.pause(_EVERY_S)

    async def sweep(self) -> None:
        """Look once."""
        silent = await self._holders.silent()
        self._left = {one.worker: self._left.get(one.worker, {}) for one in silent if one.is_here}
        for one in silent:
            if one.is_here and await self._is_drained(one.worker):
                await self._holders.end(one.worker, keep=False)
                del self._left[one.worker]
            elif one.seconds > _PATIENCE_S:
                await self._holders.end(one.worker, keep=True)
        if self._sweeps % _CLEAN_EVERY == 0:
            await self._holders.clean(KEPT_DAYS)
        self._sweeps += 1

    async def _is_drained(self, worker: str) -> bool:
        """Whether all that it can have written was charged."""
        sizes = await asyncio.to_thread(self._sizes)
        if not self._left[worker]:
            self._left[worker] = sizes
        # One that is gone was taken to its end.
        left = {one: size for one, size in self._left[worker].items() if size and one in sizes}
        if not left:
            return True
        positions = await self._holders.positions(left)
        return all(positions.get(one, 0) >= size for one, size in left.items())
