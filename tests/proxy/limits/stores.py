"""Both limits engines as the conformance tests see them."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from config import Database
from proxy.limits.budgets import BudgetClaim
from proxy.limits.postgres import PostgresLimits
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import Claim, LimitStore, Reservation
from tests.fixtures.database import database_url, run_sql
from tests.proxy.limits.process import PATIENCE, opened

#: The functions as they are installed, except that their time stands still until a test turns it,
#: and that nobody gives up waiting for a lock.
_STAND_STILL: Final = """
CREATE TABLE still (moment timestamptz NOT NULL);
CREATE FUNCTION still_moment() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT moment FROM still';
ALTER TABLE limit_counter ALTER refilled_at SET DEFAULT still_moment();
DO $$
DECLARE
    installed text;
    patient integer := 0;
BEGIN
    FOR installed IN SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'limit%'
    LOOP
        patient := patient + (installed LIKE '%lock_timeout = ''2s''%')::integer;
        installed := replace(installed, 'lock_timeout = ''2s''', 'lock_timeout = 0');
        EXECUTE replace(installed, 'clock_timestamp()', 'still_moment()');
    END LOOP;
    ASSERT patient = 1;
END
$$
"""
_BEGIN_ANEW: Final = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
TRUNCATE still, limit_counter, limit_worker, limit_lease, limit_budget, limit_hold, limit_holder;
INSERT INTO still VALUES (clock_timestamp());
UPDATE limit_clock SET uptime = 0, seen_at = still_moment();
"""


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
        """Let time pass for the buckets; they stand still otherwise."""
        self._now += seconds
        if self.database is not None:
            turned = f"UPDATE still SET moment = moment + {seconds} * interval '1 second'"
            await asyncio.to_thread(run_sql, self.database, turned)

    def process(
        self, claims: Sequence[Sequence[object]], attempts: int, *, hold: bool = False
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
            [sys.executable, "-m", "tests.proxy.limits.process", json.dumps(task)],
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


@pytest.fixture
def long_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, the engines wait for it."""
    for name, seconds in PATIENCE.items():
        monkeypatch.setattr(name, seconds)


@pytest.fixture(scope="module")
def still_server(postgres_server: Database, postgres_template: Database) -> Iterator[Database]:
    """What `still_database` empties."""
    name = f"llm_proxy_still_{uuid4().hex}"
    run_sql(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template.database}")
    database = replace(postgres_server, database=name)
    run_sql(database, _STAND_STILL)
    yield database
    run_sql(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def still_database(still_server: Database) -> Database:
    """A PostgreSQL database in which the limits' time stands still."""
    run_sql(still_server, _BEGIN_ANEW)
    return still_server


@pytest.fixture(params=["sqlite", "postgres"])
def shared_database(request: pytest.FixtureRequest, long_timeouts: None) -> Database | None:
    """Where the counters are; None for SQLite's own file."""
    if request.param == "sqlite":
        return None
    chosen: Database = request.getfixturevalue("still_database")
    return chosen


@pytest.fixture
async def stores(shared_database: Database | None, tmp_path: Path) -> AsyncIterator[Stores]:
    """Counters on each engine."""
    made = Stores(tmp_path, shared_database)
    yield made
    await made.close()


async def decided(
    store: LimitStore,
    claims: tuple[Claim, ...],
    budgets: tuple[BudgetClaim, ...] = (),
    request_id: str = "",
) -> Reservation:
    """What a store says, for a task."""
    return await store.decide(claims, budgets, request_id)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `condition` holds; pytest's timeout ends what never does."""
    while not await condition():
        await asyncio.sleep(0.01)
