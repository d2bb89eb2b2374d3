"""What the upstream gets, byte by byte, and how often, whatever the client's body looks like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from config import Database
from proxy.preparing import INSPECT_BYTES
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.pool import Pool
from proxy.upstream.target import Origin
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import CHAT, HEAD_OK, Peer, Script, a_client
from tests.proxy.upstream.conftest import until


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


LARGE = b'{"model": "gpt-4o", "input": "%b"}' % (b"x" * 100_000)

#: What the client sends, where, and what its body is on the wire.
BODIES = {
    "kept": ((CHAT,), "/v1/chat/completions", None),
    "kept and large": ((LARGE,), "/v1/embeddings", None),
    "kept in pieces": ((LARGE[:70_000], LARGE[70_000:]), "/v1/embeddings", None),
    "passed on": ((b"abc", b"de"), "/v1/files", [b"abc", b"de"]),
    "none": ((), "/v1/files", []),
}


def unchunked(wire: bytes) -> bytes:
    """The body of whole chunks, without trailers."""
    body = b""
    while True:
        size, _, wire = wire.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            assert wire == b"\r\n"
            return body
        body += wire[:length]
        assert wire[length : length + 2] == b"\r\n"
        wire = wire[length + 2 :]


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_arrives_as_it_was_sent_and_nothing_behind_it(
    plane: Plane, name: str, *, chunked: bool
) -> None:
    pieces, path, chunks = BODIES[name]
    body = b"".join(pieces)
    wire = b""

    async def script(peer: Peer) -> None:
        nonlocal wire
        head = await peer.head()
        assert (b"\r\nTransfer-Encoding: chunked\r\n" in head) is chunked
        assert (b"content-length" in head.lower()) is (not chunked and bool(body))
        wire = await peer.read(len(body))
        if chunked:
            wire += await peer.until(b"0\r\n\r\n")
        await peer.answer()
        # Whatever comes now is the next request's, or a fault.
        wire += await peer.rest()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client(
        "POST", *pieces, secret=secret, path=path, length=None if chunked else len(body)
    )
    await plane.serve(client)
    assert client.status == 200
    await plane.pool.close()
    await until(lambda: plane.upstream.left == plane.upstream.connections)
    if not chunked:
        assert wire == body
    elif chunks is None:
        assert unchunked(wire) == body
    else:
        assert wire == b"".join(map(chunk, chunks)) + b"0\r\n\r\n"
    (entry,) = plane.entries()
    assert entry.bytes_in == len(body)


async def test_a_body_of_unknown_length_goes_on_before_its_end_once_it_is_large(
    plane: Plane,
) -> None:
    """It is read ahead as far as it is looked into, and not kept to its end."""
    begun = asyncio.Event()
    body = b'{"input": "%b"}' % (b"x" * INSPECT_BYTES)

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await peer.read(len(body))
        await peer.until(b"0\r\n\r\n")
        await peer.answer()

    async def has_begun() -> None:
        async with asyncio.timeout(20):
            await begun.wait()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client(
        "POST", body[:-2], has_begun, body[-2:], secret=secret, path="/v1/embeddings", length=None
    )
    await plane.serve(client)
    assert client.status == 200
    (entry,) = plane.entries()
    assert entry.bytes_in == len(body)


async def test_trailers_of_an_upload_pass_but_for_what_is_ours_to_say(plane: Plane) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        got = await peer.until(b"\r\n\r\n")
        assert got == b"2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n"
        await peer.answer()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    trailers = [
        (b"X-Sum", b"1"),
        (b"Content-Length", b"9"),
        (b"Authorization", b"Bearer x"),
        (b"Transfer-Encoding", b"chunked"),
    ]
    client = a_client(
        "POST", b"ab", secret=secret, path="/v1/files", length=None, trailers=trailers
    )
    await plane.serve(client)
    assert client.status == 200


async def test_a_body_that_was_changed_has_its_own_length(plane: Plane) -> None:
    body = b'{"model": "gpt-4o", "messages": [], "stream": true}'

    async def script(peer: Peer) -> None:
        request = await peer.request()
        sent = json.loads(request.partition(b"\r\n\r\n")[2])
        assert sent["stream_options"] == {"include_usage": True}
        await peer.answer()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = await plane.serve(a_client("POST", body, secret=secret))
    assert client.status == 200


async def test_an_upload_waits_for_an_upstream_that_takes_nothing(
    tmp_path: Path, sqlite_database: Database
) -> None:
    go_on = asyncio.Event()
    taken, pieces = 0, 512
    piece = bytes(65536)

    async def script(peer: Peer) -> None:
        await peer.head()
        await go_on.wait()
        for _ in range(pieces):
            await peer.read(len(piece))
        await peer.answer()

    async def count() -> None:
        nonlocal taken
        taken += 1

    async with a_plane(tmp_path, sqlite_database, upload_max_bytes=1 << 30) as plane:
        plane.upstream.follow(script)
        _, secret = await plane.token()
        # More than both ends of the connection buffer for.
        body = [step for _ in range(pieces) for step in (count, piece)]
        length = pieces * len(piece)
        client = a_client("POST", *body, secret=secret, path="/v1/files", length=length)
        task = plane.begin(client)
        before = -1
        while before != taken or not taken:
            before = taken
            for _ in range(100):
                await asyncio.sleep(0)
        held = taken < pieces
        go_on.set()
        await task
        assert client.status == 200
        assert held


@pytest.mark.parametrize("body", [CHAT, LARGE], ids=["small", "large"])
async def test_what_was_kept_of_a_body_is_let_go_before_the_answer_ends(
    plane: Plane, body: bytes
) -> None:
    """It may run for an hour."""
    end = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(HEAD_OK + b"Content-Length: 4\r\n\r\nbe")
        await end.wait()
        await peer.send(b"gi")

    plane.upstream.follow(script)
    _, secret = await plane.token()
    path = "/v1/chat/completions" if body is CHAT else "/v1/embeddings"
    client = a_client("POST", body, secret=secret, path=path)
    task = plane.begin(client)
    await until(lambda: client.content == b"be")
    assert plane.plane.body_budget.kept == 0
    end.set()
    await task


async def dies(peer: Peer) -> None:
    """Without a word."""
    await peer.request()


async def dies_in_its_answer(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 2")


async def answers(peer: Peer) -> None:
    await peer.request()
    await peer.answer()


class Case(NamedTuple):
    """A request, how its first attempt ends, and how many there are."""

    method: str
    path: str
    body: bytes
    first: Script
    attempts: int


@pytest.mark.parametrize(
    "case",
    [
        Case("GET", "/v1/models", b"", dies, 2),
        Case("GET", "/v1/models", b"{}", dies, 1),
        # Kept, since it may create something.
        Case("GET", "/v1/responses", CHAT, dies, 1),
        Case("GET", "/v1/models", b"", dies_in_its_answer, 1),
        Case("POST", "/v1/chat/completions", CHAT, dies, 1),
        Case("POST", "/v1/responses/r/cancel", b"", dies, 1),
    ],
)
async def test_only_what_asks_and_was_not_answered_at_all_is_sent_again(
    plane: Plane, case: Case
) -> None:
    plane.upstream.follow(case.first, answers)
    _, secret = await plane.token(allowed_models=["gpt-4o"])
    body, length = filter(None, [case.body]), len(case.body)
    client = a_client(case.method, *body, secret=secret, path=case.path, length=length)
    await plane.serve(client)
    assert plane.upstream.connections == case.attempts
    assert client.status == (200 if case.attempts == 2 else 502)
    assert len(plane.entries()) == 1
    assert not plane.pool.busy


class DeadAtTheFirstAttempt(Pool):
    """A kept connection that its upstream has closed."""

    async def acquire(
        self, origin: Origin, method: str, *, fresh: bool = False
    ) -> UpstreamConnection:
        connection = await super().acquire(origin, method, fresh=fresh)
        if not fresh:
            assert connection.transport is not None
            connection.transport.abort()
        return connection


async def test_a_dead_connection_is_replaced_whatever_is_asked(
    tmp_path: Path, sqlite_database: Database
) -> None:
    """Nothing was written on it."""
    async with a_plane(tmp_path, sqlite_database, pool_type=DeadAtTheFirstAttempt) as plane:
        _, secret = await plane.token()
        client = await plane.serve(a_client(secret=secret))
        assert client.status == 200
        assert plane.upstream.connections == 2


async def test_a_client_that_leaves_leaves_no_connection_behind(plane: Plane) -> None:
    asked = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        asked.set()
        await peer.gone()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client(secret=secret)
    task = plane.begin(client)
    await asked.wait()
    assert plane.pool.busy
    await plane.leave(client, task)
    assert not plane.pool.busy


async def test_it_is_sent_again_once(plane: Plane) -> None:
    plane.upstream.follow(dies)
    _, secret = await plane.token()
    client = await plane.serve(a_client("GET", secret=secret))
    assert (client.status, client.code) == (502, "upstream_unreachable")
    assert plane.upstream.connections == 2
