"""Requests whose endpoints have dialects of their own, from the client's head to the entry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from config import Database
from fake_upstream.frames import frame
from models.entry import Entry
from proxy.providers.endpoints import Endpoint
from tests.proxy.planes import Plane, a_plane
from tests.proxy.rows import OPENAI
from tests.proxy.scripted import Client, Peer, a_client
from tests.proxy.upstream.conftest import until
from tests.proxy.usage.own_answers import (
    CLAUDE_STREAM,
    CONVERSE_STREAM,
    GEMINI_CHUNKS,
    OLLAMA_LINES,
    PLAIN,
    lines,
    sse,
)

PROVIDER: Final = replace(
    OPENAI,
    endpoints=(
        Endpoint("POST", "/v1/models/{model}:generateContent", "gemini"),
        Endpoint("POST", "/v1/models/{model}:streamGenerateContent", "gemini"),
        Endpoint("POST", "/v1/models/{model}:countTokens", "none"),
        Endpoint("POST", "/model/{model}/converse-stream", "converse"),
        Endpoint("POST", "/model/{model}/invoke-with-response-stream", "invoke"),
        Endpoint("POST", "/api/chat", "ollama"),
    ),
)
GEMINI: Final = "/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
CONVERSE: Final = "/model/us.anthropic.claude-x-v1%3A0/converse-stream"
INVOKE: Final = "/model/us.anthropic.claude-x-v1:0/invoke-with-response-stream"
FRAMES: Final = b"application/vnd.amazon.eventstream"


def head(kind: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Type: " + kind, *fields, b"", b""))


def chunked(kind: bytes, *pieces: bytes, ended: bool = True) -> tuple[bytes, ...]:
    """An answer in chunks, each of which is written on its own."""
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    return head(kind, b"Transfer-Encoding: chunked"), *framed, *([b"0\r\n\r\n"] if ended else [])


@pytest.fixture
async def plane(tmp_path: Path, sqlite_database: Database) -> AsyncIterator[Plane]:
    async with a_plane(tmp_path, sqlite_database, providers={"openai": PROVIDER}) as plane:
        yield plane


async def served(plane: Plane, target: str, *pieces: bytes) -> Client:
    asked: list[Any] = []

    async def script(peer: Peer) -> None:
        asked.append(await peer.request())
        for piece in pieces:
            await peer.send(piece)

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client("POST", b"{}", secret=secret, path=target)
    async with asyncio.timeout(30):
        await plane.serve(client)
    # As it was sent, percent-encoded or not.
    assert target.encode() in repr(asked).encode()
    return client


def told(entry: Entry) -> tuple[Any, ...]:
    return entry.model, entry.outcome, entry.usage, entry.prompt_tokens, entry.completion_tokens


WHOLE: Final = {
    "Gemini": (
        GEMINI,
        chunked(b"text/event-stream", *(sse(one) for one in GEMINI_CHUNKS)),
        ("gemini-2.5-flash", "complete", "exact", 107, 50),
    ),
    "Converse": (
        CONVERSE,
        chunked(FRAMES, *CONVERSE_STREAM),
        ("us.anthropic.claude-x-v1:0", "complete", "exact", 22, 3),
    ),
    "invoke": (
        INVOKE,
        chunked(FRAMES, *CLAUDE_STREAM),
        ("us.anthropic.claude-x-v1:0", "complete", "exact", 157, 12),
    ),
    "Ollama": (
        "/api/chat",
        chunked(b"application/x-ndjson", *(lines(one) for one in OLLAMA_LINES)),
        ("llama3.2", "complete", "exact", 26, 9),
    ),
    "Gemini, plain": (
        "/v1/models/gemini-2.5-flash:generateContent",
        (
            head(b"application/json", b"Content-Length: %d" % len(PLAIN["gemini"].text)),
            PLAIN["gemini"].text,
        ),
        ("gemini-2.5-flash", "complete", "exact", 107, 50),
    ),
}


@pytest.mark.parametrize(("target", "pieces", "wanted"), WHOLE.values(), ids=WHOLE)
async def test_an_answer_is_metered_by_its_endpoints_dialect(
    plane: Plane, target: str, pieces: tuple[bytes, ...], wanted: tuple[Any, ...]
) -> None:
    client = await served(plane, target, *pieces)
    assert client.ended == "finish"
    (entry,) = plane.entries()
    assert told(entry) == wanted


BROKEN: Final = {
    "within a frame": (CONVERSE, chunked(FRAMES, *CONVERSE_STREAM[:2], CONVERSE_STREAM[2][:-1])),
    "a checksum": (
        CONVERSE,
        chunked(FRAMES, CONVERSE_STREAM[0], CONVERSE_STREAM[1][:-1] + b"?", *CONVERSE_STREAM[2:]),
    ),
    "a close before its end": (
        GEMINI,
        (head(b"text/event-stream", b"Connection: close"), sse(*GEMINI_CHUNKS[:2])),
    ),
    "a close before the last frame": (
        CONVERSE,
        (head(FRAMES, b"Connection: close"), *CONVERSE_STREAM[:-1]),
    ),
    "a close before it is done": (
        "/api/chat",
        (head(b"application/x-ndjson", b"Connection: close"), lines(OLLAMA_LINES[0])),
    ),
}


@pytest.mark.parametrize(("target", "pieces"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_stream_never_looks_whole(
    plane: Plane, target: str, pieces: tuple[bytes, ...]
) -> None:
    client = await served(plane, target, *pieces)
    # Where it broke before anything of it went out, there is still room for a refusal.
    assert (client.status, client.ended) in ((200, "abort"), (502, "finish"))
    (entry,) = plane.entries()
    assert (entry.outcome, entry.usage) == ("upstream_broke", "unknown")


async def test_a_failure_inside_a_stream_of_frames_is_an_error(plane: Plane) -> None:
    failure = frame("modelStreamErrorException", {"message": "x"}, "exception")
    client = await served(plane, CONVERSE, *chunked(FRAMES, *CONVERSE_STREAM[:2], failure))
    assert client.ended == "finish"
    (entry,) = plane.entries()
    assert (entry.outcome, entry.upstream_code) == ("upstream_error", "modelStreamErrorException")


@pytest.mark.parametrize(
    ("target", "kind", "stream"),
    [
        (GEMINI, b"text/event-stream", sse(*GEMINI_CHUNKS)),
        (CONVERSE, FRAMES, b"".join(CONVERSE_STREAM)),
        (INVOKE, FRAMES, b"".join(CLAUDE_STREAM)),
        ("/api/chat", b"application/x-ndjson", lines(*OLLAMA_LINES)),
    ],
    ids=["Gemini", "Converse", "invoke", "Ollama"],
)
async def test_a_client_that_leaves_behind_the_last_event_had_a_whole_answer(
    plane: Plane, target: str, kind: bytes, stream: bytes
) -> None:
    goes_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        for piece in chunked(kind, stream, ended=False):
            await peer.send(piece)
        await goes_on.wait()

    plane.upstream.follow(script)
    _, secret = await plane.token()
    client = a_client("POST", b"{}", secret=secret, path=target)
    task = plane.begin(client)
    await until(lambda: len(client.content) == len(stream))
    await plane.leave(client, task)
    goes_on.set()
    (entry,) = plane.entries()
    assert (entry.outcome, entry.usage) == ("complete", "exact")


@pytest.mark.parametrize("target", [GEMINI, CONVERSE, "/v1/models/gemini-2.5-flash:countTokens"])
async def test_a_model_of_the_path_that_is_not_allowed_goes_nowhere(
    plane: Plane, target: str
) -> None:
    _, secret = await plane.token(allowed_models=["other"])
    client = await plane.serve(a_client("POST", b"{}", secret=secret, path=target))
    assert client.status == 403
    assert plane.seen.refusals == [("model_not_allowed", "openai")]
    assert not plane.upstream.connections
