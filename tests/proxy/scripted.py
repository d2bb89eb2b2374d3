"""A client and an upstream that do what a test says, around a data plane in process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from proxy import errors
from proxy.downstream import RequestHead, ResponseHead
from proxy.header_lines import HeaderLines
from proxy.headers import RawHeaders, value_of

#: What the client sends: a piece, something to wait for before the next one, or what breaks it.
Step: TypeAlias = bytes | Exception | Callable[[], Awaitable[None]]

CHAT: Final = b'{"model": "gpt-4o", "messages": []}'
HEAD_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Client:
    """A scripted `Downstream`: what the client sends, and all that it gets.

    `happened` is the transcript of what went out and how it ended; `recorded_by` says how many
    entries the journal had by then. `at` has what is to happen before a method does its work.
    """

    def __init__(
        self,
        head: RequestHead,
        *body: Step,
        trailers: RawHeaders | None = None,
        at: Mapping[str, Callable[[], Awaitable[None] | None]] | None = None,
    ) -> None:
        self.head = head
        self.body = list(body)
        self.trailers = trailers or []
        self.at = dict(at or {})
        self.gone = False
        self.keeps_up = True
        self.can_write = asyncio.Event()
        self.happened: list[str] = []
        self.interim: list[tuple[int, RawHeaders]] = []
        self.answer: ResponseHead | None = None
        self.content = b""
        self.end_trailers: RawHeaders | None = None
        self.recorded_by: dict[str, int] = {}
        self.journal: Callable[[], int] = lambda: 0
        self._unsent = False
        self._sent = False

    # What a test asks

    @property
    def status(self) -> int | None:
        """None where no answer went out."""
        return self.answer.status if self.answer is not None and self._sent else None

    @property
    def code(self) -> str | None:
        """Of a refusal."""
        if self.answer is None:
            return None
        code = value_of(self.answer.headers, b"x-llm-proxy-error")
        return None if code is None else code.decode()

    @property
    def ended(self) -> str:
        """`finish`, `abort`, both in their order, or nothing."""
        return " ".join(what for what in self.happened if what in ("finish", "abort"))

    def field(self, name: bytes) -> bytes | None:
        """A field of the answer."""
        assert self.answer is not None
        return value_of(self.answer.headers, name)

    # Downstream

    @property
    def started(self) -> bool:
        return self._sent

    def take_arrived(self) -> bytes | None:
        return None

    async def read(self) -> bytes:
        await self._reach("read")
        while self.body:
            step = self.body.pop(0)
            if isinstance(step, bytes):
                return step
            if isinstance(step, Exception):
                raise step
            await step()
        return b""

    def keep_pace(self, *, wanted: bool) -> None:
        self.happened.append(f"keep pace: {wanted}")

    def drop_body(self) -> None:
        self.happened.append("drop body")

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        self._touch("inform")
        self.interim.append((status, headers))

    def start(self, head: ResponseHead) -> None:
        self._touch("start")
        self.answer = head
        self._unsent = True

    def flush(self) -> None:
        if self._unsent:
            self._touch("flush")
            self._send(b"")

    def write(self, data: bytes) -> bool:
        self._touch("write")
        self._send(data)
        return self.keeps_up

    def outlet(self) -> None:
        """Nothing goes out as it stands on the wire."""

    async def drain(self) -> None:
        if not self.keeps_up:
            self.happened.append("drain")
            await self.can_write.wait()

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        await self._reach("finish")
        self._send(data)
        self.happened.append("finish")
        self.end_trailers = trailers
        await self._reach("finished")

    def abort(self) -> None:
        self._touch("abort")
        self.happened.append("abort")

    def _touch(self, what: str) -> None:
        self.recorded_by.setdefault(what, self.journal())
        hook = self.at.get(what)
        if hook is not None:
            hook()
        if what in ("flush", "inform"):
            self.happened.append(what)

    async def _reach(self, what: str) -> None:
        self.recorded_by.setdefault(what, self.journal())
        hook = self.at.get(what)
        if hook is not None and (waiting := hook()) is not None:
            await waiting

    def _send(self, data: bytes) -> None:
        if self.gone:
            raise errors.NotWritten
        self._sent = self._sent or self._unsent or bool(data)
        self._unsent = False
        self.content += data


class Peer:
    """The upstream's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """A head and, where it has a length, its body."""
        head = await self.head()
        length = next(
            (
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        return head + await self._reader.readexactly(length)

    async def head(self) -> bytes:
        return await self._reader.readuntil(b"\r\n\r\n")

    async def read(self, size: int) -> bytes:
        return await self._reader.readexactly(size)

    async def until(self, end: bytes) -> bytes:
        return await self._reader.readuntil(end)

    async def rest(self) -> bytes:
        """All that comes before the proxy drops the connection."""
        return await self._reader.read()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, body: bytes = b"{}", head: bytes = HEAD_OK) -> None:
        await self.send(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def gone(self) -> None:
        """Wait until the proxy drops the connection, whatever it sends before."""
        with suppress(ConnectionError):
            while await self._reader.read(65536):
                pass

    def close(self) -> None:
        self._writer.close()

    def break_off(self) -> None:
        self._writer.transport.abort()


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


async def plain(peer: Peer) -> None:
    """Answer every request with `{}`."""
    while True:
        await peer.request()
        await peer.answer()


class Upstream:
    """Follows a script for each connection, the next of `scripts` or the last one again."""

    def __init__(self) -> None:
        self.scripts: list[Script] = [plain]
        self.connections = 0
        self.left = 0
        self.failures: list[BaseException] = []
        self.url = ""

    def follow(self, *scripts: Script) -> None:
        self.scripts = list(scripts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        try:
            await script(Peer(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            # The proxy went first.
            pass
        except Exception as failure:  # noqa: BLE001
            self.failures.append(failure)
        finally:
            self.left += 1
            writer.close()


def a_client(
    method: str = "POST",
    *body: Step,
    secret: str = "",
    path: str = "",
    length: int | None = -1,
    fields: tuple[str, ...] = (),
    hops: int = 0,
    **more: Any,
) -> Client:
    """A request for a chat, or for the models; its length is that of the pieces it has."""
    if method == "POST" and not body and length == -1:
        body = (CHAT,)
    if length == -1:
        length = sum(len(piece) for piece in body if isinstance(piece, bytes))
    lines = list(fields)
    if secret:
        lines.append(f"Authorization: Bearer {secret}")
    if method == "POST" and not any(line.startswith("Content-Type:") for line in lines):
        lines.append("Content-Type: application/json")
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif length:
        lines.append(f"Content-Length: {length}")
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, _, value in (line.partition(": ") for line in lines)
    ]
    target = path or ("/v1/chat/completions" if method == "POST" else "/v1/models")
    read = HeaderLines.of(headers)
    head = RequestHead(method, target.encode(), "1.1", read, length, "192.0.2.1", hops)
    return Client(head, *body, **more)


def error_of(client: Client) -> dict[str, Any]:
    """The `error` of a refusal's body."""
    error: dict[str, Any] = json.loads(client.content)["error"]
    return error
