"""The deliveries of one worker: of one worker on each machine, which holds a lock for it.

Every worker reads about once a second which destinations there are, so that the ledger need not
ask; where there are none, its poll for changes says so. The one with the lock starts a run for each
destination for which something waits.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from loguru import logger
from tortoise.exceptions import BaseORMException

from delivery.items import of_event
from delivery.run import Run
from delivery.senders import Senders, Unusable
from models import Destination, deliveries, generation, outbox
from models.crypto import KeyRing
from models.deliveries import Bound
from models.destinations import DestinationPolicy
from models.errors import DatabaseUnavailable
from models.events import Event
from models.polling import Polling
from proxy import beat

_EVERY_S: Final = 1.0
#: Where there is no destination: a poll that finds one has it look at once.
_NONE_EVERY_S: Final = 2.0
#: Seconds between two looks at what is beyond the bound, and at what nobody is to get any more.
_BOUND_EVERY: Final = 10.0
#: Between two steps of removing, in seconds: other writers come first.
_PAUSE_S: Final = 0.05
_CLOSE_TIMEOUT_S: Final = 1.0
#: Before what failed by a fault of ours is tried again.
FAULT_PAUSE_S: Final = 60.0
#: What is told from memory at once; an outage is told once, to each destination.
_AT_ONCE_MAX: Final = 256


class Turn(Protocol):
    """Which worker of a machine it is that delivers."""

    def take(self) -> bool:
        """Whether it is this one, from now on until it gives up or dies. Raises OSError."""
        ...

    def give_up(self) -> None:
        """Let another worker have it."""
        ...


class Courier:
    """Delivers, as long as it is open, what the outbox has."""

    def __init__(
        self,
        data_dir: Path,
        ring: KeyRing,
        policy: DestinationPolicy,
        turn: Turn,
        polling: Polling,
        *,
        every: float = _EVERY_S,
        senders: Senders | None = None,
    ) -> None:
        self._turn = turn
        self._polling = polling
        self._senders = senders or Senders(ring, policy, data_dir)
        self._bound = Bound(policy.max_bytes)
        self._every = every
        # For people, the machine and the process; for the lease, what no other has.
        self._owner = f"{socket.gethostname()[:32]} {os.getpid()} {uuid4().hex[:16]}"
        self._known: dict[UUID, Destination] = {}
        self._runs: dict[UUID, asyncio.Task[None]] = {}
        # What else is under way.
        self._tasks: set[asyncio.Task[None]] = set()
        self._hint = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._bounded_at = float("-inf")
        self._tidying: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, in a task of its own."""
        self._watching = asyncio.get_running_loop().create_task(self._watch(), name="delivery")

    async def close(self) -> None:
        """Stop; what is under way is given a moment, and otherwise sent again later."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait((self._watching,), timeout=_CLOSE_TIMEOUT_S)
        tasks = [*self._runs.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_TIMEOUT_S)
        await self._senders.close()
        outbox.forget()
        self._turn.give_up()

    def look_again(self) -> None:
        """There may be destinations."""
        if not self._known:
            self._hint.set()

    def now(self, event: Event) -> None:
        """Tell of an event at once and from memory, once and whether or not it arrives: the
        database, where it would wait otherwise, is away. Raises nothing."""
        for destination in self._known.values():
            wants = outbox.Subscriber.of(destination).wants_event(event)
            if wants and len(self._tasks) < _AT_ONCE_MAX:
                self._begin(self._tell(destination, event))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name="delivery-beside")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _tell(self, destination: Destination, event: Event) -> None:
        try:
            outcome = await self._senders.of(destination).send([of_event(event)])
        except Unusable as exc:
            logger.debug("destination {} is not told of {}: {}", destination.name, event.kind, exc)
            return
        if outcome.verdict != "taken":
            logger.warning(
                "destination {} is not told of {}: {}", destination.name, event.kind, outcome.why
            )

    async def _watch(self) -> None:
        while True:
            self._hint.clear()
            try:
                await self._look()
            except (DatabaseUnavailable, BaseORMException, OSError) as exc:
                # The journal's consumer logs an outage; deliveries go on when it is over.
                logger.debug("deliveries postponed: {}", exc)
            nothing = self._polling.lacks("destinations")
            await beat.until(self._hint, _NONE_EVERY_S if nothing else self._every)

    async def _look(self) -> None:
        await self._know()
        if not self._turn.take():
            return
        for destination_id in await self._due():
            destination = self._known.get(destination_id)
            if destination is not None and destination_id not in self._runs:
                self._start(destination)
        loop = asyncio.get_running_loop()
        idle = self._tidying is None or self._tidying.done()
        if idle and loop.time() - self._bounded_at >= _BOUND_EVERY:
            self._bounded_at = loop.time()
            self._tidying = self._begin(self._tidy())

    async def _due(self) -> list[UUID]:
        return await deliveries.due() if self._known else []

    async def _know(self) -> None:
        if (last := self._polling.last) and self._polling.lacks("destinations"):
            self._known = {}
            asked_at, seen = last.asked_at, last.seen
        else:
            asked_at, seen = monotonic(), generation.seen()
            self._known = {one.id: one for one in await Destination.filter(is_active=True)}
        outbox.know(self._known.values(), asked_at, seen)

    def _start(self, destination: Destination) -> None:
        run = Run(destination, self._senders, self._owner, self._is_current)
        task = asyncio.get_running_loop().create_task(_go(run, destination), name="delivery-run")
        self._runs[destination.id] = task
        task.add_done_callback(lambda _: self._runs.pop(destination.id, None))

    def _is_current(self, destination: Destination) -> bool:
        """Whether it is still there, switched on, and has not been changed."""
        known = self._known.get(destination.id)
        return known is not None and known.updated_at == destination.updated_at

    async def _tidy(self) -> None:
        """Keep what waits within its bound. Beside the looks: on many rows it takes a while."""
        with suppress(DatabaseUnavailable, BaseORMException):
            for destination_id, number in (await self._bound.enforce()).items():
                logger.warning(
                    "destination {}: {} of what waited longest dropped: DESTINATION_MAX_BYTES",
                    self._name(destination_id),
                    number,
                )
            removed = await deliveries.forget_orphans()
            while removed:
                await asyncio.sleep(_PAUSE_S)
                removed = await deliveries.forget_orphans()

    def _name(self, destination_id: UUID) -> str:
        known = self._known.get(destination_id)
        return str(destination_id) if known is None else known.name


async def _go(run: Run, destination: Destination) -> None:
    try:
        await run.go()
    except (DatabaseUnavailable, BaseORMException) as exc:
        # The next look starts another.
        logger.debug("deliveries to {} postponed: {}", destination.name, exc)
    except Exception as exc:  # noqa: BLE001  (a fault of ours must not be met each second)
        logger.opt(exception=exc).error("destination {}: deliveries failed", destination.name)
        with suppress(DatabaseUnavailable, BaseORMException):
            why = "The proxy failed at it; its log says how."
            await deliveries.failed(destination.id, why, retry_in=FAULT_PAUSE_S)
