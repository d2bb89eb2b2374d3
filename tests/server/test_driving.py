"""Which requests of a real connection need a task."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from models import secrets
from proxy.driving import _Rest
from tests.server.corpus import HOST
from tests.server.door import Door

_ROOMS: Final = [str(Path(__file__).parents[2] / room) for room in ("proxy", "server")]
BODY: Final = b'{"model": "gpt-4o", "messages": []}'
STREAM: Final = b'{"model": "gpt-4o", "messages": [], "stream": true}'


def chat(body: bytes = BODY) -> bytes:
    """A request whose placeholders are still to be filled in."""
    fields = HOST + b"$AUTH\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return b"POST /v1/chat/completions HTTP/1.1\r\n" + fields % len(body) + body


def _is_ours(made: Any) -> bool:
    if isinstance(made, _Rest):
        return True
    return inspect.iscoroutine(made) and made.cr_code.co_filename.startswith(tuple(_ROOMS))


@pytest_asyncio.fixture(loop_scope="module")
async def tasks() -> AsyncIterator[list[str]]:
    """Tasks that the proxy makes, by name; those of the test, its upstream and client left out."""
    loop, made = asyncio.get_running_loop(), list[str]()

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
        if _is_ours(coroutine):
            made.append(getattr(coroutine, "__qualname__", type(coroutine).__qualname__))
        return asyncio.Task(coroutine, loop=loop, **more)

    loop.set_task_factory(make)
    yield made
    loop.set_task_factory(None)


@pytest.mark.parametrize("body", [BODY, STREAM], ids=["plain", "stream"])
async def test_a_request_that_waits_for_its_upstream_only_makes_no_task(
    door: Door, tasks: list[str], body: bytes
) -> None:
    async with await door.connect() as client:
        # The token is looked up, and a connection to the upstream made.
        for _ in range(2):
            await client.send(door.with_token(chat(body)))
            assert (await client.answer()).status == 200
        tasks.clear()
        await client.send(door.with_token(chat(body)))
        assert (await client.answer()).status == 200
    assert tasks == []


async def test_a_body_that_comes_later_makes_no_task(door: Door, tasks: list[str]) -> None:
    async with await door.connect() as client:
        await client.send(door.with_token(chat()))
        assert (await client.answer()).status == 200
        tasks.clear()
        head, body = chat()[: -len(BODY)], BODY
        await client.send(door.with_token(head))
        await client.drip(body)
        assert (await client.answer()).status == 200
    assert tasks == []


async def test_an_unknown_token_is_looked_up_in_a_task(door: Door, tasks: list[str]) -> None:
    secret = secrets.generate().encode()
    async with await door.connect() as client:
        await client.send(chat().replace(b"$AUTH", b"Authorization: Bearer " + secret))
        assert (await client.answer()).status == 401
    assert "_Rest" in tasks


async def test_what_a_client_sends_ahead_is_bounded_also_where_its_answers_wait_for_nothing(
    door: Door,
) -> None:
    """Each is answered at once, so that between two of them none is under way."""
    count, most = 4000, 0
    refused = b"GET /v1/models HTTP/1.1\r\n" + HOST + b"X-Padding: %b\r\n\r\n" % bytes(b"x" * 600)
    async with await door.connect() as client:

        async def send() -> None:
            await client.send(refused * count)

        sending = asyncio.create_task(send())
        for _ in range(count):
            assert (await client.answer()).status == 401
            most = max(most, *(len(one.received) for one in door.app.ctx.connections))
        await sending
    # The window, and what one read of the socket brings.
    assert most <= 64 * 1024 + 256 * 1024
