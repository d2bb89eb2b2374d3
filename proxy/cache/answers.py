"""Where a request's answer is looked for, and where one that has ended well is kept.

In the worker's memory, by a plain call; else the request takes the key's flight, and looks into the
machine's store, or follows whoever has that. One look-up of the store and one request to the
upstream are under way for a key, however many ask.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from time import time
from typing import Final, NamedTuple

from loguru import logger

from proxy.cache.answers_file import NOTED_EVERY_S, Stored, Wanted
from proxy.cache.directives import NOTHING_SAID, Directives
from proxy.cache.flights import LOOK_EVERY, Flight, Flights, Led, Watched
from proxy.cache.kept import BLOCK_BYTES, Kept, encode_about
from proxy.cache.memory import SMALL_BYTES, Memory
from proxy.cache.renewals import Renewals
from proxy.cache.sources import Following, Replay, head_of
from proxy.cache.spool import State
from proxy.cache.store import Store
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource

#: With less than this, a machine keeps nothing.
LEAST_BYTES: Final = 1024 * 1024
_MEMORY_BYTES: Final = 32 * 1024 * 1024
#: Of large answers that are being sent to clients out of memory.
_LENT_BYTES: Final = 64 * 1024 * 1024
#: Workers that may run for a while beside those that are wanted: one that drains, and its
#: successor.
_MORE_WORKERS: Final = 2
#: How often one request looks again, where a leader had to leave before it had asked anybody.
_LOOKS: Final = 20
#: Seconds between two warnings that nothing can be kept.
_WARNED_EVERY: Final = 60.0
#: Seconds for which notes of what was asked for are gathered.
_NOTED_AFTER: Final = 5.0


class Found(NamedTuple):
    """What answers in place of the upstream."""

    source: Replay | Following
    collapsed: bool
    """Whether it is the answer to another request that was under way."""
    age: int
    """Seconds."""
    cost_nanos: int | None
    """What it had cost; None where that is unknown, as it is while it comes."""

    @property
    def cost_by_now(self) -> int | None:
        """What it has cost, also where it has landed since it was found."""
        source = self.source
        return source.cost_nanos if isinstance(source, Following) else self.cost_nanos

    async def answer(self) -> tuple[ResponseSource, UpstreamHead]:
        """As of an upstream that was asked."""
        return self.source, head_of(self.source.about)


class Answers:
    """Of one worker; `workers` of them share `directory`, and `max_bytes` there."""

    def __init__(self, directory: Path, max_bytes: int, *, workers: int) -> None:
        self._directory = directory
        in_flight = max_bytes // 4
        self._memory = Memory(min(_MEMORY_BYTES, max_bytes // 8))
        self._store = Store(directory, max_bytes - in_flight)
        self._flights = Flights(
            directory / "flights", max_bytes=in_flight // (workers + _MORE_WORKERS)
        )
        self._renewals: Renewals | None = None
        self._lent: dict[bytes, tuple[Kept, int]] = {}
        self._lent_bytes = 0
        self._asked: dict[bytes, float] = {}
        self._silent_until = 0.0

    def open(self) -> None:
        """Make what is shared with other workers; without it, nothing is kept or found."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._flights.open()
            self._renewals = Renewals(self._directory / "renewals")
        except OSError as exc:
            logger.warning("no answers are kept: {}", exc)

    async def close(self) -> None:
        """Write what is to be written; nothing may be looked for any more."""
        if self._asked:
            self._note_asked()
        await self._store.close()
        renewals, self._renewals = self._renewals, None
        if renewals is not None:
            renewals.close()

    @property
    def stored_bytes(self) -> int:
        """What all workers keep on the disk, when this one last wrote there."""
        return self._store.bytes

    async def last(self) -> int:
        """The id of the newest answer on the disk."""
        return await self._store.last()

    async def forget(self, current: dict[str, int], last: int) -> int:
        """Remove from the disk, of answers up to an id, what has expired, and what belongs to no
        project (by its id) in its epoch of `current`; how many answers that were."""
        return await self._store.forget(current, last)

    # Looking for an answer

    def at_hand(self, wanted: Wanted, said: Directives) -> Found | None:
        """What is in memory, and may be given."""
        key, renewals = wanted.key, self._renewals
        remembered = self._memory.get(key)
        if remembered is None or renewals is None or remembered.renewal != renewals.of(key):
            return None
        now, kept = time(), remembered.kept
        age = now - kept.born
        if age < 0.0:
            # A clock was set back.
            age = kept.age(now)
        if age >= wanted.ttl_seconds or (said is not NOTHING_SAID and not said.allows(age)):
            return None
        if now - remembered.told_at > NOTED_EVERY_S:
            remembered.told_at = now
            self._note(key, now)
        return Found(Replay(kept), False, int(age), kept.cost_nanos)

    async def find(self, wanted: Wanted, said: Directives) -> Found | Led | None:
        """What answers; the flight that the request is to lead; or None: it asks for itself, and
        what it gets is not kept."""
        for _ in range(_LOOKS):
            if self._renewals is None:
                return None
            flight = self._flights.under_way(wanted.key)
            if flight is None or (said.no_cache and flight.is_over):
                try:
                    flight = self._flights.begin(wanted.key)
                except OSError as exc:
                    self._warn(exc)
                    return None
                if flight is None:
                    return None
                if isinstance(flight, Led):
                    return await self._lead(flight, wanted, said)
            had_landed = flight.state is State.LANDED
            if not said.no_cache:
                found = await self._follow(flight, wanted, said)
                if found is not None:
                    return found._replace(collapsed=not had_landed and flight.kept is None)
                if flight.state is not State.VOID or _is_found(flight, wanted, said):
                    return None
            else:
                # It has begun before.
                flight.use()
                flight.let_go()
                if not had_landed:
                    return None
            if isinstance(flight, Watched) or had_landed:
                # It is about to let go of its key.
                await asyncio.sleep(LOOK_EVERY)
        return None

    async def _lead(self, flight: Led, wanted: Wanted, said: Directives) -> Found | Led | None:
        """Look into the store, for all that follow."""
        flight.use()
        try:
            kept = None if said.no_cache else await self._store.get(wanted.key)
            now = time()
            found = None if kept is None else _as_hit(kept, wanted, said, now)
            if kept is None or found is None:
                return flight
            if kept.size > SMALL_BYTES:
                found = self._lend(kept, wanted, said, now)
            elif self._renewals is not None:
                renewal = self._renewals.of(wanted.key)
                self._memory.put(wanted.key, kept, renewal, now)
            flight.found(kept)
        except BaseException:
            flight.fail(State.VOID)
            flight.let_go()
            raise
        flight.unname()
        flight.let_go()
        return found

    async def _follow(self, flight: Flight, wanted: Wanted, said: Directives) -> Found | None:
        flight.use()
        try:
            await flight.settled()
            about = flight.about
            if flight.kept is not None:
                found = self._lend(flight.kept, wanted, said, time())
                flight.let_go()
                return found
            age = max(0.0, time() - flight.born)
            if (
                about is not None
                and (flight.live or flight.state is State.LANDED)
                and flight.state <= State.LANDED
                and age < wanted.ttl_seconds
                and said.allows(age)
            ):
                return Found(Following(flight, about), True, int(age), flight.cost_nanos)
        except BaseException:
            flight.let_go()
            raise
        flight.let_go()
        return None

    def _lend(self, kept: Kept, wanted: Wanted, said: Directives, now: float) -> Found | None:
        """The same of a large one, which all that are sent it at once share; None where too much is
        lent already."""
        found = _as_hit(kept, wanted, said, now)
        if found is None or kept.size <= SMALL_BYTES:
            return found
        key = wanted.key
        shared, users = self._lent.get(key, (kept, 0))
        if shared.born != kept.born or shared.size != kept.size:
            return None
        if not users:
            if self._lent_bytes + kept.size > _LENT_BYTES:
                return None
            self._lent_bytes += kept.size
        self._lent[key] = shared, users + 1
        return found._replace(source=Replay(shared, lambda: self._give_back(key)))

    def _give_back(self, key: bytes) -> None:
        kept, users = self._lent.pop(key)
        if users > 1:
            self._lent[key] = kept, users - 1
        else:
            self._lent_bytes -= kept.size

    # Keeping one

    def keep(self, flight: Led, wanted: Wanted, said: Directives) -> None:
        """Keep what has landed. Until that is done, whoever asks is given it by the flight."""
        about, renewals = flight.about, self._renewals
        if about is None or renewals is None:
            flight.unname()
            return
        renewal = renewals.of(wanted.key)
        try:
            if flight.size <= SMALL_BYTES:
                starts = range(0, flight.size, BLOCK_BYTES)
                blocks = tuple(flight.read(start) for start in starts)
                kept = Kept(about, blocks, flight.size, flight.born, flight.cost_nanos)
                if sum(map(len, blocks)) == flight.size:
                    self._memory.put(wanted.key, kept, renewal, time())
        except OSError as exc:
            logger.debug("an answer cannot be read: {}", exc)
        flight.use()

        def done() -> None:
            flight.unname()
            flight.let_go()
            if said.asks and self._renewals is not None:
                self._renewals.tell(wanted.key)

        self._store.put(
            Stored(
                wanted,
                encode_about(about),
                flight.size,
                flight.born,
                flight.cost_nanos,
                flight.read,
            ),
            done,
        )

    def _warn(self, why: OSError) -> None:
        """Say that nothing can be kept, now and then."""
        now = asyncio.get_running_loop().time()
        if now >= self._silent_until:
            self._silent_until = now + _WARNED_EVERY
            logger.warning("answers cannot be kept: {}", why)

    def _note(self, key: bytes, now: float) -> None:
        if not self._asked:
            asyncio.get_running_loop().call_later(_NOTED_AFTER, self._note_asked)
        self._asked[key] = now

    def _note_asked(self) -> None:
        asked, self._asked = self._asked, {}
        if asked and self._renewals is not None:
            self._store.asked(asked)


def opened(directory: Path, max_bytes: int, *, workers: int) -> Answers | None:
    """Those of one worker. None where a machine keeps none: then those of before go, too."""
    if max_bytes < LEAST_BYTES:
        shutil.rmtree(directory, ignore_errors=True)
        return None
    answers = Answers(directory, max_bytes, workers=workers)
    answers.open()
    return answers


def _is_found(flight: Flight, wanted: Wanted, said: Directives) -> bool:
    """Whether there is an answer, for which there was no room in memory."""
    kept = flight.kept
    return kept is not None and _as_hit(kept, wanted, said, time()) is not None


def _as_hit(kept: Kept, wanted: Wanted, said: Directives, now: float) -> Found | None:
    """An answer that is kept, where it is young enough."""
    age = kept.age(now)
    if age >= wanted.ttl_seconds or (said.asks and not said.allows(age)):
        return None
    return Found(Replay(kept), False, int(age), kept.cost_nanos)
