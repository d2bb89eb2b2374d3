"""A client that sends exactly the bytes it is given, and reads answers as strictly as they say."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final, NamedTuple, Self

#: Seconds, for what is bound to happen: a machine may stand still for some of them.
PATIENCE_S: Final = 60.0


class Answer(NamedTuple):
    """One response; names are in lower case. `trailers` are those behind a chunked body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    trailers: list[tuple[bytes, bytes]]

    def header(self, name: str) -> bytes | None:
        """The first value of this field."""
        return next((value for key, value in self.headers if key == name.encode()), None)

    @property
    def code(self) -> str:
        """The `code` of a refusal, which has it in a field of the head as well."""
        error: dict[str, Any] = json.loads(self.body)["error"]
        assert self.header("x-llm-proxy-error") == error["code"].encode()
        return str(error["code"])


class Client:
    """One connection. `async with await Client.connect(port) as client:`"""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, *, limit: int = 2**22) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=limit))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.writer.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send bytes. A server that has closed is no error: what it answered counts."""
        self.writer.write(data)
        try:
            await self.writer.drain()
        except ConnectionError:
            return

    async def drip(self, data: bytes, *, gap: float = 0.0) -> None:
        """Send byte by byte, each in a packet of its own."""
        for at in range(len(data)):
            await self.send(data[at : at + 1])
            await asyncio.sleep(gap)

    async def flood(self) -> None:
        """Send without end. ConnectionError once the server has closed."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self.writer.write(bytes(65536))
                await self.writer.drain()
                await asyncio.sleep(0.01)

    async def answer(self, *, head_only: bool = False) -> Answer:
        """The next response. IncompleteReadError where it is cut."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            line, *lines = head[:-4].split(b"\r\n")
            version, code, _ = line.split(b" ", 2)
            # Anything before it would be a body that should not have been sent.
            assert version == b"HTTP/1.1"
            status = int(code)
            headers = [_field(line) for line in lines]
            if head_only or status < 200 or status in (204, 304):
                return Answer(status, headers, b"", [])
            return Answer(status, headers, *await self._body(dict(headers)))

    async def _body(self, headers: dict[bytes, bytes]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        if b"content-length" in headers:
            return await self.reader.readexactly(int(headers[b"content-length"])), []
        if headers.get(b"transfer-encoding") != b"chunked":
            return await self.reader.read(), []
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"
        trailers = []
        while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
            trailers.append(_field(line[:-2]))
        return body, trailers

    async def end(self) -> bytes:
        """What is still sent until the server closes its side. TimeoutError where it does not."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b": ")
    return name.lower(), value
