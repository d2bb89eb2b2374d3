"""Opening the limits' file for a worker's decisions."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from proxy.limits.sqlite_file import prepare
from proxy.limits.worker_locks import WorkerLocks

_OPEN_TIMEOUT_S: Final = 10.0


def opened(path: Path, locks: WorkerLocks) -> sqlite3.Connection:
    """Make or open the file, register as a worker, and free the slots of dead ones. Blocks.

    Raises sqlite3.DatabaseError, OSError, NewerSchema.
    """
    for worker in locks.stale():
        # Its slots are freed below, by the first that comes.
        locks.remove(worker)
    with locks.register():
        path.touch(mode=0o600)
        connection = sqlite3.connect(
            path, timeout=_OPEN_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            prepare(connection)
            for (worker,) in connection.execute("SELECT DISTINCT worker FROM slot").fetchall():
                if not locks.is_alive(worker):
                    connection.execute("DELETE FROM slot WHERE worker = ?", (worker,))
            connection.execute("PRAGMA busy_timeout = 0")
        except BaseException:
            connection.close()
            raise
    return connection
