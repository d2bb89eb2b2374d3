"""Ledger entries as a worker would have written them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from models.entry import Entry
from models.ids import first_id_at, new_id
from models.ledger import apply_batch

#: What a kept answer is in the books.
HIT: Final[dict[str, Any]] = {
    "cache": "hit", "saved_nanos": 1_500_000, "cost_nanos": 0, "counted": False,
    "prompt_tokens": None, "completion_tokens": None, "cached_tokens": None,
    "reasoning_tokens": None,
}  # fmt: skip


def entry(at: datetime | None = None, **fields: Any) -> Entry:
    """One complete chat request; `at` (now, if None) also decides its id."""
    identity = new_id() if at is None else UUID(int=first_id_at(at).int | uuid4().int >> 52)
    milliseconds = identity.int >> 80
    standard: dict[str, Any] = {
        "id": identity,
        "at_us": milliseconds * 1000,
        "project_id": UUID(int=1),
        "token_id": UUID(int=2),
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
        "reasoning_tokens": 2,
        "cost_nanos": 1_500_000,
        "bytes_in": 100,
        "bytes_out": 200,
        "ttfb_us": 1500,
        "duration_us": 2500,
        "overhead_us": 250,
        "counted": True,
    }
    given: dict[str, Any] = standard | fields
    ids = {name: str(one) for name, one in given.items() if isinstance(one, UUID)}
    return Entry(**given | ids)


async def record(*entries: Entry) -> None:
    """Add them to the database."""
    await apply_batch(uuid4().hex, 0, 1, entries)
