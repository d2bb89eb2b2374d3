"""The usual answer is begun and read in one step, with the same effects as any other way."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import asdict

from config import Database
from proxy import relaying
from proxy.middleware.shaping import passes_none
from proxy.upstream import alike
from proxy.upstream.response import PIECE_BYTES
from proxy.usage.json_usage import JsonUsageReader
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Client, Peer, a_client
from tests.proxy.upstream.conftest import until

JSON: Final = b"Content-Type: application/json\r\n"
USAGE: Final = b'"model":"gpt-4.1","usage":{"prompt_tokens":3,"completion_tokens":4}'
#: Lines and body of an answer, whether it is one that passes whole, and a path.
ANSWERS: Final = {
    "usual": (JSON, b"{%b}" % USAGE, True),
    "with a cookie": (JSON + b"Set-Cookie: a=b\r\n", b"{%b}" % USAGE, True),
    "of another type of JSON": (b"Content-Type: application/problem+json\r\n", b"{}", True),
    "without usage": (JSON, b"{}", True),
    "empty": (JSON, b"", True),
    "no JSON": (JSON, b"nothing", True),
    "that failed": (JSON, b'{"error":{"code":"broken"},%b}' % USAGE, True),
    "odd": (JSON, b'{"usage":{"prompt_tokens":"3"},"model":7}', True),
    "long": (JSON, b'{"a":"%b",%b}' % (b"a" * 20000, USAGE), True),
    "of no type": (b"", b"{%b}" % USAGE, False),
    "text": (b"Content-Type: text/plain\r\n", b"{%b}" % USAGE, False),
    "events": (b"Content-Type: text/event-stream\r\n", b"data: {%b}\n\n" % USAGE, False),
    "compressed": (JSON + b"Content-Encoding: gzip\r\n", gzip.compress(b"{%b}" % USAGE), False),
}
_TIMES: Final = ("id", "at_us", "ttfb_us", "duration_us", "overhead_us")


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    alike.forget()
    async with a_plane(tmp_path, sqlite_database) as plane:
        yield plane
    alike.forget()


def answer_with(plane: Plane, head: bytes, body: bytes) -> None:
    """Have the upstream answer so, each time, in one packet and with another id."""

    async def script(peer: Peer) -> None:
        number = 0
        while True:
            await peer.request()
            number += 1
            lines = b"X-Request-Id: %d\r\nContent-Length: %d\r\n\r\n" % (number, len(body))
            await peer.send(head + lines + body)

    plane.upstream.follow(script)


def watched(plane: Plane) -> list[bool]:
    """Whether each answer passed whole."""
    passed: list[bool] = []

    def pass_whole(*answer: Any) -> bytes | None:
        whole = relaying.passed_whole(*answer)
        passed.append(whole is not None)
        return whole

    plane.plane._pass_whole = pass_whole
    return passed


def seen_by(client: Client) -> object:
    """What a client got, but for what is another one each time."""
    assert client.answer is not None
    head = client.answer
    fields = [
        (name, value)
        for name, value in head.headers
        if name not in (b"X-Request-Id", b"x-llm-proxy-request-id", b"server-timing")
    ]
    return head.status, head.reason, fields, head.content_length, client.content, client.ended


async def effects(plane: Plane, secret: str, **request: Any) -> list[object]:
    """What six requests came to: for their clients, and in the journal."""
    all_of_them: list[object] = []
    known = len(plane.entries())
    for _ in range(6):
        client = await plane.serve(a_client(secret=secret, **request))
        all_of_them.append((seen_by(client), client.recorded_by["finish"] - known))
        known = len(plane.entries())
    for entry in plane.entries()[-6:]:
        said = asdict(entry)
        assert all(said[name] is not None for name in _TIMES)
        all_of_them.append({name: said[name] for name in said if name not in _TIMES})
    return all_of_them


@pytest.mark.parametrize("status", [b"200 OK", b"201 Created", b"400 Bad Request", b"500 Oh"])
@pytest.mark.parametrize("answer", ANSWERS)
async def test_an_answer_has_the_same_effects_either_way(
    plane: Plane, answer: str, status: bytes
) -> None:
    fields, body, passes = ANSWERS[answer]
    answer_with(plane, b"HTTP/1.1 %b\r\n%b" % (status, fields), body)
    _, secret = await plane.token()
    passed = watched(plane)
    told = await effects(plane, secret)
    # Once such a head came twice, and one of its answers was read.
    assert passed[-2:] == [passes and status[:1] == b"2"] * 2
    plane.plane._pass_whole = passes_none
    assert await effects(plane, secret) == told


async def test_each_kind_of_request_has_its_own_answers(plane: Plane) -> None:
    """A head that was known to come with documents of one dialect says nothing of others."""
    answer_with(plane, b"HTTP/1.1 200 OK\r\n" + JSON, b"{%b}" % USAGE)
    _, secret = await plane.token()
    passed = watched(plane)
    for path in ("/v1/chat/completions", "/v1/embeddings", "/v1/moderations"):
        told = await effects(plane, secret, path=path)
        assert passed[-2:] == [True, True]
        watched(plane)
        plane.plane._pass_whole = passes_none
        assert await effects(plane, secret, path=path) == told
        passed = watched(plane)


async def test_an_answer_to_a_get_is_looked_into_by_what_may_shorten_it(plane: Plane) -> None:
    answer_with(plane, b"HTTP/1.1 200 OK\r\n" + JSON, b'{"data":[{"id":"a"},{"id":"b"}]}')
    _, secret = await plane.token(allowed_models=["a"])
    passed = watched(plane)
    for _ in range(6):
        client = await plane.serve(a_client("GET", secret=secret))
        assert client.content == b'{"data":[{"id":"a"}]}'
    assert not any(passed)


@pytest.mark.parametrize("breaks", [False, True])
async def test_an_answer_that_comes_in_pieces_is_relayed(plane: Plane, *, breaks: bool) -> None:
    body, client = b"{%b}" % USAGE, a_client()
    _, secret = await plane.token()

    async def script(peer: Peer) -> None:
        for number in range(7):
            await peer.request()
            lines = b"X-Request-Id: %d\r\nContent-Length: %d\r\n\r\n" % (number, len(body))
            message = b"HTTP/1.1 200 OK\r\n" + JSON + lines + body
            if number == 6:
                await peer.send(message[:-9])
                await until(lambda: client.content == body[:-9])
                if breaks:
                    return
                message = message[-9:]
            await peer.send(message)

    plane.upstream.follow(script)
    passed = watched(plane)
    told = await effects(plane, secret)
    assert passed[-1]
    client = a_client(secret=secret)
    await plane.serve(client)
    assert not passed.pop()
    assert client.ended == ("abort" if breaks else "finish")
    if not breaks:
        assert told[5] == (seen_by(client), 1)


def test_whatever_is_taken_at_once_can_be_read_at_once() -> None:
    assert PIECE_BYTES <= JsonUsageReader.KEEP_BYTES
