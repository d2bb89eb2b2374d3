"""What our own commands know of the schema."""

import asyncio
import socket
from dataclasses import replace

import pytest
from aerich import Command

from config import Database
from migrations import locking, schema
from migrations.schema import SchemaState
from models.db.conditions import written
from models.db.database import connection, open_database
from models.errors import DatabaseBlocked, DatabaseUnavailable
from models.projects import Project


def shipped(database: Database) -> tuple[str, ...]:
    files = (schema.LOCATION / database.dialect).glob("[0-9]*")
    names = (file.name for file in files)
    return tuple(sorted(names, key=lambda name: int(name.partition("_")[0])))


async def _claim_applied(database: Database, name: str) -> None:
    """What a newer release would leave behind."""
    async with open_database(database):
        await connection().execute_query(
            written("INSERT INTO aerich (version, app, content) VALUES ({}, {}, {})"),
            [name, database.dialect, "{}"],
        )


async def test_an_empty_database_is_behind_and_then_current(empty_database: Database) -> None:
    found = await schema.state(empty_database)
    assert (found.standing, found.pending) == ("behind", shipped(empty_database))
    assert await schema.upgrade(empty_database) == list(shipped(empty_database))
    assert await schema.upgrade(empty_database) == []
    assert await schema.state(empty_database) == SchemaState((), ())


async def test_a_database_ahead_is_fine_until_it_was_contracted(database: Database) -> None:
    assert (await schema.state(database)).standing == "current"
    await _claim_applied(database, "7_20280101000000_add_notes.py")
    assert (await schema.state(database)).standing == "ahead"
    await _claim_applied(database, "8_20280101000000_contract_notes.py")
    found = await schema.state(database)
    assert found.standing == "contracted"
    assert found.unknown == ("7_20280101000000_add_notes.py", "8_20280101000000_contract_notes.py")


async def test_a_connected_process_may_ask_and_stays_connected(database: Database) -> None:
    async with open_database(database):
        assert (await schema.state(database)).standing == "current"
        assert await schema.upgrade(database) == []
        assert await Project.all().count() == 0


async def test_upgrades_at_once_in_one_process_apply_once(empty_database: Database) -> None:
    applied = await asyncio.gather(*(schema.upgrade(empty_database) for _ in range(3)))
    assert sorted(name for names in applied for name in names) == sorted(shipped(empty_database))


async def test_an_upgrade_that_always_ends_in_a_deadlock_fails(
    empty_postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def ends(*_: object) -> list[str]:
        nonlocal tries
        tries += 1
        raise DatabaseBlocked("deadlock detected")

    monkeypatch.setattr(Command, "upgrade", ends)
    monkeypatch.setattr(locking, "_PAUSE_S", 0)
    with pytest.raises(DatabaseBlocked):
        await schema.upgrade(empty_postgres_database)
    assert tries == locking._DEADLOCKS_MAX


async def test_an_unreachable_database_is_unavailable(postgres_server: Database) -> None:
    with socket.socket() as nobody:
        # Bound, so that nobody else can listen there meanwhile.
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(DatabaseUnavailable):
            await schema.state(replace(postgres_server, port=nobody.getsockname()[1]))
