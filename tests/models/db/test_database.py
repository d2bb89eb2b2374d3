"""Transactions: immediate on SQLite, whole when their caller is cancelled, honest when away."""

import asyncio
import os
import socket
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from config import Database
from models.db import database as connecting
from models.db.database import (
    after_commit,
    connection,
    in_one_transaction,
    postgres_address,
    run_in_transaction,
    tortoise_config,
)
from models.db.sqlite import Client
from models.errors import DatabaseUnavailable
from models.journal_position import JournalPosition
from tests.fixtures.database import database_url
from tests.fixtures.forked import context_of_functions

EPOCH = "2026-01-01 00:00:00+00:00"


async def _count_up(name: str) -> None:
    """Read, then write: what a deferred SQLite transaction cannot do beside another process."""
    row, _ = await JournalPosition.get_or_create(
        journal_id=name, defaults={"position": 0, "updated_at": EPOCH}
    )
    fresh = await JournalPosition.select_for_update().get(journal_id=name)
    await asyncio.sleep(0.001)
    fresh.position += 1
    await fresh.save()
    assert row is not None


def _count_in_process(database: Database, times: int, together: Barrier | None = None) -> None:
    async def run() -> None:
        async with connecting.open_database(database):
            if together:
                together.wait(60)
            for _ in range(times):
                await run_in_transaction(lambda: _count_up("shared"))

    asyncio.run(run())


def test_two_processes_that_read_then_write_both_succeed(database: Database) -> None:
    context = context_of_functions()
    # The row first: on PostgreSQL two inserts of it at once are an error of their own.
    _count_in_process(database, 1)
    together = context.Barrier(2)
    workers = [
        context.Process(target=_count_in_process, args=(database, 40, together)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]

    async def total() -> int:
        async with connecting.open_database(database):
            row: JournalPosition = await JournalPosition.get(journal_id="shared")
            return int(row.position)

    assert asyncio.run(total()) == 81


@pytest.mark.usefixtures("connected")
async def test_cancelling_at_any_point_neither_blocks_nor_leaks() -> None:
    """More cancellations than the pool has connections, at every turn of the loop."""
    for turns in range(40):
        task = asyncio.create_task(run_in_transaction(lambda: _count_up("cancelled")))
        for _ in range(turns % 20):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await asyncio.wait_for(run_in_transaction(lambda: _count_up("alive")), 60)
    assert (await JournalPosition.get(journal_id="alive")).position == 1


@pytest.mark.usefixtures("connected")
async def test_a_cancelled_caller_does_not_stop_a_change_half_way() -> None:
    begun = asyncio.Event()
    ticked: list[int] = []

    async def change() -> None:
        await _count_up("begun")
        begun.set()
        await asyncio.sleep(0.05)
        await _count_up("ended")
        after_commit(lambda: ticked.append(1))

    task = asyncio.create_task(run_in_transaction(change))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while not ticked:
        await asyncio.sleep(0.01)
    assert (await JournalPosition.get(journal_id="ended")).position == 1


async def test_disconnecting_waits_for_changes_under_way(database: Database) -> None:
    async with connecting.open_database(database):
        begun = asyncio.Event()

        async def change() -> None:
            begun.set()
            await asyncio.sleep(0.05)
            await _count_up("late")

        task = asyncio.create_task(run_in_transaction(change))
        await begun.wait()
        task.cancel()
    async with connecting.open_database(database):
        assert (await JournalPosition.get(journal_id="late")).position == 1


@pytest.mark.usefixtures("connected")
async def test_an_inner_transaction_is_part_of_the_outer() -> None:
    committed: list[str] = []

    @in_one_transaction
    async def inner() -> None:
        await _count_up("inner")
        after_commit(lambda: committed.append("inner"))

    async def outer() -> None:
        await inner()
        assert committed == []
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await run_in_transaction(outer)
    assert committed == []
    assert await JournalPosition.get_or_none(journal_id="inner") is None


@pytest.mark.usefixtures("connected")
async def test_after_commit_belongs_in_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="run_in_transaction"):
        after_commit(lambda: None)


async def test_the_engines_can_be_used_one_after_the_other(
    sqlite_database: Database, postgres_database: Database
) -> None:
    for database in (sqlite_database, postgres_database, sqlite_database):
        async with connecting.open_database(database):
            await run_in_transaction(lambda: _count_up("both"))


async def test_sqlite_settings(sqlite_database: Database) -> None:
    async with connecting.open_database(sqlite_database):
        found = {}
        for pragma in (
            "page_size",
            "journal_mode",
            "foreign_keys",
            "busy_timeout",
            "synchronous",
            "secure_delete",
        ):
            (row,) = await connection().execute_query_dict(f"PRAGMA {pragma}")
            (found[pragma],) = row.values()
    assert found == {
        "page_size": 8192,
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "synchronous": 1,
        "secure_delete": 1,
    }


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
async def test_a_sqlite_file_of_another_page_size_keeps_it(tmp_path: Path, mode: str) -> None:
    database = Database(dialect="sqlite", path=tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db", isolation_level=None)) as old:
        for statement in ("PRAGMA page_size = 4096", f"PRAGMA journal_mode = {mode}"):
            old.execute(statement)
        old.execute("CREATE TABLE t (x)")
    async with connecting.open_database(database):
        await connection().execute_query("INSERT INTO t VALUES (1)")
        await connection().execute_query("VACUUM")
        (row,) = await connection().execute_query_dict("PRAGMA page_size")
        (journal,) = await connection().execute_query_dict("PRAGMA journal_mode")
        assert await connection().execute_query_dict("SELECT x FROM t") == [{"x": 1}]
    assert row == {"page_size": 4096}
    assert journal == {"journal_mode": "wal"}


async def test_a_new_sqlite_file_is_private(tmp_path: Path) -> None:
    database = Database(dialect="sqlite", path=tmp_path / "data" / "new.db")
    async with connecting.open_database(database):
        await connection().execute_script("CREATE TABLE t (x)")
    assert stat.S_IMODE(database.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(database.path.parent.stat().st_mode) == 0o700


async def test_sqlite_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    database = Database(dialect="sqlite", path=tmp_path / "file" / "x.db")
    with pytest.raises(DatabaseUnavailable):
        await connecting.connect(database)


async def test_a_postgres_that_is_away_is_unavailable_until_it_is_back(
    postgres_database: Database,
) -> None:
    # A port that is taken, and on which nobody listens.
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        away = replace(postgres_database, port=unused.getsockname()[1])
        async with connecting.open_database(away):
            with pytest.raises(DatabaseUnavailable):
                await JournalPosition.all()
            with pytest.raises(DatabaseUnavailable):
                await run_in_transaction(lambda: _count_up("away"))


async def test_connections_cut_by_the_server_are_replaced(
    postgres_server: Database, postgres_database: Database
) -> None:
    import asyncpg

    async with connecting.open_database(postgres_database):
        await run_in_transaction(lambda: _count_up("before"))
        admin = await asyncpg.connect(
            host=postgres_server.host,
            port=postgres_server.port,
            user=postgres_server.user,
            password=postgres_server.password,
            database=postgres_server.database,
        )

        async def cut() -> None:
            await _count_up("cut")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                postgres_database.database,
            )
            await _count_up("cut again")

        with pytest.raises(DatabaseUnavailable):
            await run_in_transaction(cut)
        await admin.close()
        await run_in_transaction(lambda: _count_up("after"))
        assert await JournalPosition.get_or_none(journal_id="cut") is None


async def test_a_postgres_database_that_is_closed_or_gone_is_unavailable(
    postgres_server: Database, postgres_database: Database
) -> None:
    import asyncpg

    name = postgres_database.database
    admin = await asyncpg.connect(**postgres_address(postgres_server))

    async def cut() -> None:
        # And wait until they are gone: a database that is in use cannot be renamed.
        await admin.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = $1", name
        )

    async with connecting.open_database(postgres_database):
        await JournalPosition.all()
        for gone in (False, True):
            # Closed first: asyncpg's pool connects again as soon as it is cut off.
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await cut()
            if gone:
                await admin.execute(f"ALTER DATABASE {name} RENAME TO {name}_away")
            try:
                with pytest.raises(DatabaseUnavailable):
                    await JournalPosition.all()
                with pytest.raises(DatabaseUnavailable):
                    await run_in_transaction(lambda: _count_up("away"))
            finally:
                if gone:
                    await admin.execute(f"ALTER DATABASE {name}_away RENAME TO {name}")
                await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await run_in_transaction(lambda: _count_up("back"))
    await admin.close()


async def test_a_mistake_of_ours_is_not_an_outage(postgres_database: Database) -> None:
    async with connecting.open_database(postgres_database):
        with pytest.raises(Exception, match="invalid input") as caught:
            await connection().execute_query("SELECT $1::bigint", ["no number"])
        assert not isinstance(caught.value, DatabaseUnavailable)


def test_the_url_with_its_password_does_not_reach_tortoise(postgres_server: Database) -> None:
    config = tortoise_config(replace(postgres_server, password="hunter2"))
    assert set(config["connections"]["postgres"]) == {"engine", "credentials"}


def test_database_urls_of_the_fixtures_come_back_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config import load_database

    monkeypatch.chdir(os.sep)
    assert load_database({"DATABASE_URL": database_url(database)}) == database


async def test_several_that_open_a_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    for number in range(20):
        clients = [_client(tmp_path / str(number)) for _ in range(8)]
        try:
            await asyncio.gather(*(client.create_connection(with_db=True) for client in clients))
            for client in clients:
                assert await client.execute_query_dict("PRAGMA journal_mode") == [
                    {"journal_mode": "wal"}
                ]
        finally:
            for client in clients:
                await client.close()


async def test_a_connection_is_opened_with_all_of_its_settings_or_not_at_all(
    tmp_path: Path,
) -> None:
    client = _client(tmp_path / "file", busy_timeout=50)
    with closing(sqlite3.connect(tmp_path / "file", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        other.execute("CREATE TABLE its (own)")
        with pytest.raises(DatabaseUnavailable):
            await client.create_connection(with_db=True)
        other.execute("COMMIT")
    try:
        await client.create_connection(with_db=True)
        assert await client.execute_query_dict("PRAGMA foreign_keys") == [{"foreign_keys": 1}]
    finally:
        await client.close()


def _client(path: Path, **settings: int) -> Client:
    config = tortoise_config(Database(dialect="sqlite", path=path))
    credentials = config["connections"]["sqlite"]["credentials"]
    return Client(**credentials | settings, connection_name="sqlite")
