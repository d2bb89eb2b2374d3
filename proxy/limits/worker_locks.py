"""Which workers of this machine are alive: each holds a lock that the kernel lets go with it.

A heartbeat would say so some seconds late, and would call dead a worker that is merely stopped
while its requests are still running.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

#: Longer than any file system's time stands still.
_TICK_NS: Final = 2 * 10**9


class WorkerLocks:
    """One locked file for each worker in `directory`, named as the worker; no name comes twice."""

    def __init__(self, directory: Path, worker: str) -> None:
        self._directory = directory
        self._own = directory / worker
        self._lock: int | None = None
        self._looked_at = 0
        self._has_others = True

    @contextmanager
    def register(self) -> Iterator[None]:
        """Hold this worker's lock from now on, until `unregister` or the end of the process.

        One worker at a time runs the block. Raises OSError.
        """
        with self._turn():
            self._lock = os.open(self._own, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                yield
            except BaseException:
                self.unregister()
                raise

    def unregister(self) -> None:
        """Release the lock and remove the file."""
        if self._lock is not None:
            self._own.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    @property
    def is_alone(self) -> bool:
        """Whether no other worker has a file here; in doubt, no."""
        try:
            # Each request asks, and a Path would take twice as long to answer.
            changed = os.stat(self._directory).st_mtime_ns  # noqa: PTH116
            if changed != self._looked_at:
                found = {file.name for file in self._directory.iterdir()}
                self._has_others = found != {self._own.name}
                # Another change within the same tick of the clock would not show.
                self._looked_at = changed if time.time_ns() - changed > _TICK_NS else 0
        except OSError:
            return False
        return not self._has_others

    def is_alive(self, worker: str) -> bool:
        """Whether the worker of this name still holds its lock; in doubt, yes."""
        return is_alive(self._directory, worker)

    def stale(self) -> list[str]:
        """Workers that ended without `unregister`, and were not removed since. Raises OSError."""
        # Between its creation and its lock a file looks like that of a dead worker.
        with self._turn():
            return [file.name for file in self._directory.iterdir() if not self.is_alive(file.name)]

    def remove(self, worker: str) -> None:
        """Remove the file of a dead worker. Raises OSError."""
        (self._directory / worker).unlink(missing_ok=True)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        turn = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        finally:
            os.close(turn)


def is_alive(directory: Path, worker: str) -> bool:
    """Whether a worker still holds its lock in a directory; in doubt, yes."""
    try:
        lock = os.open(directory / worker, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        # Out of file descriptors, say: no reason to give away the slots of the living.
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False
