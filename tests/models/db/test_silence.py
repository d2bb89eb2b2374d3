"""A PostgreSQL server that hangs is not waited for, and one that is at work is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

import pytest

from config import Database
from config.database import parse_database_url
from migrations import schema
from models import JournalPosition
from models.db import database as connecting
from models.db import postgres, silence
from models.db.database import connection, run_in_transaction
from models.errors import DatabaseUnavailable
from tests.fixtures.database import migrated_on
from tests.fixtures.postgres import PostgresServer, running_postgres

#: What the pool holds.
_CONNECTIONS = 3
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server that may be frozen; the session's is not ours to freeze."""
    with running_postgres() as running:
        yield running


@pytest.fixture(scope="module")
def database(server: PostgresServer) -> Database:
    return migrated_on(parse_database_url(server.url), "silence")


@pytest.fixture
async def client(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[postgres.Client]:
    """Ours, which has all the time in the world."""
    monkeypatch.setattr(silence, "_ASK_AFTER_S", 60.0)
    monkeypatch.setattr(postgres, "_ANSWER_TIMEOUT_S", 60.0)
    await connecting.connect(database, connections=_CONNECTIONS)
    yield cast(postgres.Client, connection())
    await connecting.disconnect()


@asynccontextmanager
async def frozen(server: PostgresServer) -> AsyncIterator[None]:
    await asyncio.to_thread(server.freeze)
    try:
        yield
    finally:
        await asyncio.to_thread(server.thaw)


class Hurry:
    """Has it ask as soon as anything waits, and the server `answers_within` so many seconds."""

    def __init__(self, client: postgres.Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self._client = client
        self._monkeypatch = monkeypatch

    def begin(self, *, answers_within: float) -> None:
        # What was about to be asked, or is being asked, has the time that it began with.
        self._client.silence.close()
        self._monkeypatch.setattr(silence, "_ASK_AFTER_S", 0.01)
        self.answers_within(answers_within)

    def answers_within(self, seconds: float) -> None:
        self._monkeypatch.setattr(postgres, "_ANSWER_TIMEOUT_S", seconds)


@pytest.fixture
def hurry(client: postgres.Client, monkeypatch: pytest.MonkeyPatch) -> Hurry:
    return Hurry(client, monkeypatch)


async def test_whatever_waits_for_a_server_that_hangs_is_given_up(
    server: PostgresServer, client: postgres.Client, hurry: Hurry
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def half() -> None:
        await JournalPosition.create(journal_id="half", position=1, updated_at=EPOCH)
        begun.set()
        await go_on.wait()
        await JournalPosition.create(journal_id="whole", position=1, updated_at=EPOCH)

    changing = asyncio.create_task(run_in_transaction(half))
    await begun.wait()
    async with frozen(server):
        hurry.begin(answers_within=0.2)
        go_on.set()
        # More than the pool has connections for.
        reading = (count() for _ in range(3 * _CONNECTIONS))
        outcomes = await asyncio.gather(changing, *reading, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailable}
        # What comes later does not wait at all.
        hurry.answers_within(60.0)
        for _ in range(3 * _CONNECTIONS):
            with pytest.raises(DatabaseUnavailable, match="does not answer"):
                await run_in_transaction(half)
    await recovered()
    assert await count() == 0
    await check_pool(client)


async def test_a_server_that_hangs_from_the_start_is_given_up(
    server: PostgresServer, client: postgres.Client, hurry: Hurry
) -> None:
    """While one makes the pool, the others wait for it."""
    async with frozen(server):
        hurry.begin(answers_within=0.2)
        reading = (count() for _ in range(3 * _CONNECTIONS))
        outcomes = await asyncio.gather(*reading, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {DatabaseUnavailable}
        hurry.answers_within(60.0)
    await recovered()
    await check_pool(client)


async def test_the_connection_of_one_who_has_gone_is_not_lost(
    server: PostgresServer, client: postgres.Client, hurry: Hurry
) -> None:
    """asyncpg would have the server cancel the statement, and waits for its answer."""
    await count()
    async with frozen(server):
        leaving = asyncio.create_task(count())
        await until(lambda: client._pool is not None and not client._pool.get_idle_size())
        leaving.cancel()
        await until(lambda: bool(leaving.cancelling()))
        hurry.begin(answers_within=0.2)
        with pytest.raises(DatabaseUnavailable):
            await count()
        await asyncio.wait([leaving])
        assert leaving.cancelled()
        hurry.answers_within(60.0)
    await recovered()
    await check_pool(client)


async def test_a_server_at_work_is_waited_for(
    client: postgres.Client, hurry: Hurry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that takes long, and those that wait for a connection behind it."""
    questions = 0
    ask = client.silence._connect

    async def counted() -> None:
        nonlocal questions
        await ask()
        questions += 1

    monkeypatch.setattr(client.silence, "_connect", counted)
    hurry.begin(answers_within=60.0)
    held = asyncio.Event()
    let_go = asyncio.Event()

    async def hold() -> None:
        await lock()
        held.set()
        await let_go.wait()

    holding = asyncio.create_task(run_in_transaction(hold))
    await held.wait()
    waiting = [asyncio.create_task(run_in_transaction(lock)) for _ in range(3 * _CONNECTIONS)]
    await until(lambda: questions >= 3)
    let_go.set()
    await holding
    await asyncio.gather(*waiting)


async def test_a_server_that_answers_but_takes_no_connection_is_there(
    client: postgres.Client, hurry: Hurry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, in_vain = asyncio.Event(), asyncio.Event()

    async def times_out() -> None:
        asked.set()
        await in_vain.wait()
        raise TimeoutError

    monkeypatch.setattr(client.silence, "_connect", times_out)
    hurry.begin(answers_within=60.0)
    with client.waiting():
        await asked.wait()
        await count()
        question = client.silence._question
        assert question is not None
        in_vain.set()
        await question
    assert await count() == 0


async def test_a_migration_is_not_given_up(database: Database) -> None:
    async with schema._command(database):
        client = cast(postgres.Client, connection())
        with client.waiting():
            assert not client.silence._waiting


async def count() -> int:
    """A read."""
    return await JournalPosition.all().count()


async def lock() -> None:
    """Wait for it, and have it until the transaction ends."""
    await connection().execute_query("SELECT pg_advisory_xact_lock(1)")


async def recovered() -> None:
    """Wait until the server is found to be back."""

    async def answers() -> bool:
        try:
            await count()
        except DatabaseUnavailable:
            return False
        return True

    while not await answers():
        await asyncio.sleep(0)


async def check_pool(client: postgres.Client) -> None:
    """All connections can be had, at once."""
    everyone = asyncio.Barrier(_CONNECTIONS)

    async def one() -> None:
        await connection().execute_query("SELECT 1")
        await everyone.wait()

    await asyncio.gather(*(run_in_transaction(one) for _ in range(_CONNECTIONS)))
    assert client._pool is not None
    assert client._pool.get_idle_size() == client._pool.get_size() == _CONNECTIONS


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)
