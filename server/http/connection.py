"""Sanic's HTTP/1 connection with our framing in place of its lenient parser.

`StrictHttp` keeps Sanic's life of a connection (one task, one request at a time, a response
through `send`) and replaces how heads and bodies are read: `framing` decides, a refused message
gets 400 and its connection is closed. It adds what Sanic lacks: a deadline for the whole head and
for a stalled body, and a close that lets a client in the middle of sending read its answer.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from typing import TYPE_CHECKING, Any, Final, cast

from sanic.compat import Header
from sanic.exceptions import PayloadTooLarge, SanicException, ServerError
from sanic.http import Http, Stage
from sanic.log import error_logger
from sanic.models.protocol_types import TransportProtocol
from sanic.request import Request
from sanic.response import BaseHTTPResponse
from uuid_utils.compat import uuid7

from proxy.errors import RequestBroken
from server.http import framing
from server.http.framing import ChunkedBody, FramingError, HeadTimeout, ParsedHead
from server.http.pace import Pace
from server.http.refusals import refusal

if TYPE_CHECKING:
    from server.http.protocol import StrictProtocol

HEAD_DEADLINE: Final = 10.0
BODY_STALL: Final = 30.0
LINGER: Final = 3.0
#: Pieces of a body that one turn of the loop takes from what has arrived already.
_TAKEN_IN_A_ROW_MAX: Final = 64
DIRECT_PREFIX: Final = b"/v1/"
_UNFORESEEN: Final = "Something went wrong in the proxy; its log says what."
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class BodyStalled(SanicException):
    """The client stopped sending a body that it had announced, or sends it too slowly."""

    status_code = 408
    quiet = True


class MalformedBody(SanicException):
    """The body's chunk framing is malformed."""

    status_code = 400
    quiet = True


class StrictHttp(Http):
    """One client connection. Its task runs `http1` until the connection is no longer reusable."""

    __touchup__ = ()  # type: ignore[assignment]  # Nothing of ours is to be rewritten.
    __slots__ = ("_chunks", "_paced", "_taken_in_a_row", "known", "pace", "parsed", "trailers")

    # Sanic's attributes are unannotated; this is what they hold here.
    protocol: StrictProtocol
    request: Request | None  # type: ignore[assignment]
    response: BaseHTTPResponse | None  # type: ignore[assignment]
    request_body: bool | None  # type: ignore[assignment]
    request_bytes: int
    request_bytes_left: int
    recv_buffer: bytearray
    keep_alive: bool
    #: Whether an upstream has ever answered here, which takes a token.
    known: bool

    def __init__(self, protocol: StrictProtocol) -> None:
        super().__init__(protocol)  # type: ignore[no-untyped-call]
        self.known = False

    def init_for_request(self) -> None:
        """Forget the last request."""
        super().init_for_request()  # type: ignore[no-untyped-call]
        #: What the body's rate is held against, from the first wait for it.
        self.pace: Pace | None = None
        self._paced = False
        self.parsed: ParsedHead | None = None
        self.trailers: framing.Fields = []
        self._chunks: ChunkedBody | None = None
        self._taken_in_a_row = 0

    async def http1(self) -> None:
        """Serve requests while the connection stays reusable."""
        while self.keep_alive and self.stage is Stage.IDLE:
            self.init_for_request()
            try:
                await self._serve(await self._receive_head())
                await self._complete_response()
            except FramingError as error:
                self._refuse(error)
            except CancelledError:
                # The client left, or the worker stops: nobody is there to be answered.
                self.protocol.abort()
                return
            except Exception as error:  # noqa: BLE001  (whatever it is, the client must learn of it)
                await self._fail(error)
            if self.request_body:
                self.keep_alive = False
                await self._linger()
            self._let_go()

    async def _serve(self, head: ParsedHead) -> None:
        """Hand the request over: the data plane's directly, every other one through Sanic.

        The data plane's route stands in Sanic's router as well and leads to the same handler; its
        request object, router and signals cost a quarter of what the whole path does.
        """
        self.stage = Stage.HANDLER
        direct = self.protocol.direct
        if direct is not None and head.target.startswith(DIRECT_PREFIX):
            await direct(self)
        else:
            self._make_request(head)
            self.keep_pace()
            await self.protocol.request_handler(self.request)

    async def _fail(self, error: Exception) -> None:
        """A handler's unforeseen exception: 500, or a visible break once the answer has begun."""
        if not isinstance(self.response, Closed):
            await self.error_response(error)
            return
        error_logger.error("unhandled in the data path", exc_info=error)
        if self.stage is Stage.HANDLER:
            status = b"500 Internal Server Error"
            request_id = error.request_id if isinstance(error, RequestBroken) else str(uuid7())
            self._answer(
                refusal(status, "internal_error", _UNFORESEEN, request_id, kind="server_error")
            )
            self.stage = Stage.IDLE
        else:
            self._break()

    async def _complete_response(self) -> None:
        if self.stage is Stage.HANDLER:
            raise ServerError("Handler produced no response")
        if self.stage is Stage.RESPONSE:
            if isinstance(self.response, Closed):
                # Its handler failed half way, of which Sanic has logged why.
                self._break()
            elif self.response is not None:
                await self.response.send(end_stream=True)

    def _break(self) -> None:
        self.keep_alive = False
        self.stage = Stage.FAILED
        self.protocol.reset()

    def _let_go(self) -> None:
        """Drop references so that an idle keep-alive connection holds no request."""
        if self.request is not None:
            self.request.stream = None
        if self.response is not None:
            self.response.stream = None
        self.request = None
        self.response = None
        self.parsed = None
        self.protocol.begin_idling(known=self.known)

    async def http1_response_header(self, data: bytes, end_stream: bool) -> None:
        """Sanic's own responses (not the data path's), told apart from an invitation to send."""
        if self.request_body:
            # The rest of this request will not be read. Nor is an `Expect: 100-continue` answered
            # by 100 and a refusal, as Sanic does.
            self.expecting_continue = False
            self.keep_alive = False
        await super().http1_response_header(data, end_stream)

    # Reading the head

    async def _receive_head(self) -> ParsedHead:
        buffer = self.recv_buffer
        if not buffer:
            await self._receive_more()
        else:
            # Sent ahead: a packet holds thousands of requests whose answers wait for nothing.
            await asyncio.sleep(0)
        self.stage = Stage.REQUEST
        found = framing.parse_head(buffer)
        if found is None:
            found = await self._receive_slow_head()
        head, size = found
        del buffer[:size]
        self.parsed = head
        self._accept(head)
        return head

    async def _receive_slow_head(self) -> tuple[ParsedHead, int]:
        # One deadline for the whole head: a byte now and then must not extend it.
        try:
            async with asyncio.timeout(HEAD_DEADLINE):
                while True:
                    await self._receive_more()
                    found = framing.parse_head(self.recv_buffer)
                    if found is not None:
                        return found
        except TimeoutError:
            raise HeadTimeout(
                f"The request head took longer than {HEAD_DEADLINE:g} seconds."
            ) from None

    def _accept(self, head: ParsedHead) -> None:
        """Get ready to read the body."""
        protocol = self.protocol
        if protocol.transport is None:
            raise CancelledError
        protocol.clients.asks(protocol)
        self.keep_alive = head.keep_alive and not protocol.context.draining
        self.head_only = head.method == "HEAD"
        self.expecting_continue = head.expects_continue
        self.request_bytes = self.request_bytes_left = head.content_length or 0
        if head.content_length is None:
            self._chunks = ChunkedBody()
        self.request_body = head.content_length != 0 or None
        protocol.state["requests_count"] += 1

    def _make_request(self, head: ParsedHead) -> None:
        """Sanic's own view of the head, for everything that Sanic routes."""
        protocol = self.protocol
        self.url = head.target.decode("ascii")
        request = protocol.request_class(
            url_bytes=head.target,
            headers=Header(
                [
                    (name.decode("ascii").lower(), value.decode("utf-8", "surrogateescape"))
                    for name, value in head.fields
                ]
            ),
            version=f"1.{head.minor_version}",
            method=head.method,
            transport=cast(TransportProtocol, protocol.transport),
            app=protocol.app,
        )
        Request._current.set(request)
        request.conn_info = protocol.conn_info
        request.stream = self
        self.request = request
        self.response_func = self.http1_response_header

    # Reading the body

    def keep_pace(self, *, wanted: bool = True) -> None:
        """Hold the client to BODY_LEAST_RATE from now on, or no longer."""
        self._paced = wanted
        if not wanted:
            self.pace = None

    async def read(self) -> bytes | None:
        """The next piece of the body; None at its end (as Sanic's readers expect)."""
        if not self.request_body:
            return None
        if self.expecting_continue:
            self.expecting_continue = False
            self.protocol.write(_CONTINUE)
        piece = self._take()
        self._taken_in_a_row += 1
        if self._taken_in_a_row >= _TAKEN_IN_A_ROW_MAX:
            # A buffer full of chunks of one byte would be a turn of the loop of a second.
            self._taken_in_a_row = 0
            await asyncio.sleep(0)
        while not piece and self.request_body:
            self._taken_in_a_row = 0
            await self._receive_body_bytes()
            piece = self._take()
        if self.pace is not None:
            self.pace.taken += len(piece)
        self.protocol.resume_if_drained()
        return piece or None

    def _take(self) -> bytes:
        """What is there of the body, b"" if nothing is; clears `request_body` at the end."""
        if self._chunks is None:
            piece = bytes(self.recv_buffer[: self.request_bytes_left])
            del self.recv_buffer[: len(piece)]
            self.request_bytes_left -= len(piece)
            if not self.request_bytes_left:
                self.request_body = None
        else:
            piece = self._take_chunk(self._chunks)
        if self.request_bytes > self.request_max_size:
            self.keep_alive = False
            raise PayloadTooLarge("The request body exceeds the size limit.")
        return piece

    def _take_chunk(self, chunks: ChunkedBody) -> bytes:
        try:
            piece = chunks.take(self.recv_buffer)
        except FramingError as error:
            # Where this body ends is unknown, so nothing after it may be read.
            self.keep_alive = False
            raise MalformedBody(str(error)) from error
        self.request_bytes += len(piece)
        if chunks.ended:
            self.trailers = chunks.trailers
            self.request_body = None
        return piece

    async def _receive_body_bytes(self) -> None:
        now = self.protocol.loop.time
        if self._paced and self.pace is None:
            # Only now: most bodies come with their heads and are never waited for.
            rate = self.protocol.context.settings.body_least_rate
            self.pace = Pace(rate, now()) if rate else None
        pace = self.pace
        patience = BODY_STALL if pace is None else min(BODY_STALL, pace.left(now()))
        try:
            async with asyncio.timeout(patience):
                await self._receive_more()
        except TimeoutError:
            if pace is not None and patience < BODY_STALL and pace.left(now()):
                # It has sent enough, and is asked about the next span.
                return
            self.keep_alive = False
            slow = "stalled" if pace is None or patience == BODY_STALL else "comes too slowly"
            raise BodyStalled(f"The request body {slow}.") from None

    # Closing

    def _refuse(self, error: FramingError) -> None:
        """Answer a message that could not be understood, and read nothing more."""
        request_id = uuid7()
        self._answer(
            refusal(error.status, error.code, str(error), str(request_id), headers=error.headers)
        )
        if (note := self.protocol.context.unreadable) is not None:
            note(request_id, error.code, int(error.status[:3]))
        # Whatever follows belongs to the refused message: it is dropped, never parsed.
        self.request_body = True

    def _answer(self, message: bytes) -> None:
        """An answer without Sanic's error handling; the connection closes."""
        self.protocol.write(message)
        self.keep_alive = False

    async def _linger(self) -> None:
        """Half-close, then drop what still comes: a close with unread input resets the connection
        and takes our answer with it before the client has read it."""
        protocol = self.protocol
        transport = protocol.transport
        if transport is None or transport.is_closing():
            return
        try:
            transport.write_eof()
            async with asyncio.timeout(LINGER):
                while True:
                    self.recv_buffer.clear()
                    await self._receive_more()
        except OSError:
            # Time is up, or the connection was gone before it could be half-closed.
            return


class Closed(BaseHTTPResponse):
    """Stands for a response that was written straight to the connection."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    async def send(self, data: Any = None, end_stream: bool | None = None) -> None:
        """Nothing is left to send."""
