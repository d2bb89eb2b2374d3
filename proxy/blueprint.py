"""The data plane as a Sanic blueprint, where the app is served by Sanic alone.

`server/http` stands in front of Sanic and hands `/v1` to the same `DataPlane` itself, sooner and
byte for byte. What goes through Sanic is the same but for its form: field names in lower case,
reasons as Sanic has them, no interim responses and no trailers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, TypeAlias, cast

from sanic import Blueprint, HTTPResponse, Request
from sanic.compat import Header
from sanic.exceptions import BadRequest, SanicException

from proxy import errors
from proxy.downstream import Outlet, RequestHead, ResponseHead
from proxy.handler import DataPlane
from proxy.headers import RawHeaders

ReadHead: TypeAlias = Callable[[bytes, str], RequestHead]
"""From a head as it was sent, and its client's address. Raises errors.InvalidRequest."""

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: Where none is named, Sanic looks for one in the source of the handler, for each route anew.
_ERROR_FORMAT: Final = "json"


def blueprint(
    plane: Callable[[], DataPlane],
    read_head: ReadHead,
    *,
    upload_max_bytes: int,
    roots: Sequence[str] = ("v1",),
) -> Blueprint:
    """Every path and method below `roots`, since the refusal of one is the data plane's as well.

    `plane` is asked for each request: its parts live in the worker's event loop, which runs later.
    """
    proxy = Blueprint("proxy")

    async def forward(request: Request, path: str = "") -> None:
        try:
            head = read_head(_raw_head(request), request.client_ip)
        except errors.InvalidRequest as refusal:
            # Sanic reads more leniently than the front door does.
            raise BadRequest(refusal.message) from refusal
        downstream = SanicDownstream(request, head, upload_max_bytes)
        await plane().serve(downstream)
        if downstream.broken:
            # Sanic would complete the answer otherwise.
            raise SanicException("The answer was cut.", status_code=502, quiet=True)

    for number, root in enumerate(roots):
        for path, name in ((f"/{root}/<path:path>", "below"), (f"/{root}", "root")):
            proxy.add_route(
                forward,
                path,
                methods=_METHODS,
                stream=True,
                name=f"{name}_{number}",
                error_format=_ERROR_FORMAT,
            )
    return proxy


def _raw_head(request: Request) -> bytes:
    if request.head:
        return bytes(request.head) + b"\r\n\r\n"
    # An ASGI server keeps the lines to itself.
    lines = [
        f"{request.method} ".encode(),
        request.raw_url,
        f" HTTP/{request.version}\r\n".encode(),
    ]
    lines += [
        f"{name}: {value}\r\n".encode(errors="surrogateescape")
        for name, value in request.headers.items()
    ]
    return b"".join(lines) + b"\r\n"


class SanicDownstream:
    """Sanic sends by coroutines only, so what is written is kept until `drain` or `finish`."""

    def __init__(self, request: Request, head: RequestHead, max_bytes: int) -> None:
        self.head = head
        self.started = False
        #: Whether the answer was broken off.
        self.broken = False
        self.trailers: RawHeaders = []
        self._request = request
        self._max_bytes = max_bytes
        self._received = 0
        self._body: AsyncIterator[bytes] = aiter(cast(Any, request.stream))
        self._answer: ResponseHead | None = None
        self._response: HTTPResponse | None = None
        self._unsent = bytearray()
        self._sending = asyncio.Lock()
        self._flushing: asyncio.Task[None] | None = None

    def take_arrived(self) -> bytes | None:
        """Sanic gives bodies to coroutines only."""
        return None

    async def read(self) -> bytes:
        """The next piece of the body, b"" at its end."""
        if not self.head.has_body:
            return b""
        try:
            piece = await anext(self._body, b"")
        except SanicException as exc:
            raise errors.InvalidRequest(str(exc)) from exc
        self._received += len(piece)
        if self._received > self._max_bytes:
            raise errors.RequestTooLarge("The request body is too large.")
        return piece

    def keep_pace(self, *, wanted: bool) -> None:
        """Sanic has time limits of its own."""

    def drop_body(self) -> None:
        """Sanic reads what is left by itself."""

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        """Sanic sends no interim responses."""

    def start(self, head: ResponseHead) -> None:
        """Begin the response; its head goes out with the first body bytes, or by `flush`."""
        self._answer = head

    def flush(self) -> None:
        """Send the head now, because the body keeps us waiting."""
        if not self.started and self.head.method != "HEAD":
            self.started = True
            self._flushing = asyncio.ensure_future(self._send())

    def write(self, data: bytes) -> bool:
        """Keep body bytes for `drain`."""
        self.started = True
        self._unsent += data
        return False

    def outlet(self) -> Outlet | None:
        """None: all of it is looked at."""
        return None

    async def drain(self) -> None:
        """Send what was written, and wait while the client is slower than we are."""
        if self._unsent and self.head.method != "HEAD":
            await self._send()

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        """Send the last body bytes and whatever marks the end."""
        self.started = True
        if self.head.method == "HEAD":
            # Sanic completes it when the handler has returned.
            await self._respond()
            return
        self._unsent += data
        await self._send(last=True)

    def abort(self) -> None:
        """Break the connection so that the client sees a failure, not an end."""
        self.broken = True
        if self._flushing is not None:
            self._flushing.cancel()
        if isinstance(self._request.transport, asyncio.Transport):
            self._request.transport.abort()

    async def _send(self, *, last: bool = False) -> None:
        # In the order in which it was written, whichever call sends it.
        async with self._sending:
            response = self._response or await self._respond()
            data = bytes(self._unsent)
            self._unsent.clear()
            await response.send(data, end_stream=last)

    async def _respond(self) -> HTTPResponse:
        answer = self._answer
        if answer is None:
            raise RuntimeError("no response was started")
        fields = Header((name.decode("ascii"), _text(value)) for name, value in answer.headers)
        kind = fields.get("content-type", "application/octet-stream")
        self._response = await self._request.respond(
            status=answer.status, headers=fields, content_type=kind
        )
        return self._response


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
