"""pytest-sanic's client, over the bridge in conftest.py: requests, streams, listeners, sockets."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sanic import HTTPResponse, Request, Sanic, text

Client = Callable[..., Awaitable[Any]]


@pytest.fixture
def app() -> Sanic[Any, Any]:
    app: Sanic[Any, Any] = Sanic(f"app-{uuid4().hex}")
    app.ctx.events = []
    for listener in ("before_server_start", "after_server_start", "after_server_stop"):
        app.register_listener(lambda app, name=listener: app.ctx.events.append(name), listener)

    @app.get("/hello")
    async def hello(request: Request) -> HTTPResponse:
        return text(f"hello {request.ip}")

    @app.get("/stream")
    async def stream(request: Request) -> None:
        response = await request.respond(content_type="text/event-stream")
        for number in range(3):
            await response.send(f"data: {number}\n\n")
        await response.eof()

    return app


async def test_request_crosses_a_real_socket(sanic_client: Client, app: Sanic[Any, Any]) -> None:
    client = await sanic_client(app)
    response = await client.get("/hello")
    assert (response.status_code, response.text) == (200, "hello 127.0.0.1")
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]+/hello", client.make_url("/hello"))


async def test_stream_arrives_whole(sanic_client: Client, app: Sanic[Any, Any]) -> None:
    client = await sanic_client(app)
    response = await client.get("/stream")
    assert response.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert response.headers["transfer-encoding"] == "chunked"


async def test_listeners_run_around_the_requests(
    sanic_client: Client, app: Sanic[Any, Any]
) -> None:
    client = await sanic_client(app)
    assert app.ctx.events == ["before_server_start", "after_server_start"]
    await client.close()
    assert app.ctx.events[2:] == ["after_server_stop"]


def test_synchronous_test_has_no_running_loop() -> None:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


async def test_asynchronous_test_runs_on_asyncios_own_loop() -> None:
    assert type(asyncio.get_running_loop()).__module__.startswith("asyncio.")
