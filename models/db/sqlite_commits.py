"""Whether anything was committed to a database file, without the way to a thread and back.

On a connection of its own: SQLite tells each of commits by all others, whatever process made them.
It reads a page that is in memory, under a lock that it takes without waiting.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from itertools import count
from typing import Final
from urllib.parse import quote

#: Each connection counts by itself.
_CONNECTIONS: Final = count()


class Commits:
    """Of the file at `path`, which is there. All of it is for one thread."""

    def __init__(self, path: str) -> None:
        self._uri = f"file:{quote(path)}?mode=rw"
        self._connection: sqlite3.Connection | None = None
        self._number = 0

    def version(self) -> tuple[int, int] | None:
        """Another one after each commit; None where it is not known now."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._uri, uri=True, timeout=0.0, isolation_level=None
                )
                self._number = next(_CONNECTIONS)
            (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            # Who asks the database itself learns what is wrong with it.
            self.close()
            return None
        return self._number, version

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
