"""Requests whose answers are kept, and upstreams that are asked for them."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from config import Database
from models.tokens import Token
from proxy.cache.answers import Answers
from proxy.caching import Caching
from proxy.driving import client_left
from proxy.handler import DataPlane
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import Client, Peer, Script, a_client
from tests.proxy.served import Served

ROOM: Final = 16 * 1024 * 1024
ASKED: Final = b'{"model": "gpt-4o", "temperature": 0, "messages": []}'
STREAMED: Final = ASKED[:-1] + b', "stream": true}'
USAGE: Final = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
DOCUMENT: Final = json.dumps({"model": "gpt-4o", "choices": [], "usage": USAGE}).encode()
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Own: 1\r\n"
EVENTS: Final = tuple(
    b'data: {"choices": [{"index": 0, "delta": {"content": "%d"}}]}\n\n' % number
    for number in range(3)
)
DONE: Final = b"data: [DONE]\n\n"


@asynccontextmanager
async def a_caching_plane(
    directory: Path, database: Database, room: int = ROOM, **more: Any
) -> AsyncIterator[Plane]:
    """A data plane that keeps answers in `directory`."""
    answers = Answers(directory / "cache", room, workers=2)
    answers.open()
    more.setdefault("max_active_requests", 500)
    async with a_plane(directory, database, answers=answers, **more) as made:
        yield made
    await answers.close()


async def a_token(plane: Plane, **wanted: Any) -> tuple[Token, str]:
    cache = {"ttl_seconds": 60, "scope": "project"} | wanted.pop("cache", {})
    return await plane.token(project={"cache": cache}, **wanted)


def asks(secret: str, body: bytes = ASKED, *fields: str, **more: Any) -> Client:
    return a_client("POST", body, secret=secret, fields=fields, **more)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Counting:
    """An upstream that answers each request with a document, or as told, and counts them."""

    def __init__(self, plane: Plane, script: Script | None = None) -> None:
        self.asked = 0
        self._script = script
        plane.upstream.follow(self)

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.request()
            self.asked += 1
            if self._script is not None:
                await self._script(peer)
            else:
                await peer.answer(DOCUMENT)


class Told:
    """An upstream whose answer goes on when the test says so."""

    def __init__(self) -> None:
        self.next = asyncio.Queue[bytes | None]()

    async def __call__(self, peer: Peer) -> None:
        while True:
            data = await self.next.get()
            if data is None:
                peer.break_off()
                return
            await peer.send(data)
            if data.endswith(b"0\r\n\r\n"):
                return

    def say(self, *said: bytes | None) -> None:
        for one in said:
            self.next.put_nowait(one)


def begins() -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def ends() -> bytes:
    return chunk(DONE) + b"0\r\n\r\n"


def leaves(client: Client, task: Served) -> None:
    """The client hangs up, as the server tells of it."""
    client.gone = True
    client_left(task.request)


@contextmanager
def another_worker(plane: Plane, directory: Path) -> Iterator[DataPlane]:
    """A data plane with memory and flights of its own, on the same machine."""
    answers = Answers(directory / "cache", ROOM, workers=2)
    answers.open()
    twin = copy.copy(plane.plane)
    twin._caching = Caching(answers, twin._entries, twin.body_budget)
    yield twin
