"""A row for each worker, which it writes anew every second: whether the database takes writes now.

Each has one of its own, since a row that many write would keep them waiting for each other. On
SQLite the lock alone is taken: its holder may write, and an idle disk stays idle.
"""

from datetime import datetime, timedelta
from typing import Final

from tortoise import Model, fields

from models import changes
from models.db.conditions import execute
from models.db.database import (
    dialect,
    give_up_on_locks_after,
    run_apart,
)

#: A wait that long for a row of one's own means that the whole table, or the disk, is held up.
_LOCK_WAIT_S: Final = 1.0
_KEPT: Final = timedelta(days=1)


class Heartbeat(Model):
    """A worker's, by its name."""

    worker = fields.CharField(primary_key=True, max_length=64)
    at = fields.DatetimeField()

    class Meta:
        table = "heartbeat"


async def beat(worker: str) -> None:
    """Write this worker's row. Raises DatabaseUnavailable, where its kind says what is wrong."""

    async def write() -> None:
        if dialect() == "sqlite":
            return
        await give_up_on_locks_after(_LOCK_WAIT_S)
        await execute(
            "INSERT INTO heartbeat (worker, at) VALUES ({}, {})"
            " ON CONFLICT (worker) DO UPDATE SET at = excluded.at",
            [worker, changes.now()],
        )

    await run_apart(write)


async def end(worker: str) -> None:
    """Remove its row. Raises DatabaseUnavailable."""
    await Heartbeat.filter(worker=worker).delete()


async def forget_the_dead(present: datetime) -> None:
    """Remove rows of workers that ended without a word."""
    await Heartbeat.filter(at__lt=present - _KEPT).delete()
