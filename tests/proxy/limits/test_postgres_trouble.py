"""The engine on PostgreSQL where its server fails, hangs, or takes the worker for dead.

On virtual time, and turn by turn.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import asyncpg
import pytest
from loguru import logger

from proxy.limits import postgres
from proxy.limits.postgres_connections import NotSent
from proxy.limits.queue import SLICES
from proxy.limits.store import NOT_SENT, claims_on
from tests.proxy.limits.scripted_server import (
    AWAY,
    OTHER,
    QUOTA,
    SLOT,
    ScriptedServer,
    asked,
    engine,
    is_refused,
    turns,
)
from tests.proxy.virtual_time import in_virtual_time, virtual_loop

LONGEST_S: Final = postgres._TIMEOUT_S * (1 + 1 / SLICES)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    lines: list[str] = []
    handler = logger.add(lambda message: lines.append(str(message)), format="{message}")
    yield lines
    logger.remove(handler)


# Calls that fail


@in_virtual_time
async def test_a_call_that_was_not_sent_is_told_and_its_refund_sent_again(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        unsent = await asked(store, QUOTA)
        server.calls[0].answer()
        store.settle(await unsent, NOT_SENT)
        asking = await asked(store, QUOTA)
        assert server.calls[0].refunded == 1
        server.calls[0].fail(NotSent("nobody listens"))
        assert await is_refused(asking)
        assert not store.healthy
        await asyncio.sleep(2 * postgres._LINGER_S)
        assert [call.refunded for call in server.calls] == [1]
        server.calls[0].fail(NotSent("nobody listens"))
        await turns()
        # From now on not as fast as the server can be asked.
        await asyncio.sleep(postgres._RETRY_S - 0.01)
        assert not server.calls
        await asyncio.sleep(0.02)
        assert [call.refunded for call in server.calls] == [1]
        server.calls[0].answer()
        await turns()
        assert store.healthy


@pytest.mark.parametrize(
    "error", [AWAY, ZeroDivisionError(), asyncpg.PostgresConnectionError("cut")]
)
@in_virtual_time
async def test_a_refund_of_which_it_is_not_known_whether_it_was_made_is_not_made_again(
    tmp_path: Path, error: Exception
) -> None:
    virtual_loop().set_exception_handler(lambda *_: None)
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        unsent = await asked(store, QUOTA)
        server.calls[0].answer()
        store.settle(await unsent, NOT_SENT)
        asking = await asked(store, QUOTA)
        assert server.calls[0].refunded == 1
        server.calls[0].fail(error)
        assert await is_refused(asking)
        await asyncio.sleep(2)
        assert all(not call.refunded for call in server.calls)
        after = await asked(store, OTHER)
        server.calls[-1].answer()
        await after


@in_virtual_time
async def test_trouble_is_said_once_and_so_is_its_end(tmp_path: Path, said: list[str]) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        for _ in range(3):
            asking = await asked(store, QUOTA)
            server.calls[0].fail(AWAY)
            assert await is_refused(asking)
        for _ in range(3):
            asking = await asked(store, QUOTA)
            server.calls[0].answer()
            await asking
        assert [line for line in said if "Limits" in line] == [
            "Limits cannot be decided, limited tokens are refused: the server is away\n",
            "Limits can be decided again.\n",
        ]


# What has ended


@in_virtual_time
async def test_what_ends_is_told_by_the_next_decision_or_soon_by_a_call_of_its_own(
    tmp_path: Path,
) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        for _ in range(3):
            asking = await asked(store, SLOT)
            # At once, and with the slot that has ended before.
            assert server.calls[0].held == {"t:1": 0}
            server.calls[0].answer()
            store.settle(await asking)
        await asyncio.sleep(postgres._LINGER_S * 2)
        assert [(call.groups, call.held) for call in server.calls] == [([], {"t:1": 0})]
        server.calls[0].answer()
        await asyncio.sleep(1)
        assert not server.calls


@in_virtual_time
async def test_what_ends_while_a_call_is_under_way_about_it_is_told_behind_it(
    tmp_path: Path,
) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        running = await asked(store, SLOT)
        server.calls[0].answer()
        held = await running
        beside = await asked(store, SLOT)
        call = server.calls[0]
        assert call.held == {"t:1": 1}
        store.settle(held)
        await asyncio.sleep(1)
        assert server.calls == [call]
        call.answer(0)
        await asyncio.sleep(1)
        assert [(call.groups, call.held) for call in server.calls][-1] == ([], {"t:1": 0})
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)


# A server that does not answer


@in_virtual_time
async def test_a_silent_server_is_asked_nothing_but_whether_it_answers(tmp_path: Path) -> None:
    server = ScriptedServer()
    server.probed = AWAY
    async with engine(tmp_path, server) as store:
        running = await asked(store, claims_on("t:7", max_parallel=5))
        server.calls[0].answer()
        held = await running
        first = await asked(store, QUOTA)
        await asyncio.sleep(postgres._TIMEOUT_S / 2)
        young = await asked(store, OTHER)
        began = virtual_loop().time()
        await asyncio.wait([first])
        assert virtual_loop().time() - began < LONGEST_S
        # All are told, not only the one that has waited for long.
        assert await is_refused(first)
        assert await is_refused(young)
        assert not store.healthy
        made = server.made
        asking = await asked(store, OTHER)
        assert await is_refused(asking)
        store.settle(held)
        await asyncio.sleep(10 * postgres._RETRY_S)
        assert server.made == made
        # Once each pause, for as long as it takes.
        assert 5 <= len(server.probes) <= 15
        server.probed = True
        await asyncio.sleep(2 * postgres._RETRY_S)
        # What was kept back is sent, though what hangs still does.
        assert (server.calls[-1].groups, server.calls[-1].held) == ([], {"t:7": 0})
        while server.calls:
            server.calls[0].answer()
            await turns()
        asking = await asked(store, OTHER)
        server.calls[0].answer()
        await asking
        assert store.healthy


@in_virtual_time
async def test_silence_is_said_once_and_ends_with_the_answer_to_a_probe(
    tmp_path: Path, said: list[str]
) -> None:
    server = ScriptedServer()
    server.probed = AWAY
    async with engine(tmp_path, server) as store:
        first = await asked(store, QUOTA)
        hanging = server.calls[0]
        await asyncio.wait([first])
        assert await is_refused(first)
        await asyncio.sleep(3 * postgres._RETRY_S)
        # Too late for the request, and no sign that the next one would be answered in time.
        hanging.answer()
        await asyncio.sleep(3 * postgres._HEARTBEAT_S)
        begun = "Limits cannot be decided, limited tokens are refused: the database does not answer"
        assert [line[: len(begun)] for line in said if "Limits" in line] == [begun]
        server.probed = True
        await asyncio.sleep(2 * postgres._RETRY_S)
        assert [line for line in said if "Limits" in line][1:] == ["Limits can be decided again.\n"]
        assert store.healthy


@in_virtual_time
async def test_a_request_waits_for_so_long_and_no_longer(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        stuck = await asked(store, QUOTA)
        hanging = server.calls[0]
        began = virtual_loop().time()
        # Others are answered all the time: the server is not silent.
        while not stuck.done():
            beside = await asked(store, OTHER)
            server.calls[-1].answer()
            await beside
            await asyncio.sleep(0.1)
        assert await is_refused(stuck)
        assert postgres._TIMEOUT_S <= virtual_loop().time() - began <= LONGEST_S + 0.2
        assert store.healthy
        assert not server.probes
        assert hanging in server.calls
        # One that came later is decided.
        beside = await asked(store, OTHER)
        server.calls[-1].answer()
        await beside


# Heartbeats


@in_virtual_time
async def test_a_worker_beats_and_sooner_in_trouble(tmp_path: Path, said: list[str]) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        await asyncio.sleep(2 * postgres._HEARTBEAT_S + 0.1)
        assert len(server.beats) == 3
        assert server.closed_idle == 3
        states = []
        for known in (AWAY, True):
            server.known = known
            await asyncio.sleep(postgres._HEARTBEAT_S)
            states.append(store.healthy)
        assert states == [False, True]
        assert sum("Limits" in line for line in said) == 2
    gaps = [round(b - a, 3) for a, b in zip(server.beats, server.beats[1:], strict=False)]
    assert set(gaps) == {postgres._HEARTBEAT_S, postgres._RETRY_S}


@in_virtual_time
async def test_one_taken_for_dead_tells_its_slots_again(tmp_path: Path) -> None:
    server = ScriptedServer()
    async with engine(tmp_path, server) as store:
        asking = await asked(store, SLOT)
        server.calls[0].answer()
        await asking
        await asyncio.sleep(postgres._HEARTBEAT_S / 2)
        assert not server.calls
        server.known = False
        await asyncio.sleep(postgres._HEARTBEAT_S)
        assert [(call.groups, call.held) for call in server.calls] == [([], {"t:1": 1})]


@in_virtual_time
async def test_the_dead_of_this_machine_are_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "killed").touch()
    server = ScriptedServer()
    async with engine(tmp_path, server):
        assert server.gone == ["killed"]
        assert not (tmp_path / "killed").exists()
