"""Files of one line for each item, in DATA_DIR/exports of the machine that delivers.

All of them together stay within DESTINATION_MAX_BYTES: a file that has its part is renamed
(NAME.jsonl.1 is the newest of those), and the oldest ones are removed.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from loguru import logger

from delivery.items import Item
from delivery.sending import Outcome

_DIRECTORY: Final = "exports"
#: A file is renamed once it is so much of the bound.
_PARTS: Final = 8
_MODE: Final = 0o600


class Jsonl:
    """Appends to the file of one destination."""

    batch: Final = 100

    def __init__(self, data_dir: Path, file_name: str, max_bytes: int) -> None:
        self._path = data_dir / _DIRECTORY / file_name
        self._max_bytes = max_bytes

    async def send(self, items: Sequence[Item]) -> Outcome:
        """As `Sender` says: written when this returns, whatever becomes of the machine."""
        lines = b"".join([item.line() for item in items])
        try:
            await asyncio.to_thread(self._append, lines)
        except OSError as exc:
            return Outcome("again", f"The file cannot be written: {exc.strerror or 'I/O error'}.")
        return Outcome("taken")

    def _append(self, lines: bytes) -> None:
        directory = self._path.parent
        directory.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            # A worker that tells of an outage may write beside the one that delivers.
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._make_room(len(lines))
            _write(self._path, lines)
        finally:
            os.close(lock)

    def _make_room(self, wanted: int) -> None:
        with suppress(FileNotFoundError):
            if self._path.stat().st_size + wanted > self._max_bytes // _PARTS:
                self._rename()
        found = [(path.stat(), path) for path in self._path.parent.iterdir() if path.is_file()]
        total = sum(stat.st_size for stat, _ in found) + wanted
        # Those that were renamed first, the oldest of them before the others.
        found.sort(key=lambda one: (one[1].suffix == ".jsonl", one[0].st_mtime_ns))
        for stat, path in found:
            if total <= self._max_bytes:
                break
            if path != self._path and stat.st_size:
                path.unlink()
                total -= stat.st_size
                logger.warning("{} was removed: DESTINATION_MAX_BYTES", path.name)

    def _rename(self) -> None:
        """Move the file, and those before it, by one."""
        name = self._path.name
        taken = [
            int(path.name[len(name) + 1 :])
            for path in self._path.parent.glob(f"{name}.*")
            if path.name[len(name) + 1 :].isdecimal()
        ]
        for number in sorted(taken, reverse=True):
            self._numbered(number).rename(self._numbered(number + 1))
        self._path.rename(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def _write(path: Path, lines: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            # A machine lost its power in the middle of a line.
            lines = b"\n" + lines
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        except OSError:
            # What is there of it would be there twice.
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
