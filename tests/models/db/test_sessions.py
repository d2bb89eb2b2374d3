"""Sessions with PostgreSQL that have an end: of a transaction, of a wait, of a connection."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import SimpleNamespace

import asyncpg
import pytest
import uvloop
from tortoise.connection import get_connections

from config import Database
from models.db import sessions
from models.db.database import (
    connection,
    give_up_on_locks_after,
    open_database,
    postgres_address,
    run_in_transaction,
    unhurried,
)
from models.errors import DatabaseBlocked, DatabaseReadOnly, DatabaseUnavailable
from models.generation import Generation
from tests.fixtures.database import run_sql

_BOUNDS = ("idle_in_transaction_session_timeout", "lock_timeout")
_SOCKET = (
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_keepalives_count",
    "tcp_user_timeout",
    "client_connection_check_interval",
)


@pytest.fixture
async def postgres(postgres_database: Database) -> AsyncIterator[Database]:
    """The models, connected to PostgreSQL by a pool of one, so that its state is seen."""
    async with open_database(postgres_database):
        connection().pool_maxsize = 1  # type: ignore[attr-defined]
        yield postgres_database


async def _settings(*names: str) -> list[str]:
    rows = await connection().execute_query_dict(
        "SELECT name, setting FROM pg_settings WHERE name = ANY($1)", [list(names)]
    )
    found = {row["name"]: str(row["setting"]) for row in rows}
    return [found[name] for name in names]


async def _session() -> int:
    rows = await connection().execute_query_dict("SELECT pg_backend_pid() AS pid")
    return int(rows[0]["pid"])


async def test_sessions_are_bounded_and_stay_so(postgres: Database) -> None:
    first = await _session()
    for _ in range(2):
        assert await _settings(*_BOUNDS) == ["60000", "8000"]
        assert await _settings(*_SOCKET) == ["3", "1", "4", "7000", "2000"]
    assert await _session() == first


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_our_own_end_notices_a_server_that_vanished_and_needs_no_descriptor(
    new_loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    async def options() -> list[int]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        async with server:
            address = server.sockets[0].getsockname()
            transport, _ = await loop.create_connection(asyncio.Protocol, *address)
            with monkeypatch.context() as patch:
                patch.setattr(socket, "dup", none_left)
                sessions.watch(SimpleNamespace(_transport=transport))
            descriptor = transport.get_extra_info("socket").fileno()
            with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as same:
                found = [
                    same.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                    same.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                    same.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
                ]
            transport.abort()
        return found

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(options()) == [1, 1, 4]


async def test_one_transaction_may_have_other_bounds(postgres: Database) -> None:
    async def shorter() -> list[str]:
        await give_up_on_locks_after(0.25)
        return await _settings(*_BOUNDS)

    async def none() -> list[str]:
        await unhurried()
        return await _settings(*_BOUNDS)

    assert await run_in_transaction(shorter) == ["60000", "250"]
    assert await run_in_transaction(none) == ["0", "0"]
    assert await _settings(*_BOUNDS) == ["60000", "8000"]


async def test_a_transaction_whose_machine_has_gone_lets_go(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_IDLE_IN_TRANSACTION_S", 0.05)
    gone = await asyncpg.connect(**postgres_address(postgres_database))
    await sessions.guard(gone)
    async with open_database(postgres_database):
        await Generation.create(id=1, value=0)
        await gone.execute("BEGIN; UPDATE generation SET value = 7")
        # It says nothing more, and the wait below ends all the same.
        assert await Generation.filter(id=1).update(value=1) == 1
    gone.terminate()


async def test_a_lock_is_not_waited_for_for_ever(postgres: Database) -> None:
    await Generation.create(id=1, value=0)
    other = await asyncpg.connect(**postgres_address(postgres))

    async def change() -> None:
        await give_up_on_locks_after(0.05)
        await Generation.filter(id=1).update(value=1)

    async with other.transaction():
        await other.execute("UPDATE generation SET value = 7")
        with pytest.raises(DatabaseBlocked):
            await run_in_transaction(change)
    await run_in_transaction(change)
    await other.close()


async def test_what_a_deadlock_ends_was_blocked(postgres: Database) -> None:
    async def change() -> None:
        await connection().execute_script("DO $$ BEGIN RAISE deadlock_detected; END $$")

    with pytest.raises(DatabaseBlocked):
        await run_in_transaction(change)
    with pytest.raises(DatabaseBlocked):
        await change()


async def _write() -> None:
    await Generation.create(id=1, value=0)


async def test_a_session_that_takes_no_writes_ends_with_the_refusal(postgres: Database) -> None:
    """In a transaction and without one, as where a primary steps down."""
    before = await _session()

    async def write() -> None:
        await connection().execute_query("SET TRANSACTION READ ONLY")
        await _write()

    with pytest.raises(DatabaseReadOnly):
        await run_in_transaction(write)
    after = await _session()
    assert after != before
    with pytest.raises(DatabaseReadOnly):
        await connection().execute_script("BEGIN READ ONLY; DELETE FROM generation")
    assert await _session() != after
    await _write()


async def test_a_session_that_began_read_only_is_replaced_unasked(postgres: Database) -> None:
    elsewhere = replace(postgres, database="postgres")
    name = postgres.database

    async def spell(change: str) -> None:
        await asyncio.to_thread(run_sql, elsewhere, f"ALTER DATABASE {name} {change}")

    await spell("SET default_transaction_read_only = on")
    try:
        await get_connections().get("postgres").close()
        before = await _session()
        with pytest.raises(DatabaseReadOnly):
            await run_in_transaction(_write)
        with pytest.raises(DatabaseReadOnly):
            await _write()
    finally:
        await spell("RESET default_transaction_read_only")
    # Not one write is lost to a session of those days.
    assert await _session() != before
    await run_in_transaction(_write)


async def test_a_transaction_cut_for_its_idleness_is_an_outage(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dawdle() -> None:
        await connection().execute_query("SET LOCAL idle_in_transaction_session_timeout = 1")
        pid = await _session()
        other = await asyncpg.connect(**postgres_address(postgres))
        while await other.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid):
            await asyncio.sleep(0.005)
        await other.close()
        await _write()

    with pytest.raises(DatabaseUnavailable):
        await run_in_transaction(dawdle)
    await run_in_transaction(_write)
