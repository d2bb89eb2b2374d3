"""Moves the limits' write-ahead log into its database file, off the hot path."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Final

from loguru import logger

_INTERVAL_S: Final = 1.0
_BUSY_TIMEOUT_S: Final = 0.1
# Under steady traffic the log has always grown meanwhile and never starts again by itself.
_TRUNCATE_BYTES: Final = 32 * 1024 * 1024


class Checkpointer:
    """A thread with a connection of its own.

    It also bounds what a power failure can undo: a checkpoint syncs, commits do not.
    """

    def __init__(
        self, path: Path, *, interval: float = _INTERVAL_S, truncate_bytes: int = _TRUNCATE_BYTES
    ) -> None:
        self._path = path
        self._interval = interval
        self._truncate_bytes = truncate_bytes
        self._log = path.with_name(path.name + "-wal")
        self._stop = threading.Event()
        self._written = False
        self._due = threading.Event()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="limits-checkpoint", daemon=True)

    def start(self) -> None:
        """Begin; what was written is moved within `interval` seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for the checkpoint under way, and end. Blocks."""
        self._stop.set()
        self._due.set()
        if self._thread.is_alive():
            self._thread.join()

    def wrote(self) -> None:
        """There is something to move."""
        if not self._written:
            self._written = True
            self._due.set()

    def _run(self) -> None:
        while self._due.wait() and not self._stop.wait(self._interval):
            # In this order: who writes in between finds that it is due, as it is.
            self._due.clear()
            self._written = False
            self._checkpoint()

    def _checkpoint(self) -> None:
        try:
            connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                if self._log.stat().st_size > self._truncate_bytes:
                    # Keeps the writers out, but only for what came since the line above.
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()
            self._failed = False
        except (sqlite3.DatabaseError, OSError) as exc:
            # The log keeps everything; what fails for good shows in the decisions.
            if not self._failed:
                logger.warning("The limits' log cannot be checkpointed: {}", exc)
            self._failed = True
