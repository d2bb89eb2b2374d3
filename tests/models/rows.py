"""Rows that several tests start from."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid4

from models import refusals
from models.audit import Actor
from models.crypto import KeyRing
from models.entry import Entry
from models.ids import new_request_id
from models.projects import Project
from models.refusals import NOBODY_TEXT, Batch, Refused, SumKey

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


def a_refusal(**wanted: Any) -> Refused:
    """A request whose token was not known."""
    fields: dict[str, Any] = {
        "id": new_request_id(),
        "at": 1_790_000_000.25,
        "project_id": "",
        "token_id": "",
        "provider": "openai",
        "endpoint": "",
        "method": "POST",
        "model": "",
        "status": 401,
        "code": "invalid_token",
    }
    return Refused(**fields | wanted)


async def count_refusals(sums: Mapping[SumKey, int], newest: Sequence[Refused] = ()) -> None:
    """Write them as a worker of its own would."""
    await refusals.add(Batch(uuid4().hex, 1, sums, newest))


def sum_key(one: Refused) -> SumKey:
    """Where it is counted."""
    owner = one.project_id or NOBODY_TEXT, one.token_id or NOBODY_TEXT
    return SumKey(int(one.at) // 3600, *owner, one.model, one.code)
