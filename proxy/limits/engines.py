"""Which limits engine goes with which database."""

from __future__ import annotations

from config import Settings
from models.db.database import connection
from proxy.limits.postgres import CONNECTIONS, PostgresLimits
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import LimitStore


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
    local = SqliteLimits(settings.data_dir / "limits.db", worker)
    await local.open()
    return local
