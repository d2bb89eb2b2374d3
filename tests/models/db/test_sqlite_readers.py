"""Who reads waits neither behind a writer nor, where requests wait, behind a long query."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Final

import pytest
from tortoise.exceptions import OperationalError

from config import Database
from models import generation
from models.db import database as connecting
from models.db import sqlite
from models.db.database import connection, run_in_transaction
from models.errors import DatabaseUnavailable
from models.grants import load_grant
from models.projects import Project
from models.secrets import digest
from models.tokens import Token
from tests.models.rows import BY, RING, a_project

#: It never ends by itself.
_ENDLESS: Final = (
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)"
    " SELECT max(n) FROM numbers"
)


@pytest.mark.usefixtures("connected")
async def test_reading_does_not_wait_for_a_transaction() -> None:
    """Neither a look-up of a token nor a page: both see what is committed."""
    project = await a_project()
    _, secret = await Token.issue(project, by=BY)
    written, go_on = asyncio.Event(), asyncio.Event()

    async def change() -> None:
        await Project.filter(id=project.id).update(name="Renamed")
        written.set()
        await go_on.wait()

    changing = asyncio.create_task(run_in_transaction(change))
    await written.wait()
    grant = await load_grant(digest(secret), RING)
    seen = await Project.get(id=project.id)
    assert grant is not None
    assert grant.project_id == project.id
    assert seen.name == "Search"
    go_on.set()
    await changing
    assert (await Project.get(id=project.id)).name == "Renamed"


@pytest.mark.usefixtures("connected")
async def test_a_transaction_reads_what_it_wrote_and_everybody_what_was_committed() -> None:
    project = await a_project()

    async def change(name: str) -> str:
        await Project.filter(id=project.id).update(name=name)
        return (await Project.get(id=project.id)).name

    for number in range(20):
        name = f"name {number}"
        assert await run_in_transaction(lambda name=name: change(name)) == name  # type: ignore[misc]
        assert (await Project.get(id=project.id)).name == name
        await Project.filter(id=project.id).update(name=f"{name} again")
        assert (await Project.get(id=project.id)).name == f"{name} again"


@pytest.fixture
async def client(sqlite_database: Database) -> AsyncIterator[sqlite.Client]:
    """SQLite's, connected."""
    generation.configure(None)
    async with connecting.open_database(sqlite_database):
        found = connection()
        assert isinstance(found, sqlite.Client)
        yield found


async def started(client: sqlite.Client, count: int) -> list[asyncio.Task[object]]:
    """So many queries that are running or wait for their turn, and do not end."""
    queries: list[asyncio.Task[object]] = [
        asyncio.create_task(client.execute_query_dict(_ENDLESS)) for _ in range(count)
    ]
    while len(client._readers._everybody._open) < 2:
        await asyncio.sleep(0.001)
    return queries


async def cancelled(queries: list[asyncio.Task[object]]) -> None:
    for query in queries:
        query.cancel()
    results = await asyncio.gather(*queries, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}


async def test_a_request_does_not_wait_behind_long_queries(client: sqlite.Client) -> None:
    _, secret = await Token.issue(await a_project(), by=BY)
    queries = await started(client, 5)
    assert await load_grant(digest(secret), RING) is not None
    assert await generation.changes_since(await generation.current()) == []
    await cancelled(queries)


async def test_a_query_that_nobody_waits_for_is_stopped(client: sqlite.Client) -> None:
    """Else it would hold its connection, and a core, for as long as it likes."""
    await cancelled(await started(client, 5))
    assert await client.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]
    assert len(client._readers._everybody._open) == 2


@pytest.mark.parametrize("by", ["its caller", "closing"])
async def test_a_query_is_stopped_that_has_not_begun(client: sqlite.Client, by: str) -> None:
    """Its thread is late, and SQLite forgets to stop what was not running yet."""
    await client.execute_query_dict("SELECT 1 AS one")
    lane = client._readers._everybody
    ((reader, _),) = lane._open.items()
    begin = threading.Event()
    late = asyncio.create_task(reader._execute(begin.wait))  # type: ignore[no-untyped-call]
    await asyncio.sleep(0)
    query = asyncio.create_task(client.execute_query_dict(_ENDLESS))
    while lane._open[reader] is None:
        await asyncio.sleep(0)
    stopping = asyncio.create_task(client.close()) if by == "closing" else None
    if stopping is None:
        query.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    begin.set()
    await late
    with pytest.raises((OperationalError, asyncio.CancelledError)):
        await query
    if stopping is not None:
        await stopping
    else:
        while reader not in lane._idle:
            await asyncio.sleep(0.001)
    assert await client.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]


async def test_there_are_few_connections(client: sqlite.Client) -> None:
    answers = await asyncio.gather(
        *(client.execute_query_dict("SELECT 1 AS one") for _ in range(50)),
        *(generation.current() for _ in range(50)),
    )
    assert answers == [[{"one": 1}]] * 50 + [0] * 50
    readers = client._readers
    assert [len(lane._open) for lane in (readers._everybody, readers._requests)] == [2, 1]


async def test_a_reader_cannot_write(client: sqlite.Client) -> None:
    """Where a statement only looks as if it read."""
    with pytest.raises(DatabaseUnavailable, match="readonly"):
        await client.execute_query("WITH one AS (SELECT 1) DELETE FROM project")


async def test_closing_stops_what_is_read_and_readers_come_back(client: sqlite.Client) -> None:
    queries = await started(client, 2)
    await client.close()
    results = await asyncio.gather(*queries, return_exceptions=True)
    assert {type(result) for result in results} == {OperationalError}
    assert await client.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]


async def test_where_no_reader_can_be_opened_the_writer_reads(client: sqlite.Client) -> None:
    """No file descriptor is left, for instance."""
    await client._readers.close()
    client._readers._everybody._uri = "file:/nowhere/at-all.db?mode=rw"
    assert await client.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]
