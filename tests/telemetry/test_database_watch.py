"""What a worker finds out about its database by writing to it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from config import Database
from models import heartbeats
from models.db.database import connection, postgres_address
from models.errors import DatabaseBlocked, DatabaseReadOnly, TooManyConnections
from models.heartbeats import Heartbeat
from models.revocations import Revocation
from models.tokens import Token
from telemetry import database_watch
from telemetry.database_watch import DatabaseState, DatabaseWatch
from tests.models.rows import BY, a_project


def a_watch(*, reads: bool = True) -> DatabaseWatch:
    return DatabaseWatch("worker", reads=lambda: reads, crowded=lambda: None)


@asynccontextmanager
async def writers_locked_out(database: Database) -> AsyncIterator[None]:
    """Somebody else's transaction, behind which every write waits."""
    if database.dialect == "sqlite":
        with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
        return
    session = await asyncpg.connect(**postgres_address(database))
    async with session.transaction():
        await session.execute("LOCK TABLE heartbeat IN SHARE MODE")
        yield
    await session.close()


async def test_writes_that_wait_are_told_and_their_end_too(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where reads are not answered either, it is not for a lock that writes wait.
    for reads, state in ((True, "blocked"), (False, "away")):
        watch = a_watch(reads=reads)
        monkeypatch.setattr(database_watch, "_PATIENCE_S", 60.0)
        assert await watch.look() == "ok"
        monkeypatch.setattr(database_watch, "_PATIENCE_S", 0.1)
        async with writers_locked_out(connected):
            assert await watch.look() == state
        async with asyncio.timeout(60):
            while await watch.look() != "ok":
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_heartbeat_waits_for_no_lock_for_long_and_leaves_its_session_as_it_was(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeats, "_LOCK_WAIT_S", 0.05)

    async def patience() -> str:
        (row,) = await connection().execute_query_dict(
            "SELECT current_setting('lock_timeout') AS t"
        )
        return str(row["t"])

    before = await patience()
    async with writers_locked_out(connected):
        with pytest.raises(DatabaseBlocked):
            await heartbeats.beat("worker")
    await heartbeats.beat("worker")
    written = await Heartbeat.get(worker="worker")
    await heartbeats.beat("worker")
    assert (await Heartbeat.get(worker="worker")).at > written.at
    assert await patience() == before


async def test_a_row_is_there_for_as_long_as_the_worker(connected: Database) -> None:
    watch = a_watch()
    watch.open()
    async with asyncio.timeout(60):
        while connected.dialect == "postgres" and not await Heartbeat.exists():
            await asyncio.sleep(0.01)
    await watch.close()
    assert await Heartbeat.all().count() == 0


async def test_revocations_are_written_into_their_rows(connected: Database) -> None:
    token, _ = await Token.issue(await a_project(), by=BY)
    await Revocation.create(subject_id=token.id, kind="token", at=token.created_at)
    watch = a_watch()
    watch.open()
    async with asyncio.timeout(60):
        while await Revocation.exists():
            await asyncio.sleep(0.01)
    assert (await Token.get(id=token.id)).revoked_at == token.created_at
    await watch.close()


async def test_revocations_are_looked_for_once_there_may_be_one(connected: Database) -> None:
    await Revocation.create(subject_id=uuid4(), kind="token", at=datetime.now(UTC))
    asked: list[bool] = []

    def lacks() -> bool:
        asked.append(not asked)
        return asked[-1]

    watch = DatabaseWatch("worker", reads=lambda: True, crowded=lambda: None, lacks=lacks)
    watch.open()
    async with asyncio.timeout(60):
        while await Revocation.exists():
            await asyncio.sleep(0.01)
    await watch.close()
    assert asked[:2] == [True, False]


@pytest.mark.parametrize(
    ("error", "state", "crowded"),
    [
        (DatabaseReadOnly("no"), "read-only", 0),
        (TooManyConnections("no"), "away", 1),
        (RuntimeError("a mistake"), "away", 0),
    ],
)
async def test_each_refusal_has_a_name(
    monkeypatch: pytest.MonkeyPatch, error: Exception, state: DatabaseState, crowded: int
) -> None:
    async def refuse(_: str) -> None:
        raise error

    told: list[int] = []
    monkeypatch.setattr("models.heartbeats.beat", refuse)
    watch = DatabaseWatch("worker", reads=lambda: True, crowded=lambda: told.append(1))
    assert await watch.look() == state
    assert len(told) == crowded


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_read_only_file_is_told(connected: Database) -> None:
    await connection().execute_query("PRAGMA query_only = ON")
    with pytest.raises(DatabaseReadOnly):
        await connection().execute_query("DELETE FROM heartbeat")
