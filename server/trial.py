"""A request of our own through the data plane, as a client's: counted, limited, recorded alike."""

from __future__ import annotations

import asyncio
from typing import Final

from proxy.downstream import Outlet, RequestHead, ResponseHead
from proxy.headers import RawHeaders
from server.context import WorkerContext
from server.http.downstream import read_head
from web.token_test import Answered, Sent

_SECONDS: Final = 30.0
_MOST_BYTES: Final = 256 * 1024


class Trial:
    """What `web.token_test.TokenAsking` asks for."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context

    async def __call__(self, sent: Sent) -> Answered:
        """The answer to `sent`. Raises TimeoutError after 30 seconds."""
        downstream = _Caller(read_head(_head(sent), sent.address), sent.body)
        async with asyncio.timeout(_SECONDS):
            await self._context.plane.serve(downstream)
        return Answered(downstream.status, bytes(downstream.kept), not downstream.is_broken)


def _head(sent: Sent) -> bytes:
    lines = [
        f"POST {sent.path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {sent.secret}",
        "Content-Type: application/json",
        f"Content-Length: {len(sent.body)}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "User-Agent: llm-proxy-test",
        *(f"{name}: {value}" for name, value in sent.fields),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii") + b"\r\n"


class _Caller:
    """A `Downstream` whose client is in memory, and as fast as can be."""

    def __init__(self, head: RequestHead, body: bytes) -> None:
        self.head = head
        self.trailers: RawHeaders = []
        self.started = False
        self.status = 0
        self.kept = bytearray()
        self.is_broken = False
        self._body = body

    def take_arrived(self) -> bytes | None:
        """All of it is there."""
        body, self._body = self._body, b""
        return body

    async def read(self) -> bytes:
        """The same, for who asks piece by piece."""
        return self.take_arrived() or b""

    def keep_pace(self, *, wanted: bool) -> None:
        """It is never slow."""

    def drop_body(self) -> None:
        """Nothing is on its way."""

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        """Interim responses are of no interest."""

    def start(self, head: ResponseHead) -> None:
        """Begin the response."""
        self.status = head.status

    def flush(self) -> None:
        """The head is there."""
        self.started = True

    def write(self, data: bytes) -> bool:
        """Keep the beginning."""
        self.started = True
        self.kept += data[: _MOST_BYTES - len(self.kept)]
        return True

    def outlet(self) -> Outlet | None:
        """None: all of it is looked at."""
        return None

    async def drain(self) -> None:
        """It always keeps up."""

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        """The end."""
        self.write(data)

    def abort(self) -> None:
        """The answer was broken off."""
        self.is_broken = True
