"""The limits engine of one machine: what requests of one turn of the loop share."""

import asyncio
import os
from pathlib import Path

import pytest

from proxy.limits.sqlite import SqliteLimits
from proxy.limits.store import LimitExceeded, Outcome, Reservation, claims_on
from proxy.limits.worker_locks import WorkerLocks
from tests.proxy.limits.stores import Stores, eventually
from tests.proxy.limits.test_sqlite import QUOTA, answered, locked, stores

__all__ = ["stores"]


async def test_requests_of_a_turn_are_answered_after_one_transaction(stores: Stores) -> None:
    store = await stores.worker()
    statements = said_to(store)
    outcomes: list[Outcome] = []
    for _ in range(3):
        assert store.decide_then(claims_on("t:1", quota=2), outcomes.append)
    assert not outcomes
    await asyncio.sleep(0)
    assert [type(each) for each in outcomes] == [Reservation, Reservation, LimitExceeded]
    assert statements.count("COMMIT") == 1


async def test_one_who_cannot_take_its_answer_holds_up_no_other(stores: Stores) -> None:
    store = await stores.worker()
    reported: list[BaseException] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    outcomes: list[Outcome] = []
    error = RuntimeError("the transport is gone")

    def fail(_outcome: Outcome) -> None:
        raise error

    store.decide_then(QUOTA, fail)
    store.decide_then(QUOTA, outcomes.append)
    await asyncio.sleep(0)
    assert reported == [error]
    assert [type(each) for each in outcomes] == [Reservation]


async def test_one_that_fails_is_told_alone_and_what_asks_meanwhile_is_decided(
    stores: Stores,
) -> None:
    store = await stores.worker()
    impossible = claims_on("p:1", quota=2**70, quota_base=2**69)
    outcomes: list[Outcome] = []

    def again(outcome: Outcome) -> None:
        outcomes.append(outcome)
        store.decide_then(QUOTA, outcomes.append)

    for claims in (QUOTA, impossible, QUOTA):
        store.decide_then(claims, again)
    for _ in range(3):
        await asyncio.sleep(0)
    kinds = [type(each) for each in outcomes]
    assert kinds == [Reservation, OverflowError, *[Reservation] * 4]
    assert store.decide_now(impossible) is None
    with pytest.raises(LimitExceeded):
        await store.decide(QUOTA)


async def test_nobody_is_forgotten_where_another_process_has_the_file(stores: Stores) -> None:
    store = await stores.worker()
    outcomes: list[Outcome] = []
    with locked(stores.path):
        for _ in range(3):
            store.decide_then(QUOTA, outcomes.append)
        assert store.decide_now(QUOTA) is None
        await asyncio.sleep(0.01)
        assert not outcomes
    await eventually(lambda: answered(len(outcomes) == 3))
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
