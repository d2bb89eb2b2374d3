"""The journal's consumer: delivers entries to every sink, each exactly once, whatever dies.

A batch is known by its journal and its byte range, and each sink keeps a position (`sink.py`).
A sink that is away holds up only itself: its feed tries again, and files that it needs are kept.
Journals of workers that died are adopted, and a file is removed once every sink has passed it.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeGuard

from loguru import logger

from proxy import beat
from proxy.journal import files
from proxy.journal.feed import Feed, SinkFailed
from proxy.journal.files import Batch, JournalFile, quarantine, read_batch
from proxy.journal.sink import Sink
from proxy.journal.writer import Journal

_CONSUME_EVERY_S: Final = 0.4
#: Entries at once of a sink for which nobody waits.
_UNHURRIED: Final = 640
_KEEP_EVERY_S: Final = 1.0
_ADOPT_EVERY_S: Final = 3.0
_RETRY_FIRST_S: Final = 0.1
#: Between two looks whether what is waited for was delivered.
_LOOK_EVERY_S: Final = 0.01
_RETRY_MOST_S: Final = 1.0
#: Each holds a file descriptor while a sink is away.
_ADOPTED_MAX: Final = 32


async def _end_when(is_silent: Callable[[], bool], bound: asyncio.Timeout) -> None:
    # Nothing announces it, so it is polled.
    while not is_silent():  # noqa: ASYNC110
        await asyncio.sleep(_RETRY_FIRST_S)
    bound.reschedule(asyncio.get_running_loop().time())


def _is_ours(file: JournalFile | None) -> TypeGuard[JournalFile]:
    """Whether this worker has written it."""
    return file is not None and file.first_position is not None


class JournalConsumer:
    """The background work on one worker's journal, and on those it adopts."""

    def __init__(self, journal: Journal, sinks: Sequence[Sink]) -> None:
        self._journal = journal
        self._feeds = tuple(Feed(sink) for sink in sinks)
        self._adopted: list[JournalFile] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        # A reader waits for what was written, or we are closing.
        self._hurry = asyncio.Event()
        self._takes_itself: tuple[str, Callable[[str, int], bool]] = "", lambda *_: False
        # Something was written, or is to be taken over, or we are closing.
        self._some = journal.some
        # Files of which the log has heard: some are tried again and again.
        self._complained: set[Path] = set()
        journal.leave = self._adopted.append

    def start(self) -> None:
        """Begin, in tasks of its own."""
        work: dict[str, Coroutine[Any, Any, None]] = {
            "journal-keep": self._keep(),
            "journal-adopt": self._adopt_now_and_then(),
        }
        work |= {f"journal-feed-{feed.name}": self._consume(feed) for feed in self._feeds}
        self._tasks = [asyncio.create_task(each, name=name) for name, each in work.items()]

    async def close(self, *, timeout: float, is_silent: Callable[[], bool] = lambda: False) -> None:
        """Deliver everything that is left, for up to `timeout` seconds, and close the journal.

        Less than that, once the database `is_silent`.

        Nothing may be appended any more, and the sinks are still there. What cannot be delivered
        in time is on disk, for the next start to adopt.
        """
        self._closing.set()
        # Who waits for a batch need not wait any longer; nothing clears them from here on.
        self._journal.batch_ready.set()
        self._hurry.set()
        self._some.set()
        watching: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(timeout) as bound:
                watching = asyncio.create_task(_end_when(is_silent, bound))
                await asyncio.gather(*self._tasks)
                await self._journal.keep()
                await self._consume_rest()
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

    async def catch_up(self, *, timeout: float) -> None:
        """Have delivered what this worker has written by now, or `timeout` seconds tried to.

        Of a reader who has just seen an answer: it need not wait for the next round.
        """
        goals = [
            (file, file.size) for file in (self._journal.file, *self._adopted) if _is_ours(file)
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while any(
                    (feed.position(file) or 0) < goal
                    for feed in self._feeds
                    for file, goal in goals
                ):
                    self._journal.batch_ready.set()
                    self._hurry.set()
                    await asyncio.sleep(_LOOK_EVERY_S)

    def moved(self, journal_id: str, position: int) -> None:
        """The sink that takes some itself has taken our own file up to there. Raises nothing: what
        it has taken is committed, whether or not its lines can be counted."""
        own, name = self._journal.file, self._takes_itself[0]
        if own is None or own.id != journal_id or position <= own.positions.get(name, 0):
            return
        before = own.position or 0
        own.positions[name] = position
        if (passed := self._passed(own)) > before:
            try:
                lines = os.pread(own.fd, passed - before, before)
            except OSError as exc:
                self._complain(own.path, exc)
            else:
                self._journal.settle(lines.count(b"\n"))

    def takes_itself(self, name: str, takes: Callable[[str, int], bool]) -> None:
        """A sink need not be given what it `takes` itself, behind a position of our own file; the
        rest it is given now and then, since nobody waits for it: each time costs it a transaction,
        and a way to a thread and back."""
        self._takes_itself = name, takes

    # The tasks.

    async def _keep(self) -> None:
        while not await self._closed_within(_KEEP_EVERY_S):
            await self._journal.keep()

    async def _adopt_now_and_then(self) -> None:
        self.adopt()
        while not await self._closed_within(_ADOPT_EVERY_S):
            self.adopt()

    async def _consume(self, feed: Feed) -> None:
        delay = _RETRY_FIRST_S
        while not self._closing.is_set():
            ready = self._hurry
            if self._waits(feed):
                ready.clear()
            else:
                ready = self._journal.batch_ready
                self._journal.rearm()
            if await self._round(feed):
                delay = _RETRY_FIRST_S
                await self._some_left(feed)
                await beat.until(ready, _CONSUME_EVERY_S)
            else:
                await self._closed_within(delay)
                delay = min(2 * delay, _RETRY_MOST_S)

    async def _consume_rest(self) -> None:
        while True:
            self.adopt()
            if await self.consume_once():
                return
            await asyncio.sleep(_RETRY_FIRST_S)

    async def _closed_within(self, seconds: float) -> bool:
        return await beat.until(self._closing, seconds)

    async def _some_left(self, feed: Feed) -> None:
        """Wait until there is something that the sink has not taken, or we are closing."""
        while not self._adopted and self._has_all(feed) and not self._closing.is_set():
            self._some.clear()
            await self._some.wait()

    def _has_all(self, feed: Feed) -> bool:
        own = self._journal.file
        return own is None or feed.has_passed(own)

    def _waits(self, feed: Feed) -> bool:
        """Whether the sink is given a round's entries now and then, rather than each batch."""
        return feed.name == self._takes_itself[0]

    @property
    def oldest_entry_seconds(self) -> float:
        """The age of the oldest entry that could not be delivered yet; 0 where there is none."""
        return max((feed.oldest_entry_seconds for feed in self._feeds), default=0.0)

    @property
    def blocked(self) -> bool:
        """Whether a batch gave up waiting for a lock in the database."""
        return any(feed.blocked for feed in self._feeds)

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
                self._some.set()

    async def consume_once(self) -> bool:
        """Deliver what is there now to every sink; False where one of them failed.

        Nothing is lost by a failure: the next call goes on where that sink says.
        """
        return all(await asyncio.gather(*(self._round(feed) for feed in self._feeds)))

    async def _round(self, feed: Feed) -> bool:
        try:
            await self._deliver_all(feed)
        except SinkFailed as exc:
            feed.failed(exc.__cause__ or exc)
            return False
        except Exception as exc:  # noqa: BLE001
            # The journal could not be read: its entries are on disk, and the feed has to live on.
            feed.failed(exc)
            return False
        feed.succeeded()
        return True

    async def _deliver_all(self, feed: Feed) -> None:
        own = self._journal.file
        # What is written from here on can wait: else each round would find a little more.
        goal = 0 if own is None else own.size
        more = True
        while more:
            more = False
            if (
                own is not None
                # One that was left meanwhile is among those adopted.
                and own is self._journal.file
                and (feed.position(own) or 0) < min(goal, own.size)
                and not self._is_taken(feed, own)
            ):
                self._journal.settle(await self._advance(feed, own))
                more = True
            # In turn, so that a long backlog does not hold up the present.
            for file in tuple(self._adopted):
                more |= await self._advance_adopted(feed, file)

    def _is_taken(self, feed: Feed, own: JournalFile) -> bool:
        name, takes = self._takes_itself
        if feed.name != name or self._closing.is_set():
            return False
        return takes(own.id, feed.position(own) or 0)

    async def _advance_adopted(self, feed: Feed, file: JournalFile) -> bool:
        """One batch of it, or its end; whether there is more."""
        if file not in self._adopted:
            # Another feed has removed it, or given it up.
            return False
        try:
            if not feed.has_passed(file):
                passed = await self._advance(feed, file)
                if _is_ours(file):
                    self._journal.settle(passed)
                return True
            if file.consumed:
                self._adopted.remove(file)
                file.remove()
        except OSError as exc:
            self._complain(file.path, exc)
            if file in self._adopted:
                # Let another worker try, or us again.
                self._adopted.remove(file)
                for each in self._feeds:
                    each.forget(file)
                file.release()
        return False

    async def _advance(self, feed: Feed, file: JournalFile) -> int:
        """Deliver one batch of `file`; how many lines have now passed every sink."""
        position = feed.position(file)
        asked = position is None
        if position is None:
            position = await feed.ask_position(file)
            self._passed(file)
        if position > file.size:
            # What lay before the position was delivered; what lay behind it is not known.
            self._complain(
                file.path,
                f"it was cut to {file.size} bytes after {position} of them were counted",
            )
        if asked or feed.has_passed(file):
            # Passed: its worker died between delivering the last batch and deleting it. Asked:
            # meanwhile another feed may have given the file up and closed it.
            return 0
        most = self._journal.batch
        if self._waits(feed):
            most = max(_UNHURRIED, most)
        batch = read_batch(file, position, limit=most)
        if not batch.ends:
            self._complain(
                file.path, f"it was cut; what it held from byte {batch.start} on is lost"
            )
            file.size = batch.start
            return 0
        self._put_aside(file, batch)
        await feed.deliver(file, batch)
        return batch.lines_before(self._passed(file))

    def _passed(self, file: JournalFile) -> int:
        """How much of `file` every sink has taken, now that one has moved."""
        positions = [feed.position(file) for feed in self._feeds]
        known = [position for position in positions if position is not None]
        if len(known) == len(positions):
            file.position = min(known)
            file.forget_before(file.position)
        return file.position or 0

    def _complain(self, path: Path, problem: object) -> None:
        if path not in self._complained:
            self._complained.add(path)
            logger.error("The journal {} cannot be consumed: {}", path, problem)

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
