"""What the engine on PostgreSQL asks of its server, and when: on virtual time, turn by turn."""

import asyncio
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from proxy.limits import postgres, postgres_statements
from proxy.limits.postgres import PostgresLimits
from proxy.limits.store import NOT_SENT, Reservation, claims_on
from tests.proxy.limits.scripted_server import (
    LOCKED,
    OTHER,
    OVERTAKEN,
    QUOTA,
    ScriptedServer,
    asked,
    engine,
    turns,
)
from tests.proxy.virtual_time import in_virtual_time, virtual_loop

# Who leaves


@in_virtual_time
async def test_one_cancelled_as_it_is_admitted_gives_back_what_it_took(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        asking = await asked(store, QUOTA)
        cancel_once_decided(store, asking)
        server.calls[0].answer()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.sleep(1)
        assert [call.refunded for call in server.calls] == [1]


def cancel_once_decided(store: PostgresLimits, asking: asyncio.Task[Reservation]) -> None:
    """In the one turn in which it is decided and does not know yet."""
    if any(waiting.outcome.done() for waiting in store._undecided):
        asking.cancel()
    elif not asking.done():
        virtual_loop().call_soon(cancel_once_decided, store, asking)


@in_virtual_time
async def test_one_that_leaves_while_it_is_queued_takes_no_room_there(tmp_path: Path) -> None:
    server = ScriptedServer(usable=0)
    async with engine(tmp_path, server) as store:
        asking = await asked(store, QUOTA)
        assert len(store._queue) == 1
        asking.cancel()
        await turns()
        assert len(store._queue) == 0


# Calls under way


@in_virtual_time
async def test_as_many_calls_are_under_way_as_there_are_connections(tmp_path: Path) -> None:
    server = ScriptedServer(usable=3)
    async with engine(tmp_path, server) as store:
        asking = [await asked(store, claims_on(f"t:{n}", quota=5)) for n in range(8)]
        assert len(server.calls) == 3
        server.calls[0].answer()
        await turns()
        # All that waited together.
        assert [len(call.groups) for call in server.calls] == [1, 1, 5]
        while server.calls:
            server.calls[0].answer()
            await turns()
        assert all(task.done() for task in asking)


@in_virtual_time
async def test_a_call_that_ends_makes_room_for_others_about_the_same_counter(
    tmp_path: Path,
) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        for _ in range(9):
            asking = await asked(store, QUOTA)
            assert server.made
            server.calls[0].answer()
            await turns()
            assert asking.done()
        assert not store._calls


# Rows that are locked


@in_virtual_time
async def test_one_call_at_a_time_tries_what_was_locked(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        waiting = [await asked(store, claims_on(f"t:{n}", quota=5)) for n in range(3)]
        for call in list(server.calls):
            call.answer(LOCKED)
        await turns()
        # Not at once.
        assert not server.calls
        await asyncio.sleep(postgres._LOCKED_PAUSE_S)
        await turns()
        assert [call.keys for call in server.calls] == [["t:0", "t:1", "t:2"]]
        # One more that is locked waits until that is known, and keeps no other waiting.
        late = await asked(store, claims_on("t:9", quota=5))
        server.calls[1].answer(LOCKED)
        await asyncio.sleep(1)
        assert len(server.calls) == 1
        beside = await asked(store, OTHER_THAN_LOCKED)
        server.calls[1].answer()
        assert (await beside).lease is None
        # Decided, and so not locked any more; and what is left is tried by another call.
        server.calls[0].answer()
        await turns()
        assert all(task.done() for task in waiting)
        assert [call.keys for call in server.calls] == [["t:9"]]
        server.calls[0].answer()
        await late
        again = [
            asyncio.create_task(store.decide(claims))
            for claims in (claims_on("t:0", quota=5), OTHER_THAN_LOCKED)
        ]
        await turns()
        assert [call.keys for call in server.calls] == [["t:0", "t:free"]]
        server.calls[0].answer()
        await asyncio.gather(*again)


OTHER_THAN_LOCKED: Final = claims_on("t:free", quota=5)


@in_virtual_time
async def test_what_was_locked_is_tried_apart_until_it_is_free(tmp_path: Path) -> None:
    """In a call with others it would hold these up each time."""
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        stuck = await asked(store, QUOTA)
        server.calls[0].answer(LOCKED)
        await turns()
        for _ in range(5):
            await asyncio.sleep(postgres._LOCKED_PAUSE_S)
            beside = await asked(store, OTHER)
            first, second = server.calls
            assert (first.keys, second.keys) == (["t:1"], ["t:2"])
            second.answer()
            await beside
            first.answer(LOCKED)
            await turns()
            # One that comes meanwhile is not sent by itself, either.
            assert not server.calls
        await asyncio.sleep(postgres._LOCKED_PAUSE_S)
        await turns()
        server.calls[0].answer()
        await stuck
        free = await asked(store, QUOTA)
        beside = await asked(store, OTHER)
        server.calls[0].answer()
        server.calls[1].answer()
        await asyncio.gather(free, beside)


@pytest.mark.parametrize(
    "error", [asyncpg.LockNotAvailableError(), asyncpg.DeadlockDetectedError()]
)
@in_virtual_time
async def test_where_a_lock_was_waited_for_in_vain_the_rest_is_decided_at_once(
    tmp_path: Path, error: Exception
) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        asking = await asked(store, QUOTA)
        assert server.calls[0].patience_ms == postgres_statements._LOCK_PATIENCE_MS
        server.calls[0].fail(error)
        await turns()
        assert server.calls[0].patience_ms == 0
        server.calls[0].answer()
        await asking
        assert store.healthy


@in_virtual_time
async def test_a_table_that_is_locked_loses_no_refund_and_no_request(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        unsent = await asked(store, QUOTA)
        server.calls[0].answer()
        store.settle(await unsent, NOT_SENT)
        asking = await asked(store, QUOTA)
        assert server.calls[0].refunded == 1
        for _ in range(2):
            server.calls[0].fail(asyncpg.LockNotAvailableError())
            await turns()
        assert store.healthy
        given_back = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            for call in list(server.calls):
                given_back += call.refunded
                call.answer()
        assert given_back == 1
        assert asking.result().lease is None


@in_virtual_time
async def test_a_call_that_was_overtaken_is_made_again(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        asking = await asked(store, QUOTA)
        server.calls[0].answer(OVERTAKEN)
        await turns()
        server.calls[0].answer()
        assert (await asking).lease is None
