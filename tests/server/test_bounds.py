"""How much a worker takes, and how large a body may be. Every test opens a door of its own."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from server.http import pace
from tests.server.conftest import OpenDoor
from tests.server.corpus import AUTH, BODY, END, GET, HOST, chunked, fields
from tests.server.door import Door
from tests.server.wire import PATIENCE_S

UPLOAD = b"POST /v1/files HTTP/1.1\r\n" + HOST + AUTH
LIMIT = 1000
BOTH = {"REQUEST_MAX_BYTES": str(LIMIT), "UPLOAD_MAX_BYTES": str(LIMIT)}
OVER = b"x" * (LIMIT + 1)


async def test_requests_beyond_the_bound_are_overloaded(a_door: OpenDoor) -> None:
    lifted = {"FAIR_SHARE_TOKEN": "1", "FAIR_SHARE_PROJECT": "1"}
    async with a_door(MAX_ACTIVE_REQUESTS="2", **lifted) as door:
        held = [await door.connect() for _ in range(2)]
        for client in held:
            await client.send(door.with_token(GET[:-2] + b"x-fake: hold\r\n\r\n"))
        await door.up.wait_until(lambda: door.up.held == 2)
        async with await door.connect() as client:
            await client.send(door.with_token(GET))
            answer = await client.answer()
            assert (answer.status, answer.code) == (503, "overloaded")
            assert int(answer.header("retry-after") or 0) > 0
            assert answer.header("x-should-retry") is None
            door.up.release()
            assert [(await one.answer()).status for one in held] == [200, 200]
            # The refused one keeps its connection, and is let in now.
            await client.send(door.with_token(GET))
            assert (await client.answer()).status == 200
        for client in held:
            client.writer.close()


def in_chunks(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    "head",
    [fields(b"Content-Length: 1001\r\n"), UPLOAD + b"Content-Length: 1001\r\n" + END],
    ids=["inspected", "streamed"],
)
async def test_a_body_that_announces_too_much_is_not_read(a_door: OpenDoor, head: bytes) -> None:
    async with a_door(**BOTH) as door, await door.connect() as client:
        await client.send(door.with_token(head))
        answer = await client.answer()
        assert (answer.status, answer.code) == (413, "request_too_large")
        assert answer.header("connection") == b"close"
        assert await client.end() == b""
        assert door.up.heads == 0


@pytest.mark.parametrize(
    "sent",
    [
        chunked(in_chunks(OVER)),
        UPLOAD + b"Transfer-Encoding: chunked\r\n" + END + in_chunks(OVER),
        UPLOAD
        + b"Transfer-Encoding: chunked\r\n"
        + END
        + b"1\r\nx\r\n" * (LIMIT + 1)
        + b"0\r\n\r\n",
    ],
    ids=["inspected", "streamed", "streamed in small chunks"],
)
async def test_a_body_that_grows_too_large_is_cut(a_door: OpenDoor, sent: bytes) -> None:
    async with a_door(**BOTH) as door, await door.connect() as client:
        await client.send(door.with_token(sent))
        answer = await client.answer()
        assert (answer.status, answer.code) == (413, "request_too_large")
        assert await client.end() == b""
        assert not any(request.complete for request in door.up.requests)


@pytest.mark.parametrize(
    "sent",
    [
        UPLOAD + b"Content-Length: 1000\r\n" + END + OVER[:-1],
        UPLOAD + b"Transfer-Encoding: chunked\r\n" + END + in_chunks(OVER[:-1]),
    ],
    ids=["length", "chunked"],
)
async def test_a_body_of_just_the_bound_passes(a_door: OpenDoor, sent: bytes) -> None:
    async with a_door(**BOTH) as door, await door.connect() as client:
        await client.send(door.with_token(sent))
        await client.answer()
        assert door.up.last.body == OVER[:-1]


async def test_an_upload_is_bound_by_its_own_limit(a_door: OpenDoor) -> None:
    bounds = {"REQUEST_MAX_BYTES": "10", "UPLOAD_MAX_BYTES": str(LIMIT)}
    async with a_door(**bounds) as door, await door.connect() as client:
        head = UPLOAD + b"Content-Length: 1000\r\n" + END
        await client.send(door.with_token(head + OVER[:-1]))
        await client.answer()
        assert door.up.last.body == OVER[:-1]


# What one token may take


WAITING = fields(b"Content-Length: 1000\r\n")


@pytest.mark.parametrize("share", ["FAIR_SHARE_TOKEN", "FAIR_SHARE_PROJECT"])
async def test_requests_that_wait_for_their_bodies_count_in_a_share(
    a_door: OpenDoor, share: str
) -> None:
    other = {"FAIR_SHARE_TOKEN": "1", "FAIR_SHARE_PROJECT": "1"}
    async with (
        a_door(MAX_ACTIVE_REQUESTS="4", **(other | {share: "0.5"})) as door,
        AsyncExitStack() as stack,
    ):
        held = [await stack.enter_async_context(await door.connect()) for _ in range(2)]
        for client in held:
            await client.send(door.with_token(WAITING))
            await _until_active(door, held.index(client) + 1)
        async with await door.connect() as client:
            await client.send(door.with_token(GET))
            answer = await client.answer()
            assert (answer.status, answer.code) == (429, "rate_limit_exceeded")
            assert answer.header("retry-after") == b"1"
            # Before what is asked for is looked at.
            await client.send(door.with_token(GET.replace(b"models", b"nothing")))
            assert (await client.answer()).status == 429
            assert b"\nllm_proxy_active_requests 2.0\n" in await _metrics(door)
            held[0].writer.close()
            await _until_active(door, 1)
            await client.send(door.with_token(GET))
            assert (await client.answer()).status == 200


async def _metrics(door: Door) -> bytes:
    async with await door.connect() as client:
        await client.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        return (await client.answer()).body


async def _until_active(door: Door, count: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while b"\nllm_proxy_active_requests %d.0\n" % count not in await _metrics(door):
            await asyncio.sleep(0.01)


# What is kept


async def test_kept_bodies_have_a_budget_together(a_door: OpenDoor) -> None:
    async with (
        a_door(BUFFERED_BODIES_MAX_BYTES="1500") as door,
        AsyncExitStack() as stack,
    ):
        first, second = [await stack.enter_async_context(await door.connect()) for _ in range(2)]
        await first.send(door.with_token(WAITING + BODY[:1] + b" " * 900))
        await _until_active(door, 1)
        await second.send(door.with_token(WAITING + b" " * 900))
        answer = await second.answer()
        assert (answer.status, answer.code) == (503, "overloaded")
        assert answer.header("retry-after") == b"1"
        assert b"\nllm_proxy_kept_body_bytes 901.0\n" in await _metrics(door)
        # What a request kept is kept no longer than it runs.
        await first.send(BODY[1:] + b" " * (100 - len(BODY)))
        assert (await first.answer()).status == 200
        for _ in range(3):
            await first.send(door.with_token(WAITING + BODY + b" " * (1000 - len(BODY))))
            assert (await first.answer()).status == 200


async def test_a_body_is_kept_until_the_upstream_has_it(a_door: OpenDoor) -> None:
    """An answer may run for an hour."""
    body = BODY[:-1] + b" " * 200_000 + BODY[-1:]
    async with a_door() as door, await door.connect() as client:
        head = fields(b"Content-Length: %d\r\nx-fake: hold\r\n" % len(body))
        await client.send(door.with_token(head + body))
        await door.up.wait_until(lambda: door.up.held == 1)
        metrics = await _metrics(door)
        assert b"\nllm_proxy_active_requests 1.0\n" in metrics
        assert b"\nllm_proxy_kept_body_bytes 0.0\n" in metrics
        door.up.release()
        assert (await client.answer()).status == 200
        assert door.up.last.body_length == len(body)


@pytest.mark.parametrize("form", ["kept", "passed on"])
async def test_a_kept_body_has_a_least_rate(
    a_door: OpenDoor, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(pace, "SPAN", 0.2)
    async with a_door() as door, await door.connect() as client:
        head = WAITING if form == "kept" else UPLOAD + b"Content-Length: 30\r\n" + END
        await client.send(door.with_token(head))
        dripping = asyncio.create_task(client.drip(bytes(30), gap=0.02))
        answer = await client.answer()
        dripping.cancel()
        if form == "kept":
            assert (answer.status, answer.code) == (408, "request_timeout")
        else:
            assert door.up.last.body == bytes(30)
