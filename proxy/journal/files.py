"""The journal's files: who owns one, what stands in it, and how one is created and removed.

A file belongs to the process that holds its flock, which the kernel drops with the process: a file
whose lock can be taken is an orphan. Nothing here knows of the database.
"""

import fcntl
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from pathlib import Path
from typing import Final

import msgspec

from models.again import Recorded, Told
from models.entry import Entry, decode, decode_lines
from models.ids import new_id

SUFFIX: Final = ".journal"
#: Read at once, so that the loop is not held for long.
_READ_BYTES: Final = 256 * 1024
_LINES_MAX: Final = 128
#: Batches that are kept of a file while it is consumed.
_READ_MAX: Final = 2
#: Of a file of our own: what was written last, as its lines are long, is kept in memory until all
#: sinks have it. Where one is away for longer, the rest is read again.
_FRESH_MAX_BYTES: Final = 2 * 1024 * 1024
#: The last moment a `datetime` can hold; an entry that claims a later one is damaged.
_LAST_US: Final = 253_402_300_799_999_999


@dataclass(slots=True)
class JournalFile:
    """A file whose lock is held.

    `size` is how much of it holds whole lines, and `position` how much of it every sink has taken
    (None until each was asked).
    """

    id: str
    path: Path
    fd: int
    size: int = 0
    position: int | None = None
    #: Where every sink begins: 0 in a file of our own, None where a sink has to be asked.
    first_position: int | None = None
    #: How far each sink is, by its name; one that was not asked yet is not in here.
    positions: dict[str, int] = field(default_factory=dict)
    # How far damaged lines have been put aside.
    put_aside: int = 0
    #: The last batches that were read, by their begin, limit and the size then: what one sink has
    #: had decoded, the next takes a moment later.
    read: dict[tuple[int, int, int], "Batch"] = field(default_factory=dict, repr=False)
    _named: bool = False
    #: Entries as they were written here, the last of them, and where the line of each ends: what is
    #: in memory need not be read again. The first begins at `_fresh_from`.
    _fresh: list[Recorded] = field(default_factory=list, repr=False)
    _fresh_ends: list[int] = field(default_factory=list, repr=False)
    _fresh_from: int = 0

    def remember(self, start: int, lines: Sequence[bytes], entries: Sequence[Recorded]) -> None:
        """Entries were written from `start` to `size`, a line for each."""
        if self.size - self._fresh_from > _FRESH_MAX_BYTES or self._fresh_ends[-1:] != [start]:
            self._fresh.clear()
            self._fresh_ends.clear()
            self._fresh_from = start
        self._fresh += entries
        self._fresh_ends += islice(accumulate(map(len, lines), initial=start), 1, None)

    def remembered(self, start: int, limit: int) -> "Batch | None":
        """The entries from `start` on, where they are in memory."""
        at = bisect_right(self._fresh_ends, start)
        begins = self._fresh_ends[at - 1] if at else self._fresh_from
        if begins != start or at == len(self._fresh):
            return None
        found = Told(self._fresh[at : at + limit])
        return Batch(start, found, ends=self._fresh_ends[at : at + limit])

    def forget_before(self, position: int) -> None:
        """No sink asks for what ends there or before."""
        passed = bisect_right(self._fresh_ends, position)
        if passed:
            self._fresh_from = self._fresh_ends[passed - 1]
            del self._fresh[:passed], self._fresh_ends[:passed]

    @property
    def consumed(self) -> bool:
        """Whether every sink has taken all of it."""
        return self.size == 0 or (self.position is not None and self.position >= self.size)

    @property
    def intact(self) -> bool:
        """Whether no other process has cut or deleted it. Raises OSError."""
        status = os.fstat(self.fd)
        return status.st_nlink > 0 and status.st_size == self.size

    def sync(self) -> None:
        """Have the disk hold it, its name included. Blocks. Raises OSError."""
        os.fsync(self.fd)
        if not self._named:
            directory = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
            self._named = True

    def release(self) -> None:
        """Give up the lock."""
        os.close(self.fd)

    def remove(self) -> None:
        """Delete the file, then give up the lock, so that no worker adopts it in between."""
        try:
            self.path.unlink(missing_ok=True)
        finally:
            self.release()


@dataclass(slots=True)
class Batch:
    """The lines from `start` on. A damaged one is in `damaged`, by its offset."""

    start: int
    entries: Sequence[Entry] = ()
    damaged: list[tuple[int, bytes]] = field(default_factory=list)
    # Where each line ends, newline included.
    ends: list[int] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Where the batch ends."""
        return self.ends[-1] if self.ends else self.start

    def lines_before(self, position: int) -> int:
        """How many of its lines end at or before `position`."""
        return bisect_right(self.ends, position)


def create(directory: Path) -> JournalFile:
    """A new file of our own. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        journal_id = str(new_id())
        path = directory / (journal_id + SUFFIX)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        if _lock(fd):
            return JournalFile(journal_id, path, fd, position=0, first_position=0)
        # A worker that looked for orphans found it before we had locked it, and removes it.
        os.close(fd)


def adopt(path: Path) -> JournalFile | None:
    """The file of a worker that died; None where its worker lives or another one was faster."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND)
    except FileNotFoundError:
        return None
    if not _lock(fd):
        os.close(fd)
        return None
    return JournalFile(path.name.removesuffix(SUFFIX), path, fd, size=os.fstat(fd).st_size)


def _lock(fd: int) -> bool:
    """Take the lock, unless another process has it or has removed the file since it was opened."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(fd).st_nlink > 0


def quarantine(file: JournalFile, damaged: bytes) -> Path:
    """Keep a damaged line beside its file, for a person to look at. Raises OSError."""
    path = file.path.with_suffix(".damaged")
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(fd, damaged.removesuffix(b"\n") + b"\n")
    finally:
        os.close(fd)
    return path


def read_batch(file: JournalFile, start: int, *, limit: int) -> Batch:
    """The lines from `start` on, at most `limit`; fewer where they have to be read. Raises OSError.

    Only a dead worker's file can end without a newline; that line was never acknowledged, but
    where it is whole its request took place.
    """
    if (known := file.remembered(start, limit)) is not None:
        return known
    limit = min(limit, _LINES_MAX)
    if (known := file.read.get((start, limit, file.size))) is not None:
        return known
    data = os.pread(file.fd, min(_READ_BYTES, file.size - start), start)
    batch = _undamaged(start, data, limit) or _line_by_line(start, data, limit)
    if len(file.read) >= _READ_MAX:
        del file.read[next(iter(file.read))]
    file.read[start, limit, file.size] = batch
    return batch


def _undamaged(start: int, data: bytes, limit: int) -> Batch | None:
    """The batch, read at once; None where some of it is damaged, or a line is not whole."""
    ends: list[int] = []
    at = 0
    while len(ends) < limit and (newline := data.find(b"\n", at)) >= 0:
        at = newline + 1
        ends.append(start + at)
    try:
        entries = decode_lines(data[:at])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not ends or len(entries) != len(ends) or not all(map(_is_of_a_time, entries)):
        return None
    return Batch(start, entries, ends=ends)


def _line_by_line(start: int, data: bytes, limit: int) -> Batch:
    entries: list[Entry] = []
    batch = Batch(start, entries)
    for line in _lines(data, limit):
        entry = entry_of(line)
        if entry is None:
            batch.damaged.append((batch.end, line))
        else:
            entries.append(entry)
        batch.ends.append(batch.end + len(line))
    return batch


def _lines(data: bytes, limit: int) -> Iterator[bytes]:
    offset = 0
    for _ in range(limit):
        newline = data.find(b"\n", offset)
        if newline < 0:
            # The start of a line; it comes whole with the next read. Unless that is all there
            # is: the end of the file, or a line too long to be one of ours.
            if data and offset == 0:
                yield data
            return
        yield data[offset : newline + 1]
        offset = newline + 1


def entry_of(line: bytes) -> Entry | None:
    """What a line says; None where it is damaged."""
    try:
        entry = decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return entry if _is_of_a_time(entry) else None


def _is_of_a_time(entry: Entry) -> bool:
    return 0 <= entry.at_us <= _LAST_US
