"""Who delivers, what was delivered, and what is dropped."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from config import Database
from models import Destination, DestinationState, OutboxItem, changes, deliveries
from models.db import conditions
from models.db.database import connection
from models.deliveries import Bound, Claimed, claim, due, failed, forget_orphans, release, took
from models.outbox import SIZE_MAX, retry_now, waiting
from tests.models.test_outbox import a_destination, queue


async def state_of(destination: Destination) -> DestinationState:
    return await DestinationState.get(destination_id=destination.id)


async def left(destination: Destination) -> int:
    return await OutboxItem.filter(destination_id=destination.id).count()


async def test_one_at_a_time_delivers(connected: Database) -> None:
    one = await a_destination()
    assert await claim(one.id, "a") == Claimed(0)
    assert await claim(one.id, "b") is None
    assert await claim(one.id, "a") == Claimed(0)
    await release(one.id, "b")
    assert await claim(one.id, "b") is None
    await release(one.id, "a")
    assert await claim(one.id, "b") == Claimed(0)


async def test_a_machine_that_says_nothing_is_followed_by_another(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await a_destination()
    monkeypatch.setattr(deliveries, "LEASE_S", -1.0)
    await claim(one.id, "a")
    monkeypatch.undo()
    assert await claim(one.id, "b") == Claimed(0)
    assert await claim(one.id, "a") is None


async def test_a_lease_ends_within_ten_seconds_by_the_databases_clock(connected: Database) -> None:
    one = await a_destination()
    await claim(one.id, "a")
    until = (await state_of(one)).leased_until
    assert until is not None
    assert timedelta(seconds=5) < until - changes.now() < timedelta(seconds=10)


async def test_due_is_what_waits_for_an_active_destination_and_may_be_sent(
    connected: Database,
) -> None:
    waits, idle, off, later = [await a_destination(is_active=n != 2) for n in range(4)]
    for one in (waits, off, later):
        await queue(one.id, 1)
    await claim(later.id, "a")
    await failed(later.id, "No connection.", retry_in=3600)
    assert await due() == [waits.id]
    await retry_now(later.id)
    assert {*await due()} == {waits.id, later.id}
    await failed(later.id, "No connection.", retry_in=0)
    assert {*await due()} == {waits.id, later.id}
    assert idle.id not in await due()


async def test_what_was_delivered_is_counted_and_waits_no_more(connected: Database) -> None:
    one = await a_destination()
    await queue(one.id, 5)
    rows = [row.id for row in await OutboxItem.all().order_by("id")]
    await claim(one.id, "a")
    await failed(one.id, "No connection.", retry_in=5)
    await failed(one.id, "The receiver answered 500.", retry_in=10)
    assert await claim(one.id, "a") == Claimed(2)
    since = (await state_of(one)).failing_since
    await took(one.id, rows[:3], delivered=3)
    await took(one.id, rows[3:4], delivered=0, dropped=1, why="The receiver answered 400.")
    state = await state_of(one)
    assert (state.delivered, state.dropped, await left(one)) == (3, 1, 1)
    assert (state.failures, state.failing_since, state.retry_at) == (0, None, None)
    assert state.last_error == "The receiver answered 400."
    assert since is not None
    assert None not in (state.last_delivered_at, state.last_dropped_at, state.last_error_at)


async def test_beyond_the_bound_the_oldest_are_dropped_and_counted(connected: Database) -> None:
    down, up = await a_destination(), await a_destination()
    bound = Bound(10_000)
    await queue(down.id, 12, size=1000)
    await queue(up.id, 2, size=1000)
    assert await bound.enforce() == Counter({down.id: 5})
    assert (await left(down), await left(up)) == (7, 2)
    assert (await state_of(down)).dropped == 5
    assert "DESTINATION_MAX_BYTES" in ((await state_of(down)).last_error or "")
    assert await bound.enforce() == Counter()
    assert not await DestinationState.filter(destination_id=up.id).exists()


async def test_all_is_summed_up_only_where_it_could_be_too_much(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await a_destination()
    asked = []

    async def counting(sql: str, values: tuple[object, ...] = ()) -> list[dict[str, object]]:
        asked.append(sql)
        return await conditions.select(sql, values)

    monkeypatch.setattr(deliveries, "select", counting)

    def sums() -> int:
        found = sum("sum(size)" in sql for sql in asked)
        asked.clear()
        return found

    bound = Bound(10 * SIZE_MAX)
    await queue(one.id, 10)
    await bound.enforce()
    assert sums() == 0
    await queue(one.id, 1)
    await bound.enforce()
    assert sums() == 1
    # What came since could not have passed it.
    await queue(one.id, 3)
    await bound.enforce()
    assert sums() == 0
    await queue(one.id, 9)
    await bound.enforce()
    assert sums() == 1
    await OutboxItem.all().delete()
    assert await bound.enforce() == Counter()


async def test_what_waits_for_a_destination_that_is_gone_is_removed(connected: Database) -> None:
    here, gone = await a_destination(), await a_destination()
    for one in (here, gone):
        await queue(one.id, 2)
        await claim(one.id, "a")
    unknown: list[UUID] = [uuid4(), uuid4()]
    for destination_id in unknown:
        await queue(destination_id, 1)
    assert await Destination.filter(id=gone.id).delete() == 1
    assert await forget_orphans() == 4
    assert await forget_orphans() == 0
    assert (await left(here), await OutboxItem.all().count()) == (2, 2)
    assert [row.destination_id for row in await DestinationState.all()] == [here.id]


#: Fewer, and a database would rightly look at all of them.
_MANY = 20_000


async def test_the_few_of_one_are_not_looked_for_along_the_many_of_another(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    down, up = await a_destination(), await a_destination()
    text = "" if connected.dialect == "sqlite" else "::uuid"
    moment = "" if connected.dialect == "sqlite" else "::timestamptz"
    for one in (down, up):
        await conditions.execute(
            "INSERT INTO outbox (destination_id, kind, item_id, at, size)"
            f" WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {_MANY})"
            f" SELECT {{}}{text}, 'request', {{}}{text}, {{}}{moment}, 600 FROM n",
            [str(one.id), str(uuid4()), changes.now()],
        )
    # The database thinks that half of them are of either, when all but a few were delivered.
    await conditions.execute("ANALYZE")
    await conditions.execute("DELETE FROM outbox WHERE destination_id = {}", [str(up.id)])
    plans: list[str] = []
    client = connection()
    query = type(client).execute_query_dict

    async def explaining(self: Any, sql: str, values: Any = None) -> Any:
        if "outbox" in sql and sql.startswith("SELECT"):
            how = "EXPLAIN QUERY PLAN " if connected.dialect == "sqlite" else "EXPLAIN "
            rows = await query(self, how + sql, values)
            plans.append(" ".join(str(value) for row in rows for value in dict(row).values()))
        return await query(self, sql, values)

    monkeypatch.setattr(type(client), "execute_query_dict", explaining)
    assert await due() == [down.id]
    assert (await waiting([up.id]))[up.id].count == 0
    assert len(plans) >= 2
    for plan in plans:
        assert "idx_outbox_destination" in plan
        assert "outbox_pkey" not in plan
        assert "Seq Scan on outbox" not in plan
