"""The limits engine of several machines: outages, cut-off calls, and who is alive."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest

from config import Database
from config.database import parse_database_url
from migrations import schema
from models.db.database import postgres_address
from proxy.limits import postgres, silence
from proxy.limits.postgres import PostgresLimits
from proxy.limits.store import NOT_SENT, LimitExceeded, LimitsUnavailable, Reservation, claims_on
from tests.fixtures.postgres import PostgresServer, running_postgres
from tests.proxy.limits.stores import eventually, long_timeouts, still_database, still_server

__all__ = ["long_timeouts", "still_database", "still_server"]

pytestmark = pytest.mark.usefixtures("long_timeouts")

#: How long a store waits for an answer, where that is what is tested.
TIMEOUT_S: Final = postgres._TIMEOUT_S
CLAIMS = claims_on("t:1", quota=5, max_parallel=2)


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
async def store(still_database: Database, tmp_path: Path) -> AsyncIterator[PostgresLimits]:
    async with machine(still_database, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**postgres_address(database))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def session(still_database: Database) -> AsyncIterator[Any]:
    async with connected(still_database) as connection:
        yield connection


@contextmanager
def usual_timeout() -> Iterator[None]:
    """Whoever asks meanwhile is refused after as long as in earnest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "_TIMEOUT_S", TIMEOUT_S)
        yield


async def counts(session: Any) -> tuple[int | None, int]:
    """What is used of the quota, and how many slots."""
    used = await session.fetchval("SELECT used FROM limit_counter WHERE key = 't:1'")
    return used, await session.fetchval(
        "SELECT coalesce(sum(slots[entry + 1]), 0)::integer"
        " FROM limit_counter, generate_series(1, cardinality(slots), 4) AS entry"
    )


async def waits_for_a_lock(session: Any) -> bool:
    return bool(
        await session.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND query LIKE '%limit_decide%'"
        )
    )


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[None]:
    """The counter's row, in the hands of another decision that does not end."""
    async with connected(database) as connection, connection.transaction():
        await connection.execute("SELECT FROM limit_counter FOR UPDATE")
        yield


async def test_a_decision_is_one_round_trip_on_a_kept_connection(
    store: PostgresLimits, session: Any
) -> None:
    for _ in range(5):
        store.settle(await store.decide(claims_on("t:1", quota=100)))

    async def have_asked() -> bool:
        # The first heartbeat's connection may be so new that it has asked nothing yet.
        return all(await last_queries(session))

    await eventually(have_asked)
    # A reset of the session, the habit of asyncpg's pool, would have been the last.
    assert all("limit_" in query for query in await last_queries(session))


async def last_queries(session: Any) -> list[str]:
    rows = await session.fetch(
        "SELECT query FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'llm-proxy limits'"
    )
    return [row["query"] for row in rows]


async def test_cancelled_in_flight_gives_back_what_it_took(
    store: PostgresLimits, session: Any, still_database: Database
) -> None:
    store.settle(await store.decide(CLAIMS))
    await eventually(lambda: _counted(session, (1, 0)))
    async with locked(still_database):
        call = asyncio.create_task(store.decide(CLAIMS))
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
    postgres_database: Database, tmp_path: Path
) -> None:
    async with (
        connected(postgres_database) as session,
        machine(postgres_database, tmp_path) as store,
    ):
        store.settle(await store.decide(CLAIMS))
        async with locked(postgres_database):
            with usual_timeout(), pytest.raises(LimitsUnavailable):
                await store.decide(CLAIMS)
            await eventually(lambda: _decided(session))
        await eventually(lambda: _counted(session, (1, 0)))
        # Refused at once, until the probe has been answered.
        got = await decided(store)
        assert got.remaining == (5, 3, 0.0)


async def test_slots_of_another_machine_are_free_soon_after_it_died(
    still_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_HEARTBEAT_S", 0.01)
    monkeypatch.setattr(silence, "SILENT_S", 0.001)
    slot = claims_on("t:1", max_parallel=1)
    async with machine(still_database, tmp_path) as one:
        await one.decide(slot)
        (beating, *_) = one._background
        beating.cancel()
        async with machine(still_database, tmp_path) as other:

            async def has_it() -> bool:
                try:
                    await other.decide(slot)
                except LimitExceeded:
                    return False
                return True

            await eventually(has_it)


async def test_one_that_was_taken_for_dead_tells_its_slots_again_though_it_decides_first(
    still_database: Database, tmp_path: Path, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The database's clock stands still, and so do heartbeats.
    monkeypatch.setattr(silence, "SILENT_S", 3600.0)
    slot = claims_on("p:1", max_parallel=1)
    async with (
        machine(still_database, tmp_path) as one,
        machine(still_database, tmp_path) as other,
    ):
        await eventually(lambda: has_looked(one))
        await one.decide(slot)
        (beating, *_) = one._background
        beating.cancel()
        await session.execute("SELECT limit_worker_gone($1)", one._worker)
        # So often that the slots of the dead go from the counter.
        counted = claims_on("p:1", quota=100, max_parallel=1)
        for _ in range(65):
            other.settle(await other.decide(counted))
        await session.execute("UPDATE still SET moment = moment + interval '1 second'")
        await one.decide(claims_on("p:2", max_parallel=1))
        one._background.append(asyncio.create_task(one._beat_forever()))

        async def is_full() -> bool:
            try:
                other.settle(await other.decide(slot))
            except LimitExceeded:
                return True
            return False

        await eventually(is_full)


@pytest.mark.parametrize("comes_back", [False, True])
async def test_one_that_beats_while_it_is_taken_for_dead_keeps_its_slots(
    still_database: Database, session: Any, *, comes_back: bool
) -> None:
    await session.execute("SELECT limit_heartbeat('other')")
    times = iter(range(0, 12, 3))
    observer = silence.Silence("observer", lambda _: False, lambda: next(times))

    async def fetch(statement: str, *arguments: object) -> list[Any]:
        rows: list[Any] = await session.fetch(statement, *arguments)
        if comes_back and statement == silence.BEATS and observer._looked_at == 6:
            await session.execute("UPDATE limit_worker SET beat = beat + 1")
        return rows

    for _ in range(4):
        await observer.free_slots(fetch)
    assert await session.fetchval("SELECT count(*) FROM limit_worker") == comes_back


async def has_looked(store: PostgresLimits) -> bool:
    return store._silence._ours is not None


async def test_a_worker_of_this_machine_that_stands_still_keeps_its_slots(
    still_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_HEARTBEAT_S", 0.01)
    monkeypatch.setattr(silence, "SILENT_S", 0.001)
    slot = claims_on("t:1", max_parallel=1)
    one, other = (PostgresLimits(still_database, "w", workers=tmp_path) for _ in range(2))
    await one.open()
    try:
        await one.decide(slot)
        (beating, *_) = one._background
        beating.cancel()
        silent: list[str] = []
        look = other._silence.look
        monkeypatch.setattr(other._silence, "look", lambda beats: [*map(told, look(beats))])

        def told(worker: str) -> str:
            silent.append(worker)
            return worker

        async def was_seen_twice() -> bool:
            return silent.count(one._worker) > 1

        await other.open()
        await eventually(was_seen_twice)
        with pytest.raises(LimitExceeded):
            await other.decide(slot)
    finally:
        await other.close()
        await one.close()


async def test_slots_on_another_machine_die_half_a_minute_after_their_worker(
    still_database: Database, tmp_path: Path, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A worker that died has no more of them. It is known by its first request as well.
    monkeypatch.setattr(postgres, "_HEARTBEAT", "SELECT $1::text")
    slot = claims_on("t:1", max_parallel=1)
    async with (
        machine(still_database, tmp_path) as one,
        machine(still_database, tmp_path) as other,
    ):
        await one.decide(slot)
        with pytest.raises(LimitExceeded):
            await other.decide(slot)
        await session.execute("UPDATE limit_worker SET beat = beat - 31")
        await other.decide(slot)


async def test_a_worker_of_this_machine_clears_away_the_dead(
    still_database: Database, tmp_path: Path, session: Any
) -> None:
    (tmp_path / "killed").touch()
    await session.execute("SELECT limit_heartbeat('killed')")
    store = PostgresLimits(still_database, "w", workers=tmp_path)
    await store.open()

    async def is_cleared_away() -> bool:
        return not (tmp_path / "killed").exists()

    await eventually(is_cleared_away)
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
        running, unsent = await store.decide(CLAIMS), await store.decide(CLAIMS)
        await asyncio.to_thread(server.stop)
        with pytest.raises(LimitsUnavailable):
            await store.decide(CLAIMS)
        assert not store.healthy
        store.settle(running)
        store.settle(unsent, NOT_SENT)
        await asyncio.to_thread(server.start)
        async with connected(database) as session:
            await eventually(lambda: _counted(session, (1, 0)))
        got = await store.decide(CLAIMS)
        assert got.remaining == (5, 3, 0.0)


def asked_in_vain(store: PostgresLimits) -> bool:
    """Whether a request is refused at once, before anything is waited for."""
    asking = store.decide(CLAIMS)
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
        running = await store.decide(CLAIMS)
        await asyncio.to_thread(server.freeze)
        with usual_timeout():
            crowd = await asyncio.gather(
                *(store.decide(CLAIMS) for _ in range(50)), return_exceptions=True
            )
        assert {type(outcome) for outcome in crowd} == {LimitsUnavailable}
        assert all(asked_in_vain(store) for _ in range(50))
        assert not store.healthy
        store.settle(running)
        await asyncio.to_thread(server.thaw)

        # What was under way is answered, for nobody; it must not take what is looked at below.
        await eventually(lambda: _has_heard(store))
        async with connected(database) as session:
            # Nobody stands in a queue that the server would have to work off first.
            await eventually(lambda: _counted(session, (1, 0)))
        got = await decided(store)
        assert got.remaining == (5, 3, 0.0)


async def _has_heard(store: PostgresLimits) -> bool:
    return not store._calls


async def decided(store: PostgresLimits) -> Reservation:
    """A reservation, once the store answers."""
    while True:
        try:
            return await store.decide(CLAIMS)
        except LimitsUnavailable:
            await asyncio.sleep(0.01)


async def test_one_locked_row_holds_up_nobody_else(
    postgres_database: Database, tmp_path: Path
) -> None:
    other = claims_on("t:2", quota=100)
    async with machine(postgres_database, tmp_path) as store:
        store.settle(await store.decide(CLAIMS))
        async with locked(postgres_database):
            waiting = [asyncio.create_task(store.decide(CLAIMS)) for _ in range(3)]
            # Also not those that are decided in one call with it.
            beside = await asyncio.gather(*(store.decide(other) for _ in range(20)))
            assert [got.lease for got in beside] == [None] * 20
            # The server answers, and says which row is locked: it is not taken for silent.
            assert store.healthy
            assert not any(task.done() for task in waiting)
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        # All that waited, once the lock is gone.
        assert sum(isinstance(each, Reservation) for each in outcomes) == 2
        assert sum(isinstance(each, LimitExceeded) for each in outcomes) == 1


async def test_clients_in_sequence_are_never_refused_a_slot(store: PostgresLimits) -> None:
    """Each asks again the moment its request has ended, and there are as many as slots."""
    slots = (*claims_on("t:1", max_parallel=5), *claims_on("p:1", max_parallel=5))

    async def client() -> None:
        for _ in range(400):
            store.settle(await store.decide(slots))

    await asyncio.gather(*(client() for _ in range(5)))


async def test_what_waits_together_is_decided_in_one_call(
    store: PostgresLimits, session: Any
) -> None:
    claims = [
        (*claims_on(f"t:{n}", quota=9), *claims_on("p:1", max_parallel=99)) for n in range(50)
    ]
    await asyncio.gather(*(store.decide(each) for each in claims))
    turns = await session.fetchval("SELECT turns FROM limit_counter WHERE key = 'p:1'")
    assert turns == 1


async def test_a_worker_that_was_taken_for_dead_tells_its_slots_again(
    still_database: Database, tmp_path: Path, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_HEARTBEAT_S", 0.01)
    async with machine(still_database, tmp_path) as store:
        await store.decide(CLAIMS)
        # Stopped for so long that others cleared it away.
        await session.execute("DELETE FROM limit_worker; UPDATE limit_counter SET slots = '{}'")
        await eventually(lambda: _counted(session, (1, 1)))


async def test_a_server_with_few_connections_serves_with_those_it_has(
    still_database: Database, tmp_path: Path, session: Any
) -> None:
    await session.execute(
        "DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN CONNECTION LIMIT 1;"
        " GRANT ALL ON ALL TABLES IN SCHEMA public TO poor"
    )
    poor = replace(still_database, user="poor")
    try:
        async with machine(poor, tmp_path) as store:
            claims = [claims_on(f"t:{n % 9}", quota=100) for n in range(90)]
            for _ in range(5):
                await asyncio.gather(*(store.decide(each) for each in claims))
            assert store.healthy
    finally:
        await session.execute("DROP OWNED BY poor; DROP ROLE poor")


async def test_a_worker_without_a_connection_of_its_own_borrows_one(
    still_database: Database, tmp_path: Path, session: Any
) -> None:
    await session.execute(
        "DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN CONNECTION LIMIT 0;"
        " GRANT ALL ON ALL TABLES IN SCHEMA public TO poor"
    )
    poor = replace(still_database, user="poor")
    pool = asyncpg.create_pool(**postgres_address(still_database), min_size=1, max_size=1)
    try:
        async with pool:
            store = PostgresLimits(poor, "w", workers=tmp_path, loan=pool.acquire)
            await store.open()
            got = await store.decide(CLAIMS)
            assert got.remaining == (5, 4, 0.0)
            store.settle(got)
            await store.close()
        assert await counts(session) == (1, 0)
    finally:
        await session.execute("DROP OWNED BY poor; DROP ROLE poor")


async def test_it_opens_and_closes_without_a_server(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        # Bound, so that nobody else can listen there meanwhile.
        nobody.bind(("127.0.0.1", 0))
        nowhere = Database(
            dialect="postgres", host="127.0.0.1", port=nobody.getsockname()[1], database="x"
        )
        async with machine(nowhere, tmp_path) as store:
            with pytest.raises(LimitsUnavailable):
                await store.decide(CLAIMS)


async def test_a_connection_cut_in_flight_refuses_and_takes_nothing(
    store: PostgresLimits, session: Any, still_database: Database
) -> None:
    store.settle(await store.decide(CLAIMS))
    async with locked(still_database):
        call = asyncio.create_task(store.decide(CLAIMS))
        await eventually(lambda: waits_for_a_lock(session))
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'llm-proxy limits'"
        )
        with pytest.raises(LimitsUnavailable):
            await call
    await eventually(lambda: _counted(session, (1, 0)))
