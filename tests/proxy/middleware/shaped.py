"""A data plane behind middlewares that a test makes, and an upstream that keeps what it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from config import Database
from proxy.middleware.loading import Loaded
from proxy.middleware.worker import Middlewares
from tests.proxy.planes import Plane, a_plane
from tests.proxy.scripted import HEAD_OK, Peer, Script

#: The next request comes on a connection of its own, which follows the next script.
CLOSE = b"Connection: close\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@asynccontextmanager
async def shaped_plane(
    directory: Path, database: Database, *made: object, timeout: float = 5.0, **bounds: Any
) -> AsyncIterator[Plane]:
    """A plane whose middlewares are these objects, each called after its class."""
    loaded = [Loaded(type(one).__name__, one) for one in made]
    async with a_plane(
        directory, database, middlewares=Middlewares(loaded, timeout), **bounds
    ) as plane:
        yield plane


class Kept:
    """A script of one answer: `sent` has each request, as it came."""

    def __init__(self, answer: bytes = b"{}", head: bytes = HEAD_OK) -> None:
        self.sent: list[bytes] = []
        self._answer = answer
        self._head = head

    async def __call__(self, peer: Peer) -> None:
        self.sent.append(await peer.request())
        await peer.answer(self._answer, self._head + CLOSE)

    @property
    def body(self) -> bytes:
        """Of the last request."""
        return self.sent[-1].partition(b"\r\n\r\n")[2]

    def field(self, name: str) -> list[str]:
        """All values of a field of the last request."""
        head = self.sent[-1].partition(b"\r\n\r\n")[0].decode("latin-1")
        lines = [line.partition(": ") for line in head.split("\r\n")[1:]]
        return [value for found, _, value in lines if found.lower() == name]


def streamed(*pieces: bytes, head: bytes = EVENTS, cut: bool = False) -> Script:
    """A script: one answer in chunks, each its own write; `cut` breaks off behind them."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(head + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        if cut:
            peer.break_off()
            return
        await peer.send(b"0\r\n\r\n")

    return script
