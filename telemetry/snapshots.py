"""Each worker's numbers in one small file, so that any worker that is scraped shows all.

A worker has a place for its life: `N.lock`, held by `flock` and with its process id in it, and
`N.snapshot`, which is replaced as a whole. The worker that takes the place of one that has ended
goes on from its sums: files do not grow in number, and a killed worker loses only what it counted
since its last snapshot, a quarter of a second. What is true of the moment ends with the worker.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec
from loguru import logger

from telemetry.families import Numbers

_LOCK: Final = ".lock"
_SNAPSHOT: Final = ".snapshot"


def forget(directory: Path) -> None:
    """Start from nothing; called before the first worker starts.

    A worker of the service before may still be draining: its place is gone, and it writes no more.
    """
    if directory.is_dir():
        for file in directory.iterdir():
            if file.is_file():
                file.unlink(missing_ok=True)


class Snapshots:
    """One worker's place in `directory`, and its view of the others. Without a place, nothing is
    written and no other worker is seen."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._lock: int | None = None
        self._file = Path()
        self._written = b""
        #: A thread may still be writing when the worker ends.
        self._writing = Lock()

    def open(self) -> Numbers:
        """Take a place; the sums of who had it before."""
        if self._directory is None:
            return Numbers.none()
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take_place(self._directory)
            before = _read(self._file)
        except OSError as exc:
            logger.warning("metrics of this worker are not shared with other workers: {}", exc)
            before = None
        if before is None:
            return Numbers.none()
        return msgspec.structs.replace(before, gauges=Numbers.none().gauges)

    def has(self, encoded: bytes) -> bool:
        """Whether that is what was written last."""
        return encoded == self._written

    def write(self, encoded: bytes) -> None:
        """Replace this worker's snapshot, where it has changed. Blocks."""
        with self._writing:
            self._write(encoded)

    def _write(self, encoded: bytes) -> None:
        if self._lock is None or self.has(encoded) or not _is_linked(self._lock):
            return
        new = self._file.with_suffix(".new")
        try:
            new.write_bytes(encoded)
            new.replace(self._file)
        except OSError as exc:
            # The next one is due in a moment, and a full disk is logged by the journal.
            logger.debug("a snapshot of metrics was not written: {}", exc)
        else:
            self._written = encoded

    def others(self) -> Iterator[Numbers]:
        """The other workers' numbers, and the sums of those that have ended. Blocks."""
        if self._directory is None or self._lock is None:
            return
        for file in sorted(self._directory.glob(f"*{_SNAPSHOT}")):
            if file == self._file:
                continue
            numbers = _read(file)
            if numbers is not None:
                if not _is_held(file.with_suffix(_LOCK)):
                    numbers.gauges = Numbers.none().gauges
                yield numbers

    def close(self, last: bytes) -> None:
        """Write the last snapshot and leave the place to another. Blocks."""
        with self._writing:
            self._write(last)
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _take_place(self, directory: Path) -> None:
        for number in count():
            path = directory / f"{number}{_LOCK}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.truncate(descriptor, 0)
                os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
            except BlockingIOError:
                os.close(descriptor)
                continue
            except BaseException:
                os.close(descriptor)
                raise
            self._lock, self._file = descriptor, path.with_suffix(_SNAPSHOT)
            return


def _is_linked(lock: int) -> bool:
    """Whether the place is still there: the next service on this directory has not begun yet."""
    return os.fstat(lock).st_nlink > 0


def encode(numbers: Numbers) -> bytes:
    """A snapshot."""
    return msgspec.msgpack.encode(numbers)


def decode(encoded: bytes) -> Numbers:
    """What `encode` made. Raises msgspec.DecodeError."""
    return msgspec.msgpack.decode(encoded, type=Numbers)


def _read(file: Path) -> Numbers | None:
    try:
        return decode(file.read_bytes())
    except FileNotFoundError:
        # A worker has a place before it has counted anything.
        return None
    except (OSError, msgspec.DecodeError) as exc:
        logger.warning("a snapshot of metrics cannot be read and is left out: {}", exc)
        return None


def _is_held(lock: Path) -> bool:
    """Whether a worker that runs has this place."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        # Gone, or not to be opened: what is true of the moment must not stand for ever.
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as exc:
        return isinstance(exc, BlockingIOError)
    finally:
        os.close(descriptor)
    return False
