"""What waits for destinations: a row for each item and destination, until it was delivered.

Rows are written in the transaction that stores what they are of, so that neither is there without
the other, and are removed one by one: a transaction that commits late, on whatever machine, is
sent late and not lost. What is sent is read from the request log and the events at that moment.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tortoise import Model, fields

from models.db.conditions import select

#: How many of those that wait for one destination are counted; one more stands for any number.
COUNTED_MAX: Final = 10_000


class OutboxItem(Model):
    """One item that one destination is to get. No foreign key ties it to either."""

    # In order of writing: the order in which a destination gets them.
    id = fields.BigIntField(primary_key=True)
    destination_id = fields.UUIDField()
    # `request`: a row of the request log. `event`: an event, or a request that failed.
    kind = fields.CharField(max_length=8)
    item_id = fields.UUIDField()
    at = fields.DatetimeField()
    # Of what will be sent, about, in bytes.
    size = fields.IntField()

    class Meta:
        table = "outbox"
        indexes = (("destination_id", "id"),)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a destination; of more than `COUNTED_MAX`, the oldest and one more."""

    count: int
    size: int
    oldest: datetime | None


async def waiting(destinations: Collection[UUID]) -> dict[UUID, Waiting]:
    """What waits for each of these. Raises DatabaseUnavailable."""
    return {one: await _waiting(one) for one in destinations}


async def _waiting(destination_id: UUID) -> Waiting:
    rows = await select(
        "SELECT count(*) AS waiting, COALESCE(sum(size), 0) AS size FROM"
        " (SELECT size FROM outbox WHERE destination_id = {} ORDER BY id LIMIT {}) AS first",
        [str(destination_id), COUNTED_MAX + 1],
    )
    oldest = await waiting_items(destination_id, 1)
    at = oldest[0].at if oldest else None
    return Waiting(int(rows[0]["waiting"]), int(rows[0]["size"]), at)


async def waiting_items(destination_id: UUID, limit: int) -> list[OutboxItem]:
    """The oldest of those that wait, in order. Raises DatabaseUnavailable."""
    found = OutboxItem.filter(destination_id=destination_id)
    return await found.order_by("id").limit(limit)
