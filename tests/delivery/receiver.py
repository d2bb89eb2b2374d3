"""A receiver that listens on a real socket, keeps what it got, and answers as it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple


class Received(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


#: What is answered to a request, as bytes of HTTP; None closes the connection instead.
Answering = Callable[[Received], bytes | None]


def answer(status: int, body: bytes = b"", *fields: str) -> bytes:
    """An answer whose connection stays open."""
    lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class Receiver:
    """What came, in order. `answers` may be changed at any time."""

    answers: Answering = field(default=lambda _: answer(204))
    received: list[Received] = field(default_factory=list)
    #: Answers wait for it, where there is one.
    held: asyncio.Event | None = None
    dials: int = 0
    port: int = 0
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Of its root, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    async def has(self, number: int, *, within: float = 20.0) -> list[Received]:
        """What came, once there is so much of it."""
        async with asyncio.timeout(within), self.arrived:
            await self.arrived.wait_for(lambda: len(self.received) >= number)
        return self.received

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.dials += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip().split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                one = Received(first.split(" ")[1], headers, body)
                said = self.answers(one)
                async with self.arrived:
                    self.received.append(one)
                    self.arrived.notify_all()
                if self.held is not None:
                    await self.held.wait()
                if said is None:
                    return
                writer.write(said)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving(port: int = 0) -> AsyncIterator[Receiver]:
    """One that listens as long as the block runs."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
