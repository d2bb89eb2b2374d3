"""Calls about budgets on a real PostgreSQL: one for a request, and exact whatever becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from config import Database
from models.db import database as connecting
from models.db.database import postgres_address
from models.ids import new_request_id
from proxy.limits.batch import Account, Batch, CallsUnderWay
from proxy.limits.budget_batch import BudgetAccount
from proxy.limits.budgets import BudgetClaim, Charge
from proxy.limits.postgres import PostgresLimits
from proxy.limits.postgres_budget_records import PostgresBudgetRecords
from proxy.limits.postgres_statements import DECIDE, DECIDE_WITH_BUDGETS
from proxy.limits.queue import Waiting
from proxy.limits.store import claims_on
from tests.proxy.limits.machine import OF_PROJECT, OF_TOKEN, allowance
from tests.proxy.limits.stores import long_timeouts

__all__ = ["long_timeouts"]

DAY = allowance(1000)


class Worker:
    """One worker's end of the calls, without the connections and the loop around it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.account = Account()
        self.budgets = BudgetAccount(has_bases=False)
        self._calls = 0

    def batch(self, *holds: int) -> Batch:
        self._calls += 1
        loop = asyncio.get_running_loop()
        waiting = [
            Waiting((), loop.create_future(), 0, (BudgetClaim(DAY, hold),), new_request_id())
            for hold in holds
        ]
        return Batch(self._calls, waiting, [], self.account, CallsUnderWay(), budgets=self.budgets)

    async def carry_out(self, batch: Batch) -> Any:
        assert batch.budgets is not None
        arguments = batch.arguments("w", 100) + batch.budgets.arguments("here")
        return await self.session.fetchrow(DECIDE_WITH_BUDGETS, *arguments)


@pytest.fixture
async def worker(postgres_database: Database) -> AsyncIterator[Worker]:
    session = await asyncpg.connect(**postgres_address(postgres_database))
    async with connecting.open_database(postgres_database):
        yield Worker(session)
    await session.close()


async def sums() -> tuple[int, int]:
    (use,) = (await PostgresBudgetRecords().budgets([DAY])).values()
    return use[:2]


@pytest.mark.parametrize("order", ["before", "between", "after"])
async def test_a_lost_call_holds_nothing_whenever_it_is_carried_out(
    worker: Worker, order: str
) -> None:
    """Its request was refused, and has no entry."""
    lost = worker.batch(600)
    if order == "before":
        await worker.carry_out(lost)
    assert lost.budgets is not None
    late = lost.arguments("w", 100) + lost.budgets.arguments("here")
    lost.lost()
    told = worker.batch()
    told.decided(await worker.carry_out(told))
    if order != "before":
        await worker.session.fetchrow(DECIDE_WITH_BUDGETS, *late)
        assert await sums() == (0, 600)
    worker.budgets.tell_lost_again()
    again = worker.batch(1000)
    row = await worker.carry_out(again)
    again.decided(row)
    assert again.waiting[0].outcome.result().left == (0,)
    assert await sums() == (0, 1000)


async def test_what_is_told_twice_counts_once(worker: Worker) -> None:
    """The answer of the call that told it was lost."""
    batch = worker.batch(600)
    batch.decided(await worker.carry_out(batch))
    worker.budgets.end(batch.waiting[0].outcome.result(), Charge("used", 100))
    lost = worker.batch()
    await worker.carry_out(lost)
    lost.lost()
    again = worker.batch()
    again.decided(await worker.carry_out(again))
    assert worker.budgets.synced
    assert await sums() == (100, 0)


async def test_what_a_call_under_way_tells_does_not_hold_up_who_asks_meanwhile(
    worker: Worker,
) -> None:
    """A client that asks one request after another is refused none of them."""
    batch = worker.batch(600)
    batch.decided(await worker.carry_out(batch))
    worker.budgets.end(batch.waiting[0].outcome.result(), Charge("used", 100))
    under_way = worker.batch()
    asked = worker.batch(900)
    # They are on connections of their own.
    asked.decided(await worker.carry_out(asked))
    under_way.decided(await worker.carry_out(under_way))
    assert asked.waiting[0].outcome.result().left == (0,)
    assert await sums() == (100, 900)
    assert worker.budgets.synced
    assert list(worker.budgets.begin({DAY.key})) == []


async def test_who_is_refused_for_what_another_gives_back_is_asked_about_again(
    worker: Worker,
) -> None:
    """The first is refused by its quota, after the second found no room beside it."""
    loop = asyncio.get_running_loop()
    first, second = (
        Waiting(claims, loop.create_future(), 0, (BudgetClaim(DAY, 600),), new_request_id())
        for claims in (claims_on("t:1", quota=0), ())
    )
    batch = Batch(1, [first, second], [], worker.account, CallsUnderWay(), budgets=worker.budgets)
    _, again = batch.decided(await worker.carry_out(batch))
    assert again == [second]
    assert first.outcome.exception() is not None
    assert await sums() == (0, 0)


async def test_a_request_with_four_budgets_takes_one_round_trip(
    postgres_database: Database, tmp_path: Path, long_timeouts: None
) -> None:
    store = PostgresLimits(postgres_database, "w", workers=tmp_path)
    await store.open()
    statements = []
    fetch = store._connections.fetch

    async def counted(statement: str, *arguments: Any) -> list[Any]:
        statements.append(statement)
        return await fetch(statement, *arguments)

    store._connections.fetch = counted  # type: ignore[method-assign]
    claims = claims_on(OF_TOKEN, quota=9, requests_per_minute=99) + claims_on(
        OF_PROJECT, max_parallel=3
    )
    budgets = tuple(
        BudgetClaim(allowance(1000, period, subject=subject), 10)
        for subject in (OF_TOKEN, OF_PROJECT)
        for period in ("day", "minute")
    )
    got = await store.decide(claims, budgets, new_request_id())
    assert got.left == (990,) * 4
    assert [one for one in statements if "decide" in one] == [DECIDE_WITH_BUDGETS]
    statements.clear()
    await store.decide(claims)
    # One without budgets is decided as ever.
    assert [one for one in statements if "decide" in one] == [DECIDE]
    await store.close()
