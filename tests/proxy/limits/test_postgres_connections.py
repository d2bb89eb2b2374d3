"""The limits' connections to PostgreSQL: few, given back, and no fewer than are needed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from config import Database
from models.db.database import postgres_address
from proxy.limits import postgres
from proxy.limits.postgres_connections import Connections
from proxy.limits.store import Claim, LimitsUnavailable, claims_on
from tests.proxy.limits.stores import eventually, long_timeouts, still_database, still_server
from tests.proxy.limits.test_postgres import machine

__all__ = ["long_timeouts", "still_database", "still_server"]

pytestmark = pytest.mark.usefixtures("long_timeouts")

_OURS: Final = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'llm-proxy limits'"
)


@pytest.fixture
async def session(still_database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**postgres_address(still_database))
    yield connection
    await connection.close()


@pytest.fixture
async def connections(still_database: Database) -> AsyncIterator[Connections]:
    made = Connections(still_database, size=2, connect_timeout=60.0, command_timeout=60.0)
    yield made
    await made.close()


async def test_no_more_are_opened_than_allowed_and_all_are_served(
    connections: Connections, session: Any
) -> None:
    rows = await asyncio.gather(
        *(connections.fetch("SELECT pg_sleep(0.001), $1::integer AS n", n) for n in range(12))
    )
    assert [row[0]["n"] for row in rows] == list(range(12))
    assert await session.fetchval(_OURS) == 2


async def test_a_statement_that_fails_keeps_its_connection_and_one_given_up_on_does_not(
    connections: Connections, session: Any
) -> None:
    pid = (await connections.fetch("SELECT pg_backend_pid()"))[0][0]
    with pytest.raises(asyncpg.DivisionByZeroError):
        await connections.fetch("SELECT 1 / 0")
    assert (await connections.fetch("SELECT pg_backend_pid()"))[0][0] == pid
    for _ in range(5):
        hanging = asyncio.create_task(connections.fetch("SELECT pg_sleep(3600)"))
        beside = asyncio.create_task(connections.fetch("SELECT pg_sleep(3600)"))
        waiting = asyncio.create_task(connections.fetch("SELECT pg_backend_pid()"))
        await asyncio.sleep(0)
        hanging.cancel()
        # Whoever waits has its place.
        assert (await waiting)[0][0] != pid
        beside.cancel()
        await asyncio.gather(hanging, beside, return_exceptions=True)


async def test_one_that_was_cut_while_it_waited_makes_room_for_another(
    connections: Connections, session: Any
) -> None:
    for _ in range(4):
        pid = (await connections.fetch("SELECT pg_backend_pid()"))[0][0]
        is_known = asyncio.Event()
        connections._idle[-1][0].add_termination_listener(lambda _, seen=is_known: seen.set())
        await session.execute("SELECT pg_terminate_backend($1)", pid)
        await is_known.wait()
        assert (await connections.fetch("SELECT pg_backend_pid()"))[0][0] != pid


async def test_one_that_was_cut_at_work_makes_room_for_another(
    connections: Connections, session: Any
) -> None:
    for _ in range(4):
        pid = (await connections.fetch("SELECT pg_backend_pid()"))[0][0]
        at_work = asyncio.create_task(connections.fetch("SELECT pg_sleep(3600)"))

        async def is_seen(pid: int = pid) -> bool:
            found = await session.fetchval("SELECT query FROM pg_stat_activity WHERE pid = $1", pid)
            return "pg_sleep" in str(found)

        await eventually(is_seen)
        await session.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await at_work
        assert (await connections.fetch("SELECT pg_backend_pid()"))[0][0] != pid


async def test_those_that_are_not_used_are_closed_but_one(
    still_database: Database, tmp_path: Path, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_HEARTBEAT_S", 0.01)
    monkeypatch.setattr("proxy.limits.postgres_connections._IDLE_S", 0.0)
    async with machine(still_database, tmp_path) as store:
        await asyncio.gather(*(store.decide(claims_on(f"t:{n}", quota=5)) for n in range(9)))
        assert await session.fetchval(_OURS) >= 1
        await eventually(lambda: _is_one(session))
        await store.decide(claims_on("t:1", quota=5))


async def _is_one(session: Any) -> bool:
    return bool(await session.fetchval(_OURS) == 1)


async def test_a_fault_of_ours_in_a_call_tells_all_that_wait_in_it(
    still_database: Database, tmp_path: Path
) -> None:
    """An amount that the function cannot take, say; the next call is none the worse for it."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    async with machine(still_database, tmp_path) as store:
        outcomes = await asyncio.gather(
            store.decide((Claim("t:2", "requests", 10, amount=7),)),
            store.decide(claims_on("t:1", quota=5)),
            return_exceptions=True,
        )
        assert {type(outcome) for outcome in outcomes} == {LimitsUnavailable}
        assert (await store.decide(claims_on("t:1", quota=5))).remaining == (5, 4, 0.0)
