"""A client that costs little and notices everything: one connection, raw HTTP/1.1.

Load for 5,000 requests would take httpx longer than the service under test.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple, Protocol, Self
from uuid import UUID

from tests.fixtures.service import Issued, Service

CHAT: Final = "/v1/chat/completions"
PLAIN: Final = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
STREAM: Final = {**PLAIN, "stream": True}

_LIMIT: Final = 1024 * 1024


class Answer(NamedTuple):
    """What came; `status` 0 where not even a head did. `whole` is what framing says."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool

    @property
    def id(self) -> UUID:
        """The request's id, under which its entry is kept."""
        return UUID(self.headers["x-llm-proxy-request-id"])

    @property
    def code(self) -> str:
        """Of a refusal, else ''."""
        return str(json.loads(self.body)["error"]["code"]) if self.status >= 400 else ""


NOTHING: Final = Answer(0, {}, b"", whole=False)


class Listening(Protocol):
    """A service, or what is before it."""

    @property
    def port(self) -> int:
        """Of 127.0.0.1."""
        ...


class Client:
    """One connection, opened anew whenever it was closed."""

    def __init__(self, service: Listening, secret: str = "") -> None:
        self._port = service.port
        self.secret = secret
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def connect(self) -> None:
        """Open the connection, if there is none. Raises OSError."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=_LIMIT)

    async def get(self, path: str = "/v1/models") -> Answer:
        """A GET request."""
        return await self.send(f"GET {path} HTTP/1.1\r\n", b"")

    async def post(self, payload: Mapping[str, Any] = PLAIN, fake: str = "") -> Answer:
        """A chat completion; `fake` steers the upstream."""
        body = json.dumps(payload).encode()
        extra = f"x-fake: {fake}\r\n" if fake else ""
        head = f"POST {CHAT} HTTP/1.1\r\n{extra}Content-Length: {len(body)}\r\n"
        return await self.send(head + "Content-Type: application/json\r\n", body)

    async def send(self, head: str, body: bytes) -> Answer:
        """Send a request whose own fields are in `head`, and read its answer."""
        try:
            await self.write(head, body)
            return await self.read()
        except (OSError, EOFError):
            self.close()
            return NOTHING

    async def write(self, head: str, body: bytes = b"") -> None:
        """Send a request, or the beginning of one. Raises OSError."""
        await self.connect()
        assert self._streams is not None
        bearer = f"Authorization: Bearer {self.secret}\r\n" if self.secret else ""
        self._streams[1].write(f"{head}Host: proxy\r\n{bearer}\r\n".encode() + body)

    async def read(self) -> Answer:
        """The answer to what was written. Raises OSError or EOFError before its head."""
        status, headers = await self.read_head()
        pieces: list[bytes] = []
        whole = False
        with suppress(OSError, EOFError):
            async for piece in self.read_body(headers):
                # What came before a break is kept, too.
                pieces += (piece,)
            whole = True
        if not whole or headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, b"".join(pieces), whole)

    async def read_head(self) -> tuple[int, dict[str, str]]:
        """Status and fields. Raises OSError, EOFError."""
        assert self._streams is not None
        head = await self._streams[0].readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        fields = (line.partition(":") for line in lines)
        return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in fields}

    async def read_body(self, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
        """The body in pieces; ends only where the body does. Raises OSError, EOFError."""
        assert self._streams is not None
        reader = self._streams[0]
        if headers.get("transfer-encoding") != "chunked":
            left = int(headers.get("content-length", "0"))
            while left:
                piece = await reader.read(min(left, 65536))
                if not piece:
                    raise EOFError
                left -= len(piece)
                yield piece
            return
        while size := int(await reader.readuntil(b"\r\n"), 16):
            yield (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)


class Stream:
    """A streamed answer that has begun."""

    def __init__(self, headers: Mapping[str, str], pieces: AsyncIterator[bytes]) -> None:
        self.headers = headers
        self.first = b""
        self._pieces = pieces

    async def begin(self) -> None:
        """Wait for the first event."""
        self.first = await anext(self._pieces)

    async def whole(self) -> bool:
        """Read to the end; whether it was one."""
        text = self.first
        try:
            async for piece in self._pieces:
                text += piece
        except (OSError, EOFError):
            return False
        return text.endswith(b"data: [DONE]\n\n")


@asynccontextmanager
async def streaming(
    service: Service, issued: Issued, fake: str = "hold", *, secret: str = ""
) -> AsyncIterator[Stream]:
    """A stream whose first event has arrived, on a connection of its own."""
    async with Client(service, secret or issued.secret) as client:
        body = json.dumps(STREAM).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nContent-Length: {len(body)}\r\nx-fake: {fake}\r\n"
        await client.write(head + "Content-Type: application/json\r\n", body)
        status, headers = await client.read_head()
        assert status == 200, headers
        stream = Stream(headers, client.read_body(headers))
        await stream.begin()
        yield stream
