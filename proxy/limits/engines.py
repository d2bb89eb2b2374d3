"""Which engine goes with which database: the only place that names them.

Another engine is a `LimitStore`, its `LimitRecords`, and a branch in both functions here.
"""

from __future__ import annotations

from typing import Final

from config import Settings
from models.db.database import connection
from models.db.snapshots import Snapshot
from proxy.limits.postgres import CONNECTIONS, PostgresLimits
from proxy.limits.postgres_records import PostgresRecords
from proxy.limits.records import LimitRecords
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.sqlite_file import SqliteRecords
from proxy.limits.store import LimitStore

_FILE: Final = "limits.db"


async def open_limits(
    settings: Settings, worker: str, *, connections: int = CONNECTIONS
) -> LimitStore:
    """The counters that go with `settings.database`, ready. Raises LimitsUnavailable.

    `worker` is this process's name in logs and files; it need not be unique. At most `connections`
    to PostgreSQL are open at once.
    """
    if settings.database.dialect == "postgres":
        workers = settings.data_dir / "limits-workers"
        shared = PostgresLimits(
            settings.database,
            worker,
            workers=workers,
            connections=connections,
            # Of the pool that the models use.
            loan=lambda: connection().acquire_connection(),
        )
        await shared.open()
        return shared
    local = SqliteLimits(settings.data_dir / _FILE, worker)
    await local.open()
    return local


def limit_records(settings: Settings, *, snapshot: Snapshot | None = None) -> LimitRecords:
    """What is stored of limits beside `settings.database`, to which the models are connected.

    `snapshot` is the moment in which to read it, where the database keeps it.
    """
    if settings.database.dialect == "postgres":
        return PostgresRecords(snapshot)
    return SqliteRecords(settings.data_dir / _FILE)
