"""One connection to an upstream, and the response that is being read from it.

The parser is llhttp (through httptools) in its strict mode; what it leaves open is refused in
`_check_framing`. Reading is pulled: what arrives waits in a short queue, and a full queue stops
the transport from reading, so that a slow client slows its upstream and nobody else.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple, cast

import httptools

from proxy.upstream.errors import ConnectionLost, ProtocolViolation, TimedOut, UpstreamError

RawHeaders = list[tuple[bytes, bytes]]

#: More than this waiting for the client stops reading from the upstream.
HIGH_WATER: Final = 256 * 1024
HEAD_MAX_BYTES: Final = 256 * 1024
_NEVER: Final = float("inf")


class Timeouts(NamedTuple):
    """Seconds. `idle` is between two reads and does not run while we hold back reading."""

    connect: float
    first_byte: float
    idle: float


class UpstreamHead(NamedTuple):
    """A response head. `content_length` is None for a body whose length is not announced."""

    status: int
    reason: bytes
    headers: RawHeaders
    content_length: int | None


class UpstreamConnection(asyncio.Protocol):
    """A transport, its parser and the state of one exchange at a time.

    `begin` starts an exchange; `write` and `drain` send the request; `head`, `read` and
    `read_nowait` take the response; `ended` says that all of it has been taken.
    """

    __slots__ = (
        "_chunks", "_complete", "_content_length", "_error", "_head_bytes", "_head_only", "_heads",
        "_headers", "_in_body", "_loop", "_parser", "_parser_is_spent", "_paused", "_queued", "_reason", "_surplus",
        "_timeouts", "_until_close", "_waiter", "_writable", "deadline", "idle_since",
        "idle_timeout", "in_use", "keep_alive", "received", "trailers", "transport", "written",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts) -> None:
        self._loop = loop
        self._timeouts = timeouts
        self.transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Event | None = None
        self._paused = False
        self._error: UpstreamError | None = None
        self.in_use = False
        self.idle_since = 0.0
        #: Seconds this connection may idle, as far as the upstream said (`Keep-Alive: timeout=`).
        self.idle_timeout = _NEVER
        self._reset(head_only=False)

    def _reset(self, *, head_only: bool) -> None:
        self._head_only = head_only
        self._heads: list[UpstreamHead] = []
        self._headers: RawHeaders = []
        self._head_bytes = 0
        self._reason = b""
        self._content_length: int | None = None
        self._chunks: list[bytes] = []
        self._queued = 0
        self._in_body = False
        self._until_close = False
        self._complete = False
        self._parser_is_spent = False
        self._surplus = False
        self.trailers: RawHeaders = []
        self.keep_alive = False
        self.received = False
        self.written = 0
        self.deadline = _NEVER

    # The exchange

    def begin(self, method: str) -> None:
        """Get ready for a request and its response."""
        self._reset(head_only=method == "HEAD")
        self.in_use = True

    @property
    def usable(self) -> bool:
        """Whether a request may be written: as far as we know, the connection lives."""
        return self.transport is not None and not self.transport.is_closing() and not self._error

    def write(self, data: bytes) -> None:
        """Send request bytes. Raises ConnectionLost once the connection is gone."""
        if self._error is not None:
            raise self._error
        if self.transport is None or self.transport.is_closing():
            raise ConnectionLost("The upstream closed the connection.")
        self.written += len(data)
        if not self.received:
            self.deadline = self._loop.time() + self._timeouts.first_byte
        self.transport.write(data)

    async def drain(self) -> None:
        """Wait while the upstream is slower than we are."""
        if self._writable is not None:
            await self._writable.wait()
            if self._error is not None:
                raise self._error

    async def head(self) -> UpstreamHead:
        """The next response head: interim ones (1xx) first, then the final one."""
        while not self._heads:
            if self._error is not None:
                raise self._error
            await self._wait()
        return self._heads.pop(0)

    def read_nowait(self) -> bytes | None:
        """Body bytes that are here already, or None."""
        chunks = self._chunks
        if not chunks:
            return None
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._queued = 0
        if self._paused:
            self._resume()
        return data

    async def read(self) -> bytes:
        """Body bytes as they come, b"" at the end. Raises what broke the response."""
        while not self._chunks:
            if self._complete:
                return b""
            if self._error is not None:
                raise self._error
            await self._wait()
        return self.read_nowait() or b""

    @property
    def ended(self) -> bool:
        """Whether the whole response has been received and taken."""
        return self._complete and not self._chunks

    @property
    def reusable(self) -> bool:
        """Whether the exchange ended so cleanly that another one may follow."""
        return (
            self._complete
            and self.keep_alive
            and not self._surplus
            and self._error is None
            and self._writable is None
            and self.usable
        )

    def rest(self, now: float) -> None:
        """Become idle, ready for another exchange."""
        if self._parser_is_spent:
            self._parser = httptools.HttpResponseParser(self)
        self._reset(head_only=False)
        self.in_use = False
        self.idle_since = now

    def close(self) -> None:
        """Drop the connection at once."""
        if self._error is None:
            self._error = ConnectionLost("The connection was closed.")
        if self.transport is not None:
            self.transport.abort()

    def check_deadline(self, now: float) -> None:
        """Fail the exchange whose upstream has been silent for too long."""
        if now >= self.deadline and self._error is None and not self._complete:
            what = "begin to answer" if not self.received else "go on"
            self._fail(TimedOut(f"The upstream did not {what} in time."))
            if self.transport is not None:
                self.transport.abort()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: UpstreamError) -> None:
        if self._error is None and not self._complete:
            self._error = error
        if self._writable is not None:
            self._writable.set()
        self._wake()

    def _resume(self) -> None:
        self._paused = False
        self.deadline = self._loop.time() + self._timeouts.idle
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not registered as asyncio's.
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self.in_use or self._complete:
            # Nobody asked: what these bytes answer is anybody's guess.
            self._surplus = True
            if not self.in_use:
                self.close()
            return
        self.received = True
        self.deadline = self._loop.time() + self._timeouts.idle
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self._violation(exc)
        if self._queued > HIGH_WATER and not self._paused:
            self._paused = True
            self.deadline = _NEVER
            if self.transport is not None and not self.transport.is_closing():
                self.transport.pause_reading()
        self._wake()

    def _violation(self, exc: Exception) -> None:
        self._surplus = True
        if self._complete:
            return
        cause = exc.__context__ if isinstance(exc.__context__, ProtocolViolation) else None
        self._fail(cause or ProtocolViolation(str(exc) or type(exc).__name__))
        if self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._until_close and exc is None and self._error is None:
            self._complete = True
        self._fail(ConnectionLost("The upstream closed the connection."))
        self.transport = None

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    # httptools callbacks

    def on_message_begin(self) -> None:
        if self._complete:
            self._surplus = True

    def on_status(self, status: bytes) -> None:
        if not self._complete:
            self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._complete:
            return
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_MAX_BYTES:
            raise ProtocolViolation("The response head is too large.")
        (self.trailers if self._in_body else self._headers).append((name, value))

    def on_headers_complete(self) -> None:
        if self._complete:
            return
        status = self._parser.get_status_code()
        if status == 101 or status < 100:
            raise ProtocolViolation(f"The upstream answered {status}.")
        if status >= 200:
            self._check_framing(status)
            self._in_body = True
        head = UpstreamHead(status, self._reason, self._headers, self._content_length)
        self._heads.append(head)
        if len(self._heads) > 16:
            raise ProtocolViolation("The upstream sent too many interim responses.")
        self._headers, self._reason, self._head_bytes = [], b"", 0

    def _check_framing(self, status: int) -> None:
        """Find where the body ends (RFC 9112 6.3); doubt is a violation."""
        lengths: list[bytes] = []
        codings: list[bytes] = []
        for name, value in self._headers:
            lowered = name.lower()
            if lowered == b"content-length":
                lengths.append(value)
            elif lowered == b"transfer-encoding":
                codings.append(value.lower())
            elif lowered == b"keep-alive":
                self.idle_timeout = _keep_alive_timeout(value)
        if len(lengths) > 1 or (lengths and codings):
            raise ProtocolViolation("The response's length is ambiguous.")
        if codings and (codings != [b"chunked"] or self._parser.get_http_version() != "1.1"):
            raise ProtocolViolation("The response's transfer coding is not chunked.")
        if lengths:
            if not (lengths[0].isdigit() and len(lengths[0]) <= 18):
                raise ProtocolViolation("The response's Content-Length is malformed.")
            self._content_length = int(lengths[0])
        without_body = self._head_only or status in (204, 304)
        self.keep_alive = self._parser.should_keep_alive()
        if without_body:
            # The parser might wait for the body that the length speaks of; `rest` replaces it.
            self._complete = self._parser_is_spent = True
            self.deadline = _NEVER
        elif not lengths and not codings:
            self._until_close = True

    def on_body(self, body: bytes) -> None:
        if self._complete:
            self._surplus = True
            return
        self._chunks.append(body)
        self._queued += len(body)

    def on_message_complete(self) -> None:
        if self._in_body and not self._complete:
            self._complete = True
            self.deadline = _NEVER


def _keep_alive_timeout(value: bytes) -> float:
    """Seconds from `Keep-Alive: timeout=5, max=100`, one less to be on the safe side."""
    for parameter in value.split(b","):
        name, _, seconds = parameter.strip().partition(b"=")
        if name.lower() == b"timeout" and seconds.isdigit() and len(seconds) < 6:
            return max(0.0, int(seconds) - 1.0)
    return _NEVER
