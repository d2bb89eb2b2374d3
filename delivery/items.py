"""Rows of the outbox, with what is sent of them: read from the database when it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from models import RequestLog
from models.events import Event, failure_data
from models.outbox import EVENT, REQUEST, REQUEST_FAILED, OutboxItem

_NANOS: Final = 1_000_000_000
_encoder: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a destination is told. `id` is the same at each attempt, so that a receiver
    can drop what it has already."""

    id: str
    type: str
    at: datetime
    data: Mapping[str, Any]
    request: RequestLog | None = None
    """The row that it is of, where it is a request."""

    def payload(self) -> dict[str, Any]:
        """As webhooks have it: https://www.standardwebhooks.com"""
        return {"type": self.type, "timestamp": _moment(self.at), "data": self.data}

    def encoded(self) -> bytes:
        """The same as JSON."""
        return _encoder.encode(self.payload())

    def line(self) -> bytes:
        """As a line of a file, with the id that a webhook has in a field."""
        return _encoder.encode({"id": self.id} | self.payload()) + b"\n"


async def items_of(rows: Sequence[OutboxItem]) -> dict[int, Item]:
    """What is sent of rows of the outbox, by their ids; what is no longer stored is left out.

    Raises DatabaseUnavailable.
    """
    told = {row.item_id for row in rows if row.kind == EVENT}
    stored = {one.id: one for one in await Event.filter(id__in=list(told))} if told else {}
    wanted = {row.item_id for row in rows if row.kind == REQUEST} | told - stored.keys()
    requests = await RequestLog.filter(id__in=list(wanted)) if wanted else []
    logged = {one.id: one for one in requests}
    found: dict[int, Item] = {}
    for row in rows:
        event, request = stored.get(row.item_id), logged.get(row.item_id)
        if row.kind == EVENT and event is not None:
            found[row.id] = of_event(event)
        elif request is not None:
            found[row.id] = of_request(request) if row.kind == REQUEST else _of_failure(request)
    return found


def of_request(row: RequestLog) -> Item:
    """A request, by the names that the API has for it."""
    return Item(str(row.id), "request", row.at, request_data(row), row)


def _of_failure(row: RequestLog) -> Item:
    ids = _ids(row.id, row.project_id, row.token_id, row.key_id)
    # Apart from the request's own item, which the same destination may get.
    return Item(f"{row.id}-failed", REQUEST_FAILED, row.at, ids | failure_data(row))


def of_event(event: Event) -> Item:
    """An event."""
    ids = _ids(event.id, event.project_id, event.token_id, event.key_id)
    return Item(str(event.id), event.kind, event.at, ids | event.data)


def _ids(
    item_id: UUID, project_id: UUID | None, token_id: UUID | None, key_id: UUID | None
) -> dict[str, Any]:
    ids = {"project_id": project_id, "token_id": token_id, "key_id": key_id}
    return {"id": str(item_id)} | {
        name: str(value) for name, value in ids.items() if value is not None
    }


def request_data(row: RequestLog) -> dict[str, Any]:
    """Each column, by the API's name and in its unit."""
    data: dict[str, Any] = {}
    for name in row._meta.fields_db_projection:
        value = getattr(row, name)
        if name == "cost_nanos":
            data["cost_usd"] = None if value is None else value / _NANOS
        elif name == "cache":
            data["cached"] = row.cached
        elif name == "saved_nanos":
            data["saved_usd"] = None if value is None else value / _NANOS
        elif name.endswith("_us"):
            data[f"{name[:-3]}_ms"] = None if value is None else value / 1000
        else:
            data[name] = _plain(value)
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return _moment(value) if isinstance(value, datetime) else value


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
