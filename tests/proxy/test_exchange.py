"""What a request's entry says of it, whichever request it was."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from config import Database
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import HEAD_OK, Peer, a_client
from tests.proxy.upstream.conftest import until


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


@pytest.mark.parametrize(
    ("method", "path", "endpoint", "counted"),
    [
        ("POST", "/v1/chat/completions?a=b", "/v1/chat/completions", True),
        ("GET", "/v1/responses/resp_1", "/v1/responses/{response_id}", False),
        ("GET", "/v1/models/gpt-4o", "/v1/models/{model}", False),
        ("POST", "/v1/files", "/v1/files", False),
    ],
)
async def test_an_entry_names_the_endpoint_and_says_whether_tokens_were_to_be_counted(
    plane: Plane, method: str, path: str, endpoint: str, *, counted: bool
) -> None:
    _, secret = await plane.token()
    await plane.serve(a_client(method, secret=secret, path=path))
    (entry,) = plane.entries()
    assert (entry.method, entry.endpoint, entry.counted) == (method, endpoint, counted)
    assert (entry.cost_nanos, entry.prompt_tokens) == (None, None)


MODERATIONS: Final = "/v1/moderations"


@pytest.mark.parametrize(
    ("model", "usage", "said"),
    [
        # (Whether it is unpriced, the tokens, the cost.)
        ("omni-moderation-latest", None, (False, None, 0)),
        # A server of one's own, of which no price is known.
        ("shieldgemma", None, (False, None, None)),
        # Where usage is reported, it is what counts.
        ("omni-moderation-latest", {"prompt_tokens": 5}, (False, 5, 0)),
        ("shieldgemma", {"prompt_tokens": 5}, (True, 5, None)),
        ("gpt-4o", {"prompt_tokens": 1000}, (False, 1000, 2_500_000)),
    ],
)
async def test_a_moderation_that_reports_no_usage_leaves_nothing_open(
    plane: Plane,
    model: str,
    usage: dict[str, int] | None,
    said: tuple[bool, int | None, int | None],
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        answer = {"id": "m", "model": model, "results": []} | ({"usage": usage} if usage else {})
        await peer.answer(json.dumps(answer).encode())

    plane.upstream.follow(script)
    _, secret = await plane.token()
    body = json.dumps({"input": "x", "model": model}).encode()
    await plane.serve(a_client("POST", body, secret=secret, path=MODERATIONS))
    (entry,) = plane.entries()
    assert (entry.usage, entry.model, entry.outcome) == ("exact", model, "complete")
    assert (entry.unpriced, entry.prompt_tokens, entry.cost_nanos) == said


async def test_an_answer_without_usage_elsewhere_is_unknown(plane: Plane) -> None:
    _, secret = await plane.token()
    await plane.serve(a_client("POST", secret=secret, path="/v1/embeddings"))
    (entry,) = plane.entries()
    assert (entry.usage, entry.counted, entry.unpriced) == ("unknown", True, True)


async def test_an_entry_has_the_time_at_which_the_request_began(plane: Plane) -> None:
    began = 0.0

    async def script(peer: Peer) -> None:
        await peer.request()
        nonlocal began
        began = time.time()
        # Until the clock that entries are dated by has moved on.
        while time.time() - began < 0.002:
            await asyncio.sleep(0)
        await peer.answer()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    await plane.serve(a_client("GET", secret=secret))
    (entry,) = plane.entries()
    assert entry.at_us <= began * 1_000_000
    assert entry.duration_us >= 2_000
    assert entry.duration_us >= (entry.ttfb_us or 0) > 0


async def test_who_ends_a_request_first_has_ended_it(plane: Plane) -> None:
    """The shutdown comes on top of a revocation: nothing is cut off twice, and one is recorded."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: 9\r\n\r\nbegun")
        await peer.gone()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client(secret=secret)
    task = plane.begin(client)
    await until(lambda: client.content == b"begun")
    (exchange,) = plane.plane.active
    exchange.end("revoked")
    exchange.end("shutdown")
    await asyncio.gather(task, return_exceptions=True)
    assert [entry.outcome for entry in plane.entries()] == ["revoked"]
    assert client.ended == "abort"
    assert plane.is_idle()
