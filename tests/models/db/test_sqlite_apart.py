"""Transactions that are handed over as a whole; what both databases promise of them, and SQLite."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from typing import Any

import aiosqlite
import pytest

from config import Database
from models import changes
from models.db.conditions import insert
from models.db.database import (
    after_commit,
    connect,
    disconnect,
    run_apart,
    run_in_transaction,
)
from models.journal_position import JournalPosition

_INTO = "journal_position (journal_id, position, updated_at)"
_ONCE = "ON CONFLICT (journal_id) DO NOTHING"


async def put(*names: str) -> None:
    for name in names:
        await insert(_INTO, _ONCE, [(name, 1, changes.now())])


async def there() -> set[str]:
    return {row.journal_id for row in await JournalPosition.all()}


@pytest.mark.usefixtures("connected")
async def test_all_of_it_is_committed_and_then_called_back() -> None:
    called: list[threading.Thread] = []

    async def work() -> int:
        await put("a", "b")
        after_commit(lambda: called.append(threading.current_thread()))
        assert not called
        # The ORM takes part, too.
        assert await there() == {"a", "b"}
        return 7

    assert await run_apart(work) == 7
    assert await there() == {"a", "b"}
    assert called == [threading.current_thread()]


@pytest.mark.usefixtures("connected")
async def test_nothing_of_it_is_left_where_it_fails() -> None:
    called: list[None] = []

    async def work() -> None:
        after_commit(lambda: called.append(None))
        await put("a")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_apart(work)
    assert not called
    await run_in_transaction(lambda: put("b"))
    await run_apart(lambda: put("c"))
    assert await there() == {"b", "c"}


@pytest.mark.usefixtures("connected")
async def test_its_caller_may_go() -> None:
    call = asyncio.create_task(run_apart(lambda: put("a")))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    # It takes its turn behind the one that goes on.
    await run_in_transaction(lambda: put("b"))
    assert await there() == {"a", "b"}


@pytest.mark.usefixtures("connected")
async def test_within_a_transaction_it_is_part_of_that() -> None:
    async def work() -> None:
        await run_apart(lambda: put("a"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_in_transaction(work)
    assert await there() == set()


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("count", [0, 1, 50, 123])
async def test_rows_of_any_number_are_inserted_once(count: int) -> None:
    rows = [(f"j{number}", number, changes.now()) for number in range(count)]
    for _ in range(2):
        await run_apart(lambda: insert(_INTO, _ONCE, rows))
    found = await JournalPosition.all().values_list("journal_id", "position")
    assert sorted(found) == sorted((name, number) for name, number, _ in rows)


# In SQLite's thread


@pytest.fixture
async def sqlite(sqlite_database: Database) -> AsyncIterator[None]:
    await connect(sqlite_database)
    yield
    await disconnect()


@pytest.mark.usefixtures("sqlite")
async def test_the_thread_is_handed_one_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    hand_over: Any = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, function: Any, *values: Any, **more: Any) -> Any:
        handed.append(function)
        return await hand_over(self, function, *values, **more)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    await run_apart(lambda: put(*"abcdef"))
    assert len(handed) == 1
    assert await there() == set("abcdef")


@pytest.mark.usefixtures("sqlite")
async def test_what_waits_for_something_else_is_refused() -> None:
    async def work() -> None:
        await put("a")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waits for something else"):
        await run_apart(work)
    await run_apart(lambda: put("b"))
    assert await there() == {"b"}


def test_nothing_is_stored_as_null_without_an_exception_for_each() -> None:
    """Of a type that it has not been told of, sqlite3 asks by an attribute that is not there."""
    adapt = sqlite3.adapters[type(None), sqlite3.PrepareProtocol]
    assert adapt(None) is None
    connection = sqlite3.connect(":memory:")
    assert connection.execute("SELECT ? IS NULL, typeof(?)", (None, None)).fetchone() == (1, "null")
    connection.close()
