"""Deliveries from the books to real receivers, on both databases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook as Verifier

from config import Database
from delivery import run
from delivery.courier import Courier
from manage.schemas.requests import RequestView
from models import (
    AuditEvent,
    Destination,
    DestinationState,
    OutboxItem,
    RequestLog,
    changes,
    deliveries,
    outbox,
)
from models.destination_rules import generated_secret
from models.destinations import DestinationPolicy
from models.errors import DatabaseUnavailable
from models.events import Event, News, tell
from models.ledger import apply_batch
from telemetry.machine_turn import MachineTurn
from tests.delivery.receiver import Receiver, answer, receiving
from tests.delivery.test_otlp import spans_in
from tests.models.rows import BY, RING, an_entry

POLICY = DestinationPolicy(max_bytes=10_000_000)
SECRET = generated_secret()


@asynccontextmanager
async def delivering(data_dir: Path, policy: DestinationPolicy = POLICY) -> AsyncIterator[Courier]:
    """A worker's courier, which looks every 20 ms."""
    turn = MachineTurn(data_dir / "delivery.lock")
    courier = Courier(data_dir, RING, policy, turn, every=0.02)
    courier.open()
    try:
        yield courier
    finally:
        await courier.close()


async def a_destination(kind: Any, url: str | None, **wanted: Any) -> Destination:
    given: dict[str, Any] = {"name": f"d-{uuid4().hex[:8]}", "requests": True}
    if kind == "webhook":
        given["secret"] = SECRET
    if kind == "langfuse":
        given["secret"] = "pk-lf-1:sk-lf-2"
    if url is not None:
        given["url"] = url
    row, _ = await Destination.make(kind=kind, ring=RING, by=BY, **given | wanted)
    outbox.forget()
    return row


async def served(number: int, **wanted: Any) -> list[str]:
    """The ids of requests that are in the books now."""
    entries = [an_entry(**wanted) for _ in range(number)]
    await apply_batch(str(uuid4()), 0, 1, entries)
    return [entry.id for entry in entries]


async def until(holds: Callable[[], Any], *, within: float = 20.0) -> None:
    """Wait for what only the database can say."""
    async with asyncio.timeout(within):
        while not await holds():
            await asyncio.sleep(0.02)


async def state_of(destination: Destination) -> DestinationState:
    return await DestinationState.get(destination_id=destination.id)


def nothing_waits() -> Callable[[], Any]:
    async def empty() -> bool:
        return not await OutboxItem.exists()

    return empty


def ids(receiver: Receiver) -> list[str]:
    return [one.headers["webhook-id"] for one in receiver.received]


async def test_everything_arrives_in_order_and_is_counted(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url)
    wanted = await served(5)
    (event,) = await tell(News(kind="token.expiring", data={"days": 7}))
    failed = await served(1, status=429)
    async with delivering(tmp_path):
        await receiver.has(8)
        await until(nothing_waits())
    assert ids(receiver) == [*wanted, str(event.id), *failed, f"{failed[0]}-failed"]
    for one in receiver.received:
        Verifier(SECRET).verify(one.body, one.headers)
    told = [json.loads(one.body) for one in receiver.received]
    assert [one["type"] for one in told[5:]] == ["token.expiring", "request", "request.failed"]
    assert told[5]["data"] == {"id": str(event.id), "days": 7}
    assert (told[7]["data"]["status"], told[7]["data"]["id"]) == (429, failed[0])
    state = await state_of(destination)
    assert (state.delivered, state.dropped, state.failures) == (8, 0, 0)
    # Another machine may deliver at once.
    await until(lambda: DestinationState.exists(leased_until__isnull=True))


async def test_a_request_is_told_by_the_names_and_values_of_the_api(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    await a_destination("webhook", receiver.url, events=[])
    (wanted,) = await served(1)
    async with delivering(tmp_path):
        (got,) = await receiver.has(1)
    shown = RequestView.of(await RequestLog.get(id=wanted)).model_dump(mode="json")
    data = json.loads(got.body)["data"]
    assert data.items() <= shown.items()
    # Refused ones are not told of; of those that are, it would say nothing.
    assert shown.keys() - data.keys() <= {"refusal_code", "cached"}


async def test_spans_go_in_batches(connected: Database, receiver: Receiver, tmp_path: Path) -> None:
    destination = await a_destination("otlp", receiver.url)
    wanted = await served(250)
    async with delivering(tmp_path):
        await until(nothing_waits())
    assert {one.path for one in receiver.received} == {"/v1/traces"}
    batches = [spans_in(one.body) for one in receiver.received]
    assert [len(batch) for batch in batches] == [100, 100, 50]
    arrived = [span.trace_id.hex() for batch in batches for span in batch]
    assert arrived == [one.replace("-", "") for one in wanted]
    assert (await state_of(destination)).delivered == 250


async def test_langfuse_and_files_are_delivered_to(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    await a_destination("langfuse", receiver.url)
    await a_destination("jsonl", None, name="audit")
    wanted = await served(3)
    async with delivering(tmp_path):
        await until(nothing_waits())
    (got,) = receiver.received
    assert got.path == "/api/public/otel/v1/traces"
    lines = (tmp_path / "exports" / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == wanted


async def test_a_receiver_that_is_down_gets_everything_once_it_is_up(
    connected: Database, tmp_path: Path
) -> None:
    async with receiving() as gone:
        destination = await a_destination("webhook", gone.url)
        port = gone.port
    wanted = await served(3)

    async def has_failed() -> bool:
        return await DestinationState.filter(failures=1, retry_at__isnull=False).exists()

    async with delivering(tmp_path):
        await until(has_failed)
    state = await state_of(destination)
    assert "127.0.0.1" in (state.last_error or "")
    assert state.failing_since is not None
    async with receiving(port) as back:
        # A worker of later goes on where the one before left it: nothing before it is time.
        async with delivering(tmp_path):
            await served(1)
            await asyncio.sleep(0.2)
            assert back.received == []
            await outbox.retry_now(destination.id)
            await back.has(4)
            await until(nothing_waits())
        assert ids(back)[:3] == wanted
    state = await state_of(destination)
    assert (state.failures, state.delivered, state.failing_since) == (0, 4, None)


async def test_the_one_that_fails_is_tried_first_again(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url)
    wanted = await served(3)
    receiver.answers = lambda one: answer(
        503 if len(receiver.received) == 1 else 204, b"", "retry-after: 7"
    )
    async with delivering(tmp_path):
        await receiver.has(2)

        async def is_put_off() -> bool:
            return await DestinationState.filter(failures=1).exists()

        await until(is_put_off)
        state = await state_of(destination)
        assert state.last_error == "The receiver answered 503."
        assert state.retry_at is not None
        assert state.last_error_at is not None
        # What the receiver asks for, to within the two clocks.
        assert 6 < (state.retry_at - state.last_error_at).total_seconds() < 8
        assert state.delivered == 1
        await outbox.retry_now(destination.id)
        await until(nothing_waits())
    assert ids(receiver) == [wanted[0], wanted[1], *wanted[1:]]


async def test_what_a_receiver_refuses_is_dropped_alone(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url)
    wanted = await served(3)
    receiver.answers = lambda one: (
        answer(422, b"no such thing") if one.headers["webhook-id"] == wanted[1] else answer(204)
    )
    async with delivering(tmp_path):
        await until(nothing_waits())
    assert ids(receiver) == wanted
    state = await state_of(destination)
    assert (state.delivered, state.dropped, state.failures) == (2, 1, 0)
    assert state.last_error == "The receiver answered 422: no such thing"


async def test_of_a_batch_that_is_refused_one_is_dropped_alone(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("otlp", receiver.url)
    wanted = await served(20)
    bad = UUID(wanted[13]).bytes
    receiver.answers = lambda one: answer(400 if bad in one.body else 200)
    async with delivering(tmp_path):
        await until(nothing_waits())
    taken = [one for one in receiver.received if bad not in one.body]
    arrived = [span.trace_id.hex() for one in taken for span in spans_in(one.body)]
    assert arrived == [one.replace("-", "") for one in wanted if one != wanted[13]]
    state = await state_of(destination)
    assert (state.delivered, state.dropped) == (19, 1)


async def test_spans_that_a_receiver_rejects_count_as_dropped(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("otlp", receiver.url)
    await served(5)
    receiver.answers = lambda _: answer(200, b'{"partialSuccess": {"rejectedSpans": "2"}}')
    async with delivering(tmp_path):
        await until(nothing_waits())
    state = await state_of(destination)
    assert (state.delivered, state.dropped) == (3, 2)


async def test_410_switches_the_destination_off_and_keeps_what_waits(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url)
    await served(3)
    receiver.answers = lambda _: answer(410)

    async def is_off() -> bool:
        return not (await Destination.get(id=destination.id)).is_active

    async with delivering(tmp_path):
        await until(is_off)
    assert len(receiver.received) == 1
    assert await OutboxItem.all().count() == 3
    assert "410" in ((await state_of(destination)).last_error or "")
    seen = await AuditEvent.get(action="destination.update", target_id=str(destination.id))
    assert seen.actor == "system"
    outbox.forget()
    await served(1)
    assert await OutboxItem.all().count() == 3


async def test_what_is_no_longer_stored_is_dropped(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url)
    gone, kept = await served(2)
    await RequestLog.filter(id=gone).delete()
    await tell(News(kind="key.suspended", data={}))
    await Event.all().delete()
    async with delivering(tmp_path):
        await until(nothing_waits())
    assert ids(receiver) == [kept]
    state = await state_of(destination)
    assert (state.delivered, state.dropped) == (1, 2)


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


async def test_a_changed_destination_is_delivered_to_as_it_is_now(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url, headers={"x-key": "old"})
    async with delivering(tmp_path) as courier:
        await served(1)
        await receiver.has(1)
        await destination.change(ring=RING, by=BY, headers={"x-key": "new"})
        await until(
            lambda: asyncio.sleep(
                0, courier._known[destination.id].updated_at == destination.updated_at
            )
        )
        await served(1)
        await receiver.has(2)
    assert [one.headers["x-key"] for one in receiver.received] == ["old", "new"]


async def test_a_secret_that_cannot_be_decrypted_is_said(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url)
    await Destination.filter(id=destination.id).update(encryption_key_id="other", ciphertext="AAAA")
    await served(1)

    async def is_put_off() -> bool:
        return await DestinationState.filter(failures=1).exists()

    async with delivering(tmp_path):
        await until(is_put_off)
    assert "ENCRYPTION_KEY" in ((await state_of(destination)).last_error or "")
    assert receiver.received == []


async def test_one_worker_of_a_machine_delivers_and_the_next_follows_it(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    await a_destination("webhook", receiver.url)
    async with delivering(tmp_path) as first:
        await served(1)
        await receiver.has(1)
        async with delivering(tmp_path) as second:
            await served(20)
            await receiver.has(21)
            assert (first._turn.take(), second._turn.take()) == (True, False)
            await first.close()
            wanted = await served(1)
            await receiver.has(22)
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


async def test_a_machine_that_lost_its_lease_stops(
    connected: Database, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_RENEW_EVERY", 0.01)
    destination = await a_destination("webhook", receiver.url)
    await served(3)
    lost, claim = asyncio.Event(), deliveries.claim

    async def claiming(destination_id: UUID, owner: str) -> deliveries.Claimed | None:
        claimed = await claim(destination_id, owner)
        if claimed is None:
            lost.set()
        return claimed

    monkeypatch.setattr(deliveries, "claim", claiming)
    receiver.held = asyncio.Event()
    async with delivering(tmp_path) as courier:
        await receiver.has(1)
        # As another machine does that found the lease ended.
        await DestinationState.filter(destination_id=destination.id).update(
            owner="another", leased_until=changes.now() + timedelta(minutes=1)
        )
        await lost.wait()
        receiver.held.set()
        await until(lambda: asyncio.sleep(0, not courier._runs))
    assert len(receiver.received) == 1
    assert (await state_of(destination)).owner == "another"


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
