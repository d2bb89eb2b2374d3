"""Calls over a wire that breaks: what is not known to have happened is not done twice."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from loguru import logger

from config import Database
from models.db.database import postgres_address
from proxy.limits import postgres, postgres_connections
from proxy.limits.postgres import PostgresLimits
from proxy.limits.postgres_connections import NotSent
from proxy.limits.store import NOT_SENT, LimitsUnavailable, claims_on
from tests.fixtures.postgres_wire import Fault, PostgresWire, postgres_wire
from tests.proxy.limits.stores import eventually, long_timeouts, still_database, still_server
from tests.proxy.limits.test_faults import SYNC

__all__ = ["long_timeouts", "still_database", "still_server"]

pytestmark = pytest.mark.usefixtures("long_timeouts")

QUOTA = claims_on("t:1", quota=100)


@pytest.fixture
def wire(still_database: Database) -> Iterator[PostgresWire]:
    with postgres_wire(still_database.host, still_database.port) as made:
        yield made


@pytest.fixture
async def session(still_database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**postgres_address(still_database))
    yield connection
    await connection.close()


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(str(message)), format="{message}")
    yield lines
    logger.remove(handler)


def over(wire: PostgresWire, database: Database, directory: Path) -> PostgresLimits:
    there = replace(database, host="127.0.0.1", port=wire.port)
    return PostgresLimits(there, "w", workers=directory)


@pytest.fixture
async def calling(
    wire: PostgresWire, still_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PostgresLimits]:
    """At the other end of the wire, on which it sends nothing but calls."""
    monkeypatch.setattr(postgres, "_HEARTBEAT_S", 3600)
    monkeypatch.setattr(postgres, "_RETRY_S", 0.01)
    store = over(wire, still_database, tmp_path)
    await store.open()
    yield store
    await store.close()


async def test_a_refund_whose_call_is_cut_is_not_made_again(
    wire: PostgresWire, calling: PostgresLimits, session: Any
) -> None:
    """It may have been carried out: twice would let one request too many in."""
    held = [await calling.decide(QUOTA) for _ in range(5)]
    armed = wire.arm(Fault.ANSWER_LOST, SYNC)
    calling.settle(held[0], NOT_SENT)

    async def is_cut() -> bool:
        return armed.reached.is_set()

    await eventually(is_cut)
    # Sends all that is left to send.
    await calling.close()
    assert await session.fetchval("SELECT used FROM limit_counter WHERE key = 't:1'") == 4


async def test_a_worker_without_requests_finds_trouble_and_its_end(
    wire: PostgresWire,
    still_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: list[str],
) -> None:
    monkeypatch.setattr(postgres, "_HEARTBEAT_S", 0.01)
    monkeypatch.setattr(postgres, "_RETRY_S", 0.01)
    store = over(wire, still_database, tmp_path)
    await store.open()
    assert store.healthy
    for times in (1, 2):
        wire.arm(Fault.CUT_BEFORE, SYNC)

        async def is_over(times: int = times) -> bool:
            ends = [line for line in said if "can be decided again" in line]
            return len(ends) == times and store.healthy

        await eventually(is_over)
        assert len([line for line in said if "cannot be decided" in line]) == times
    await store.close()


async def test_closing_does_not_wait_for_a_server_that_says_nothing(
    still_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_CLOSE_TIMEOUT_S", 0.05)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    nobody = replace(still_database, host="127.0.0.1", port=port)
    store = PostgresLimits(nobody, "w", workers=tmp_path)
    await store.open()
    asking = asyncio.create_task(store.decide(QUOTA))
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await store.close()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert list(tmp_path.iterdir()) == []
    server.close()


async def two_idle(store: PostgresLimits) -> None:
    """Have it open two connections, which then wait."""
    await asyncio.gather(*(store._connections.fetch("SELECT 1") for _ in range(2)))


async def test_closing_says_no_goodbye_to_a_server_that_hangs(
    wire: PostgresWire, calling: PostgresLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_CLOSE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(postgres_connections, "_CLOSE_TIMEOUT_S", 3600)
    await two_idle(calling)
    wire.part()
    async with asyncio.timeout(20):
        await calling.close()


async def test_closing_leaves_no_connection(calling: PostgresLimits, session: Any) -> None:
    await two_idle(calling)
    await calling.close()

    async def are_gone() -> bool:
        return not await session.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'llm-proxy limits'"
        )

    async with asyncio.timeout(20):
        await eventually(are_gone)


async def test_closing_tells_a_server_that_is_away_once(
    wire: PostgresWire, calling: PostgresLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ended could be told again and again until the time is over."""
    monkeypatch.setattr(postgres, "_RETRY_S", 3600)
    # Due at once, while it is told: as on a machine that is busy.
    monkeypatch.setattr(postgres, "_LINGER_S", 0)
    held = await calling.decide(claims_on("t:1", max_parallel=5))
    before = calling._calls_made
    monkeypatch.setattr(calling._connections, "_connect", _refused)
    calling._connections.abandon()
    calling.settle(held)
    async with asyncio.timeout(20):
        await calling.close()
    assert calling._calls_made == before + 1


async def _refused() -> None:
    raise NotSent("nobody listens")


async def test_a_directory_that_cannot_be_used_is_told(
    still_database: Database, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LimitsUnavailable, match="file"):
        await PostgresLimits(still_database, "w", workers=tmp_path / "file").open()
