"""What a response in the background used is counted once, whichever answers show it finished."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from config import Database
from models.objects import Kept, UpstreamObject
from models.usage import UsageHour
from proxy.journal.database_sink import DatabaseSink
from tests.proxy.objects.test_isolation import Isolated
from tests.proxy.planes import a_plane

AT: Final = "/v1/responses"
BEGUN: Final[dict[str, Any]] = {
    "id": "resp_1", "object": "response", "model": "gpt-4o-2024-08-06", "background": True,
    "status": "queued", "created_at": 4_000_000_000, "output": [], "usage": None,
}  # fmt: skip
ENDED: Final = BEGUN | {
    "status": "completed",
    "usage": {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120,
              "output_tokens_details": {"reasoning_tokens": 7}},
}  # fmt: skip


@pytest.fixture
async def isolated(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Isolated]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield Isolated(plane)


async def used(isolated: Isolated) -> list[tuple[int, int | None]]:
    """Tokens and cost of all, once what the journal has was delivered."""
    entries = isolated.plane.entries()
    await DatabaseSink().deliver(str(uuid4()), 0, 1, entries)
    rows = await UsageHour.filter(prompt_tokens__gt=0)
    return [(row.prompt_tokens + row.completion_tokens, row.cost_nanos) for row in rows]


def a_request(size: int = 0) -> bytes:
    body = {"model": "gpt-4o", "input": "x" * size, "background": True}
    return json.dumps(body).encode()


@pytest.mark.parametrize("isolation", ["none", "token"])
@pytest.mark.parametrize("size", [0, 100_000])
async def test_it_is_counted_by_the_answer_that_shows_it_finished(
    isolated: Isolated, isolation: str, size: int
) -> None:
    """In a project with one account, too, which remembers nothing else."""
    await isolated.make(isolation)
    isolated.answer = json.dumps(BEGUN).encode()
    await isolated.ask("POST", AT, a_request(size))
    (begun,) = isolated.plane.entries()
    assert begun.objects == (Kept("resp_1", "background"),)
    assert (begun.usage, begun.finished) == ("unknown", None)
    await isolated.ask("GET", f"{AT}/resp_1")
    assert isolated.plane.entries()[-1].finished is None
    isolated.answer = json.dumps(ENDED).encode()
    for _ in range(2):
        client = await isolated.ask("GET", f"{AT}/resp_1")
        assert client.content == isolated.answer
    last = isolated.plane.entries()[-1]
    # Beside what the request itself used, which is nothing.
    assert (last.prompt_tokens, last.cost_nanos, last.counted) == (None, None, False)
    assert last.finished is not None
    assert (last.finished.prompt_tokens, last.finished.reasoning_tokens) == (100, 7)
    ((tokens, cost),) = await used(isolated)
    assert tokens == 120
    assert cost == last.finished.cost_nanos
    assert cost
    assert (await UpstreamObject.get(id="resp_1")).counted_at is not None


async def test_its_own_stream_counts_it_where_it_runs_to_its_end(isolated: Isolated) -> None:
    await isolated.make("none")
    event = {"type": "response.completed", "response": ENDED}
    isolated.head = isolated.head.replace(b"application/json", b"text/event-stream")
    isolated.answer = b"event: response.completed\ndata: %b\n\n" % json.dumps(event).encode()
    await isolated.ask("POST", AT, a_request())
    (begun,) = isolated.plane.entries()
    assert (begun.prompt_tokens, begun.objects) == (100, (Kept("resp_1", "response"),))
    await isolated.ask("GET", f"{AT}/resp_1?stream=true")
    assert [tokens for tokens, _ in await used(isolated)] == [120]


async def test_a_usual_response_of_a_project_with_one_account_is_not_remembered(
    isolated: Isolated,
) -> None:
    await isolated.make("none")
    isolated.answer = json.dumps(ENDED | {"background": False}).encode()
    await isolated.ask("POST", AT, b'{"model":"gpt-4o","input":"x"}')
    await isolated.ask("GET", f"{AT}/resp_1")
    assert [(one.objects, one.finished) for one in isolated.plane.entries()] == [(None, None)] * 2
