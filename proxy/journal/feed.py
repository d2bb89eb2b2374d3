"""One sink's way through the journals of a worker: where it is in each, and whether it is away."""

from time import time

from loguru import logger

from models.errors import DatabaseBlocked, DatabaseReadOnly, DatabaseUnavailable
from proxy.journal.files import Batch, JournalFile, read_batch
from proxy.journal.sink import Sink


class SinkFailed(Exception):
    """The sink took nothing, or did not say so. Its error is the cause."""


def _failure(name: str, error: BaseException) -> str:
    if isinstance(error, DatabaseReadOnly):
        return f"The database is read-only; entries wait in the journal: {error}"
    if isinstance(error, DatabaseBlocked):
        return f"Writes to the database are blocked by a lock; entries wait in the journal: {error}"
    if isinstance(error, DatabaseUnavailable):
        return f"The database is away; entries wait in the journal: {error}"
    return f"Journal entries cannot be delivered to the {name} yet: {error!r}"


class Feed:
    """Delivers to one sink. Which files there are, and when one is removed, the consumer knows."""

    def __init__(self, sink: Sink) -> None:
        self.name = sink.name
        #: Whether the last batch gave up waiting for a lock.
        self.blocked = False
        self._sink = sink
        self._failing = False
        # When the first entry that waits in each file was written, in Unix time.
        self._oldest: dict[str, float] = {}

    @property
    def oldest_entry_seconds(self) -> float:
        """The age of the oldest entry that could not be delivered yet; 0 where there is none."""
        if not self._oldest:
            return 0.0
        return max(0.0, time() - min(self._oldest.values()))

    def position(self, file: JournalFile) -> int | None:
        """How far the sink is in `file`; None until it was asked, but for a file of our own."""
        return file.positions.get(self.name, file.first_position)

    def has_passed(self, file: JournalFile) -> bool:
        """Whether nothing in `file` is left for the sink."""
        return file.size <= (self.position(file) or 0)

    def forget(self, file: JournalFile) -> None:
        """`file` was given up to another worker."""
        self._oldest.pop(file.id, None)

    async def ask_position(self, file: JournalFile) -> int:
        """Ask the sink how far it is. Raises SinkFailed, OSError."""
        self._note_oldest(file, read_batch(file, 0, limit=1))
        try:
            position = await self._sink.position(file.id)
        except Exception as exc:
            raise SinkFailed(self.name) from exc
        return self._moved(file, position)

    async def deliver(self, file: JournalFile, batch: Batch) -> int:
        """Deliver the next lines of `file`; the sink's new position. Raises SinkFailed."""
        self._note_oldest(file, batch)
        try:
            position = await self._sink.deliver(file.id, batch.start, batch.end, batch.entries)
        except Exception as exc:
            raise SinkFailed(self.name) from exc
        return self._moved(file, position)

    def _moved(self, file: JournalFile, position: int) -> int:
        file.positions[self.name] = position
        self._oldest.pop(file.id, None)
        return position

    def _note_oldest(self, file: JournalFile, batch: Batch) -> None:
        if batch.entries:
            first = batch.entries[0]
            self._oldest[file.id] = (first.at_us + first.duration_us) / 1e6

    def failed(self, error: BaseException) -> None:
        """A round ended with `error`; the first of several in a row is logged."""
        self.blocked = isinstance(error, DatabaseBlocked)
        if not self._failing:
            self._failing = True
            logger.error("{}", _failure(self.name, error))

    def succeeded(self) -> None:
        """A round delivered all there was."""
        self.blocked = False
        if self._failing:
            self._failing = False
            logger.info("Journal consumer resumed: the {} takes entries again.", self.name)
