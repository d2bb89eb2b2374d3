"""Who delivers, and what becomes of deliveries around it, on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from config import Database
from delivery.courier import Courier
from models import (
    DestinationState,
    deliveries,
    outbox,
)
from models.destinations import DestinationPolicy
from models.errors import DatabaseUnavailable
from models.events import Event, News, tell
from models.polling import Polling
from telemetry.machine_turn import MachineTurn
from tests.delivery.books import (
    POLICY,
    a_destination,
    delivering,
    ids,
    nothing_waits,
    served,
    state_of,
    until,
)
from tests.delivery.receiver import Receiver, receiving
from tests.models.rows import BY, RING


async def test_one_that_hangs_holds_up_no_other(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    hangs = await a_destination("webhook", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await a_destination("webhook", receiver.url)
    wanted = await served(2)
    async with delivering(tmp_path):
        await receiver.has(2)
        waiting = await outbox.waiting([hangs.id])
    server.close()
    assert ids(receiver) == wanted
    assert waiting[hangs.id].count == 2


async def test_destinations_are_read_once_a_poll_found_one(
    connected: Database, tmp_path: Path
) -> None:
    polling = Polling()
    courier = Courier(tmp_path, RING, POLICY, MachineTurn(tmp_path / "delivery.lock"), polling)
    await polling.changes_since(0)
    made = await a_destination("webhook", "https://a.example/")
    await courier._know()
    assert not courier._known
    await polling.changes_since(0)
    await courier._know()
    assert [*courier._known] == [made.id]
    await courier.close()


async def test_a_poll_that_finds_the_first_destination_has_it_known_at_once(
    connected: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.courier._NONE_EVERY_S", 3600.0)
    polling, looks = Polling(), 0
    courier = Courier(tmp_path, RING, POLICY, MachineTurn(tmp_path / "delivery.lock"), polling)
    look = courier._look

    async def counted() -> None:
        nonlocal looks
        await look()
        looks += 1

    monkeypatch.setattr(courier, "_look", counted)
    await polling.changes_since(0)
    courier.open()
    await until(lambda: asyncio.sleep(0, looks == 1))
    made = await a_destination("webhook", "https://a.example/")
    await polling.changes_since(0)
    courier.look_again()
    await until(lambda: asyncio.sleep(0, looks == 2))
    assert [*courier._known] == [made.id]
    # What is known is looked at in its own time.
    courier.look_again()
    assert not courier._hint.is_set()
    await courier.close()


async def test_a_changed_destination_is_delivered_to_as_it_is_now(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url, headers={"x-key": "old"})
    receiver.held = asyncio.Event()
    await served(2)
    async with delivering(tmp_path) as courier:
        await receiver.has(1)
        await destination.change(ring=RING, by=BY, headers={"x-key": "new"})
        await until(
            lambda: asyncio.sleep(
                0, courier._known[destination.id].updated_at == destination.updated_at
            )
        )
        # What is under way ends as it began; all else is sent as the destination is now.
        receiver.held.set()
        await receiver.has(2)
    assert [one.headers["x-key"] for one in receiver.received] == ["old", "new"]


async def test_one_worker_of_a_machine_delivers_and_the_next_follows_it(
    connected: Database, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_destination("webhook", receiver.url)
    due, asked = deliveries.due, []

    async def asking() -> list[UUID]:
        asked.append(asyncio.current_task())
        return await due()

    monkeypatch.setattr(deliveries, "due", asking)
    async with delivering(tmp_path) as first:
        await served(1)
        await receiver.has(1)
        async with delivering(tmp_path) as second:
            await until(lambda: asyncio.sleep(0, bool(second._known)))
            await served(20)
            await receiver.has(21)
            # The other only knows what there is.
            assert {*asked} == {first._watching}
            await first.close()
            wanted = await served(1)
            await receiver.has(22)
            assert {*asked} == {first._watching, second._watching}
    assert ids(receiver)[-1:] == wanted
    assert len({*ids(receiver)}) == 22


async def test_one_machine_delivers_to_a_destination_until_it_falls_silent(
    connected: Database, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = await a_destination("webhook", receiver.url)
    await served(1)
    await deliveries.claim(destination.id, "another machine")
    async with delivering(tmp_path):
        await asyncio.sleep(0.2)
        assert receiver.received == []
        # As it is once the lease has ended.
        monkeypatch.setattr(deliveries, "LEASE_S", -1.0)
        await deliveries.claim(destination.id, "another machine")
        monkeypatch.undo()
        await receiver.has(1)


async def test_deliveries_go_on_once_the_database_is_back(
    connected: Database, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = await a_destination("webhook", receiver.url)
    wanted = await served(2)
    took, due = deliveries.took, deliveries.due
    away = {"took": 1, "due": 2}

    async def failing_took(*args: Any, **kwargs: Any) -> None:
        if away["took"]:
            away["took"] -= 1
            raise DatabaseUnavailable("no answer")
        await took(*args, **kwargs)

    async def failing_due() -> list[UUID]:
        if away["due"]:
            away["due"] -= 1
            raise DatabaseUnavailable("no answer")
        return await due()

    monkeypatch.setattr(deliveries, "took", failing_took)
    monkeypatch.setattr(deliveries, "due", failing_due)
    async with delivering(tmp_path):
        await until(nothing_waits())
    # What could not be noted came again, and its id says so.
    assert [*dict.fromkeys(ids(receiver))] == wanted
    assert len(receiver.received) > 2
    assert away == {"took": 0, "due": 0}
    assert (await state_of(destination)).delivered == 2


async def test_a_fault_of_ours_is_logged_and_not_met_each_second(
    connected: Database, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = await a_destination("webhook", receiver.url)
    await served(1)

    def broken(_: object) -> bytes:
        raise LookupError("a fault")

    monkeypatch.setattr("delivery.items.Item.encoded", broken)

    async def is_put_off() -> bool:
        return await DestinationState.filter(failures=1).exists()

    async with delivering(tmp_path):
        await until(is_put_off)
    state = await state_of(destination)
    assert "log" in (state.last_error or "")
    assert state.retry_at is not None
    assert state.last_error_at is not None
    assert state.retry_at - state.last_error_at > timedelta(seconds=50)


async def test_an_event_goes_at_once_from_memory_where_the_database_is_away(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    await a_destination("webhook", receiver.url, events=["database.away"], requests=False)
    await a_destination("webhook", receiver.url, events=["database.back"], requests=False)
    async with delivering(tmp_path) as courier:
        await until(lambda: asyncio.sleep(0, bool(courier._known)))
        event = Event(
            kind="database.away", at=(await tell(News(kind="key.resting", data={})))[0].at
        )
        event.data = {"why": "no answer"}
        courier.now(event)
        (got,) = await receiver.has(1)
    told = json.loads(got.body)
    assert (told["type"], got.headers["webhook-id"]) == ("database.away", str(event.id))
    assert not await Event.filter(kind="database.away").exists()


async def test_what_is_beyond_the_bound_is_dropped_and_told(
    connected: Database, tmp_path: Path
) -> None:
    async with receiving() as gone:
        destination = await a_destination("webhook", gone.url)
    await served(100)
    policy = DestinationPolicy(max_bytes=50_000)

    async def has_dropped() -> bool:
        return await DestinationState.filter(dropped__gt=0).exists()

    async with delivering(tmp_path, policy):
        await until(has_dropped)
    waiting = (await outbox.waiting([destination.id]))[destination.id]
    assert waiting.size <= 50_000
    assert waiting.count + (await state_of(destination)).dropped == 100
