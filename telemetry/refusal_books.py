"""A worker's refusals, summed up in bounded memory and written a few times a second.

Beside the path: the observer hands over what it is told anyway. Not through the journal, since a
refusal costs nobody anything: a worker that is killed takes the last second of its sums with it.
While the database is away everything stays here, and what would be too much is told less exactly,
never dropped from the sums.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice
from operator import attrgetter
from time import monotonic
from typing import Final, TypeAlias
from uuid import uuid4

from loguru import logger
from tortoise.exceptions import BaseORMException

from models import refusals
from models.errors import DatabaseUnavailable
from models.refusals import MODELS_MAX, NEWEST_MAX, NOBODY_TEXT, OTHER, Batch, SumKey
from models.text import clean_text
from proxy import beat
from telemetry.metrics import Refused
from telemetry.redaction import redact

Write: TypeAlias = Callable[[Batch], Awaitable[None]]

#: Sums that are told apart by model; beyond them by token, beyond twice as many by code alone.
SUMS_MAX: Final = 10_000
_EVERY_S: Final = 0.4
#: While more rows wait than one write takes, and after a write that failed.
_SOON_S: Final = 0.1
_AFTER_FAILURE_S: Final = 1.0
#: Rows of one write, of either table: more would hold up the loop, and other writers.
ROWS_MAX: Final = 250
#: Of refusals without a token, which anybody can cause, so many become rows for each code: first
#: at once, then now and then, so that a flood of them does not push out everybody else's.
UNKNOWN_AT_ONCE: Final = 500
_UNKNOWN_EVERY_S: Final = 10.0
_HOUR_S: Final = 3600
#: Bytes of a path that took no route, and characters that a row shows of it.
PATH_MAX: Final = 400
_SHOWN_MAX: Final = 200


class RefusalBooks:
    """One worker's. `write` is `models.refusals.add`."""

    def __init__(self, write: Write = refusals.add, clock: Callable[[], float] = monotonic) -> None:
        self._write = write
        self._clock = clock
        self._sums: dict[SumKey, int] = {}
        #: Names of models in the sums, by project and hour.
        self._models: dict[tuple[str, int], set[str]] = {}
        self._newest: deque[refusals.Refused] = deque(maxlen=NEWEST_MAX)
        #: By code: how many more rows without a token there may be, as of when.
        self._room: dict[str, tuple[float, float]] = {}
        #: What is being written, or is to be tried again.
        self._batch: Batch | None = None
        self._writer, self._number = uuid4().hex, 0
        self._writing = asyncio.Lock()
        #: Set while there is something to write.
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Refusals that are counted here and not in the database yet."""
        being_written = self._batch.sums.values() if self._batch is not None else ()
        return sum(self._sums.values()) + sum(being_written)

    @property
    def kept(self) -> tuple[int, int]:
        """Sums and rows in memory."""
        return len(self._sums), len(self._newest)

    def open(self) -> None:
        """Begin to write, in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self._work(), name="refusals")

    async def close(self, *, timeout: float) -> None:
        """Write what is left, for up to `timeout` seconds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while await self.write() and (self._sums or self._newest):
                    pass

    def add(self, batch: Sequence[Refused]) -> None:
        """Count a batch, and keep its newest as rows."""
        hours = [int(one.at) // _HOUR_S for one in batch]
        alike = Counter(zip(hours, map(_SUBJECT, batch), strict=True))
        for (hour, subject), number in alike.items():
            self._count(_key(hour, *subject), number)
        for one in batch:
            if one.token_id or self._has_room(one.code):
                self._newest.append(_row(one))
        self._some.set()

    async def write(self) -> bool:
        """Write what there is, at most `ROWS_MAX` of each; whether the database took it.

        May be cancelled: what had begun by then is tried again, and counts once.
        """
        async with self._writing:
            batch = self._batch = self._batch or self._next()
            if batch is None:
                return True
            try:
                await self._write(batch)
            except (DatabaseUnavailable, BaseORMException, OSError) as exc:
                # The journal's consumer tells of an outage. All of it may have been written, so
                # that it is tried again as it is.
                logger.debug("Refusals wait to be counted: {}", exc)
                return False
            self._batch = None
            return True

    def _next(self) -> Batch | None:
        sums = {key: self._sums.pop(key) for key in list(islice(self._sums, ROWS_MAX))}
        if not self._sums:
            self._models.clear()
        rows = [self._newest.popleft() for _ in range(min(ROWS_MAX, len(self._newest)))]
        if not sums and not rows:
            return None
        self._number += 1
        return Batch(self._writer, self._number, sums, rows)

    async def catch_up(self, *, timeout: float) -> None:
        """Have written what was refused by now, or `timeout` seconds tried to."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                # What had to be tried again, and what has come since.
                if await self.write() and (self._sums or self._newest):
                    await self.write()

    def _count(self, key: SumKey, number: int) -> None:
        key = self._bounded(key)
        self._sums[key] = self._sums.get(key, 0) + number

    def _bounded(self, key: SumKey) -> SumKey:
        """Where it is counted; what has no room is told less exactly."""
        if key in self._sums:
            return key
        if key.model not in ("", OTHER):
            names = self._models.setdefault((key.project_id, key.hour), set())
            if len(self._sums) < SUMS_MAX and (key.model in names or len(names) < MODELS_MAX):
                names.add(key.model)
                return key
            key = key._replace(model=OTHER)
        if key in self._sums or len(self._sums) < 2 * SUMS_MAX:
            return key
        return SumKey(key.hour, NOBODY_TEXT, NOBODY_TEXT, "", key.code)

    def _has_room(self, code: str) -> bool:
        """Whether one more without a token becomes a row."""
        now = self._clock()
        left, since = self._room.get(code, (float(UNKNOWN_AT_ONCE), now))
        left = min(float(UNKNOWN_AT_ONCE), left + (now - since) / _UNKNOWN_EVERY_S)
        self._room[code] = (left - 1 if left >= 1 else left), now
        return left >= 1

    async def _work(self) -> None:
        pause = _EVERY_S
        while True:
            await self._some.wait()
            await beat.pause(pause)
            if not await self.write():
                pause = _AFTER_FAILURE_S
            elif self._newest or self._sums:
                pause = _SOON_S
            else:
                pause = _EVERY_S
                self._some.clear()


#: What refusals of an hour are summed by: those of a flood are mostly alike.
_SUBJECT: Final = attrgetter("project_id", "token_id", "model", "code")


def _key(hour: int, project_id: str, token_id: str, model: str, code: str) -> SumKey:
    if not token_id:
        return SumKey(hour, NOBODY_TEXT, NOBODY_TEXT, "", code)
    return SumKey(hour, project_id, token_id, clean_text(model, limit=200), code)


def _row(one: Refused) -> refusals.Refused:
    return refusals.Refused(
        one.id,
        one.at,
        one.project_id,
        one.token_id,
        one.provider,
        # A client that joins an address and a key wrongly has a secret in its path.
        one.endpoint or redact(one.path.decode("latin-1"), end=_SHOWN_MAX),
        one.method,
        # However long a client's is.
        one.model[:200],
        one.status,
        one.code,
        one.bytes_in,
        one.bytes_out,
        one.duration_us,
    )
