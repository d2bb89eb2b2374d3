"""Decisions that cannot be written: nobody waits for ever, nothing is lost, and nothing is free."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import (
    NOT_SENT,
    Claim,
    LimitExceeded,
    LimitStore,
    LimitsUnavailable,
    claims_on,
)
from tests.proxy.limits.stores import Stores, decided, eventually
from tests.proxy.limits.test_sqlite import QUOTA, SLOT, answered, locked

#: Cannot be written: SQLite's integers are shorter.
TOO_LARGE = claims_on("p:1", quota=2**70, quota_base=2**69)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    made = Stores(tmp_path, None)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def no_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds later a probe would make up for what is tested here."""
    monkeypatch.setattr("proxy.limits.health._PROBE_S", 3600.0)
    monkeypatch.setattr("proxy.limits.health._PROBE_AGAIN_S", 3600.0)


async def a_worker(stores: Stores) -> SqliteLimits:
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    return store


async def is_free(store: LimitStore) -> bool:
    """Whether the slot could be taken."""
    try:
        await store.decide(SLOT)
    except LimitExceeded:
        return False
    return True


async def test_the_trouble_of_one_request_is_not_the_others(stores: Stores) -> None:
    store = await stores.worker()
    outcomes = await asyncio.gather(
        *(decided(store, claims) for claims in (QUOTA, TOO_LARGE, QUOTA)), return_exceptions=True
    )
    assert isinstance(outcomes.pop(1), OverflowError)
    assert [
        outcome.remaining for outcome in outcomes if not isinstance(outcome, BaseException)
    ] == [
        (5, 4, 0.0),
        (5, 3, 0.0),
    ]


async def test_those_decided_apart_all_wait_for_a_file_that_is_locked_meanwhile(
    stores: Stores,
) -> None:
    """Another worker's transaction comes between the one that failed and the next."""
    store = await a_worker(stores)
    assert store._connection is not None
    begun = 0
    with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:

        def before(statement: str) -> None:
            nonlocal begun
            begun += statement == "BEGIN IMMEDIATE"
            if begun == 2 and not other.in_transaction:
                other.execute("BEGIN IMMEDIATE")

        store._connection.set_trace_callback(before)
        waiting = [
            asyncio.create_task(decided(store, claims)) for claims in (TOO_LARGE, QUOTA, QUOTA)
        ]
        await eventually(lambda: answered(other.in_transaction))
        store._connection.set_trace_callback(None)
        other.execute("ROLLBACK")
        async with asyncio.timeout(30):
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[0], OverflowError)
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes[1:])


async def test_a_decision_that_failed_holds_no_slot_and_frees_none(stores: Stores) -> None:
    store, other = await stores.worker(), await stores.worker()
    running = await store.decide(SLOT)
    with pytest.raises(OverflowError):
        await store.decide((*claims_on("t:2", max_parallel=1), *TOO_LARGE))
    for worker in (store, other):
        with pytest.raises(LimitExceeded):
            await worker.decide(SLOT)
    await store.decide(claims_on("t:2", max_parallel=1))
    store.settle(running)
    await store.decide(SLOT)


async def test_who_left_while_the_file_was_locked_keeps_no_error_from_the_others(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.limits.sqlite._BUSY_TIMEOUT_S", 0.05)
    store = await stores.worker()
    with locked(stores.path):
        leaving, waiting = (asyncio.create_task(decided(store, QUOTA)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(LimitsUnavailable):
            await waiting
    assert (await store.decide(QUOTA)).remaining == (5, 4, 0.0)


async def test_a_stall_of_this_process_is_not_the_other_ones_time(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where we were stopped, so was who has the file: the wait goes on when both do."""
    store = await stores.worker()
    now = 1.0
    # In the engine alone: the loop has a clock of its own.
    clock = SimpleNamespace(monotonic=lambda: now, sleep=time.sleep)
    monkeypatch.setattr("proxy.limits.sqlite.time", clock)
    with locked(stores.path):
        call = asyncio.create_task(decided(store, QUOTA))
        for _ in range(4):
            now += 3600
            await asyncio.sleep(0.002)
    assert (await call).remaining == (5, 4, 0.0)


async def test_times_of_waiting_do_not_add_up_over_requests(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await stores.worker()
    now = 1.0
    # In the engine alone: the loop has a clock of its own.
    clock = SimpleNamespace(monotonic=lambda: now, sleep=time.sleep)
    monkeypatch.setattr("proxy.limits.sqlite.time", clock)
    for number in range(12):
        with locked(stores.path):
            call = asyncio.create_task(decided(store, claims_on("t:1", quota=12)))
            await asyncio.sleep(0.002)
            now += 0.1
            await asyncio.sleep(0.002)
        assert (await call).remaining == (12, 11 - number, 0.0)


async def test_what_ends_under_a_lock_is_written_without_another_request(stores: Stores) -> None:
    store, other = await stores.worker(), await stores.worker()
    got = await store.decide(SLOT)
    with locked(stores.path):
        store.settle(got)
        # Its turn finds the file locked.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await eventually(lambda: is_free(other))


async def test_what_ends_on_a_full_disk_is_written_without_another_request(stores: Stores) -> None:
    store, other = await a_worker(stores), await stores.worker()
    assert store._connection is not None
    got = await store.decide(SLOT)
    store._connection.execute("PRAGMA query_only = ON")
    store.settle(got)
    await eventually(lambda: answered(not store.healthy))
    store._connection.execute("PRAGMA query_only = OFF")
    await eventually(lambda: is_free(other))


async def test_what_ends_beside_a_decision_that_fails_is_written_all_the_same(
    stores: Stores,
) -> None:
    store, other = await stores.worker(), await stores.worker()
    got = await store.decide(SLOT)
    failing = asyncio.create_task(decided(store, TOO_LARGE))
    store.settle(got)
    with pytest.raises(OverflowError):
        await failing
    await eventually(lambda: is_free(other))


async def test_closing_does_not_wait_for_ever_for_a_file_that_stays_locked(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.limits.sqlite._CLOSE_TIMEOUT_S", 0.02)
    store = await stores.worker()
    got = await store.decide(SLOT)
    with locked(stores.path):
        store.settle(got, NOT_SENT)
        async with asyncio.timeout(30):
            await store.close()
    # Its slots are a dead worker's from here on.
    await (await stores.worker()).decide(SLOT)


async def test_a_disk_that_is_full_keeps_nobody_from_closing(stores: Stores) -> None:
    store = await a_worker(stores)
    got = await store.decide(SLOT)
    assert store._connection is not None
    store._connection.execute("PRAGMA query_only = ON")
    store.settle(got, NOT_SENT)
    await store.close()
    # Its slots are a dead worker's from here on.
    assert await is_free(await stores.worker())


async def test_slots_of_all_dead_workers_are_freed_and_their_rows_removed(stores: Stores) -> None:
    store = await stores.worker()
    await store.decide(claims_on("t:1", max_parallel=4))
    with closing(sqlite3.connect(stores.path, isolation_level=None)) as file:
        rows = "INSERT INTO slot VALUES ('t:1', 'dead-1', 1), ('t:1', 'dead-2', 2)"
        file.execute(rows)
        await store.decide(claims_on("t:1", max_parallel=2))
        held = "SELECT worker, held FROM slot WHERE key = 't:1'"
        assert [count for _, count in file.execute(held)] == [2]
        file.execute(rows)
        # The next to open sees to it, whether anybody asks for these slots or not.
        await stores.worker()
        assert [count for _, count in file.execute(held)] == [2]


async def test_an_amount_of_slots_is_taken_whole(stores: Stores) -> None:
    store = await stores.worker()
    two = (Claim("t:1", "slots", 3, amount=2),)
    got = await store.decide(two)
    with pytest.raises(LimitExceeded):
        await store.decide(two)
    one = await store.decide(claims_on("t:1", max_parallel=3))
    with pytest.raises(LimitExceeded):
        await store.decide(claims_on("t:1", max_parallel=3))
    store.settle(got)
    store.settle(one)
    await store.decide(two)
