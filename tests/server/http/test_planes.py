"""What is not the data plane's: Sanic behind our connection, as an ASGI application."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio
from sanic import Request

from config import Database
from proxy.downstream import ResponseHead
from server.http import planes
from server.http.connection import ClientConnection
from server.http.downstream import ClientDownstream, read_head
from tests.server.corpus import END, GET, HOST
from tests.server.door import Door, open_door
from tests.server.wire import PATIENCE_S

#: Done once the handler of `/endless` has been cancelled.
ended = asyncio.Event()


async def pieces(request: Request[Any, Any]) -> None:
    response = await request.respond(content_type="text/plain")
    for piece in ("one ", "two ", "three"):
        await response.send(piece)
    await response.eof()


async def announced(request: Request[Any, Any], length: int) -> None:
    """Five bytes, whatever they are said to be."""
    response = await request.respond(headers={"content-length": str(length)})
    await response.send("hel")
    await response.send("lo")
    await response.eof()


async def broken(request: Request[Any, Any]) -> None:
    response = await request.respond(content_type="text/plain")
    await response.send("hello")
    raise LookupError("unforeseen")


async def endless(request: Request[Any, Any]) -> None:
    response = await request.respond(content_type="text/plain")
    await response.send("hello")
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def modules_door(
    sqlite_template: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Door]:
    """With pages that answer in every way that Sanic has."""
    async with open_door(sqlite_template, tmp_path_factory.mktemp("door")) as door:
        with door.app.amend():
            door.app.add_route(pieces, "/pieces", methods=("GET", "HEAD"))
            door.app.add_route(announced, "/announced/<length:int>")
            door.app.add_route(broken, "/broken")
            door.app.add_route(endless, "/endless")
        yield door


def get(path: bytes, method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/1.1\r\n" % (method, path) + HOST + END


async def test_an_answer_in_pieces_is_chunked_and_another_may_follow(door: Door) -> None:
    async with await door.connect() as client:
        for _ in range(2):
            await client.send(get(b"/pieces"))
            answer = await client.answer()
            assert answer.header("transfer-encoding") == b"chunked"
            assert (answer.body, answer.header("connection")) == (b"one two three", None)
        await client.send(get(b"/pieces", b"HEAD"))
        assert (await client.answer(head_only=True)).status == 200
        await client.send(door.with_token(GET))
        assert (await client.answer()).status == 200


async def test_an_answer_in_pieces_ends_by_closing_over_http_1_0(door: Door) -> None:
    async with await door.connect() as client:
        await client.send(b"GET /pieces HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
        answer = await client.answer()
    assert answer.header("transfer-encoding") is None
    assert (answer.header("connection"), answer.body) == (b"close", b"one two three")


async def test_an_announced_length_is_kept_to(door: Door) -> None:
    async with await door.connect() as client:
        await client.send(get(b"/announced/5") + get(b"/pieces"))
        assert (await client.answer()).body == b"hello"
        assert (await client.answer()).body == b"one two three"


@pytest.mark.parametrize("path", [b"/announced/4", b"/announced/6", b"/broken"])
async def test_an_answer_that_fails_half_way_never_looks_whole(door: Door, path: bytes) -> None:
    """What is too much is not sent, as it would be read as the next answer."""
    async with await door.connect() as client:
        await client.send(get(path))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await client.answer()


async def test_a_client_that_leaves_ends_its_handler(door: Door) -> None:
    client = await door.connect()
    await client.send(get(b"/endless"))
    await client.reader.readuntil(b"hello")
    client.writer.transport.abort()
    async with asyncio.timeout(PATIENCE_S):
        await ended.wait()


class _Sent:
    """A downstream that keeps what it is given."""

    def __init__(self) -> None:
        self.head = read_head(get(b"/pieces"), "127.0.0.1")
        self.peer = ("127.0.0.1", 1)
        self.started: list[ResponseHead] = []

    def bound_body(self, max_bytes: int) -> None: ...

    def keep_pace(self, *, wanted: bool) -> None: ...

    def start(self, head: ResponseHead) -> None:
        self.started.append(head)

    async def finish(self, data: bytes) -> None: ...


async def _answer_with(fields: list[tuple[bytes, bytes]], body: bytes) -> ResponseHead:
    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    sent = _Sent()
    await planes.serve(application, cast(ClientDownstream, sent))
    (head,) = sent.started
    return head


async def test_framing_is_the_connections_however_an_application_writes_its_fields() -> None:
    fields = [(b"Connection", b"keep-alive"), (b"Transfer-Encoding", b"chunked"), (b"X-Own", b"1")]
    head = await _answer_with(fields, b"hello")
    assert head.headers == [(b"X-Own", b"1"), (b"content-length", b"5")]


async def test_a_length_is_understood_however_an_application_writes_it() -> None:
    head = await _answer_with([(b"Content-Length", b"5")], b"hello")
    assert (head.content_length, head.headers) == (5, [(b"Content-Length", b"5")])
    with pytest.raises(RuntimeError):
        await _answer_with([(b"Content-Length", b"4")], b"hello")


def _kept(address: object) -> list[ClientConnection]:
    gc.collect()
    connections = [found for found in gc.get_objects() if isinstance(found, ClientConnection)]
    return [found for found in connections if found.address == address]


async def test_sanic_keeps_no_connection_that_has_ended(door: Door) -> None:
    # What earlier tests left is not looked through, again and again.
    gc.freeze()
    async with await door.connect() as client:
        await client.send(get(b"/pieces"))
        assert (await client.answer()).status == 200
        address = client.writer.get_extra_info("sockname")
        assert len(_kept(address)) == 1
    async with asyncio.timeout(PATIENCE_S):
        while _kept(address):
            # Its transport lets go of it a turn of the loop after it has ended.
            await asyncio.sleep(0.01)
