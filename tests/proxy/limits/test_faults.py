"""Limits over a wire to PostgreSQL that is long, or breaks at a chosen message."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from config import Database
from models.db.database import postgres_address
from proxy.limits import postgres
from proxy.limits.postgres import PostgresLimits
from proxy.limits.store import LimitsUnavailable, claims_on
from tests.fixtures.postgres_wire import Fault, PostgresWire, postgres_wire
from tests.proxy.limits.stores import eventually, long_timeouts, still_database, still_server

__all__ = ["long_timeouts", "still_database", "still_server"]

pytestmark = pytest.mark.usefixtures("long_timeouts")

#: The message that has a call carried out and committed.
SYNC: Final = b"S\x00\x00\x00\x04"
CLAIMS: Final = (*claims_on("t:1", quota=1000, max_parallel=5), *claims_on("p:1", max_parallel=5))


@pytest.fixture
def wire(still_database: Database) -> Iterator[PostgresWire]:
    with postgres_wire(still_database.host, still_database.port) as made:
        yield made


@pytest.fixture
async def store(
    wire: PostgresWire, still_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PostgresLimits]:
    """At the other end of the wire, on which it sends nothing but calls."""
    monkeypatch.setattr(postgres, "_HEARTBEAT_S", 3600)
    monkeypatch.setattr(postgres, "_RETRY_S", 0.01)
    there = replace(still_database, host="127.0.0.1", port=wire.port)
    opened = PostgresLimits(there, "w", workers=tmp_path)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def session(still_database: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**postgres_address(still_database))
    yield connection
    await connection.close()


async def counts(session: Any) -> tuple[int, int]:
    """What is used of the quota, and all slots in use."""
    used = await session.fetchval("SELECT used FROM limit_counter WHERE key = 't:1'")
    return used, await session.fetchval(
        "SELECT coalesce(sum(slots[entry + 1]), 0)::integer"
        " FROM limit_counter, generate_series(1, cardinality(slots), 4) AS entry"
    )


async def test_clients_in_sequence_are_never_refused_whatever_the_round_trip(
    store: PostgresLimits, wire: PostgresWire
) -> None:
    """A slot is free for its own worker when its request ends, not when the server hears of it."""
    wire.delay = 0.002

    async def client(pause: float) -> None:
        for _ in range(60):
            got = await store.decide(CLAIMS)
            await asyncio.sleep(pause)
            store.settle(got)

    await asyncio.gather(*(client(number / 1000) for number in range(5)))


@pytest.mark.parametrize(
    ("fault", "used"), [(Fault.CUT_BEFORE, 0), (Fault.ANSWER_LOST, 1)], ids=["before", "after"]
)
async def test_connections_cut_around_a_commit_leave_exact_counts(
    store: PostgresLimits, wire: PostgresWire, session: Any, fault: Fault, used: int
) -> None:
    """What was not committed was not taken; what was counts as used, and its slot is free."""
    cuts = 16
    for number in range(cuts):
        # Over a connection that works, so that the next message of this kind is the call's.
        store.settle(await store.decide(CLAIMS))

        async def is_settled(expected: int = number * (1 + used) + 1) -> bool:
            return await counts(session) == (expected, 0)

        await eventually(is_settled)
        await eventually(lambda: _is_idle(store))
        armed = wire.arm(fault, SYNC)
        with pytest.raises(LimitsUnavailable):
            await store.decide(CLAIMS)
        assert armed.reached.is_set()
    await eventually(lambda: _counted(session, (cuts * (1 + used), 0)))
    # As many slots as there are can be taken.
    for _ in range(5):
        await store.decide(CLAIMS)


async def _is_idle(store: PostgresLimits) -> bool:
    return not store._calls


async def _counted(session: Any, expected: tuple[int, int]) -> bool:
    return await counts(session) == expected


async def test_calm_projects_are_served_beside_a_thousand_clients_of_a_hot_one(
    store: PostgresLimits,
) -> None:
    over = asyncio.Event()
    hot = (*claims_on("t:hot", quota=10**6), *claims_on("p:hot", max_parallel=10**4))

    async def client() -> None:
        while not over.is_set():
            store.settle(await store.decide(hot))

    clients = [asyncio.create_task(client()) for _ in range(1024)]
    await asyncio.sleep(0)
    for number in range(38):
        # None is refused.
        await store.decide(
            (*claims_on(f"t:{number}", quota=10), *claims_on(f"p:{number}", max_parallel=1))
        )
    over.set()
    await asyncio.gather(*clients)
