"""A SQLite database as one file that stands for itself, made while services write.

The file is a copy of the database, with what is kept beside it and belongs to it (a `Companion`),
in a table of its own. What is not in it: encryption keys, other generated secrets, and
the journal's entries that are not in the database yet.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

_BUSY_SECONDS: Final = 10.0
#: Pages copied at a time; writers get their turn in between.
_STEP_PAGES: Final = 1000
_OF_UPSTREAM_KEYS: Final = "SELECT DISTINCT encryption_key_id FROM upstream_key"
#: Which keys of ENCRYPTION_KEY what is stored needs, on either database.
ENCRYPTION_KEYS: Final = (
    "SELECT encryption_key_id FROM upstream_key"
    " UNION SELECT encryption_key_id FROM destination WHERE encryption_key_id IS NOT NULL"
    " ORDER BY encryption_key_id"
)


class UnusableBackup(Exception):
    """The file is no backup, or it is damaged; the message says which."""


class InUse(Exception):
    """Some process has the database open."""


class Companion(Protocol):
    """What is kept outside the database, and travels with it."""

    def save(self, copy: sqlite3.Connection) -> None:
        """Write it into a copy of the database."""
        ...

    def restore(self, copy: sqlite3.Connection) -> None:
        """Take it out of a copy again and put it in its place. Raises InUse, changing nothing."""
        ...


def write(source: Path, companion: Companion, target: Path) -> int:
    """Copy `source`, and its companion; the size in bytes.

    `target` appears whole or not at all, and only its owner can read it. Raises
    sqlite3.DatabaseError, OSError, and what the companion raises.
    """
    with _appearing(target) as draft:
        with closing(_open(source, "ro")) as live, closing(sqlite3.connect(draft)) as copy:
            live.backup(copy, pages=_STEP_PAGES, sleep=0.001)
            # One file: a copy of it in the middle of a write-ahead log would be half of it.
            copy.execute("PRAGMA journal_mode = DELETE")
            companion.save(copy)
            copy.commit()
            _check(copy)
        return draft.stat().st_size


@contextmanager
def unpacked(backup: Path, beside: Path) -> Iterator[Path]:
    """A checked copy of a backup, in the directory of `beside`, to be looked at and then placed.

    Raises UnusableBackup, OSError.
    """
    beside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{beside.name}.restoring-", dir=beside.parent)
    os.close(handle)
    draft = Path(name)
    try:
        try:
            with closing(_open(backup, "ro")) as source, closing(sqlite3.connect(draft)) as copy:
                source.backup(copy)
                _check(copy)
                if (
                    copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'aerich'").fetchone()
                    is None
                ):
                    raise UnusableBackup("it is no database of LLM Proxy")
        except sqlite3.DatabaseError as exc:
            raise UnusableBackup(str(exc)) from exc
        yield draft
    finally:
        for part in draft.parent.glob(f"{draft.name}*"):
            part.unlink(missing_ok=True)


def encryption_keys(database: Path) -> set[str]:
    """The fingerprints of the keys that what is encrypted in it needs.

    It may be of a release that had no destinations yet.
    """
    with closing(_open(database, "ro")) as source:
        there = {
            name
            for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        query = ENCRYPTION_KEYS if "destination" in there else _OF_UPSTREAM_KEYS
        return {row[0] for row in source.execute(query)}


def place(draft: Path, target: Path, companion: Companion) -> Path | None:
    """Put an unpacked backup in the place of a database, whose new path is returned.

    Raises InUse where any process has the database or its companion open.
    """
    claim(target)
    with closing(sqlite3.connect(draft)) as copy:
        companion.restore(copy)
        copy.commit()
    kept = put_aside(target)
    draft.replace(target)
    return kept


def claim(path: Path) -> None:
    """Leave write-ahead mode, which works for the only process that has the file open.

    Raises InUse.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.rollback()
        except sqlite3.OperationalError as exc:
            raise InUse(str(path)) from exc
        except sqlite3.DatabaseError:
            # Damaged, which is why it is restored. What is left of its log goes with it.
            return


def put_aside(path: Path) -> Path | None:
    """Give a database that is to be replaced another name, which is returned."""
    if not path.exists():
        return None
    kept = path.with_name(f"{path.name}.before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    path.replace(kept)
    for suffix in ("-wal", "-shm"):
        # Beside another database they would be taken for its own.
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return kept


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=_BUSY_SECONDS
    )


def _check(database: sqlite3.Connection) -> None:
    (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise UnusableBackup(f"it is damaged: {found}")


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
