"""The journal: where every request that was let in is written down before its answer ends.

One append-only file per worker. Entries whose answers end in one turn of the loop are one
synchronous `write`, which survives the process; a thread syncs it to the disk about once a second,
which survives the machine. What the disk refuses waits in memory. `consumer.py` delivers the
entries from here to the sinks.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Literal, TypeAlias

from loguru import logger

from models.again import Again, Recorded
from models.entry import line_of
from proxy.journal import files
from proxy.journal.files import JournalFile

State: TypeAlias = Literal["ok", "degraded", "full"]
Written: TypeAlias = Callable[[str, int, int, Sequence[Recorded]], None]

#: Memory for entries while the disk refuses them, some 100,000 of the usual size; beyond it no
#: request is let in. Not a number of entries: clients choose how long a model's name is.
KEPT_MAX_BYTES: Final = 64 * 1024 * 1024
#: What a line costs in memory beside its text: a `bytes` object and its place in the queue.
_LINE_COSTS_BYTES: Final = 48
#: A file of this size gives way to a new one once every sink has taken it.
ROTATE_BYTES: Final = 16 * 1024 * 1024
#: Entries delivered at once, and so many wake the consumer. A larger batch is much cheaper where it
#: is of many tokens, each of which has counter rows of its own; but to sum it in the loop itself,
#: as on PostgreSQL, delays requests for longer (docs/performance.md).
BATCH: Final = 128
#: As long as sinks are no further behind, it does so before they have taken the last of it: where
#: requests never pause, there is no moment in which they have taken all.
_BEHIND_MAX_BYTES: Final = 2 * 1024 * 1024
#: Requests go on between two writes, so each is short.
_LINES_PER_WRITE: Final = 500
_BYTES_PER_WRITE: Final = 256 * 1024


class Journal:
    """One worker's journal. All of it but `sync`'s thread runs on the worker's loop."""

    def __init__(
        self,
        directory: Path,
        *,
        batch: int = BATCH,
        kept_max_bytes: int = KEPT_MAX_BYTES,
        rotate_bytes: int = ROTATE_BYTES,
    ) -> None:
        self.directory = directory
        #: Entries delivered at once, at most.
        self.batch = batch
        #: Entries that some sink has not taken yet, those in memory included.
        self.pending = 0
        #: Set once a whole batch was written since `rearm`.
        self.batch_ready = asyncio.Event()
        self._since_rearmed = 0
        #: Set whenever something was written.
        self.some = asyncio.Event()
        self.file: JournalFile | None = None
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._kept_max_bytes = kept_max_bytes
        #: Whether another request may be let in: its entry has a place. No getter: each one asks.
        self.can_keep = kept_max_bytes > 0
        self._rotate_bytes = rotate_bytes
        # Why the disk takes nothing; None while it does.
        self._refusal: OSError | None = None
        # Of this turn of the loop: lines to write, and what completes their answers then; what
        # completes those of lines that were too many for one write.
        self._turn: list[tuple[bytes, Recorded, Callable[[], None]]] = []
        self._turn_bytes = 0
        self._completions: list[Callable[[], None]] = []
        self._turn_ends: asyncio.Handle | None = None
        #: Called with each file's id, two positions in it, and the entries that were written there.
        self.written: Written | None = None
        #: Takes over a file that is written no more, of which sinks have not taken the last.
        self.leave: Callable[[JournalFile], None] | None = None
        # Its descriptor, until it is synced.
        self._left: int | None = None
        self._unsynced = False
        self._sync_fails = False
        try:
            self.file = files.create(directory)
        except OSError as exc:
            self._refused(exc)

    @property
    def state(self) -> State:
        """`degraded` while entries are only in memory, `full` when no more fit."""
        if self._refusal is None:
            return "ok"
        return "degraded" if self.can_keep else "full"

    @property
    def kept(self) -> int:
        """Entries that are only in memory."""
        return len(self._kept)

    def append(self, entry: Recorded) -> None:
        """Write one entry down, now. Never raises for what the disk does.

        While the disk refuses, the entry is kept in memory, beyond the bound too: its request
        was let in.
        """
        line, kept = (entry.line(), entry) if isinstance(entry, Again) else line_of(entry)
        self._put([line], [kept])

    def append_then(self, entry: Recorded, complete: Callable[[], None]) -> None:
        """Write one entry down with all others of this turn of the loop, then call `complete`.

        So an answer that `complete` ends is recorded before. It is called at the end of the turn,
        in order, whatever the disk does and whether its client is still there. One that raises
        is reported, and holds up no other.
        """
        line, kept = (entry.line(), entry) if isinstance(entry, Again) else line_of(entry)
        self._turn.append((line, kept, complete))
        self._turn_bytes += len(line)
        if self._turn_ends is None:
            self._turn_ends = asyncio.get_running_loop().call_soon(self.flush)
        if self._turn_bytes >= _BYTES_PER_WRITE:
            self._put_turn()

    def flush(self) -> None:
        """End the turn now: write its entries, and complete their answers."""
        if self._turn_ends is not None:
            self._turn_ends.cancel()
            self._turn_ends = None
        self._put_turn()
        # What these append belongs to the next turn.
        completions, self._completions = self._completions, []
        for complete in completions:
            try:
                complete()
            except Exception as exc:  # noqa: BLE001  (whatever it is, the others must be answered)
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "An answer could not be completed.", "exception": exc}
                )

    def _put_turn(self) -> None:
        if turn := self._turn:
            self._turn, self._turn_bytes = [], 0
            lines, entries, completions = zip(*turn, strict=True)
            self._completions += completions
            self._put(lines, entries)

    def _put(self, lines: Sequence[bytes], entries: Sequence[Recorded]) -> None:
        """Write lines with one call, or keep each in memory."""
        self.pending += len(lines)
        start = 0 if self.file is None else self.file.size
        if self._refusal is not None or not self._write(b"".join(lines)):
            self._kept.extend(lines)
            self._keep_count(sum(map(len, lines)) + _LINE_COSTS_BYTES * len(lines))
            return
        if (file := self.file) is not None:
            file.remember(start, lines, entries)
            if self.written is not None:
                self.written(file.id, start, file.size, entries)
        self._since_rearmed += len(lines)
        if self._since_rearmed >= self.batch:
            self.batch_ready.set()

    def _write(self, lines: bytes) -> bool:
        """Write whole lines or nothing; whether they are written."""
        file = self.file
        if file is None:
            return False
        try:
            written = os.write(file.fd, lines)
            if written == len(lines):
                file.size += written
                self._unsynced = True
                self.some.set()
                return True
            # The disk is full. What went in is taken back: `size` never covers half a line,
            # and `restore` truncates again should this fail.
            os.ftruncate(file.fd, file.size)
        except OSError as exc:
            self._refused(exc)
        else:
            self._refused(OSError("the disk took only part of a line"))
        return False

    def _refused(self, exc: OSError) -> None:
        if self._refusal is None:
            logger.error(
                "The disk refuses the journal in {}: {}. Entries are kept in memory.",
                self.directory,
                exc,
            )
        self._refusal = exc

    def rearm(self) -> None:
        """Wait for a whole batch anew.

        `pending` does not tell of it, since it includes what a sink that is away has not taken.
        """
        self._since_rearmed = 0
        self.batch_ready.clear()

    def settle(self, entries: int) -> None:
        """Every sink has taken this many more lines."""
        self.pending = max(len(self._kept), self.pending - entries)
        if self.file is not None and self.file.consumed:
            self.pending = len(self._kept)

    async def keep(self) -> None:
        """What is due about once a second: the disk tried again, synced, the file rotated."""
        if self._refusal is not None:
            await self.restore()
        await self.sync()
        self.rotate()

    async def restore(self) -> None:
        """Write what is kept in memory, if the disk takes it again."""
        try:
            if self.file is None:
                self.file = files.create(self.directory)
            os.ftruncate(self.file.fd, self.file.size)
        except OSError as exc:
            self._refused(exc)
            return
        while self._kept:
            lines = self._first_kept()
            if not self._write(b"".join(lines)):
                return
            for line in lines:
                self._kept.popleft()
                self._keep_count(-len(line) - _LINE_COSTS_BYTES)
            # Requests go on between two writes; their entries queue up behind.
            await asyncio.sleep(0)
        self._refusal = None
        logger.info("The disk takes the journal in {} again.", self.directory)

    def _keep_count(self, more: int) -> None:
        """So many bytes more are kept, or less."""
        self._kept_bytes += more
        self.can_keep = self._kept_bytes < self._kept_max_bytes

    def _first_kept(self) -> list[bytes]:
        """What one write may take of what is kept."""
        lines: list[bytes] = []
        room = _BYTES_PER_WRITE
        for line in islice(self._kept, _LINES_PER_WRITE):
            room -= len(line)
            if room < 0 and lines:
                break
            lines.append(line)
        return lines

    async def sync(self) -> None:
        """Have the disk hold what was written, against a loss of power."""
        if self.file is None or not self._unsynced:
            return
        self._unsynced = False
        left, self._left = self._left, None
        try:
            await asyncio.to_thread(_sync, self.file, left)
        except OSError as exc:
            # What was written can still be delivered; only a loss of power would show.
            self._unsynced = True
            if not self._sync_fails:
                logger.error("The journal {} cannot be synced: {}", self.file.path, exc)
            self._sync_fails = True
        else:
            self._sync_fails = False

    def rotate(self) -> None:
        """Go on in a new file where every sink has taken this one, and it is large or damaged.

        Killed between the two steps we leave an orphan, which every sink's position has passed. A
        large one that sinks are just taking is left to them.
        """
        old = self.file
        if old is None or self._refusal is not None:
            return
        if not old.consumed:
            self._leave_large(old)
            return
        try:
            if old.size < self._rotate_bytes and old.intact:
                return
            self.file = files.create(self.directory)
            old.remove()
        except OSError as exc:
            # The old file serves on, or stays as an orphan that is consumed.
            logger.error("The journal in {} cannot be rotated: {}", self.directory, exc)

    def _leave_large(self, old: JournalFile) -> None:
        behind = old.size - (old.position or 0)
        if self.leave is None or self._left is not None:
            return
        if old.size < self._rotate_bytes or behind > _BEHIND_MAX_BYTES:
            return
        try:
            new = files.create(self.directory)
        except OSError as exc:
            logger.error("The journal in {} cannot be rotated: {}", self.directory, exc)
            return
        if self._unsynced:
            # Sinks may be through with it before it is synced.
            self._left = os.dup(old.fd)
        self.file = new
        self.leave(old)

    async def close(self) -> None:
        """Sync and release the file, and delete it where it is consumed. Call it last."""
        self.flush()
        if self._kept:
            await self.restore()
        if self._kept:
            logger.critical("{} entries are lost: the disk refused them.", len(self._kept))
        if self.file is None:
            return
        if self._left is not None:
            await self.sync()
        if self.file.consumed:
            self.file.remove()
        else:
            await self.sync()
            self.file.release()
        self.file = None


def _sync(file: JournalFile, left: int | None) -> None:
    try:
        file.sync()
        if left is not None:
            os.fsync(left)
    finally:
        if left is not None:
            os.close(left)
