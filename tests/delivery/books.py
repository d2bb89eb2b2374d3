"""Destinations in the database, and a courier that delivers to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from delivery.courier import Courier
from models import (
    Destination,
    DestinationState,
    OutboxItem,
    outbox,
)
from models.destination_rules import generated_secret
from models.destinations import DestinationPolicy
from models.ledger import apply_batch
from models.polling import Polling
from telemetry.machine_turn import MachineTurn
from tests.delivery.receiver import Receiver
from tests.models.rows import BY, RING, an_entry

POLICY = DestinationPolicy(max_bytes=10_000_000)
SECRET = generated_secret()


@asynccontextmanager
async def delivering(data_dir: Path, policy: DestinationPolicy = POLICY) -> AsyncIterator[Courier]:
    """A worker's courier, which looks every 20 ms."""
    turn = MachineTurn(data_dir / "delivery.lock")
    courier = Courier(data_dir, RING, policy, turn, Polling(), every=0.02)
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
