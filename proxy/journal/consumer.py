"""The drain: takes journal entries into the database, each exactly once, whatever dies meanwhile.

A batch is known by its journal and its byte range, and the database moves the journal's position
in the transaction that counts it: whoever asks again, for whatever reason, is told the position
and goes on from there. Journals of workers that died are adopted, drained and deleted.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import time
from typing import Final, TypeAlias

from loguru import logger

from models.entry import Entry, apply_batch
from models.errors import DatabaseBlocked, DatabaseReadOnly, DatabaseUnavailable
from proxy.journal import files
from proxy.journal.files import Batch, JournalFile, quarantine, read_batch
from proxy.journal.writer import BATCH, Journal
from proxy.usage.pricing import is_listed

#: `apply_batch`'s form: journal id, start, end, entries; returns the position that holds then.
Apply: TypeAlias = Callable[[str, int, int, Sequence[Entry]], Coroutine[None, None, int]]

_apply: Final = partial(apply_batch, is_listed=is_listed)

_DRAIN_EVERY_S: Final = 0.4
_KEEP_EVERY_S: Final = 1.0
_ADOPT_EVERY_S: Final = 3.0
_RETRY_FIRST_S: Final = 0.1
_RETRY_MOST_S: Final = 1.0
#: Each holds a file descriptor while the database is away.
_ADOPTED_MAX: Final = 32


def _said(error: DatabaseUnavailable) -> str:
    if isinstance(error, DatabaseReadOnly):
        return "The database is read-only; entries wait in the journal: {}"
    if isinstance(error, DatabaseBlocked):
        return "Writes to the database are blocked by a lock; entries wait in the journal: {}"
    return "The database is away; entries wait in the journal: {}"


async def _end_when(is_silent: Callable[[], bool], bound: asyncio.Timeout) -> None:
    # Whoever knows it tells nobody, so we look.
    while not is_silent():  # noqa: ASYNC110
        await asyncio.sleep(_RETRY_FIRST_S)
    bound.reschedule(asyncio.get_running_loop().time())


class Drain:
    """The background work on one worker's journal, and on those it adopts."""

    def __init__(self, journal: Journal, *, apply: Apply = _apply, batch: int = BATCH) -> None:
        self._journal = journal
        self._apply = apply
        self._batch = batch
        self._adopted: list[JournalFile] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self._failing = False
        #: Whether the last batch gave up waiting for a lock.
        self.blocked = False
        # When the first entry of each file that is being counted was written, in Unix time.
        self._oldest: dict[str, float] = {}
        # Files of which the log has heard: some are tried again and again.
        self._complained: set[Path] = set()

    def start(self) -> None:
        """Begin, in tasks of its own."""
        self._tasks = [
            asyncio.create_task(self._keep(), name="journal-keep"),
            asyncio.create_task(self._adopt_now_and_then(), name="journal-adopt"),
            asyncio.create_task(self._drain(), name="journal-drain"),
        ]

    async def close(self, *, timeout: float, is_silent: Callable[[], bool] = lambda: False) -> None:
        """Drain everything that is left, for up to `timeout` seconds, and close the journal.

        Less than that, once the database `is_silent`.

        Nothing may be appended any more, and the database is still there. What cannot be drained
        in time is on disk, for the next start to adopt.
        """
        self._closing.set()
        watching: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(timeout) as bound:
                watching = asyncio.create_task(_end_when(is_silent, bound))
                await asyncio.gather(*self._tasks)
                await self._journal.keep()
                await self._drain_rest()
        except TimeoutError:
            if self._journal.pending:
                logger.warning("{} entries wait in the journal.", self._journal.pending)
        finally:
            for task in (*self._tasks, *filter(None, (watching,))):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for file in self._adopted:
                file.release()
            self._adopted.clear()
            await self._journal.close()

    # The three tasks.

    async def _keep(self) -> None:
        while not await self._closed_within(_KEEP_EVERY_S):
            await self._journal.keep()

    async def _adopt_now_and_then(self) -> None:
        self.adopt()
        while not await self._closed_within(_ADOPT_EVERY_S):
            self.adopt()

    async def _drain(self) -> None:
        delay = _RETRY_FIRST_S
        while not self._closing.is_set():
            self._journal.batch_ready.clear()
            if await self.drain_once():
                delay = _RETRY_FIRST_S
                await self._batch_ready_within(_DRAIN_EVERY_S)
            else:
                await self._closed_within(delay)
                delay = min(2 * delay, _RETRY_MOST_S)

    async def _drain_rest(self) -> None:
        while True:
            self.adopt()
            if await self.drain_once():
                return
            await asyncio.sleep(_RETRY_FIRST_S)

    async def _closed_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        return self._closing.is_set()

    async def _batch_ready_within(self, seconds: float) -> None:
        waiting = (
            asyncio.ensure_future(self._journal.batch_ready.wait()),
            asyncio.ensure_future(self._closing.wait()),
        )
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiting:
            waiter.cancel()

    @property
    def oldest_entry_seconds(self) -> float:
        """The age of the oldest entry that could not be counted yet; 0 where there is none."""
        if not self._oldest:
            return 0.0
        return max(0.0, time() - min(self._oldest.values()))

    # Their work, which tests call directly.

    def adopt(self) -> None:
        """Take over the journals of workers that died."""
        for path in sorted(self._journal.directory.glob("*" + files.SUFFIX)):
            if len(self._adopted) >= _ADOPTED_MAX:
                return
            try:
                file = files.adopt(path)
            except OSError as exc:
                self._complain(path, exc)
                continue
            if file is not None:
                self._adopted.append(file)

    async def drain_once(self) -> bool:
        """Drain what is there now; False where the database failed.

        Nothing is lost by a failure: the next call goes on where the books say.
        """
        try:
            await self._drain_all()
        except DatabaseUnavailable as exc:
            self.blocked = isinstance(exc, DatabaseBlocked)
            self._failed(_said(exc), exc)
            return False
        except Exception as exc:  # noqa: BLE001
            # A deadlock, a table that is locked, whatever a driver thinks of: the entries are
            # on disk and the drain has to live on.
            self._failed("Entries cannot be taken into the books yet: {!r}", exc)
            return False
        self.blocked = False
        if self._failing:
            self._failing = False
            logger.info("Entries are taken into the books again.")
        return True

    def _failed(self, message: str, exc: Exception) -> None:
        if not self._failing:
            self._failing = True
            logger.error(message, exc)

    async def _drain_all(self) -> None:
        own = self._journal.file
        # What is written from here on can wait: else each round would find a little more.
        goal = 0 if own is None else own.size
        more = True
        while more:
            more = False
            if own is not None and (own.position or 0) < min(goal, own.size):
                self._journal.settle(await self._advance(own))
                more = True
            # In turn, so that a long backlog does not hold up the present.
            for file in tuple(self._adopted):
                more |= await self._advance_adopted(file)

    async def _advance_adopted(self, file: JournalFile) -> bool:
        """One batch of it, or its end; whether there is more."""
        try:
            if not file.drained:
                await self._advance(file)
                return True
            self._adopted.remove(file)
            file.remove()
        except OSError as exc:
            self._complain(file.path, exc)
            if file in self._adopted:
                # Let another worker try, or us again.
                self._adopted.remove(file)
                self._oldest.pop(file.id, None)
                file.release()
        return False

    async def _advance(self, file: JournalFile) -> int:
        """Take one batch of `file` into the books; how many lines went in."""
        if file.position is None:
            self._note_oldest(file, read_batch(file, limit=1))
            file.position = await self._apply(file.id, 0, 0, ())
            self._oldest.pop(file.id, None)
        if file.position > file.size:
            # What lay before the position is in the books; nobody knows what lay behind it.
            self._complain(
                file.path,
                f"it was cut to {file.size} bytes after {file.position} of them were counted",
            )
        if file.drained:
            # Its worker died between counting the last batch and deleting it.
            return 0
        batch = read_batch(file, limit=self._batch)
        if not batch.ends:
            self._complain(
                file.path, f"it was cut; what it held from byte {batch.start} on is lost"
            )
            file.size = batch.start
            return 0
        self._put_aside(file, batch)
        self._note_oldest(file, batch)
        file.position = await self._apply(file.id, batch.start, batch.end, batch.entries)
        self._oldest.pop(file.id, None)
        return batch.lines_before(file.position)

    def _note_oldest(self, file: JournalFile, batch: Batch) -> None:
        if batch.entries:
            first = batch.entries[0]
            self._oldest[file.id] = (first.at_us + first.duration_us) / 1e6

    def _complain(self, path: Path, problem: object) -> None:
        if path not in self._complained:
            self._complained.add(path)
            logger.error("The journal {} cannot be drained: {}", path, problem)

    def _put_aside(self, file: JournalFile, batch: Batch) -> None:
        for offset, line in batch.damaged:
            if offset < file.put_aside:
                # The batch is being tried again.
                continue
            file.put_aside = offset + 1
            try:
                where = str(quarantine(file, line))
            except OSError as exc:
                where = f"nowhere ({exc})"
            logger.error(
                "The journal {} is damaged at byte {}: {} bytes are put aside in {}.",
                file.path,
                offset,
                len(line),
                where,
            )
