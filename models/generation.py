"""Cache invalidation: a number, the generation, that grows with every change that may be cached.

`bump` increments it in the database, in the transaction of the change; `GenerationFile` echoes that
on the machine, in a few mapped bytes that every worker reads at every request. Other machines learn
of it from the database. Nothing here knows what is cached, or where.
"""

import fcntl
import mmap
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args
from uuid import UUID

import msgspec
from tortoise import Model, fields

from models.db.database import after_commit, connection, dialect
from models.db.sqlite_readers import for_requests

NOTIFY_CHANNEL: Final = "llm_proxy_generation"

ChangeKind: TypeAlias = Literal["project", "token"]

#: How many changes are kept. A reader that is further behind must drop everything.
KEPT_CHANGES: Final = 10_000
_PRUNE_EVERY: Final = 256
_BYTES: Final = 8


class Generation(Model):
    """One row. Its lock serialises the commits of mutations, so that numbers become visible in
    order."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    value = fields.BigIntField(default=0)

    class Meta:
        table = "generation"


class Change(Model):
    """Which project or token the change with generation `id` was about."""

    id = fields.BigIntField(primary_key=True, generated=False)
    kind = fields.CharField(max_length=16)
    target_id = fields.UUIDField()
    at = fields.DatetimeField()

    class Meta:
        table = "generation_change"


class ChangeRecord(msgspec.Struct, frozen=True):
    """A `Change`, as readers get it."""

    generation: int
    kind: ChangeKind
    target_id: UUID


class GenerationFile:
    """`DATA_DIR/generation`, mapped: 8 bytes that change with every mutation on this machine."""

    __slots__ = ("_descriptor", "_map", "_view")

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Growing an existing file to its own size changes nothing, so no lock is needed.
        if os.fstat(self._descriptor).st_size < _BYTES:
            os.truncate(self._descriptor, _BYTES)
        self._map = mmap.mmap(self._descriptor, _BYTES)
        self._view = memoryview(self._map).cast("Q")

    def read(self) -> int:
        """The current tick; well under 1 µs. Compare for equality only."""
        return self._view[0]

    def tick(self) -> None:
        """Tell every process that maps this file that the generation moved."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            self._view[0] = (self._view[0] + 1) & 0xFFFF_FFFF_FFFF_FFFF
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Unmap; `read` must not be called again."""
        self._view.release()
        self._map.close()
        os.close(self._descriptor)


_file: GenerationFile | None = None


def configure(file: GenerationFile | None) -> None:
    """Set the file that this process ticks after its mutations; None for none (tests)."""
    global _file  # noqa: PLW0603  (wiring: set once, before the first mutation)
    _file = file


def seen() -> int:
    """What `GenerationFile.read` gives of the file of this process; 0 where it has none."""
    return 0 if _file is None else _file.read()


def tell() -> None:
    """Once the transaction is over: have the processes of this machine see that something changed
    which is no grant's, and so moves no generation."""
    after_commit(_tick)


async def bump(kind: ChangeKind, target_id: UUID) -> None:
    """Increment the generation because of `target_id`: the last step of a mutation's transaction.

    Last, because from here on it holds the row that all mutations lock.
    """
    value = await _advance()
    await Change.create(id=value, kind=kind, target_id=target_id, at=datetime.now(UTC))
    if value % _PRUNE_EVERY == 0:
        await Change.filter(id__lte=value - KEPT_CHANGES).delete()
    if dialect() == "postgres":
        await connection().execute_query("SELECT pg_notify($1, $2)", [NOTIFY_CHANNEL, str(value)])
    after_commit(_tick)


async def _advance() -> int:
    rows = await connection().execute_query_dict(
        "INSERT INTO generation (id, value) VALUES (1, 1)"
        " ON CONFLICT (id) DO UPDATE SET value = generation.value + 1 RETURNING value"
    )
    return int(rows[0]["value"])


def _tick() -> None:
    if _file is not None:
        _file.tick()


@for_requests
async def current() -> int:
    """The generation of the last committed change; 0 before the first."""
    rows = await connection().execute_query_dict("SELECT value FROM generation WHERE id = 1")
    return int(rows[0]["value"]) if rows else 0


@for_requests
async def changes_since(generation: int) -> list[ChangeRecord] | None:
    """Changes after `generation`, oldest first; None where the caller must drop everything.

    That is where `generation` is older than the changes that are kept, or newer than the database,
    which then was restored or replaced; and where a later release wrote a kind that this one does
    not know.
    """
    return [] if await current() == generation else await changes_after(generation)


async def changes_after(generation: int) -> list[ChangeRecord] | None:
    """The same of a generation that is not the current one."""
    rows = await Change.filter(id__gt=generation).order_by("id").limit(KEPT_CHANGES + 1)
    if not rows or rows[0].id != generation + 1 or len(rows) > KEPT_CHANGES:
        return None
    if any(row.kind not in _KINDS for row in rows):
        return None
    return [ChangeRecord(row.id, cast(ChangeKind, row.kind), row.target_id) for row in rows]


_KINDS: Final = get_args(ChangeKind)
