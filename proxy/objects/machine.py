"""What other workers of this machine have written down of objects, read from their journals.

An entry stands there before the answer completes whose ids it has, and some tenths of a second
before it is in the database.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from models.entry import Entry, decode_lines
from proxy.journal import files
from proxy.journal.files import JournalFile
from proxy.turns import Turns

#: Of a journal that was not read for long, its end: what stands before it is in the database.
TAIL_BYTES: Final = 2 * 1024 * 1024
#: Read and decoded in one turn of the loop: about a millisecond.
_PART_BYTES: Final = 128 * 1024
_JOURNALS_MAX: Final = 256


class Machine:
    """The journals of a directory, but for the worker's own. `tell` is told of their entries that
    have objects."""

    def __init__(
        self,
        directory: Path,
        own: Callable[[], JournalFile | None],
        tell: Callable[[Entry], None],
    ) -> None:
        self._directory = directory
        self._own = own
        self._tell = tell
        self._turns = Turns()
        #: Up to where each was read.
        self._read: dict[str, int] = {}

    async def catch_up(self) -> None:
        """Read what was written since the last time. Never raises for what the disk does."""
        own = self._own()
        there: dict[str, int] = {}
        for path in self._journals():
            if own is not None and path.name == own.path.name:
                continue
            there[path.name] = self._read.get(path.name, 0)
            try:
                there[path.name] = await self._read_on(path, there[path.name])
            except OSError:
                # Its worker has gone, or it is no file of ours: the database knows.
                continue
        self._read = there

    def _journals(self) -> list[Path]:
        try:
            return sorted(self._directory.glob("*" + files.SUFFIX))[:_JOURNALS_MAX]
        except OSError:
            return []

    async def _read_on(self, path: Path, start: int) -> int:
        fd = os.open(path, os.O_RDONLY)
        try:
            end = os.fstat(fd).st_size
            # In the middle of a line, perhaps: its rest is none, and is left out.
            at = max(start, end - TAIL_BYTES)
            cut = at != start
            while at < end:
                data = os.pread(fd, min(_PART_BYTES, end - at), at)
                whole = data.rfind(b"\n") + 1
                if not whole:
                    # No whole line yet, or one too long to be one of ours.
                    return at + len(data) if len(data) == _PART_BYTES else at
                begin = data.find(b"\n") + 1 if cut else 0
                cut = False
                self._take(data[begin:whole])
                at += whole
                if at < end:
                    await self._turns.next()
            return at
        finally:
            os.close(fd)

    def _take(self, lines: bytes) -> None:
        try:
            entries = decode_lines(lines)
        except (msgspec.DecodeError, UnicodeDecodeError):
            entries = [
                entry for line in lines.splitlines() if (entry := files.entry_of(line)) is not None
            ]
        for entry in entries:
            if entry.objects:
                self._tell(entry)
