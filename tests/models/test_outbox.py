"""What waits for destinations."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from config import Database
from models import OutboxItem, outbox
from models.outbox import Waiting, waiting, waiting_items

BEGAN = datetime(2026, 11, 29, 4, 0, tzinfo=UTC)


async def queue(destination_id: object, number: int, size: int = 600) -> None:
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
