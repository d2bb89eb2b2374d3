"""Items that tests send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from delivery.items import Item, of_request
from models import RequestLog
from models.ids import new_id

BEGAN: Final = datetime(2026, 11, 29, 4, 0, 0, 250_000, tzinfo=UTC)
PROJECT, TOKEN, KEY = (UUID(int=number) for number in (1, 2, 3))


def a_row(**wanted: Any) -> RequestLog:
    """A plain, complete chat request, as the request log has it; it is stored nowhere."""
    given: dict[str, Any] = {
        "id": new_id(),
        "at": BEGAN,
        "project_id": PROJECT,
        "token_id": TOKEN,
        "key_id": KEY,
        "provider": "openai",
        "endpoint": "/v1/chat/completions",
        "method": "POST",
        "model": "gpt-4o",
        "status": 200,
        "outcome": "complete",
        "usage": "exact",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cached_tokens": 4,
        "reasoning_tokens": 0,
        "cost_nanos": 1500,
        "bytes_in": 150,
        "bytes_out": 600,
        "ttfb_us": 30_000,
        "duration_us": 90_000,
        "overhead_us": 150,
    }
    return RequestLog(**given | wanted)


def a_request(**wanted: Any) -> Item:
    """The same as an item."""
    return of_request(a_row(**wanted))


def an_event(kind: str = "token.expiring", **data: Any) -> Item:
    """An event as an item."""
    item_id = str(new_id())
    return Item(item_id, kind, BEGAN, {"id": item_id} | data)
