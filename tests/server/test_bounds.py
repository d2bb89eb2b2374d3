"""How much a worker takes, and how large a body may be. Every test opens a door of its own."""

from __future__ import annotations

import pytest

from tests.server.conftest import OpenDoor
from tests.server.corpus import AUTH, END, GET, HOST, chunked, fields

UPLOAD = b"POST /v1/files HTTP/1.1\r\n" + HOST + AUTH
LIMIT = 1000
OVER = b"x" * (LIMIT + 1)


async def test_requests_beyond_the_bound_are_overloaded(a_door: OpenDoor) -> None:
    async with a_door(MAX_ACTIVE_REQUESTS="2") as door:
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
    async with a_door(REQUEST_MAX_BYTES=str(LIMIT)) as door, await door.connect() as client:
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
    async with a_door(REQUEST_MAX_BYTES=str(LIMIT)) as door, await door.connect() as client:
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
    async with a_door(REQUEST_MAX_BYTES=str(LIMIT)) as door, await door.connect() as client:
        await client.send(door.with_token(sent))
        await client.answer()
        assert door.up.last.body == OVER[:-1]
