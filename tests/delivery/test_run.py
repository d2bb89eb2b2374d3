"""Deliveries to one destination, from the books to a real receiver, on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from loguru import logger
from standardwebhooks import Webhook as Verifier

from config import Database
from delivery import run
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
from models.events import Event, News, tell
from tests.delivery.books import (
    SECRET,
    a_destination,
    delivering,
    ids,
    nothing_waits,
    served,
    state_of,
    until,
)
from tests.delivery.receiver import Receiver, answer, receiving
from tests.delivery.test_otlp import spans_in


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
    (wanted,) = await served(
        1, tags=(("team", "search"),), end_user="u-1", upstream_code="rate_limit", cost_nanos=None,
        cache="hit", saved_nanos=1_500_000,
    )  # fmt: skip
    async with delivering(tmp_path):
        (got,) = await receiver.has(1)
    shown = RequestView.of(await RequestLog.get(id=wanted)).model_dump(mode="json")
    data = json.loads(got.body)["data"]
    assert data.items() <= shown.items()
    assert (data["cached"], data["saved_usd"]) == (True, 0.0015)
    # Refused ones are not told of; of those that are, it would say nothing.
    assert shown.keys() - data.keys() <= {"refusal_code"}


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


async def test_a_receiver_that_wants_nothing_fills_no_log(
    connected: Database, receiver: Receiver, tmp_path: Path
) -> None:
    destination = await a_destination("webhook", receiver.url)
    await served(30)
    receiver.answers = lambda _: answer(401)
    lines: list[str] = []
    sink = logger.add(lambda line: lines.append(str(line)), level="WARNING")
    try:
        async with delivering(tmp_path):
            await until(nothing_waits())
    finally:
        logger.remove(sink)
    assert (await state_of(destination)).dropped == 30
    said = [line for line in lines if destination.name in line]
    assert ["1 not delivered" in said[0], "29 not delivered" in said[-1]] == [True, True]
    assert len(said) == 2


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
