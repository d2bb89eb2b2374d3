"""Workers that have stopped beating, as a worker that beats itself sees it.

The database counts a worker as dead after half a minute, too late for those who wait for its slots.
How long another one has been silent is counted in one's own beats: while none of them succeed, as
in an outage, nobody grows older.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from loguru import logger

#: The release before beats every 5 s. With a beat of ours before it and one behind, somebody who
#: waits for the slots of a machine that died has them within 10 s.
SILENT_S: Final = 7.0
#: What one look may count: whoever stood still himself has not seen what others did meanwhile.
_STEP_MAX_S: Final = 3.0

#: All workers, and when each was last heard of.
BEATS: Final = "SELECT worker, beat, worker = $1 AS is_ours FROM limit_worker"
#: Frees the slots of one that has not beaten since.
_GONE: Final = """
SELECT limit_worker_gone(worker)
FROM (SELECT worker FROM limit_worker WHERE worker = $1 AND beat = $2 FOR UPDATE) AS silent
"""


class Silence:
    """What `worker` has seen of the others' heartbeats. `is_alive` knows those of this machine."""

    def __init__(
        self,
        worker: str,
        is_alive: Callable[[str], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker = worker
        self._is_alive = is_alive
        self._clock = clock
        self._looked_at: float | None = None
        # By worker, its last heartbeat and for how long there has been no other.
        self._seen: dict[str, tuple[float, float]] = {}
        # Our own, as the database had it when we last looked.
        self._ours: float | None = None

    async def free_slots(self, fetch: Callable[..., Awaitable[Any]]) -> None:
        """Free the slots of other machines' workers that have stopped beating. One that comes back
        tells its slots again."""
        rows = await fetch(BEATS, self._worker)
        self._ours = next((row["beat"] for row in rows if row["is_ours"]), None)
        others = [(row["worker"], row["beat"]) for row in rows if not row["is_ours"]]
        for worker in self.look(others):
            # One of this machine may stand still while its requests run: its lock says more.
            if not self._is_alive(worker):
                logger.info("Limits: {} has stopped beating, its parallel slots are free.", worker)
                await fetch(_GONE, worker, self._seen[worker][0])

    def look(self, beats: Iterable[tuple[str, float]]) -> list[str]:
        """Who is silent, by the last heartbeat that the database has of each."""
        now = self._clock()
        step = 0.0 if self._looked_at is None else min(now - self._looked_at, _STEP_MAX_S)
        self._looked_at = now
        before = self._seen
        self._seen = {}
        for worker, beat in beats:
            last, silent = before.get(worker, (None, 0.0))
            self._seen[worker] = (beat, silent + step if beat == last else 0.0)
        return [worker for worker, (_, silent) in self._seen.items() if silent >= SILENT_S]

    def was_taken_for_dead(self, beat: float | None) -> bool:
        """Whether our slots may have been freed since we last looked, by the heartbeat of ours that
        the database had before this one: none, or another. A decision that gets through before we
        beat again has made that one, and told its own slots alone."""
        return beat is None or (self._ours is not None and beat != self._ours)

    def interrupted(self) -> None:
        """The database could not be asked: the time until the next look counts for nothing."""
        self._looked_at = None
