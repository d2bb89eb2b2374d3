"""Comments keep a silent event stream alive, between events and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from config import Database
from proxy.exchange import Exchange
from proxy.headers import RawHeaders
from proxy.keepalive import COMMENT, COMMENT_BEHIND_IDS, Commented, may_be_commented
from proxy.transforms import AnswerTransform
from proxy.upstream.heads import UpstreamHead
from proxy.usage.meter import Meter, meter_for
from tests.proxy.planes import Plane, a_plane
from tests.proxy.rows import a_grant, a_request, an_exchange
from tests.proxy.scripted import Client, Peer, a_client
from tests.proxy.upstream.conftest import until
from tests.proxy.virtual_time import in_virtual_time

EVENTS: RawHeaders = [(b"Content-Type", b"text/event-stream; charset=utf-8")]
EVERY = 10.0


class Source:
    ended = False


class Withholding:
    """A transform that lets nothing through, and has caught up when a test says so."""

    voids = ()
    withholds = True

    def __init__(self, *, behind: bool = False) -> None:
        self.behind = behind

    def relay(self, data: bytes) -> bytes:
        return b""

    def catch_up(self) -> bytes:
        return b""

    def end(self) -> bytes:
        return b""


def commented(
    client: Client, source: Source, exchange: Exchange, inner: AnswerTransform | None = None
) -> Commented:
    client.start(None)  # type: ignore[arg-type]
    inner = inner or Meter(None, None)
    return Commented(inner, exchange, source, client.write, EVERY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sent", "comments"),
    [
        ([], True),
        ([b"data: 1\n\n"], True),
        ([b"data: 1\r\n\r\n"], True),
        ([b"data: 1\r\r"], True),
        ([b"data: 1\n", b"\n"], True),
        ([b"data: 1\r\n\r", b"\n"], True),
        ([b"data: 1"], False),
        ([b"data: 1\n"], False),
        ([b"data: 1\n\n", b"da"], False),
    ],
)
def test_a_comment_stands_between_events(sent: list[bytes], comments: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        client = a_client()
        stream = commented(client, Source(), an_exchange(a_request()))
        for piece in sent:
            client.write(stream.relay(piece))
        await asyncio.sleep(2.5 * EVERY)
        assert client.content == b"".join(sent) + (2 * COMMENT if comments else b"")

    run()


@pytest.mark.parametrize(
    ("sent", "ids"),
    [
        ([b"id: 1\ndata: 1\n\n"], True),
        ([b"data: 1\nid:1\n\n", b"data: 2\n\n"], True),
        ([b"data: 1\r\rid: 1\r\r"], True),
        ([b"data: 1\n\n", b"id: 2\ndata: 2\n\n"], True),
        ([b"data: 1\n", b"i", b"d", b": 1\n\n"], True),
        ([b"i", b"d: 1\n\n"], True),
        ([b'data: {"id": 1}\n\n'], False),
        ([b"data: 1\nidle: 1\n\n"], False),
        ([b"grid: 1\n\n"], False),
    ],
)
def test_a_comment_in_a_stream_with_ids_has_no_blank_line(sent: list[bytes], ids: bool) -> None:
    """OpenAI's Python SDK 3.57.0 breaks on one, https://github.com/openai/openai-python/issues/2722."""

    @in_virtual_time
    async def run() -> None:
        client, exchange = a_client(), an_exchange(a_request())
        stream = commented(client, Source(), exchange)
        for piece in sent:
            client.write(stream.relay(piece))
        await asyncio.sleep(1.5 * EVERY)
        comment = COMMENT_BEHIND_IDS if ids else COMMENT
        assert client.content == b"".join(sent) + comment
        assert exchange.bytes_out == len(comment)

    run()


@pytest.mark.parametrize("over", ["ended", "source", "recorded", "whole"])
def test_nothing_is_added_to_what_is_over(over: str) -> None:
    @in_virtual_time
    async def run() -> None:
        client, source, exchange = a_client(), Source(), an_exchange(a_request())
        stream = commented(client, source, exchange)
        if over == "ended":
            assert stream.end() == b""
        elif over == "source":
            source.ended = True
        elif over == "whole":
            exchange.meter = meter_for(EVENTS, asked_for_usage=False)
            exchange.meter.relay(b"data: [DONE]\n\n")
            assert exchange.whole_for_client
        else:
            exchange.recorded = True
        await asyncio.sleep(5 * EVERY)
        assert client.content == b""

    run()


@in_virtual_time
async def test_a_stream_that_goes_on_gets_none() -> None:
    client, exchange = a_client(), an_exchange(a_request())
    stream = commented(client, Source(), exchange)
    for _ in range(9):
        await asyncio.sleep(0.9 * EVERY)
        client.write(stream.relay(b"data: 1\n\n"))
    assert COMMENT not in client.content
    client.gone = True
    await asyncio.sleep(5 * EVERY)
    assert exchange.bytes_out == 0


@in_virtual_time
async def test_a_stream_that_has_to_catch_up_gets_its_comments_later() -> None:
    client, inner, exchange = a_client(), Withholding(behind=True), an_exchange(a_request())
    stream = commented(client, Source(), exchange, inner)
    await asyncio.sleep(1.5 * EVERY)
    assert client.content == b""
    inner.behind = False
    assert stream.catch_up() == b""
    await asyncio.sleep(EVERY)
    assert client.content == COMMENT
    assert exchange.bytes_out == len(COMMENT)


@in_virtual_time
async def test_what_is_withheld_is_silence_to_the_client() -> None:
    client = a_client()
    stream = commented(client, Source(), an_exchange(a_request()), Withholding())
    for _ in range(3):
        await asyncio.sleep(0.9 * EVERY)
        stream.relay(b"data: 1\n\n")
    assert client.content == 2 * COMMENT


@pytest.mark.parametrize(
    ("fields", "length", "method", "expected"),
    [
        (EVENTS, None, "POST", True),
        (EVENTS, 100, "POST", False),
        (EVENTS, None, "HEAD", False),
        ([(b"Content-Type", b"application/json")], None, "POST", False),
        ([*EVENTS, (b"Content-Encoding", b"gzip")], None, "POST", False),
        ([*EVENTS, (b"Content-Encoding", b"identity")], None, "POST", True),
    ],
)
async def test_which_answers_may_be_added_to(
    fields: RawHeaders, length: int | None, method: str, expected: bool
) -> None:
    meter = meter_for(fields, asked_for_usage=False)
    exchange = an_exchange(a_request(method))
    exchange.grant = grant = a_grant()
    head = UpstreamHead(200, b"OK", fields, length)
    assert may_be_commented(exchange, head, meter) is expected
    assert not may_be_commented(exchange, UpstreamHead(400, b"No", fields, length), meter)
    # One from which bytes are withheld announces no length.
    is_stream = fields == EVENTS and method == "POST"
    assert may_be_commented(exchange, head, Withholding()) is (expected or is_stream)
    for unknown in (None, replace(grant, provider=None)):
        exchange.grant = unknown
        assert not may_be_commented(exchange, head, meter)
    # Its SDK for Python takes a comment for a broken answer.
    assert grant.provider is not None
    exchange.grant = replace(grant, provider=replace(grant.provider, error_shape="google"))
    assert not may_be_commented(exchange, head, meter)


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database, comment_every=0.01) as plane:
        yield plane


async def test_a_client_of_a_silent_stream_gets_comments(plane: Plane) -> None:
    client = a_client()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await until(lambda: COMMENT in client.content)
        await peer.send(b"data: [DONE]\n\n")
        peer.close()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client.head = a_client(secret=secret).head
    await plane.serve(client)
    assert (client.status, client.ended) == (200, "finish")
    assert client.content.replace(COMMENT, b"") == b"data: [DONE]\n\n"
    assert plane.entries()[0].bytes_out == len(client.content)
