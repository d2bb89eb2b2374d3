"""A stream arrives as the upstream sends it, pauses included."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from fake_upstream import FakeUpstream, expected_text
from tests.fixtures.sdks import openai
from tests.fixtures.service import Issued, RunService, Service

CHAT = "/v1/chat/completions"
STREAM: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [{"role": "user", "content": "Hello"}],
    "stream": True,
}
#: Seconds, of a service that waits for less. Real ones: the pauses below stay far off them.
IDLE = 8
PAUSE = 1


@pytest.mark.parametrize("path", [CHAT, "/v1/responses", "/v1/completions"])
async def test_first_event_arrives_before_the_second_is_sent(
    http: httpx.AsyncClient, up: FakeUpstream, path: str
) -> None:
    payload = STREAM | {"input": "Hello", "prompt": "Hello"}

    async with http.stream("POST", path, json=payload, headers={"x-fake": "hold"}) as answer:
        pieces = answer.aiter_raw()
        first = await anext(pieces)
        # The upstream still waits to be released.
        assert (up.held, up.finished) == (1, 0)
        assert first.endswith(b"\n\n")
        up.release()
        rest = b"".join([piece async for piece in pieces])

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert rest.count(b"\n\n") > 1


async def test_the_client_sees_the_first_chunk_before_the_second_is_sent(
    client: openai.AsyncOpenAI, up: FakeUpstream
) -> None:
    stream = await client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "Hello"}],
        stream=True,
        extra_headers={"x-fake": "hold"},
    )
    first = await anext(stream)
    assert (up.held, up.finished) == (1, 0)
    up.release()
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert first.choices[0].delta.role == "assistant"
    assert text == expected_text(STREAM)


async def test_head_and_every_event_arrive_while_the_next_is_withheld(service: Service) -> None:
    """Nothing is held back for what follows, whichever event it is."""
    waits = asyncio.Semaphore(0)
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    events = [b'data: {"choices":[{"delta":{"content":"%d"}}]}\n\n' % n for n in range(5)]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        await waits.acquire()
        for event in events:
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await waits.acquire()
        writer.write(b"0\r\n\r\n")
        writer.close()

    # In the place of the upstream: it waits after each event.
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    issued = await service.make_token(f"http://127.0.0.1:{port}")
    async with (
        server,
        httpx.AsyncClient(base_url=service.url, headers=issued.bearer) as http,
        http.stream("POST", CHAT, json=STREAM) as streamed,
    ):
        # The head is here, and no event was sent yet.
        waits.release()
        pieces = streamed.aiter_raw()
        for event in events:
            assert await asyncio.wait_for(anext(pieces), 60) == event
            waits.release()
        assert [piece async for piece in pieces] == []


async def test_pauses_shorter_than_the_idle_timeout_do_not_end_a_stream(
    run_service: RunService, up: FakeUpstream
) -> None:
    service = run_service(UPSTREAM_IDLE_TIMEOUT=str(IDLE), UPSTREAM_FIRST_BYTE_TIMEOUT=str(IDLE))
    issued = await service.make_token(up.url)

    # All at once, since each of them takes its time.
    await asyncio.gather(
        _pauses_several_times(service, issued),
        _pauses_for_too_long(service, issued),
        _never_begins(service, issued),
    )

    entries = await service.entries(issued.token.id, 3)
    assert sorted((entry.outcome, entry.status) for entry in entries) == [
        ("complete", 200),
        ("timeout", 200),
        ("timeout", 504),
    ]


async def _pauses_several_times(service: Service, issued: Issued) -> None:
    """Longer than the timeout altogether, but never at once."""
    events = int(IDLE / PAUSE) + 2
    fake = f"gap={PAUSE},events={events}"
    async with openai.AsyncOpenAI(base_url=f"{service.url}/v1", api_key=issued.secret) as client:
        stream = await client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": "Hello"}],
            stream=True,
            extra_headers={"x-fake": fake},
        )
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == expected_text(STREAM, fake)


async def _pauses_for_too_long(service: Service, issued: Issued) -> None:
    """Its connection breaks: a clean end would pass for a whole answer."""
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=60) as http:
        headers = {"x-fake": "hold"}
        async with http.stream("POST", CHAT, json=STREAM, headers=headers) as answer:
            pieces = answer.aiter_raw()
            assert (await anext(pieces)).startswith(b"data: ")
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(pieces)


async def _never_begins(service: Service, issued: Issued) -> None:
    async with httpx.AsyncClient(base_url=service.url, headers=issued.bearer, timeout=60) as http:
        payload = STREAM | {"stream": False}
        answer = await http.post(CHAT, json=payload, headers={"x-fake": "hold"})
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "upstream_timeout"
    assert "x-should-retry" not in answer.headers
