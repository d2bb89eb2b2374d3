"""The answers that a machine keeps, in one SQLite file: `DATA_DIR/cache/answers.db`.

Bodies lie in rows of `BLOCK_BYTES`, which are written and removed a few in a transaction, so that
none is long and the log beside the file stays small. An answer is there once its row is `_WHOLE`,
and is given only where its seal says that all of it belongs to its key: neither damage to the file
nor two workers that write at once may have one project given what is another's. The file has a
greatest number of pages, beyond which those answers go that were not asked for the longest. It is
worth nothing but time: a file that cannot be read is removed and made anew, and so is one of
another version. One thread of each worker uses it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec
from loguru import logger

from proxy.cache.kept import BLOCK_BYTES, Kept, decode_about
from proxy.cache.opening import PAGE_BYTES, NotAsWritten, OpenFile, is_broken, transaction

T = TypeVar("T")

#: When an answer was asked for is noted no more often than this, in seconds.
NOTED_EVERY_S: Final = 60.0
#: Answers that are looked at in one step of `forget`.
_STEP: Final = 32
#: What an answer costs beside its body and head, in pages.
_PAGES_MORE: Final = 8
#: After which an answer that is not whole is no more being written.
_WRITTEN_WITHIN_S: Final = 600.0
_LOG_BYTES: Final = 128 * 1024, 1024 * 1024
#: States of an answer: being removed, by whichever worker; being written; there.
_REMOVED: Final = -1
_BEGUN: Final = 0
_WHOLE: Final = 1


class Wanted(NamedTuple):
    """What an answer is kept under, and for how long."""

    key: bytes
    project: str
    epoch: int
    ttl_seconds: float


class Stored(NamedTuple):
    """What of an answer is stored beside its body, which `read` gives from a place on."""

    wanted: Wanted
    about: bytes
    size: int
    born: float
    cost_nanos: int | None
    read: Callable[[int, int], bytes]


class AnswersFile:
    """Raises nothing but OSError and sqlite3.Error."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        #: Of the log, which may have as much again before it is written back.
        self._log_bytes = min(max(max_bytes // 16, _LOG_BYTES[0]), _LOG_BYTES[1])
        self._max_pages = max(1, (max_bytes - 4 * self._log_bytes) // PAGE_BYTES)
        #: Rows of a body in one transaction.
        self._rows = self._log_bytes // BLOCK_BYTES
        self._file = OpenFile(directory / "answers.db", self._max_pages, self._log_bytes)

    def size(self) -> int:
        """Bytes of the file that are used."""
        return self._call(_used_pages) * PAGE_BYTES

    def get(self, key: bytes) -> Kept | None:
        """The whole answer under a key."""

        def read(file: sqlite3.Connection) -> Kept | None:
            with transaction(file, "DEFERRED"):
                row = file.execute(
                    "SELECT id, about, size, born, asked, cost_nanos, seal FROM answer"
                    " WHERE key = ? AND state = ?",
                    (key, _WHOLE),
                ).fetchone()
                if row is None:
                    return None
                answer, about, size, born, asked, cost_nanos, seal = row
                query = "SELECT data FROM block WHERE answer = ? ORDER BY number"
                blocks = tuple(data for (data,) in file.execute(query, (answer,)))
            found = sha256(_sealed(key, about, size, born, cost_nanos))
            for data in blocks:
                found.update(data)
            if seal != found.digest():
                raise NotAsWritten("an answer is not what was kept")
            try:
                kept = Kept(decode_about(about), blocks, size, born, cost_nanos)
            except msgspec.MsgspecError:
                # Another release's.
                self._remove(file, answer)
                return None
            if time.time() - asked > NOTED_EVERY_S:
                file.execute("UPDATE answer SET asked = ? WHERE id = ?", (time.time(), answer))
            return kept

        return self._call(read)

    def put(self, stored: Stored) -> None:
        """Keep an answer in place of what is under its key, and of what nobody asks for. Where it
        has no room even so, it is not kept."""
        body = stored.size + stored.size // BLOCK_BYTES * PAGE_BYTES + len(stored.about)
        needed = _PAGES_MORE + body // PAGE_BYTES
        if needed > self._max_pages // 2:
            return

        def write(file: sqlite3.Connection) -> None:
            while self._max_pages - _used_pages(file) < needed:
                if not self._remove_eldest(file):
                    return
            answer = _begin(file, stored)
            wanted = stored.wanted
            seal = sha256(
                _sealed(wanted.key, stored.about, stored.size, stored.born, stored.cost_nanos)
            )
            try:
                for start in range(0, stored.size, self._rows * BLOCK_BYTES):
                    rows = _rows_of(answer, stored, start, self._rows)
                    for _, _, data in rows:
                        seal.update(data)
                    if not self._write_rows(file, answer, rows):
                        return
                self._make_whole(file, answer, wanted.key, seal.digest())
            except BaseException:
                self._remove(file, answer)
                raise

        self._call(write)

    def asked(self, keys: Mapping[bytes, float]) -> None:
        """Note when answers were asked for last, in Unix seconds."""

        def write(file: sqlite3.Connection) -> None:
            with transaction(file):
                update = "UPDATE answer SET asked = max(asked, ?) WHERE key = ?"
                file.executemany(update, [(at, key) for key, at in keys.items()])

        self._call(write)

    def last(self) -> int:
        """The id of the newest answer, which those that are kept later exceed; 0 where none is."""
        (last,) = self._call(lambda file: _ids(file, _LAST, ()))
        return last

    def forget(self, current: Mapping[str, int], start: int, last: int) -> tuple[int, int]:
        """Remove what has expired, or is of no `current` epoch, of some answers from the id `start`
        on and up to `last`; how many, and the id to go on with (0: those were the last)."""

        def remove(file: sqlite3.Connection) -> tuple[int, int]:
            query = (
                "SELECT id, project, epoch, expires, state, asked FROM answer"
                " WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"
            )
            rows = file.execute(query, (start, last, _STEP)).fetchall()
            now, gone = time.time(), 0
            for answer, project, epoch, expires, state, asked in rows:
                is_current = current.get(project) == epoch and expires > now
                if not is_current or (state != _WHOLE and now - asked > _WRITTEN_WITHIN_S):
                    self._remove(file, answer)
                    gone += 1
            if gone:
                self._file.empty_log()
            return gone, rows[-1][0] + 1 if len(rows) == _STEP else 0

        return self._call(remove)

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        self._file.close()

    def _call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something with the file; once more with a new one where it is broken."""
        try:
            return work(self._file.connection())
        except (sqlite3.DatabaseError, TypeError, ValueError) as exc:
            # What is of another type than was written makes no sense to Python.
            if isinstance(exc, sqlite3.DatabaseError) and not is_broken(exc):
                raise
            logger.warning("answers.db cannot be read and is made anew: {}", exc)
            self._file.remove()
        return work(self._file.connection())

    def _write_rows(
        self, file: sqlite3.Connection, answer: int, rows: list[tuple[int, int, bytes]]
    ) -> bool:
        """Add to a body; False where another worker has removed the answer meanwhile."""
        with transaction(file):
            if not _ids(file, _IS_BEGUN, (answer, _BEGUN)):
                return False
            file.executemany("INSERT INTO block VALUES (?, ?, ?)", rows)
        self._file.bound_log()
        return True

    def _make_whole(self, file: sqlite3.Connection, answer: int, key: bytes, seal: bytes) -> None:
        with transaction(file):
            if not _ids(file, _IS_BEGUN, (answer, _BEGUN)):
                return
            old = _ids(file, "SELECT id FROM answer WHERE key = ?", (key,))
            file.execute(_NOT_THERE + "key = ?", (_REMOVED, key))
            update = "UPDATE answer SET key = ?, seal = ?, state = ? WHERE id = ?"
            file.execute(update, (key, seal, _WHOLE, answer))
        for one in old:
            self._remove(file, one)

    def _remove_eldest(self, file: sqlite3.Connection) -> bool:
        """Remove the answer not asked for the longest; whether there was one."""
        eldest = _ids(file, "SELECT id FROM answer ORDER BY asked LIMIT 1", ())
        for answer in eldest:
            self._remove(file, answer)
        return bool(eldest)

    def _remove(self, file: sqlite3.Connection, answer: int) -> None:
        """Remove an answer: it is not there from the first step on, and nobody adds to it."""
        file.execute(_NOT_THERE + "id = ?", (_REMOVED, answer))
        some = "DELETE FROM block WHERE answer = ? AND number < ?"
        count = "SELECT max(number) FROM block WHERE answer = ?"
        last = file.execute(count, (answer,)).fetchone()[0]
        for number in range(self._rows, (last or 0) + 1 + self._rows, self._rows):
            file.execute(some, (answer, number))
            self._file.bound_log()
        file.execute("DELETE FROM answer WHERE id = ?", (answer,))
        self._file.bound_log()


_LAST: Final = "SELECT coalesce(max(id), 0) FROM answer"
_NOT_THERE: Final = "UPDATE answer SET key = NULL, state = ?, asked = 0 WHERE "
_IS_BEGUN: Final = "SELECT id FROM answer WHERE id = ? AND state = ?"


def _begin(file: sqlite3.Connection, stored: Stored) -> int:
    """The row of an answer that is not there yet."""
    wanted = stored.wanted
    values = (
        wanted.project, wanted.epoch, stored.about, stored.size, stored.born,
        stored.born + wanted.ttl_seconds, time.time(), stored.cost_nanos, _BEGUN,
    )  # fmt: skip
    answer: int = file.execute(
        "INSERT INTO answer (project, epoch, about, size, born, expires, asked, cost_nanos, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        values,
    ).fetchall()[0][0]
    return answer


def _rows_of(answer: int, stored: Stored, start: int, most: int) -> list[tuple[int, int, bytes]]:
    """At most so many rows of a body, from a place on. Raises OSError."""
    end = min(start + most * BLOCK_BYTES, stored.size)
    return [
        (answer, at // BLOCK_BYTES, stored.read(at, min(BLOCK_BYTES, stored.size - at)))
        for at in range(start, end, BLOCK_BYTES)
    ]


def _sealed(key: bytes, about: bytes, size: int, born: float, cost_nanos: int | None) -> bytes:
    """What the seal of an answer is of, before its body."""
    return b"%b%d:%b%d %a %a:" % (key, len(about), about, size, float(born), cost_nanos)


def _used_pages(file: sqlite3.Connection) -> int:
    pages = file.execute("PRAGMA page_count").fetchone()[0]
    return int(pages - file.execute("PRAGMA freelist_count").fetchone()[0])


def _ids(file: sqlite3.Connection, query: str, values: Sequence[object]) -> list[int]:
    return [answer for (answer,) in file.execute(query, values)]
