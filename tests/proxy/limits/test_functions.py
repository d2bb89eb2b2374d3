"""The limits engine that a migration installs in PostgreSQL: exact under concurrency."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from config import Database

ACQUIRE = "SELECT * FROM limit_acquire($1, $2, $3, $4, $5, $6, $7, $8)"


def claim(
    key: str,
    *,
    quota: int | None = None,
    base: int = 0,
    epoch: int = 0,
    rate: int | None = None,
    parallel: int | None = None,
) -> tuple[str, int | None, int, int, int | None, int | None]:
    return key, quota, base, epoch, rate, parallel


async def acquire(
    connection: Any, *claims: tuple[Any, ...], lease: UUID | None = None, worker: str = "w1"
) -> list[Any]:
    columns = [list(column) for column in zip(*claims, strict=True)]
    while True:
        # It waits two seconds for a lock and then takes nothing; a machine may stand still longer.
        with suppress(asyncpg.LockNotAvailableError):
            rows: list[Any] = await connection.fetch(ACQUIRE, *columns, lease, worker)
            return rows


async def admitted(connection: Any, *claims: tuple[Any, ...], **wanted: Any) -> bool:
    rows = await acquire(connection, *claims, **wanted)
    assert len({row["admitted"] for row in rows}) == 1
    return bool(rows[0]["admitted"])


async def used(connection: Any, key: str) -> int:
    count: int = await connection.fetchval("SELECT used FROM limit_counter WHERE key = $1", key)
    return count


@pytest.fixture
async def pool(postgres_database: Database) -> AsyncIterator[Any]:
    opened = await asyncpg.create_pool(
        host=postgres_database.host,
        port=postgres_database.port,
        user=postgres_database.user,
        password=postgres_database.password,
        database=postgres_database.database,
        min_size=1,
        max_size=50,
    )
    yield opened
    await opened.close()


async def test_fifty_connections_and_a_quota_admit_exactly_the_quota(pool: Any) -> None:
    async def client() -> int:
        async with pool.acquire() as connection:
            return sum([await admitted(connection, claim("t:1", quota=300)) for _ in range(20)])

    assert sum(await asyncio.gather(*(client() for _ in range(50)))) == 300
    assert await used(pool, "t:1") == 300


async def test_claims_in_opposite_orders_do_not_deadlock_and_stay_exact(pool: Any) -> None:
    keys = [f"k:{n}" for n in range(6)]

    async def client(turn: int) -> int:
        count = 0
        async with pool.acquire() as connection:
            for attempt in range(15):
                first, second = keys[(turn + attempt) % 6], keys[(turn * 5 + attempt + 3) % 6]
                if first == second:
                    continue
                chosen = [claim(first, quota=10**6), claim(second, quota=10**6, parallel=1000)]
                lease = uuid4()
                assert await admitted(connection, *chosen, lease=lease, worker=f"w{turn % 4}")
                await connection.execute("SELECT limit_heartbeat($1)", f"w{turn % 4}")
                await connection.execute("SELECT limit_release($1)", [lease])
                count += 1
        return count

    requests = sum(await asyncio.gather(*(client(turn) for turn in range(50))))
    assert await pool.fetchval("SELECT sum(used) FROM limit_counter") == 2 * requests
    assert await pool.fetchval("SELECT count(*) FROM limit_lease") == 0


async def test_a_refused_request_consumes_nothing(pool: Any) -> None:
    token = claim("t:1", quota=5, rate=60)
    project = claim("p:1", rate=60, parallel=1)
    assert await admitted(pool, token, project, lease=uuid4())
    before = await pool.fetch("SELECT * FROM limit_counter ORDER BY key")
    (row,) = await acquire(pool, token, project, lease=uuid4())
    assert (row["admitted"], row["claim_key"], row["claim_kind"]) == (False, "p:1", "parallel")
    assert await pool.fetch("SELECT * FROM limit_counter ORDER BY key") == before
    assert await pool.fetchval("SELECT count(*) FROM limit_lease") == 1


async def test_parallel_refusals_take_no_quota_under_concurrency(pool: Any) -> None:
    async def client(worker: str) -> tuple[int, int]:
        won = most = 0
        async with pool.acquire() as connection:
            for _ in range(10):
                lease = uuid4()
                if await admitted(
                    connection, claim("t:1", quota=10**6, parallel=3), lease=lease, worker=worker
                ):
                    won += 1
                    busy = await connection.fetchval("SELECT count(*) FROM limit_lease")
                    most = max(most, busy)
                    await connection.execute("SELECT limit_release($1)", [lease])
        return won, most

    results = await asyncio.gather(*(client(f"w{n % 3}") for n in range(30)))
    assert max(most for _, most in results) <= 3
    assert await used(pool, "t:1") == sum(won for won, _ in results)


async def test_a_quota_is_told_and_begins_at_its_base(pool: Any) -> None:
    late = claim("t:1:2", quota=12, base=10)
    (row,) = await acquire(pool, late)
    assert (row["claim_kind"], row["claim_limit"], row["claim_remaining"]) == ("quota", 12, 1)
    assert await admitted(pool, late)
    (row,) = await acquire(pool, late)
    assert (row["admitted"], row["retry_after"]) == (False, None)
    assert await admitted(pool, claim("t:1:2", quota=13, base=10))
    assert not await admitted(pool, claim("t:1:2", quota=1, base=10))


async def test_a_rate_admits_its_burst_then_refills(pool: Any) -> None:
    # Slow enough for a machine that stands still for seconds: one comes back in ten.
    rate = claim("t:1", rate=6)
    rows = [(await acquire(pool, rate))[0] for _ in range(6)]
    assert all(row["admitted"] for row in rows)
    assert rows[0]["claim_remaining"] == 5
    assert rows[0]["reset_after"] == pytest.approx(10, abs=0.01)
    # Time may have refilled one while we asked; take that too.
    while True:
        (row,) = await acquire(pool, rate)
        if not row["admitted"]:
            break
    assert (row["claim_kind"], row["claim_limit"]) == ("rate", 6)
    assert 0 < row["retry_after"] <= 10
    # All but what is left of a request, which is less than one.
    assert row["reset_after"] == pytest.approx(row["retry_after"] + 50)
    await pool.execute("UPDATE limit_counter SET refilled_at = refilled_at - interval '30 seconds'")
    (row,) = await acquire(pool, rate)
    assert row["admitted"]
    assert row["claim_remaining"] in (2, 3)


async def test_waiting_exactly_as_told_is_enough(pool: Any) -> None:
    slow = claim("t:1", rate=1)
    assert await admitted(pool, slow)
    (row,) = await acquire(pool, slow)
    assert row["retry_after"] == pytest.approx(60, abs=30)
    wait = row["retry_after"]
    await pool.execute(
        "UPDATE limit_counter SET refilled_at = refilled_at - $1 * interval '1 second'", wait
    )
    assert await admitted(pool, slow)


async def test_a_raised_rate_counts_what_was_spent(pool: Any) -> None:
    for _ in range(3):
        await acquire(pool, claim("t:1", rate=3))
    assert not await admitted(pool, claim("t:1", rate=3))
    (row,) = await acquire(pool, claim("t:1", rate=5))
    assert row["claim_remaining"] == 1


async def test_a_rate_of_zero_never_admits(pool: Any) -> None:
    (row,) = await acquire(pool, claim("t:1", rate=0))
    assert (row["admitted"], row["retry_after"]) == (False, None)


async def test_a_clock_that_steps_back_refills_nothing_and_takes_nothing(pool: Any) -> None:
    rate = claim("t:1", rate=2)
    await acquire(pool, rate)
    await pool.execute("UPDATE limit_counter SET refilled_at = refilled_at + interval '1 hour'")
    assert await admitted(pool, rate)
    assert not await admitted(pool, rate)


async def test_a_quota_is_told_before_a_rate_and_a_rate_before_a_slot(pool: Any) -> None:
    everything = claim("t:1", quota=1, rate=1, parallel=1)
    assert await admitted(pool, everything, lease=uuid4())
    (row,) = await acquire(pool, everything, lease=uuid4())
    assert row["claim_kind"] == "quota"
    (row,) = await acquire(pool, claim("t:1", quota=9, rate=1, parallel=1), lease=uuid4())
    assert row["claim_kind"] == "rate"
    (row,) = await acquire(pool, claim("t:1", quota=9, rate=9, parallel=1), lease=uuid4())
    assert row["claim_kind"] == "parallel"


async def test_releasing_and_giving_back(pool: Any) -> None:
    limits = (claim("t:1", quota=2, parallel=1), claim("p:1", parallel=5))
    lease = uuid4()
    assert await admitted(pool, *limits, lease=lease)
    await pool.execute("SELECT limit_release($1)", [lease])
    await pool.execute("SELECT limit_give_back($1, $2, $3)", ["t:1"], [0], [1])
    assert await used(pool, "t:1") == 0
    lease = uuid4()
    assert await admitted(pool, *limits, lease=lease)
    await pool.execute("SELECT limit_release($1)", [lease])
    assert await used(pool, "t:1") == 1
    assert await pool.fetchval("SELECT count(*) FROM limit_lease") == 0
    await pool.execute("SELECT limit_give_back($1, $2, $3)", ["unheard of"], [0], [1])


async def _pass(pool: Any, seconds: int, *, alive: str) -> None:
    """Let time pass for the store, with heartbeats of one worker every 5 s."""
    for _ in range(seconds // 5):
        await pool.execute("UPDATE limit_clock SET seen_at = seen_at - interval '5 seconds'")
        await pool.execute("SELECT limit_heartbeat($1)", alive)


async def test_slots_die_with_their_worker_after_thirty_seconds(pool: Any) -> None:
    one = claim("t:1", parallel=1)
    assert await admitted(pool, one, lease=uuid4(), worker="dead")
    await _pass(pool, 15, alive="alive")
    assert not await admitted(pool, one, lease=uuid4(), worker="alive")
    await _pass(pool, 20, alive="alive")
    assert await admitted(pool, one, lease=uuid4(), worker="alive")
    assert await pool.fetchval("SELECT count(*) FROM limit_lease WHERE worker = 'dead'") == 0


async def test_slots_of_a_living_worker_stay(pool: Any) -> None:
    one = claim("t:1", parallel=1)
    assert await admitted(pool, one, lease=uuid4(), worker="alive")
    await _pass(pool, 120, alive="alive")
    assert not await admitted(pool, one, lease=uuid4(), worker="other")


async def test_an_outage_kills_no_worker(pool: Any) -> None:
    one = claim("t:1", parallel=1)
    await pool.execute("SELECT limit_heartbeat('w1')")
    assert await admitted(pool, one, lease=uuid4(), worker="w1")
    # An hour in which nobody reached the database, w2 the first one back.
    await pool.execute("UPDATE limit_clock SET seen_at = seen_at - interval '1 hour'")
    await pool.execute("SELECT limit_heartbeat('w2')")
    assert not await admitted(pool, one, lease=uuid4(), worker="w2")


async def test_a_worker_known_to_be_gone_frees_its_slots_at_once(pool: Any) -> None:
    one = claim("t:1", parallel=1)
    assert await admitted(pool, one, lease=uuid4(), worker="w1")
    await pool.execute("SELECT limit_worker_gone('w1')")
    assert await admitted(pool, one, lease=uuid4(), worker="w2")


async def test_a_worker_that_was_stopped_too_long_is_counted_again(pool: Any) -> None:
    one = claim("t:1", parallel=1)
    await pool.execute("SELECT limit_heartbeat('frozen')")
    await _pass(pool, 40, alive="alive")
    assert await admitted(pool, one, lease=uuid4(), worker="frozen")
    assert not await admitted(pool, one, lease=uuid4(), worker="alive")
