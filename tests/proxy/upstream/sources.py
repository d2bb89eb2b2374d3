"""Response sources to hold against the seam, each with somebody who plays its other end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from proxy.headers import RawHeaders
from proxy.objects.own_lists import OwnList
from proxy.turns import Turns
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.errors import ConnectionLost, UpstreamError
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.source import ResponseSource, Take
from proxy.usage.meter import Meter
from tests.proxy.upstream.conftest import Asking, request

#: More than any source keeps.
LARGE: Final = 16 * 1024 * 1024


class Player(Protocol):
    """Makes one response, as the test says."""

    @property
    def source(self) -> ResponseSource: ...

    def head(self, status: int, *fields: tuple[bytes, bytes]) -> None: ...

    def body(self, data: bytes) -> None: ...

    def end(self, *trailers: tuple[bytes, bytes]) -> None: ...

    def cut(self) -> None: ...

    def held(self) -> int:
        """Bytes of the body that have arrived at the source and wait to be taken."""
        ...

    def is_held_back(self) -> bool:
        """Whether the source accepts no more until some has been taken."""
        ...

    async def given_up(self) -> None:
        """Wait until the other end knows that nobody wants the rest."""
        ...


class OverConnection:
    """An upstream's connection, over a socket."""

    def __init__(
        self,
        connection: UpstreamConnection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.source = connection
        self._reader = reader
        self._writer = writer

    def head(self, status: int, *fields: tuple[bytes, bytes]) -> None:
        lines = b"".join(b"%b: %b\r\n" % field for field in fields)
        if status >= 200:
            lines += b"Transfer-Encoding: chunked\r\n"
        self._writer.write(b"HTTP/1.1 %d Any\r\n%b\r\n" % (status, lines))

    def body(self, data: bytes) -> None:
        self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end(self, *trailers: tuple[bytes, bytes]) -> None:
        lines = b"".join(b"%b: %b\r\n" % field for field in trailers)
        self._writer.write(b"0\r\n%b\r\n" % lines)

    def cut(self) -> None:
        self._writer.close()

    def held(self) -> int:
        return self.source._response.queued

    def is_held_back(self) -> bool:
        return self.source._paused

    async def given_up(self) -> None:
        try:
            while await self._reader.read(1024):
                pass
        except ConnectionError:
            pass


@asynccontextmanager
async def over_connection() -> AsyncIterator[Player]:
    accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        accepted.put_nowait((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    asking = Asking(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    connection = await asking.acquire()
    connection.write(request())
    reader, writer = await accepted.get()
    try:
        yield OverConnection(connection, reader, writer)
    finally:
        writer.close()
        server.close()
        await asking.pool.close()


class MemorySource:
    """A source that needs no connection, as a stored response would be."""

    ROOM: Final = 256 * 1024

    def __init__(self) -> None:
        self.trailers: RawHeaders = []
        self.heads: list[UpstreamHead] = []
        self.coming: list[bytes] = []
        self.chunks: list[bytes] = []
        self.complete = False
        self.error: UpstreamError | None = None
        self.released = asyncio.Event()
        self._news = asyncio.Event()

    def tell(self) -> None:
        while self.coming and self.queued < self.ROOM:
            self.chunks.append(self.coming[0][: self.ROOM])
            self.coming[0] = self.coming[0][self.ROOM :]
            if not self.coming[0]:
                self.coming.pop(0)
        self._news.set()

    @property
    def queued(self) -> int:
        return sum(map(len, self.chunks))

    async def head(self) -> UpstreamHead:
        while not self.heads:
            if self.error is not None:
                raise self.error
            await self._wait()
        return self.heads.pop(0)

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    @property
    def ended(self) -> bool:
        return self.complete and not self.chunks and not self.coming

    @property
    def is_waiting(self) -> bool:
        return not self.chunks and not self.ended

    def take_rest(self) -> bytes | None:
        if not self.complete or self.coming or self.error is not None:
            return None
        rest = b"".join(self.chunks)
        self.chunks.clear()
        return rest

    async def pump(self, take: Take, _through: object = None) -> None:
        while True:
            while self.chunks:
                data = self.chunks.pop(0)
                self.tell()
                if not take(data):
                    return
            if self.ended:
                return
            if self.error is not None:
                raise self.error
            await self._wait()

    def release(self) -> None:
        self.released.set()


class InMemory:
    def __init__(self) -> None:
        self.source = MemorySource()

    def head(self, status: int, *fields: tuple[bytes, bytes]) -> None:
        self.source.heads.append(UpstreamHead(status, b"Any", list(fields), None))
        self.source.tell()

    def body(self, data: bytes) -> None:
        self.source.coming.append(data)
        self.source.tell()

    def end(self, *trailers: tuple[bytes, bytes]) -> None:
        self.source.trailers = list(trailers)
        self.source.complete = True
        self.source.tell()

    def cut(self) -> None:
        self.source.error = ConnectionLost("It was cut.")
        self.source.tell()

    def held(self) -> int:
        return self.source.queued

    def is_held_back(self) -> bool:
        return bool(self.source.coming)

    async def given_up(self) -> None:
        await self.source.released.wait()


@asynccontextmanager
async def in_memory() -> AsyncIterator[Player]:
    yield InMemory()


class Filtered(InMemory):
    """A list without what is not the client's, from another source."""

    def __init__(self) -> None:
        super().__init__()
        own = OwnList(self._own, Turns())
        own.transform(Meter(None, None), UpstreamHead(200, b"OK", [], None))
        self.list = own.source(self.source)

    async def _own(self, ids: Collection[str]) -> Collection[str]:
        return ids


class _FilteredPlayer:
    """The same, played by its inner source."""

    def __init__(self) -> None:
        made = Filtered()
        self.source = made.list
        self.head, self.body, self.end, self.cut = made.head, made.body, made.end, made.cut
        self.held, self.is_held_back, self.given_up = made.held, made.is_held_back, made.given_up


@asynccontextmanager
async def filtered() -> AsyncIterator[Player]:
    yield _FilteredPlayer()


SOURCES: Final[Mapping[str, Callable[[], AbstractAsyncContextManager[Player]]]] = {
    "connection": over_connection,
    "memory": in_memory,
    "list of own objects": filtered,
}
