"""Rows that several tests start from."""

from typing import Any, Final
from uuid import UUID

from models.audit import Actor
from models.crypto import KeyRing
from models.entry import Entry
from models.ids import new_request_id
from models.projects import Project

RING: Final = KeyRing([b"k" * 32])
BY: Final = Actor("cli:tester", ip="192.0.2.1", request_id="r-1")
API_KEY: Final = "sk-proj-abcdefghijklmnop"


async def a_project(name: str = "Search", **wanted: Any) -> Project:
    """An active project with one key."""
    given = {"provider": "openai", "api_key": API_KEY} | wanted
    return await Project.create_with_key(name=name, ring=RING, by=BY, **given)


def an_entry(**wanted: Any) -> Entry:
    """A plain, complete chat request."""
    fields: dict[str, Any] = {
        "id": new_request_id(),
        "at_us": 1_790_000_000_000_000,
        "project_id": str(UUID(int=1)),
        "token_id": str(UUID(int=2)),
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
        "counted": True,
    }
    given = fields | wanted
    ids = {name: str(one) for name, one in given.items() if isinstance(one, UUID)}
    return Entry(**given | ids)
