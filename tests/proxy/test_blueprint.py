"""The app served by Sanic alone, without the front door: the same data plane, the same records."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import create_app
from config import Database, load
from fake_upstream import FakeUpstream
from models.request_log import RequestLog
from server.context import App
from tests.fixtures.database import database_url
from tests.fixtures.service import GIVEN, UPSTREAM_KEY
from tests.server.door import issue_token
from tests.server.wire import PATIENCE_S, Client

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
STREAM = CHAT | {"stream": True}


@dataclass(frozen=True, slots=True)
class Alone:
    """What serves, its upstream, and a client of pytest-sanic's that presents a token."""

    app: App
    up: FakeUpstream
    secret: str
    client: Any

    def request(self, head: bytes, body: bytes = b"") -> bytes:
        """A message with its credential and the length of its body."""
        more = b"Host: a\r\nAuthorization: Bearer %b\r\n" % self.secret.encode()
        length = b"Content-Length: %d\r\n" % len(body) if body else b""
        return head + b"\r\n" + more + length + b"\r\n" + body

    async def connect(self) -> Client:
        return await Client.connect(self.client.port)

    async def outcomes(self, count: int) -> list[tuple[str, int, str]]:
        """What the log has of the requests that were let in, once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while await RequestLog.all().count() < count:
                await asyncio.sleep(0.01)
        rows = await RequestLog.all().order_by("at")
        return [(row.endpoint, row.status, row.outcome) for row in rows]


@pytest.fixture
async def alone(
    sanic_client: Callable[..., Awaitable[Any]], sqlite_template: Database, tmp_path: Path
) -> AsyncIterator[Alone]:
    """Served as Sanic serves any app: by its own protocol, parser and request."""
    database = Database(dialect="sqlite", path=tmp_path / "llm-proxy.db")
    shutil.copyfile(sqlite_template.path, database.path)
    own = {
        "DATABASE_URL": database_url(database),
        "DATA_DIR": str(tmp_path / "data"),
        "UPLOAD_MAX_BYTES": "100000",
    }
    settings = load(GIVEN | own, None)
    app = create_app(settings=settings)
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as up:
        client = await sanic_client(app)
        secret = await issue_token(settings, up.url)
        client.session.headers["authorization"] = f"Bearer {secret}"
        yield Alone(app, up, secret, client)


async def test_a_request_is_proxied_and_recorded(alone: Alone) -> None:
    answer = await alone.client.post("/v1/chat/completions?a=b%2Fc", json=CHAT)
    assert (answer.status_code, answer.json()["object"]) == (200, "chat.completion")
    assert answer.headers["x-llm-proxy-request-id"]
    assert "upstream;dur=" in answer.headers["server-timing"]
    seen = alone.up.last
    assert (seen.method, seen.target) == ("POST", b"/v1/chat/completions?a=b%2Fc")
    assert seen.header("authorization") == f"Bearer {UPSTREAM_KEY}".encode()
    assert json.loads(seen.body) == CHAT
    # Over the same connection.
    head = await alone.client.head("/v1/models")
    assert (head.status_code, head.content) == (200, b"")
    assert (await alone.client.get("/v1/models")).json()["object"] == "list"
    assert await alone.outcomes(3) == [
        ("/v1/chat/completions", 200, "complete"),
        ("/v1/models", 200, "complete"),
        ("/v1/models", 200, "complete"),
    ]


async def test_a_stream_arrives_as_it_is_written(alone: Alone) -> None:
    async with alone.client.session.stream(
        "POST",
        alone.client.make_url("/v1/chat/completions"),
        json=STREAM,
        headers={"x-fake": "hold"},
    ) as answer:
        pieces = answer.aiter_raw()
        first = await anext(pieces)
        # The upstream waits, and this has come.
        assert first.startswith(b"data: ")
        assert alone.up.held == 1
        alone.up.release()
        whole = first + b"".join([piece async for piece in pieces])
    assert whole.endswith(b"data: [DONE]\n\n")
    assert (await alone.outcomes(1))[0][2] == "complete"
    assert (await RequestLog.all().get()).usage == "exact"


async def test_a_head_does_not_wait_for_its_body(alone: Alone) -> None:
    alone.up.script(None, [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], close=False, times=1)
    async with await alone.connect() as client:
        await client.send(alone.request(b"GET /v1/models HTTP/1.1"))
        assert (await client.answer(head_only=True)).header("content-length") == b"5"


async def test_an_upload_passes_in_pieces(alone: Alone) -> None:
    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 10_000

    await alone.client.post("/v1/files", content=pieces(10))
    assert alone.up.last.body == b"x" * 100_000
    answer = await alone.client.post("/v1/files", content=pieces(11))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    ("path", "authorization", "refusal"),
    [
        ("/v1/models", "", (401, "missing_token")),
        ("/v1/models", None, (401, "missing_token")),
        ("/v1/nothing", "$TOKEN", (404, "endpoint_not_allowed")),
    ],
)
async def test_a_refusal_is_the_data_planes(
    alone: Alone, path: str, authorization: str | None, refusal: tuple[int, str]
) -> None:
    headers = alone.client.session.headers
    if authorization is None:
        del headers["authorization"]
    elif authorization != "$TOKEN":
        headers["authorization"] = authorization
    answer = await alone.client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == refusal
    assert answer.headers["x-llm-proxy-error"] == refusal[1]
    assert alone.up.heads == 0


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v1/../x HTTP/1.1",
        b"GET /v1/models/%2e%2e/x HTTP/1.1",
        b"GET /v1/models HTTP/1.1\r\nHost: b",
        b"GET /v1/models HTTP/1.1\r\nAuthorization: Bearer b",
        b"POST /v1/files HTTP/1.1\r\nTransfer-Encoding: identity",
    ],
)
async def test_heads_are_read_as_strictly_as_by_the_front_door(alone: Alone, head: bytes) -> None:
    async with await alone.connect() as client:
        await client.send(alone.request(head))
        assert (await client.answer()).status in (400, 404)
    assert alone.up.heads == 0


async def test_a_client_that_leaves_ends_its_request(alone: Alone) -> None:
    body = json.dumps(STREAM).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\nx-fake: hold"
    async with await alone.connect() as client:
        await client.send(alone.request(head, body))
        await client.reader.readuntil(b"data: ")
        assert len(alone.app.ctx.plane.active) == 1
    assert await alone.outcomes(1) == [("/v1/chat/completions", 200, "client_left")]
    await alone.up.wait_until(lambda: alone.up.open_connections == 0)
    assert not alone.app.ctx.plane.active


@pytest.mark.parametrize("fake", ["bytes=100, break=50", "bytes=100, chunked, break=50"])
async def test_an_answer_that_breaks_never_looks_whole(alone: Alone, fake: str) -> None:
    head = b"GET /v1/files/f/content HTTP/1.1\r\nx-fake: " + fake.encode()
    async with await alone.connect() as client:
        await client.send(alone.request(head))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.answer()
    assert (await alone.outcomes(1))[0][2] == "upstream_broke"


async def test_an_asgi_server_may_serve_it_too(alone: Alone) -> None:
    headers = {"authorization": f"Bearer {alone.secret}"}
    transport = httpx.ASGITransport(app=alone.app)
    alone.app.asgi = True
    async with httpx.AsyncClient(
        transport=transport, base_url="http://a", headers=headers
    ) as client:
        answer = await client.post("/v1/chat/completions", json=STREAM)
        assert answer.content.endswith(b"data: [DONE]\n\n")
        assert (await client.get("/v1/nothing")).status_code == 404
        assert (await client.head("/v1/models")).status_code == 200
        assert (await client.get("/v1/models/..%2fx")).status_code == 400
        with pytest.raises(AssertionError):
            await client.get("/v1/files/f/content", headers={"x-fake": "bytes=100, break=50"})


async def test_paths_that_begin_otherwise_are_the_data_planes_as_well(alone: Alone) -> None:
    refused = await alone.client.post("/chat/completions", json=CHAT)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (404, "endpoint_not_allowed")
    assert "/v1/chat/completions was probably meant" in error["message"]
    # No provider's.
    unknown = await alone.client.post("/messages", json=CHAT)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "endpoint_not_allowed")
    assert "/v1/messages was probably meant" in unknown.json()["error"]["message"]
    assert unknown.headers["x-llm-proxy-error"] == "endpoint_not_allowed"
