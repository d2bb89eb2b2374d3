"""Connections that end early, on either side: nothing cut ever looks whole, and all is recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from fake_upstream import FakeUpstream
from tests.fixtures.sdks import openai
from tests.fixtures.service import Issued, Service

CHAT = "/v1/chat/completions"
PAYLOAD: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
STREAM = PAYLOAD | {"stream": True}


@pytest.mark.parametrize(
    "fake",
    ["break=3", "break=2.5", "break=3,reset", "break=5000,bytes=100000"],
    ids=["between events", "within an event", "reset", "length-delimited"],
)
async def test_upstream_that_breaks_breaks_the_client(
    service: Service, issued: Issued, http: httpx.AsyncClient, fake: str
) -> None:
    async with http.stream("POST", CHAT, json=STREAM, headers={"x-fake": fake}) as answer:
        assert answer.status_code == 200
        # One of known length is reset.
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await answer.aread()

    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.outcome, entry.status, entry.usage) == ("upstream_broke", 200, "unknown")
    assert entry.bytes_out > 0


async def test_openai_client_notices_the_break(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "Hello"}],
        stream=True,
        extra_headers={"x-fake": "break=3"},
    )

    with pytest.raises((openai.APIError, httpx.RemoteProtocolError)):
        async for _ in stream:
            pass


async def test_body_delimited_by_the_end_of_its_connection_cannot_look_whole(
    service: Service, issued: Issued, http: httpx.AsyncClient
) -> None:
    """The upstream's end is the body's; ours is chunked, and so is only there if all is."""
    answer = await http.post(CHAT, json=PAYLOAD, headers={"x-fake": "close,bytes=3000"})
    assert len(answer.content) == 3000
    assert answer.headers["transfer-encoding"] == "chunked"

    with pytest.raises(httpx.RemoteProtocolError):
        await http.post(CHAT, json=PAYLOAD, headers={"x-fake": "close,bytes=3000,break=500,reset"})

    entries = await service.entries(issued.token.id, 2)
    assert [entry.outcome for entry in entries] == ["complete", "upstream_broke"]


async def test_client_that_leaves_mid_stream_closes_the_upstream_connection(
    service: Service, issued: Issued, http: httpx.AsyncClient, up: FakeUpstream
) -> None:
    async with http.stream("POST", CHAT, json=STREAM, headers={"x-fake": "hold"}) as answer:
        first = await anext(answer.aiter_raw())
    # Its end was never released: only the proxy can have closed the connection.
    await up.wait_until(lambda: up.open_connections == 0, timeout=30)

    assert up.finished == 0
    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.outcome, entry.status, entry.usage) == ("client_left", 200, "unknown")
    assert entry.bytes_out == len(first)


async def test_client_that_leaves_before_the_answer_closes_the_upstream_connection(
    service: Service, issued: Issued, http: httpx.AsyncClient, up: FakeUpstream
) -> None:
    asked = asyncio.create_task(http.post(CHAT, json=PAYLOAD, headers={"x-fake": "hold"}))
    await up.wait_for(1, timeout=30)
    asked.cancel()
    await up.wait_until(lambda: up.open_connections == 0, timeout=30)

    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.outcome, entry.status, entry.bytes_out) == ("client_left", 0, 0)


async def test_client_that_leaves_mid_upload_closes_the_upstream_connection(
    service: Service, issued: Issued, up: FakeUpstream
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    head = (
        f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: proxy\r\n"
        f"Authorization: Bearer {issued.secret}\r\nContent-Length: 100000\r\n\r\n"
    )
    writer.write(head.encode() + b"x" * 10_000)
    await up.wait_until(lambda: up.heads == 1, timeout=30)
    writer.close()
    await up.wait_until(lambda: up.open_connections == 0, timeout=30)

    assert not up.last.complete
    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.outcome, entry.status) == ("client_left", 0)
    assert 0 < entry.bytes_in <= 10_000


async def test_usage_reported_before_the_break_is_kept(
    service: Service, issued: Issued, http: httpx.AsyncClient, up: FakeUpstream
) -> None:
    event = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}}\n\n'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    up.script(CHAT, [b"%b\r\n%x\r\n%b\r\n" % (head, len(event), event)])

    with pytest.raises(httpx.RemoteProtocolError):
        await http.post(CHAT, json=STREAM | {"stream_options": {"include_usage": True}})

    (entry,) = await service.entries(issued.token.id, 1)
    assert (entry.outcome, entry.usage) == ("upstream_broke", "exact")
    assert (entry.prompt_tokens, entry.completion_tokens) == (7, 1)
