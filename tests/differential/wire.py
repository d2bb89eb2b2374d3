"""A client that keeps every byte of what it is answered, and a request as it is to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Fields = list[tuple[bytes, bytes]]

#: Long enough for 50 MB on a machine under load.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `fields` go out as they stand; the credential and the framing are added.

    `body` in pieces; `chunked` sends each as a chunk, with `trailers` behind the last.
    `holds_back` says how much of a length-delimited body is never sent.
    """

    method: str = "GET"
    target: bytes = b"/v1/models"
    fields: tuple[tuple[bytes, bytes], ...] = ()
    fake: str = ""
    body: Sequence[bytes] = ()
    chunked: bool = False
    length: bool = True
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    holds_back: int = 0

    def head(self, credential: bytes) -> bytes:
        """The head as it goes out."""
        lines = [b"%b %b HTTP/1.1" % (self.method.encode(), self.target), b"Host: proxy.example"]
        if self.fake:
            lines.append(b"X-Fake: " + self.fake.encode())
        lines += [b"%b: %b" % each for each in self.fields]
        lines.append(b"Authorization: Bearer " + credential)
        if self.chunked:
            lines.append(b"Transfer-Encoding: chunked")
        elif (self.body or self.method not in ("GET", "HEAD", "DELETE")) and self.length:
            lines.append(b"Content-Length: %d" % (sum(map(len, self.body)) + self.holds_back))
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def pieces(self) -> Iterator[bytes]:
        """The body as it goes out."""
        for piece in self.body:
            yield b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece
        if self.chunked:
            lines = b"".join(b"%b: %b\r\n" % each for each in self.trailers)
            yield b"0\r\n" + lines + b"\r\n"


@dataclass(slots=True)
class Seen:
    """One response, byte for byte. `whole` says that it ended as its framing promised."""

    interim: list[tuple[bytes, Fields]] = field(default_factory=list)
    status_line: bytes = b""
    headers: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    whole: bool = False

    @property
    def status(self) -> int:
        return int(self.status_line.split(b" ")[1])

    @property
    def status_and_reason(self) -> bytes:
        """The status line without the version, which is the hop's own."""
        return self.status_line.partition(b" ")[2]

    def values(self, name: bytes) -> list[bytes]:
        """The values of a field, given in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


class Wire:
    """One connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, ask: Ask, credential: bytes) -> None:
        """Send the request. A peer that has closed is no error: what it answered counts."""
        self.writer.write(ask.head(credential))
        try:
            for piece in ask.pieces():
                self.writer.write(piece)
                await self.writer.drain()
        except ConnectionError:
            return

    async def receive(self, method: str) -> Seen:
        """The response to a request, as far as it comes."""
        seen = Seen()
        async with asyncio.timeout(PATIENCE):
            try:
                await self._receive_heads(seen)
                await self._receive_body(seen, method)
            except (asyncio.IncompleteReadError, ConnectionError):
                return seen
        seen.whole = True
        return seen

    async def _receive_heads(self, seen: Seen) -> None:
        while True:
            head = await self.reader.readuntil(b"\r\n\r\n")
            line, *lines = head[:-4].split(b"\r\n")
            if line.startswith(b"HTTP/1.1 1"):
                seen.interim.append((line, _fields(lines)))
                continue
            seen.status_line, seen.headers = line, _fields(lines)
            return

    async def _receive_body(self, seen: Seen, method: str) -> None:
        if method == "HEAD" or seen.status in (204, 304):
            return
        if seen.values(b"transfer-encoding"):
            await self._receive_chunks(seen)
        elif length := seen.values(b"content-length"):
            await self._read_onto(seen, int(length[0]))
        else:
            seen.body = await self.reader.read()

    async def _receive_chunks(self, seen: Seen) -> None:
        pieces: list[bytes] = []
        try:
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                pieces.append(await self.reader.readexactly(size))
                assert await self.reader.readexactly(2) == b"\r\n"
        finally:
            seen.body = b"".join(pieces)
        while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
            seen.trailers += _fields([line[:-2]])

    async def _read_onto(self, seen: Seen, size: int) -> None:
        try:
            seen.body = await self.reader.readexactly(size)
        except asyncio.IncompleteReadError as cut:
            seen.body = cut.partial
            raise

    async def left(self) -> bytes:
        """What comes behind the response until the peer closes; b"" while it keeps open."""
        try:
            return await asyncio.wait_for(self.reader.read(1), 0.01)
        except TimeoutError:
            return b""


@asynccontextmanager
async def wired(port: int) -> AsyncIterator[Wire]:
    """A connection to a port of this machine, dropped at the end of the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


def _fields(lines: list[bytes]) -> Fields:
    fields = []
    for line in lines:
        name, _, value = line.partition(b":")
        fields.append((name, value.strip(b" \t")))
    return fields
