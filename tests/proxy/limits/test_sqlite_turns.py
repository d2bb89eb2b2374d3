"""The limits engine of one machine: what requests of one turn of the loop share."""

import asyncio
import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from proxy.driving import Driven
from proxy.limits import sqlite
from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import Claim, LimitExceeded, LimitStore, Reservation, claims_on
from proxy.limits.worker_locks import WorkerLocks
from tests.proxy.limits.stores import Stores, decided, eventually
from tests.proxy.limits.test_sqlite import QUOTA, locked, stores

__all__ = ["stores"]


async def outcomes_of(
    store: LimitStore, *wanted: tuple[Claim, ...]
) -> list[Reservation | BaseException]:
    """What a store says to those that ask in one turn."""
    asking = [asyncio.create_task(decided(store, claims)) for claims in wanted]
    return await asyncio.gather(*asking, return_exceptions=True)


async def test_requests_of_a_turn_are_answered_after_one_transaction(stores: Stores) -> None:
    store = await stores.worker()
    statements = said_to(store)
    asking = [asyncio.ensure_future(decided(store, claims_on("t:1", quota=2))) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(statement.startswith("BEGIN") for statement in statements)
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in outcomes] == [Reservation, Reservation, LimitExceeded]
    assert statements.count("COMMIT") == 1


async def test_driven_requests_go_on_in_the_turn_that_decides(stores: Stores) -> None:
    """No task is made for them."""
    store, got = await stores.worker(), []

    async def request() -> None:
        got.append(await store.decide(QUOTA))

    for _ in range(3):
        Driven().drive(request())
    assert got == []
    await asyncio.sleep(0)
    assert [each.remaining for each in got] == [(5, 4, 0.0), (5, 3, 0.0), (5, 2, 0.0)]
    assert len(asyncio.all_tasks()) == 1


async def test_a_driven_request_that_goes_before_its_decision_takes_nothing(
    stores: Stores,
) -> None:
    store = await stores.worker()

    async def request() -> None:
        await store.decide(QUOTA)

    leaving = Driven()
    with contextlib.suppress(asyncio.CancelledError):
        leaving.drive(request())
        leaving.cancel()
        await asyncio.sleep(0)
    assert (await store.decide(QUOTA)).remaining == (5, 4, 0.0)


async def test_one_that_another_ends_while_they_are_told_gives_back(stores: Stores) -> None:
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    claims = claims_on("t:1", quota=2, max_parallel=2)
    first, second = store.decide(claims), store.decide(claims)
    first.resume = second.cancel
    await asyncio.sleep(0)
    assert (first.woken, second.woken) == (True, False)
    assert isinstance(await store.decide(claims), Reservation)
    assert isinstance((await outcomes_of(store, claims))[0], LimitExceeded)


async def test_one_whose_coroutine_is_closed_while_it_waits_takes_nothing(stores: Stores) -> None:
    store = await stores.worker()
    waiting = decided(store, QUOTA)
    waiting.send(None)
    waiting.close()
    await asyncio.sleep(0)
    assert (await store.decide(QUOTA)).remaining == (5, 4, 0.0)


async def test_one_who_cannot_take_its_answer_holds_up_no_other(stores: Stores) -> None:
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    reported: list[BaseException] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    error = RuntimeError("the transport is gone")

    def fail() -> None:
        raise error

    failing, other = store.decide(QUOTA), store.decide(QUOTA)
    failing.resume = fail
    assert (await other).remaining == (5, 3, 0.0)
    assert reported == [error]


async def test_one_that_fails_is_told_alone_and_what_asks_meanwhile_is_decided(
    stores: Stores,
) -> None:
    store = await stores.worker()
    impossible = claims_on("p:1", quota=2**70, quota_base=2**69)

    async def twice(claims: tuple[Claim, ...]) -> list[type[object]]:
        outcomes = await outcomes_of(store, claims)
        outcomes += await outcomes_of(store, QUOTA)
        return [type(each) for each in outcomes]

    kinds = await asyncio.gather(*map(twice, (QUOTA, impossible, QUOTA)))
    assert kinds == [[Reservation] * 2, [OverflowError, Reservation], [Reservation] * 2]
    with pytest.raises(LimitExceeded):
        await store.decide(QUOTA)


async def test_nobody_is_forgotten_where_another_process_has_the_file(stores: Stores) -> None:
    store = await stores.worker()
    with locked(stores.path):
        asking = [asyncio.create_task(decided(store, QUOTA)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert not any(each.done() for each in asking)
    await asyncio.gather(*asking)
    assert (await store.decide(QUOTA)).remaining == (5, 1, 0.0)


async def test_a_counter_is_read_again_only_where_another_worker_wrote(stores: Stores) -> None:
    store, other = await stores.worker(), await stores.worker()
    claims = claims_on("t:1", quota=5, max_parallel=5)
    await store.decide(claims)
    statements = said_to(store)

    def reads() -> int:
        return sum(each.startswith("SELECT") for each in statements)

    await store.decide(claims)
    assert reads() == 0
    await other.decide(claims)
    assert (await store.decide(claims)).remaining == (5, 1, 0.0)
    assert reads() == 2


def said_to(store: object) -> list[str]:
    """The statements that a store sends to SQLite from now on."""
    statements: list[str] = []
    store._connection.set_trace_callback(statements.append)  # type: ignore[attr-defined]
    return statements


async def test_alone_a_worker_needs_one_transaction_for_a_request(stores: Stores) -> None:
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    statements = said_to(store)
    slot = claims_on("t:1", max_parallel=1)
    for _ in range(3):
        store.settle(await store.decide(slot))
    assert statements.count("COMMIT") == 3

    async def is_written() -> bool:
        assert store._connection is not None
        return store._connection.execute("SELECT * FROM slot").fetchall() == []

    await eventually(is_written)


async def test_slots_are_written_where_another_number_is_held_or_another_has_written(
    stores: Stores,
) -> None:
    store = await stores.worker()
    statements = said_to(store)
    slot = claims_on("t:1", max_parallel=2)

    def writes() -> int:
        return sum(" INTO slot " in each for each in statements)

    for _ in range(3):
        store.settle(await store.decide(slot))
    assert writes() == 1
    got, _ = await store.decide(slot), await store.decide(slot)
    assert writes() == 2
    with closing(sqlite3.connect(stores.path, isolation_level=None)) as other:
        # As one does that takes us for dead.
        other.execute("DELETE FROM slot")
        store.settle(got)
        await store.decide(slot)
        assert other.execute("SELECT held FROM slot").fetchall() >= [(2,)]


def slots_said(path: Path) -> int:
    """How many slots of `t:1` all rows of a file say are held."""
    with closing(sqlite3.connect(path)) as file:
        (held,) = file.execute("SELECT sum(held) FROM slot WHERE key = 't:1'").fetchone()
    return held or 0


async def test_alone_rows_of_slots_say_enough_at_once_and_what_is_true_soon(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_LINGER_S", 60.0)
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    statements = said_to(store)
    slot = claims_on("t:1", max_parallel=40)
    store.settle(await store.decide(slot))
    running: list[Reservation] = []
    for held in range(1, 33):
        running.append(await store.decide(slot))
        # Whoever comes now must not take what is held.
        assert slots_said(stores.path) >= held
        store.settle(await store.decide(slot))
    # So most of it is not written: the rest is, once the time is over.
    assert sum(" INTO slot " in each for each in statements) <= 8
    store._linger_no_more()
    await asyncio.sleep(0.01)
    assert slots_said(stores.path) == 32
    for _ in range(30):
        store.settle(running.pop())
    store._linger_no_more()
    await asyncio.sleep(0.01)
    assert slots_said(stores.path) == 2
    # The limit is what is true, whatever a row says.
    for _ in range(38):
        await store.decide(slot)
    with pytest.raises(LimitExceeded):
        await store.decide(slot)


async def test_rows_of_slots_are_exact_where_another_worker_is(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_LINGER_S", 60.0)
    store, _ = await stores.worker(), await stores.worker()
    assert isinstance(store, SqliteLimits)
    slot = claims_on("t:1", max_parallel=9)
    # As for entries that are to be charged, which others need not see.
    store._soon(is_seen=False)
    for held in range(1, 9):
        store.settle(await store.decide(slot))
        await store.decide(slot)
        assert slots_said(stores.path) == held


async def test_a_store_that_closes_while_it_lingers_leaves_no_slots(stores: Stores) -> None:
    store = await stores.worker()
    slot = claims_on("t:1", max_parallel=9)
    for _ in range(3):
        store.settle(await store.decide(slot))
    await store.close()
    assert slots_said(stores.path) == 0


async def test_what_ends_while_a_store_waits_to_close_is_written_and_lingers_no_longer(
    stores: Stores,
) -> None:
    store = await stores.worker()
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    running = [await store.decide(claims_on("t:1", max_parallel=9)) for _ in range(2)]
    with locked(stores.path):
        closing_it = asyncio.create_task(store.close())
        store.settle(running.pop())
        await asyncio.sleep(0)
        store.settle(running.pop())
    await closing_it
    assert slots_said(stores.path) == 0
    # Longer than it lingers.
    await asyncio.sleep(4 * sqlite._LINGER_S)
    assert reported == []


async def test_who_asks_does_not_wait_for_what_was_put_off(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_RETRY_S", 3600.0)
    store = await stores.worker()
    assert isinstance(store, SqliteLimits)
    slot = claims_on("t:1", max_parallel=1)
    store.settle(await store.decide(slot))
    with locked(stores.path):
        # Another has the file when the free slot is to be written.
        assert store._lingers is not None
        store._lingers.cancel()
        store._linger_no_more()
        await asyncio.sleep(0)
    assert isinstance(await store.decide(slot), Reservation)


async def test_of_a_transaction_that_failed_no_slot_counts_as_written(stores: Stores) -> None:
    store = await stores.worker()
    slot = claims_on("t:1", max_parallel=2)
    await store.decide(slot)
    too_large = claims_on("t:2", quota=2**70, quota_base=2**69)
    # It writes that one more is held, and then fails.
    assert isinstance((await outcomes_of(store, (*slot, *too_large)))[0], OverflowError)
    await store.decide(slot)
    with closing(sqlite3.connect(stores.path)) as file:
        assert file.execute("SELECT held FROM slot").fetchall() == [(2,)]


async def test_beside_another_worker_a_free_slot_is_written_at_once(stores: Stores) -> None:
    store, other = await stores.worker(), await stores.worker()
    slot = claims_on("t:1", max_parallel=1)
    for _ in range(3):
        store.settle(await store.decide(slot))
        await asyncio.sleep(0)
        other.settle(await other.decide(slot))
        await asyncio.sleep(0)


def alone(locks: WorkerLocks) -> bool:
    return locks.is_alone


def test_a_worker_is_alone_until_another_registers(tmp_path: Path) -> None:
    here, other = WorkerLocks(tmp_path / "w", "here"), WorkerLocks(tmp_path / "w", "other")
    assert not alone(here)
    with here.register():
        pass
    assert alone(here)
    # Of old, so that what was seen is remembered.
    os.utime(tmp_path / "w", (1, 1))
    assert alone(here)
    with other.register():
        pass
    assert not alone(here)
    assert not alone(other)
    other.unregister()
    assert alone(here)
    here.unregister()
