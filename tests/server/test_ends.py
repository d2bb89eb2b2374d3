"""However a request ends, nothing of it stays: no share, no kept byte, nothing that is active."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import suppress
from typing import Final

import pytest
import pytest_asyncio

from models import Actor, Project, Token
from proxy.preparing import INSPECT_BYTES
from tests.proxy.decoding.test_json_scanner import HOSTILE
from tests.server.door import Door
from tests.server.wire import Client

CHAT: Final = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n$AUTH\r\n"
FILES: Final = b"POST /v1/files HTTP/1.1\r\nHost: a\r\n$AUTH\r\n"
JSON: Final = b"Content-Type: application/json\r\n"
STREAM: Final = b'{"model":"gpt-4o","messages":[],"stream":true}'
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n\r\n"
_PLACES: Final = 12


def sized(head: bytes, body: bytes, *fields: bytes) -> bytes:
    return head + b"".join(fields) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(head: bytes, body: bytes, size: int, *fields: bytes) -> bytes:
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return head + b"".join(fields) + CHUNKED + framed + b"0\r\n\r\n"


#: Each is cut at many places, and then sent whole.
MESSAGES: Final = {
    "a stream": sized(CHAT, STREAM, JSON),
    "a large body": sized(CHAT, STREAM[:-1] + b',"x":"' + b"x" * 200_000 + b'"}', JSON),
    "chunks": chunked(CHAT, STREAM + b" " * 3_000, 7, JSON),
    "trickled escapes": chunked(CHAT, HOSTILE["escapes"][:200_000], 1_000, JSON),
    "an upload": chunked(FILES, b"x" * 200_000, 10_000),
    "a refused model": sized(CHAT.replace(b"$AUTH", b"$LIMITED"), STREAM, JSON),
    "a large event": sized(CHAT, STREAM, JSON, b"x-fake: events=20000, packed\r\n"),
    "a broken stream": sized(CHAT, STREAM, JSON, b"x-fake: break=1.5\r\n"),
    "no head": sized(CHAT, STREAM, JSON, b"x-fake: break=head\r\n"),
    "an early answer": sized(FILES, b"x" * 200_000, b"x-fake: early\r\n"),
}
_BOMB: Final = "a bomb"


def message_of(name: str) -> bytes:
    """The bomb is made where it is sent: every process of a run collects this file."""
    if name == _BOMB:
        bomb = gzip.compress(b'{"model":"m","x":"' + b"0" * 60_000_000, mtime=0)
        return sized(CHAT, bomb, JSON, b"Content-Encoding: gzip\r\n")
    return MESSAGES[name]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def limited(modules_door: Door) -> bytes:
    """The line of a token with limits, and a model rule that this body breaks."""
    project = await Project.all().get()
    by = Actor("cli:tester")
    issued = await Token.issue(
        project, by=by, allowed_models=["other"], max_parallel_requests=50, max_requests=100_000
    )
    return b"Authorization: Bearer " + issued[1].encode()


def left(door: Door) -> tuple[int, ...]:
    """What the data plane counts of requests that run."""
    plane = door.app.ctx.plane
    return len(plane.active), len(plane._fair_share), plane.body_budget.kept


async def nothing_is_left(door: Door) -> None:
    async with asyncio.timeout(20):
        while left(door) != (0, 0, 0):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", [*MESSAGES, _BOMB])
async def test_nothing_stays_of_a_request_wherever_its_client_leaves(
    door: Door, limited: bytes, name: str
) -> None:
    message = door.with_token(message_of(name).replace(b"$LIMITED", limited))
    for part in range(1, _PLACES + 1):
        client = await Client.connect(door.port)
        await client.send(message[: len(message) * part // _PLACES])
        for _ in range(part):
            await asyncio.sleep(0)
        if part % 2:
            client.writer.write_eof()
            await asyncio.sleep(0)
        client.writer.transport.abort()
    await nothing_is_left(door)
    async with await door.connect() as client:
        await client.send(message)
        with suppress(asyncio.IncompleteReadError):
            await client.answer()
    await nothing_is_left(door)
    # Nor does anybody hold the turns of those who read large bodies.
    await door.app.ctx.plane._turns.next()


async def test_the_model_of_a_body_that_ends_as_it_turns_out_large_is_kept(door: Door) -> None:
    """Its last piece takes it over what is read whole, so that no more of it comes."""
    plane = door.app.ctx.plane
    body = b'{"model":"text-embedding-3-small","input":"' + b"x" * INSPECT_BYTES + b'"}'
    head = b"POST /v1/embeddings HTTP/1.1\r\nHost: a\r\n$AUTH\r\n"
    async with await door.connect() as client:
        await client.send(
            door.with_token(chunked(head, body, len(body), JSON, b"x-fake: hold\r\n"))
        )
        await door.up.wait_for(1)
        (running,) = plane.active
        assert running.model == "text-embedding-3-small"
        door.up.release()
        assert (await client.answer()).status == 200
