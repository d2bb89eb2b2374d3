"""The limits engine of several machines: outages, cut-off calls, and who is alive."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from config import Database
from config.database import parse_database_url
from migrations import schema
from models.database import postgres_address
from proxy.limits import Claim, Exhausted, LimitsUnavailable, Reservation
from proxy.limits_postgres import PostgresLimits
from tests.fixtures.postgres import PostgresServer, running_postgres
from tests.proxy.limit_stores import eventually

CLAIMS = (Claim("t:1", quota=5, max_parallel=2),)


@asynccontextmanager
async def machine(database: Database, directory: Path) -> AsyncIterator[PostgresLimits]:
    """A worker on a machine of its own: no other's files."""
    store = PostgresLimits(database, "w", workers=directory / uuid4().hex)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(postgres_database: Database, tmp_path: Path) -> AsyncIterator[PostgresLimits]:
    async with machine(postgres_database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def session(postgres_database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**postgres_address(postgres_database))
    yield connection
    await connection.close()


async def counts(session: Any) -> tuple[int | None, int]:
    """What is used of the quota, and how many slots."""
    used = await session.fetchval("SELECT used FROM limit_counter WHERE key = 't:1'")
    return used, await session.fetchval("SELECT count(*) FROM limit_lease")


async def waits_for_a_lock(session: Any) -> bool:
    return bool(
        await session.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND query LIKE '%limit_acquire%'"
        )
    )


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[None]:
    """The counter's row, in the hands of another decision that does not end."""
    connection = await asyncpg.connect(**postgres_address(database))
    async with connection.transaction():
        await connection.execute("SELECT FROM limit_counter FOR UPDATE")
        yield
    await connection.close()


async def test_a_decision_is_one_round_trip_on_a_kept_connection(
    store: PostgresLimits, session: Any
) -> None:
    for _ in range(5):
        store.release(await store.acquire((Claim("t:1", quota=100),)))
    queries = await session.fetch(
        "SELECT query FROM pg_stat_activity WHERE application_name = 'llm-proxy limits'"
    )
    # A reset of the session, the habit of asyncpg's pool, would have been the last.
    assert all("limit_" in row["query"] for row in queries)


async def test_cancelled_in_flight_gives_back_what_it_took(
    store: PostgresLimits, session: Any, postgres_database: Database
) -> None:
    store.release(await store.acquire(CLAIMS))
    await eventually(lambda: _counted(session, (1, 0)))
    async with locked(postgres_database):
        call = asyncio.create_task(store.acquire(CLAIMS))
        await eventually(lambda: waits_for_a_lock(session))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    # Closing waits for the call that nobody waits for any more.
    await store.close()
    assert await counts(session) == (1, 0)


async def _counted(session: Any, expected: tuple[int, int]) -> bool:
    return await counts(session) == expected


async def _decided(session: Any) -> bool:
    return not await waits_for_a_lock(session)


async def test_a_database_that_does_not_answer_refuses_and_takes_nothing(
    store: PostgresLimits, session: Any, postgres_database: Database
) -> None:
    store.release(await store.acquire(CLAIMS))
    async with locked(postgres_database):
        with pytest.raises(LimitsUnavailable):
            await store.acquire(CLAIMS)
        await eventually(lambda: _decided(session))
    await eventually(lambda: _counted(session, (1, 0)))
    got = await store.acquire(CLAIMS)
    assert got.remaining == (5, 3, 0.0)


async def test_slots_on_another_machine_die_half_a_minute_after_their_worker(
    postgres_database: Database, tmp_path: Path, session: Any
) -> None:
    slot = (Claim("t:1", max_parallel=1),)
    async with (
        machine(postgres_database, tmp_path) as one,
        machine(postgres_database, tmp_path) as other,
    ):
        await one.acquire(slot)
        with pytest.raises(Exhausted):
            await other.acquire(slot)
        await session.execute("UPDATE limit_worker SET beat = beat - 31")
        await other.acquire(slot)


async def test_a_worker_of_this_machine_buries_the_dead(
    postgres_database: Database, tmp_path: Path, session: Any
) -> None:
    (tmp_path / "killed").touch()
    await session.execute("SELECT limit_heartbeat('killed')")
    store = PostgresLimits(postgres_database, "w", workers=tmp_path)
    await store.open()

    async def is_buried() -> bool:
        return not (tmp_path / "killed").exists()

    await eventually(is_buried)
    workers = [row["worker"] for row in await session.fetch("SELECT worker FROM limit_worker")]
    assert [worker[:2] for worker in workers] == ["w-"]
    await store.close()
    assert await session.fetchval("SELECT count(*) FROM limit_worker") == 0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test's own, to be stopped."""
    with running_postgres() as started:
        yield started


async def test_an_outage_refuses_and_what_ended_meanwhile_arrives_once(
    server: PostgresServer, tmp_path: Path
) -> None:
    database = parse_database_url(server.url)
    await schema.upgrade(database)
    async with machine(database, tmp_path) as store:
        running, unsent = await store.acquire(CLAIMS), await store.acquire(CLAIMS)
        await asyncio.to_thread(server.stop)
        with pytest.raises(LimitsUnavailable):
            await store.acquire(CLAIMS)
        store.release(running)
        store.give_back(unsent)
        await asyncio.to_thread(server.start)
        session = await asyncpg.connect(**postgres_address(database))
        await eventually(lambda: _counted(session, (1, 0)))
        await session.close()
        got = await store.acquire(CLAIMS)
        assert got.remaining == (5, 3, 0.0)


def asked_in_vain(store: PostgresLimits) -> bool:
    """Whether a request is refused at once, before anything is waited for."""
    asking = store.acquire(CLAIMS)
    try:
        asking.send(None)
    except LimitsUnavailable:
        return True
    asking.close()
    return False


async def test_a_server_that_hangs_is_waited_for_once(
    server: PostgresServer, tmp_path: Path
) -> None:
    database = parse_database_url(server.url)
    await schema.upgrade(database)
    async with machine(database, tmp_path) as store:
        running = await store.acquire(CLAIMS)
        await asyncio.to_thread(server.freeze)
        crowd = await asyncio.gather(
            *(store.acquire(CLAIMS) for _ in range(50)), return_exceptions=True
        )
        assert {type(outcome) for outcome in crowd} == {LimitsUnavailable}
        assert all(asked_in_vain(store) for _ in range(50))
        store.release(running)
        await asyncio.to_thread(server.thaw)

        session = await asyncpg.connect(**postgres_address(database))
        # Nobody stands in a queue that the server would have to work off first.
        await eventually(lambda: _counted(session, (1, 0)))
        await session.close()
        got = await acquired(store)
        assert got.remaining == (5, 3, 0.0)


async def acquired(store: PostgresLimits) -> Reservation:
    """A reservation, once the store answers."""
    while True:
        try:
            return await store.acquire(CLAIMS)
        except LimitsUnavailable:
            await asyncio.sleep(0.01)


async def test_one_locked_row_does_not_close_the_others(
    store: PostgresLimits, postgres_database: Database
) -> None:
    store.release(await store.acquire(CLAIMS))
    other = (Claim("t:2", quota=5),)
    async with locked(postgres_database):
        with pytest.raises(LimitsUnavailable):
            await store.acquire(CLAIMS)

        async def is_admitted() -> bool:
            try:
                await store.acquire(other)
            except LimitsUnavailable:
                return False
            return True

        await eventually(is_admitted)


async def test_so_many_may_wait_and_no_more(
    store: PostgresLimits, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.limits_postgres._WAITING_MAX", 3)
    store.release(await store.acquire(CLAIMS))
    async with locked(postgres_database):
        asking = [asyncio.create_task(store.acquire(CLAIMS)) for _ in range(4)]
        await asyncio.sleep(0)
        waiting = [asyncio.create_task(store.acquire(CLAIMS)) for _ in range(3)]
        await asyncio.sleep(0)
        assert asked_in_vain(store)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        # There is room again.
        assert not asked_in_vain(store)
    await asyncio.gather(*asking, return_exceptions=True)


async def test_it_opens_and_closes_without_a_server(unused_port: int, tmp_path: Path) -> None:
    nowhere = Database(dialect="postgres", host="127.0.0.1", port=unused_port, database="x")
    async with machine(nowhere, tmp_path) as store:
        with pytest.raises(LimitsUnavailable):
            await store.acquire(CLAIMS)


async def test_a_connection_cut_in_flight_refuses_and_takes_nothing(
    store: PostgresLimits, session: Any, postgres_database: Database
) -> None:
    store.release(await store.acquire(CLAIMS))
    async with locked(postgres_database):
        call = asyncio.create_task(store.acquire(CLAIMS))
        await eventually(lambda: waits_for_a_lock(session))
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'llm-proxy limits'"
        )
        with pytest.raises(LimitsUnavailable):
            await call
    await eventually(lambda: _counted(session, (1, 0)))
