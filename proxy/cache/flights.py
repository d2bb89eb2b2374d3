"""Flights: for one key one request to the upstream at a time, on a whole machine.

The first request for a key leads (`Led`): what its client gets goes into the flight's file too. The
others follow, in the same worker woken by their leader, in another one by a look at the file every
`LOOK_EVERY` seconds (`Watched`). None of them holds up the leader, or another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec

from proxy.cache.kept import (
    ANSWER_MAX_BYTES,
    BLOCK_BYTES,
    About,
    Kept,
    decode_about,
    encode_about,
)
from proxy.cache.spool import Spool, State, remove_dead
from proxy.driving import Waiter

#: Seconds between two looks at a flight of another worker.
LOOK_EVERY: Final = 0.02
#: Seconds from the first byte of the body on, after which followers are served what there is.
LIVE_AFTER: Final = 1.0
#: Of an event stream, whose followers may have had a part of it by the time that it is too large to
#: be kept.
STREAM_MAX_BYTES: Final = 4 * ANSWER_MAX_BYTES
#: Flights of one worker at once, each of which has a file open.
MOST: Final = 256
#: Between two tries to have a name its flight may have ended.
_TRIES: Final = 3
#: Followers that are told in one turn of the loop, each of which does its work at once.
_TOLD_IN_A_TURN: Final = 16


class Flight:
    """One flight, as the requests of one worker see it. `on_idle` is called when none uses it."""

    __slots__ = (
        "_on_idle",
        "_spool",
        "_users",
        "_waiting",
        "about",
        "cost_nanos",
        "kept",
        "live",
        "state",
    )

    def __init__(self, spool: Spool, on_idle: Callable[[Flight], None]) -> None:
        self._spool = spool
        self._on_idle = on_idle
        self._users = 0
        self._waiting: list[Waiter[None]] = []
        self.state = State.ASKED
        #: Whether followers are served what there is, and wait for the rest.
        self.live = False
        self.about: About | None = None
        self.cost_nanos: int | None = None
        #: What its leader found, so that nobody was asked.
        self.kept: Kept | None = None

    @property
    def size(self) -> int:
        """Bytes of the body that are there."""
        return self._spool.size

    @property
    def born(self) -> float:
        """Unix seconds, once it has been answered."""
        return self._spool.progress.born

    @property
    def is_over(self) -> bool:
        """Whether nothing of it will change any more."""
        return self.state >= State.LANDED

    def read(self, start: int, most: int = BLOCK_BYTES) -> bytes:
        """Bytes of the body from `start` on. Raises OSError."""
        return self._spool.read(start, most)

    async def settled(self) -> None:
        """Wait until it is over, or live."""
        while not self.is_over and not self.live:
            await self.news()

    async def news(self) -> None:
        """Wait until something about it has changed. For those that use it."""
        waiter: Waiter[None] = Waiter()
        self._waiting.append(waiter)
        try:
            await waiter
        finally:
            if not waiter.woken and waiter in self._waiting:
                self._waiting.remove(waiter)

    def use(self) -> None:
        """Keep it readable until `let_go`."""
        self._users += 1

    def let_go(self) -> None:
        """Once for each `use`."""
        self._users -= 1
        if not self._users:
            self._on_idle(self)

    def close(self) -> None:
        """Close its file."""
        self._spool.close()

    def _tell(self) -> None:
        """Have those that wait step on, in turns of the loop to come."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            asyncio.get_running_loop().call_soon(_wake, waiting)


def _wake(waiting: list[Waiter[None]]) -> None:
    if len(waiting) > _TOLD_IN_A_TURN:
        asyncio.get_running_loop().call_soon(_wake, waiting[_TOLD_IN_A_TURN:])
    for waiter in waiting[:_TOLD_IN_A_TURN]:
        waiter.wake(None)


class Led(Flight):
    """One that a request of this worker leads. Its file is written in the same turn of the loop,
    which takes no longer than the journal's."""

    __slots__ = ("_go_live", "_room", "taken", "unnamed")

    def __init__(
        self, spool: Spool, on_idle: Callable[[Flight], None], room: Callable[[int], bool]
    ) -> None:
        super().__init__(spool, on_idle)
        #: Whether all flights together may have so many bytes more.
        self._room = room
        self._go_live: asyncio.TimerHandle | None = None
        #: Bytes that it has of those which all flights may have.
        self.taken = 0
        #: Whether another may begin under its key.
        self.unnamed = False

    def found(self, kept: Kept) -> None:
        """There was an answer already: nobody has to be asked."""
        self.kept = kept
        self._end(State.VOID)

    def answered(self, about: About, born: float) -> bool:
        """Its head has come; whether the flight goes on."""
        head = encode_about(about)
        try:
            self._take_room(len(head))
            self._spool.answered(head, born)
        except OSError:
            self.fail()
            return False
        self.about, self.state = about, State.ANSWERED
        self._tell()
        return True

    def append(self, data: bytes) -> bool:
        """More of the body; whether the flight goes on."""
        if not data:
            return not self.is_over
        if self.about is None or self.is_over:
            return False
        most = STREAM_MAX_BYTES if self.about.is_events else ANSWER_MAX_BYTES
        begins = not self.size
        try:
            if self.size + len(data) > most:
                raise OSError("too large")
            self._take_room(len(data))
            self._spool.append(data, monotonic())
        except OSError:
            self.fail()
            return False
        if begins and not self.about.is_json:
            loop = asyncio.get_running_loop()
            self._go_live = loop.call_later(LIVE_AFTER, self._goes_live)
        if self.live:
            self._tell()
        return True

    def _take_room(self, size: int) -> None:
        """Raises OSError where there is none."""
        if not self._room(size):
            raise OSError("too many bytes are in flight")
        self.taken += size

    def _goes_live(self) -> None:
        self.live = True
        self._tell()

    def land(self, cost_nanos: int | None) -> bool:
        """That was all of it, and it is whole; whether it can be said."""
        if self.is_over:
            return False
        try:
            self._spool.land(cost_nanos)
        except OSError:
            self.fail()
            return False
        self.cost_nanos = cost_nanos
        self._end(State.LANDED)
        return True

    def fail(self, state: State = State.FAILED) -> None:
        """It was cut, or is none to be shared."""
        if self.is_over:
            return
        # Where that cannot be written, its lock goes with its descriptor, which tells the same.
        with suppress(OSError):
            self._spool.give_up(state)
        self._end(state)
        self.unname()

    def unname(self) -> None:
        """Let another flight begin under its key."""
        if not self.unnamed:
            self.unnamed = True
            self._spool.unname()

    def _end(self, state: State) -> None:
        self.state = state
        if self._go_live is not None:
            self._go_live.cancel()
        self._tell()


class Watched(Flight):
    """One that another worker leads."""

    __slots__ = ("_watching",)

    def __init__(self, spool: Spool, on_idle: Callable[[Flight], None]) -> None:
        super().__init__(spool, on_idle)
        self._watching: asyncio.Task[None] | None = None
        self._look()
        if not self.is_over:
            watch = self._watch()
            self._watching = asyncio.get_running_loop().create_task(watch, name="flight")

    async def _watch(self) -> None:
        while not self.is_over:
            await asyncio.sleep(LOOK_EVERY)
            before = self.state, self.size, self.live
            self._look()
            if before != (self.state, self.size, self.live):
                self._tell()

    def _look(self) -> None:
        spool = self._spool
        try:
            spool.look()
            if self.about is None and spool.progress.head_bytes:
                self.about = decode_about(spool.head())
        except (OSError, msgspec.MsgspecError):
            self.state = State.FAILED
            return
        progress = spool.progress
        self.state = progress.state
        self.cost_nanos = None if progress.cost_nanos < 0 else progress.cost_nanos
        if progress.first_body_at and self.about is not None and not self.about.is_json:
            self.live = monotonic() - progress.first_body_at >= LIVE_AFTER

    def close(self) -> None:
        """Stop looking, and close the file."""
        if self._watching is not None:
            self._watching.cancel()
        super().close()


class Flights:
    """Those of one worker, in `directory`, which all workers of a machine share."""

    def __init__(self, directory: Path, *, max_bytes: int, most: int = MOST) -> None:
        self._directory = directory
        self._max_bytes = max_bytes
        self._most = most
        self._flights: dict[bytes, Flight] = {}
        self._open = 0
        #: Bytes that this worker's flights have on the disk.
        self.bytes = 0

    def open(self) -> None:
        """Make the directory, and remove what was left behind there. Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_dead(self._directory)

    def under_way(self, key: bytes) -> Flight | None:
        """The one that this worker knows of, and that is not in vain."""
        flight = self._flights.get(key)
        return None if flight is None or flight.state > State.LANDED else flight

    def begin(self, key: bytes) -> Flight | None:
        """A `Led` one, or where another worker leads one a `Watched` one; None where neither is
        possible. Raises OSError."""
        if self._open >= self._most:
            return None
        name = key.hex()
        flight: Flight | None = None
        for _ in range(_TRIES):
            if (spool := Spool.create(self._directory, name)) is not None:
                flight = Led(spool, partial(self._idle, key), self._has_room)
                break
            if (spool := Spool.join(self._directory, name)) is not None:
                flight = Watched(spool, partial(self._idle, key))
                break
        if flight is not None:
            self._open += 1
            self._flights[key] = flight
        return flight

    def _has_room(self, size: int) -> bool:
        if self.bytes + size > self._max_bytes:
            return False
        self.bytes += size
        return True

    def _idle(self, key: bytes, flight: Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        self._open -= 1
        if isinstance(flight, Led):
            self.bytes -= flight.taken
        flight.close()
