"""What waits for destinations: put there with what it is of, and for those who want it alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import pytest

from config import Database
from models import Destination, OutboxItem, changes, events, generation, outbox
from models.db.database import run_in_transaction
from models.entry import Entry
from models.events import News
from models.generation import GenerationFile
from models.ledger import apply_batch
from models.outbox import SIZE_MAX, Waiting, waiting, waiting_items
from models.request_log import RequestLog
from tests.models.rows import BY, RING, an_entry

BEGAN = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
PROJECT, TOKEN = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def nobody_is_known() -> Iterator[None]:
    outbox.forget()
    yield
    outbox.forget()


async def a_destination(**wanted: Any) -> Destination:
    """Where everything goes that is not said otherwise."""
    present = changes.now()
    given: dict[str, Any] = {
        "name": str(uuid4()),
        "kind": "webhook",
        "url": "https://hooks.example.com",
        "requests": True,
        "created_at": present,
        "updated_at": present,
    }
    return await Destination.create(**given | wanted)


async def record(*entries: Entry) -> None:
    await apply_batch(str(uuid4()), 0, 1, entries)


async def got(destination: Destination) -> list[tuple[str, str]]:
    rows = await OutboxItem.filter(destination_id=destination.id).order_by("id")
    return [(row.kind, str(row.item_id)) for row in rows]


async def queue(destination_id: UUID, number: int, size: int = 600) -> None:
    for minute in range(number):
        await OutboxItem.create(
            destination_id=destination_id,
            kind="request",
            item_id=uuid4(),
            at=BEGAN + timedelta(minutes=minute),
            size=size,
        )


async def test_what_waits_is_counted_for_each_destination(connected: Database) -> None:
    busy, idle = uuid4(), uuid4()
    await queue(busy, 3)
    await queue(uuid4(), 5)
    assert await waiting([busy, idle]) == {
        busy: Waiting(3, 1800, BEGAN),
        idle: Waiting(0, 0, None),
    }
    assert [one.at.minute for one in await waiting_items(busy, 2)] == [0, 1]


async def test_more_than_is_counted_is_one_more(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "COUNTED_MAX", 2)
    busy = uuid4()
    await queue(busy, 5)
    assert (await waiting([busy]))[busy].count == 3


async def test_a_request_waits_for_each_destination_that_wants_it(connected: Database) -> None:
    every = await a_destination(events=[])
    failed = await a_destination(requests=False, events=["request.failed"])
    traces = await a_destination(kind="langfuse", events=None)
    late = await a_destination(only={"outcome": "timeout"}, events=[])
    theirs = await a_destination(only={"project_id": str(PROJECT)}, events=[])
    others = await a_destination(only={"token_id": str(uuid4())}, events=[])
    off = await a_destination(is_active=False)
    good, bad = an_entry(), an_entry(status=504, outcome="timeout")
    await record(good, bad)
    both = [("request", good.id), ("request", bad.id)]
    assert await got(every) == await got(traces) == await got(theirs) == both
    assert await got(failed) == [("event", bad.id)]
    assert await got(late) == [("request", bad.id)]
    assert await got(others) == await got(off) == []


@pytest.mark.parametrize("outcome", ["client_left", "revoked", "shutdown"])
async def test_a_client_that_leaves_is_no_failure(connected: Database, outcome: str) -> None:
    failed = await a_destination(requests=False, events=None)
    await record(an_entry(outcome=outcome))
    assert await got(failed) == []


async def test_an_event_waits_for_each_destination_that_wants_it(connected: Database) -> None:
    every = await a_destination(events=None)
    some = await a_destination(events=["key.suspended"])
    theirs = await a_destination(events=None, only={"project_id": str(PROJECT)})
    traces = await a_destination(kind="otlp", events=None)
    told = await events.tell(
        News(kind="key.suspended", data={}),
        News(kind="token.expiring", data={"x": "y" * 9000}, project_id=PROJECT, token_id=TOKEN),
    )
    first, second = (("event", str(one.id)) for one in told)
    assert await got(every) == [first, second]
    assert await got(some) == [first]
    # An event that is of no project is not of this one.
    assert await got(theirs) == [second]
    assert await got(traces) == []
    assert max(row.size for row in await OutboxItem.all()) == SIZE_MAX


async def test_what_is_not_stored_does_not_wait(connected: Database) -> None:
    every = await a_destination(events=None)

    async def fails() -> None:
        await events.tell(News(kind="key.suspended", data={}))
        raise LookupError

    with pytest.raises(LookupError):
        await run_in_transaction(fails)
    assert await got(every) == []


async def test_where_it_is_known_who_subscribes_nobody_asks(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def asking(sql: str, *_: Any) -> list[dict[str, Any]]:
        asked.append(sql)
        return []

    monkeypatch.setattr(outbox, "select", asking)
    outbox.know([], monotonic(), generation.seen())
    entry = an_entry()
    await record(entry)
    assert asked == []
    outbox.forget()
    await record(an_entry())
    assert len(asked) == 1
    assert await RequestLog.filter(id=entry.id).exists()


async def test_what_is_known_decides_until_it_is_old(
    connected: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = await a_destination(events=[])
    outbox.know([], monotonic(), generation.seen())
    await record(an_entry())
    assert await got(every) == []
    monkeypatch.setattr(outbox, "_FRESH_S", 0.0)
    entry = an_entry()
    await record(entry)
    assert await got(every) == [("request", entry.id)]
    monkeypatch.undo()
    outbox.know([every], monotonic(), generation.seen())
    another = an_entry()
    await record(another)
    assert len(await got(every)) == 2


async def test_what_changed_on_this_machine_is_known_at_the_next_batch(
    connected: Database, tmp_path: Path
) -> None:
    file = GenerationFile(tmp_path / "generation")
    generation.configure(file)
    try:
        outbox.know([], monotonic(), generation.seen())
        every, _ = await Destination.make(
            kind="webhook", ring=RING, by=BY, name="every", url="https://hooks.example.com",
            events=[], requests=True,
        )  # fmt: skip
        await record(an_entry())
        assert len(await got(every)) == 1
        outbox.know([every], monotonic(), generation.seen())
        await every.change(ring=RING, by=BY, is_active=False)
        await record(an_entry())
        assert len(await got(every)) == 1
        # What was asked for before a change is not taken for what holds after it.
        seen = generation.seen()
        await every.change(ring=RING, by=BY, is_active=True)
        outbox.know([], monotonic(), seen)
        await record(an_entry())
        assert len(await got(every)) == 2
        outbox.know([every], monotonic(), generation.seen())
        await every.remove(by=BY)
        await record(an_entry())
        assert len(await got(every)) == 2
    finally:
        generation.configure(None)
        file.close()
