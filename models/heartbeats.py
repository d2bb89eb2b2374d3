"""A row for each worker, which it writes anew each second or so: does the database take writes now?

Each has one of its own, since a row that many write would keep them waiting for each other. On
SQLite the lock alone is taken: its holder may write, and an idle disk stays idle.
"""

from datetime import datetime, timedelta
from typing import Final

from tortoise import Model, fields

from models import changes
from models.db.database import connection, dialect, run_apart

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
    if dialect() == "sqlite":
        await run_apart(_nothing)
        return
    # In one message, which PostgreSQL carries out as one transaction: statements of a transaction
    # that is begun and committed would be four.
    await connection().execute_script(
        f"SELECT set_config('lock_timeout', '{round(_LOCK_WAIT_S * 1000)}', true);"  # noqa: S608  (ours alone)
        f" INSERT INTO heartbeat (worker, at) VALUES ('{worker}', '{changes.now().isoformat()}')"
        " ON CONFLICT (worker) DO UPDATE SET at = excluded.at"
    )


async def _nothing() -> None:
    """What is done under the lock."""


async def end(worker: str) -> None:
    """Remove its row. Raises DatabaseUnavailable."""
    await Heartbeat.filter(worker=worker).delete()


async def forget_the_dead(present: datetime) -> None:
    """Remove rows of workers that ended without a word."""
    await Heartbeat.filter(at__lt=present - _KEPT).delete()
