"""Both limits engines as the conformance tests see them."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from config import Database
from proxy.limits_postgres import PostgresLimits
from proxy.limits_sqlite import SqliteLimits
from tests.fixtures.database import database_url, run_sql
from tests.proxy.limits_process import opened


class Stores:
    """One set of counters, any number of workers on it, and a clock to turn."""

    def __init__(self, directory: Path, database: Database | None) -> None:
        self.database = database
        self.workers = directory / "limits-workers"
        self.path = directory / "limits.db"
        self._now = time.time()
        self._open: list[SqliteLimits | PostgresLimits] = []
        self._processes: list[subprocess.Popen[str]] = []

    @property
    def location(self) -> str:
        return str(self.path) if self.database is None else database_url(self.database)

    async def worker(self, name: str = "w") -> SqliteLimits | PostgresLimits:
        """One more worker's store."""
        store: SqliteLimits | PostgresLimits
        if self.database is None:
            store = SqliteLimits(self.path, name, clock=lambda: self._now)
            await store.open()
        else:
            store = await opened(self.location, self.workers, name)
        self._open.append(store)
        return store

    async def turn_clock(self, seconds: float) -> None:
        """Let time pass for the buckets; they stand still otherwise, or nearly so."""
        self._now += seconds
        if self.database is not None:
            passed = f"{seconds} * interval '1 second'"
            await asyncio.to_thread(
                run_sql,
                self.database,
                f"UPDATE limit_counter SET refilled_at = refilled_at - {passed}",
            )

    def process(
        self, claims: list[list[object]], attempts: int, *, hold: bool = False
    ) -> subprocess.Popen[str]:
        """A worker in a process of its own, open and waiting for its line."""
        task = {
            "location": self.location,
            "workers": str(self.workers),
            "claims": claims,
            "attempts": attempts,
            "hold": hold,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.proxy.limits_process", json.dumps(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    async def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        for store in self._open:
            await store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def shared_database(request: pytest.FixtureRequest) -> Database | None:
    """Where the counters are; None for SQLite's own file."""
    if request.param == "sqlite":
        return None
    chosen: Database = request.getfixturevalue("postgres_database")
    return chosen


@pytest.fixture
async def stores(shared_database: Database | None, tmp_path: Path) -> AsyncIterator[Stores]:
    """Counters on each engine."""
    made = Stores(tmp_path, shared_database)
    yield made
    await made.close()


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `condition` holds; pytest's timeout ends what never does."""
    while not await condition():
        await asyncio.sleep(0.01)
