"""Which account an object is known to, and whose it is: a worker's memory of them.

What is not in it is looked for in the journals of the machine and in the database, and again for a
while, since another machine may be about to write it down. Requests that wait share the queries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from time import monotonic
from typing import Any, Final, Protocol, TypeAlias

from models.entry import Entry
from models.errors import DatabaseUnavailable
from models.objects import Found, Kept
from proxy.deadline import StallTolerantDeadline

#: A project and an id.
Key: TypeAlias = tuple[str, str]
Find: TypeAlias = Callable[[Sequence[Key]], Coroutine[Any, Any, dict[Key, Found]]]

#: Some 8 MB.
_KNOWN_MAX: Final = 20_000
#: Seconds between two looks for what is not there yet; together that is how long it is looked for.
_AGAIN_S: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5)
#: Seconds for which an id that was waited for in vain is not waited for again.
_IN_VAIN_S: Final = 60.0
_IN_VAIN_MAX: Final = 10_000
#: Seconds from one query to the next, however many wait.
_APART_S: Final = 0.01
#: Seconds that the database has for an answer.
_WITHIN_S: Final = 2.0
#: Ids of one query.
_AT_ONCE: Final = 1_000


class Siblings(Protocol):
    """What other workers of the machine have written down (`machine.Machine`)."""

    async def catch_up(self) -> None:
        """Tell of what was written since the last time."""
        ...


class Index:
    """A worker's. `siblings` is set once there is something that can be told of."""

    def __init__(
        self,
        find: Find,
        *,
        again: Sequence[float] = _AGAIN_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.siblings: Siblings | None = None
        self._find = find
        self._again = again
        self._clock = clock
        self._known: dict[Key, Found] = {}
        self._in_vain: dict[Key, float] = {}
        self._wanted: dict[Key, None] = {}
        self._round: asyncio.Future[None] | None = None
        self._began = float("-inf")
        self._running: set[asyncio.Task[Any]] = set()

    def close(self) -> None:
        """Ask no more."""
        for task in self._running:
            task.cancel()

    # What is told

    def tell(self, entry: Entry) -> None:
        """An entry that was written down tells of objects."""
        for kept in entry.objects or ():
            self.note(entry.project_id, kept, Found(entry.key_id, entry.token_id))

    def note(self, project_id: str, kept: Kept, made: Found) -> None:
        """An answer tells of an object; `made` is whose it is where it belongs to no other."""
        found: Found | None = made
        if kept.gone:
            self._known.pop((project_id, kept.id), None)
            return
        if kept.parent:
            found = self._known.get((project_id, kept.parent))
        if found is not None and found.key_id and (project_id, kept.id) not in self._known:
            self._keep((project_id, kept.id), found)

    def _keep(self, key: Key, found: Found) -> None:
        if len(self._known) >= _KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[key] = found
        self._in_vain.pop(key, None)

    # What is asked

    async def look_up(
        self, project_id: str, ids: Collection[str], *, again: bool = True
    ) -> dict[str, Found]:
        """Those that are known; `again`: what is not is waited for.

        Raises DatabaseUnavailable where one is not in memory and the database does not answer.
        """
        missing = self._missing(project_id, ids)
        if missing:
            await self._ask(missing)
            missing = self._missing(project_id, ids)
        for seconds in self._again if again else ():
            missing = [key for key in missing if self._in_vain.get(key, 0.0) <= self._clock()]
            if not missing:
                break
            await asyncio.sleep(seconds)
            await self._ask(missing)
            missing = self._missing(project_id, ids)
        if again:
            self._give_up(missing)
        return self.known(project_id, ids)

    async def look_again(self, project_id: str, ids: Collection[str]) -> dict[str, Found]:
        """Those that are stored now, whatever was known of them: they may have been adopted.

        Raises DatabaseUnavailable.
        """
        for one in ids:
            self._known.pop((project_id, one), None)
        return await self.look_up(project_id, ids, again=False)

    def known(self, project_id: str, ids: Collection[str]) -> dict[str, Found]:
        """Those that are in memory."""
        return {
            one: found for one in ids if (found := self._known.get((project_id, one))) is not None
        }

    def _missing(self, project_id: str, ids: Collection[str]) -> list[Key]:
        return [key for one in ids if (key := (project_id, one)) not in self._known]

    def _give_up(self, missing: Collection[Key]) -> None:
        for key in missing:
            if len(self._in_vain) >= _IN_VAIN_MAX:
                del self._in_vain[next(iter(self._in_vain))]
            self._in_vain[key] = self._clock() + _IN_VAIN_S

    async def _ask(self, missing: Collection[Key]) -> None:
        """Look once, with all others that look now."""
        self._wanted.update(dict.fromkeys(missing))
        if self._round is None:
            self._round = asyncio.get_running_loop().create_future()
            # A task of its own: the client that asked first may leave while others wait.
            self._start(self._look(self._round))
        await asyncio.shield(self._round)

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name="objects")
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Read, so that asyncio does not report an error whose callers have all left.
            task.exception()

    async def _look(self, done: asyncio.Future[None]) -> None:
        try:
            early = self._began + _APART_S - self._clock()
            if early > 0:
                await asyncio.sleep(early)
            self._began = self._clock()
            # Who comes from here on may want what is written after we looked.
            wanted, self._wanted, self._round = list(self._wanted), {}, None
            if self.siblings is not None:
                await self.siblings.catch_up()
            for start in range(0, len(wanted), _AT_ONCE):
                await self._read(wanted[start : start + _AT_ONCE])
        except asyncio.CancelledError:
            done.cancel()
            raise
        except Exception as exc:  # noqa: BLE001  (raised to those who wait)
            done.set_exception(exc)
            done.exception()
        else:
            done.set_result(None)

    async def _read(self, wanted: list[Key]) -> None:
        wanted = [key for key in wanted if key not in self._known]
        if not wanted:
            return
        # Abandoned, not cancelled: asyncpg waits for a server to confirm that.
        asking = self._start(self._find(wanted))
        if not await StallTolerantDeadline(_WITHIN_S).done(asking):
            raise DatabaseUnavailable("The database does not answer in time.")
        for key, found in asking.result().items():
            self._keep(key, found)
