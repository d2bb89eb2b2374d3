"""A server for the limits that answers when a test says so, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from config import Database
from proxy.limits import postgres, postgres_statements, silence
from proxy.limits.batch import _LEFT_OUT, _OVERTAKEN
from proxy.limits.postgres import PostgresLimits
from proxy.limits.store import Claim, LimitsUnavailable, Reservation, claims_on

LOCKED: Final = _LEFT_OUT
OVERTAKEN: Final = _OVERTAKEN
QUOTA: Final = claims_on("t:1", quota=100)
OTHER: Final = claims_on("t:2", quota=100)
SLOT: Final = claims_on("t:1", max_parallel=5)
AWAY: Final = OSError("the server is away")


class Call:
    """One call of `limit_decide` that waits for its answer. The numbers are those of arguments."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.patience_ms: int = arguments[2]
        self.keys: list[str] = arguments[4]
        #: By key, what the call says of slots.
        self.held: dict[str, int | None] = dict(zip(arguments[4], arguments[5], strict=True))
        #: How much it gives back.
        self.refunded: int = sum(arguments[9])
        #: How many requests of each group it decides.
        self.groups: list[int] = arguments[10]
        # Of each group's claims, the key; and whether it has slots.
        ends = arguments[11]
        self._subjects = [
            [
                (self.keys[place - 1], slots is not None)
                for place, slots in zip(
                    arguments[12][begin:end], arguments[17][begin:end], strict=True
                )
            ]
            for begin, end in zip([0, *ends], ends, strict=False)
        ]
        self.outcome: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    def answer(self, *admitted: int) -> None:
        """So many of each group are admitted; all of them where nothing is said."""
        told = list(admitted) or self.groups
        held = dict(self.held)
        for count, subjects in zip(told, self._subjects, strict=True):
            for key, has_slots in subjects:
                if has_slots:
                    held[key] = (held[key] or 0) + max(count, 0)
        levels = [0.0] * sum(map(len, self._subjects))
        row = {
            "admitted": told,
            "used": levels,
            "spent": levels,
            "busy": levels,
            "held": list(held.values()),
            "done": [True] * len(self.keys),
        }
        self.outcome.set_result([row])

    def fail(self, error: BaseException) -> None:
        """It ends so instead."""
        self.outcome.set_exception(error)


class ScriptedServer:
    """Stands where `Connections` do. `calls` are those that have no answer yet."""

    def __init__(self, usable: int = 4) -> None:
        self.usable = usable
        self.calls: list[Call] = []
        self.made = 0
        #: What a heartbeat finds: whether this worker was known, or an error.
        self.known: bool | Exception = True
        self.beats: list[float] = []
        self.gone: list[str] = []
        #: What the probe finds; None while it hangs.
        self.probed: Exception | bool | None = None
        self.probes: list[float] = []
        self.closed_idle = 0

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        """As `Connections.fetch`."""
        if statement == postgres_statements.DECIDE:
            call = Call(arguments)
            self.made += 1
            self.calls.append(call)
            try:
                return await call.outcome
            finally:
                self.calls.remove(call)
        if statement == postgres._WORKER_GONE:
            self.gone.append(arguments[0])
            return []
        if statement == silence.BEATS:
            return []
        self.beats.append(asyncio.get_running_loop().time())
        if isinstance(self.known, Exception):
            raise self.known
        return [(1.0 if self.known else None,)]

    async def probe(self) -> None:
        """As `Connections.probe`."""
        self.probes.append(asyncio.get_running_loop().time())
        if self.probed is None:
            await asyncio.Event().wait()
        elif isinstance(self.probed, Exception):
            raise self.probed

    async def close_idle(self) -> None:
        """As `Connections.close_idle`."""
        self.closed_idle += 1

    def abandon(self) -> None:
        """As `Connections.abandon`."""

    async def close(self) -> None:
        """As `Connections.close`."""


@asynccontextmanager
async def engine(directory: Path, server: ScriptedServer) -> AsyncIterator[PostgresLimits]:
    """One worker's, whose first heartbeat was answered."""
    store = PostgresLimits(Database(dialect="postgres"), "w", workers=directory)
    store._connections = server  # type: ignore[assignment]
    await store.open()
    await turns()
    try:
        yield store
    finally:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        store._locks.unregister()


async def turns(count: int = 20) -> None:
    """All that can happen without time."""
    for _ in range(count):
        await asyncio.sleep(0)


async def asked(store: PostgresLimits, claims: tuple[Claim, ...]) -> asyncio.Task[Reservation]:
    """A request that waits for its decision."""
    task = asyncio.create_task(store.decide(claims))
    await turns()
    return task


async def is_refused(task: asyncio.Task[Reservation]) -> bool:
    """Whether it has been told by now that there is no decision."""
    await turns()
    return task.done() and isinstance(task.exception(), LimitsUnavailable)
