"""Everything but `/v1`: handed to Sanic through its ASGI callable.

Heads, bodies, ends and time limits stay the connection's: the application is told of a body piece
by piece and says what is to be answered, and `ClientDownstream` frames it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

from sanic.exceptions import SanicException
from sanic.helpers import STATUS_CODES

from models.ids import new_request_id
from proxy import errors
from proxy.downstream import ResponseHead
from proxy.headers import RawHeaders

if TYPE_CHECKING:
    from server.http.downstream import ClientDownstream

_Message: TypeAlias = MutableMapping[str, Any]

BODY_MAX_BYTES: Final = 1024 * 1024
#: The answer to `OPTIONS *` (RFC 9110 9.3.7).
_ABOUT_US: Final = (
    (b"allow", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"content-length", b"0"),
)
#: The connection's own, which no application sets.
_FRAMING: Final = (b"connection", b"transfer-encoding")


async def serve(app: Any, downstream: ClientDownstream) -> None:
    """One request, by an ASGI application; what asks about no path in particular, by ourselves."""
    if downstream.head.target == b"*":
        downstream.start(ResponseHead(200, b"OK", [*_ABOUT_US, *_request_id()], 0))
        if (slow := downstream.finish()) is not None:
            await slow
        return
    downstream.bound_body(BODY_MAX_BYTES)
    downstream.keep_pace(wanted=True)
    exchange = _Exchange(downstream)
    try:
        await app(_scope(downstream), exchange.receive, exchange.send)
    finally:
        # Sanic keeps its last exchange, and so would keep this connection.
        exchange.release()


def _request_id() -> RawHeaders:
    return [(b"x-llm-proxy-request-id", new_request_id().encode("ascii"))]


def _scope(downstream: ClientDownstream) -> _Message:
    head = downstream.head
    path, _, query = head.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": head.version,
        "method": head.method,
        "scheme": "http",
        "path": unquote(path.decode("ascii")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in head.headers],
        "client": downstream.peer,
        "server": None,
    }


class _Exchange:
    """What an application calls. Nothing is sent before its first piece of a body."""

    __slots__ = ("_body_ended", "_downstream", "_fields", "_left", "_status")

    def __init__(self, downstream: ClientDownstream) -> None:
        self._downstream: ClientDownstream | None = downstream
        self._body_ended = False
        self._status: int | None = None
        self._fields: RawHeaders = []
        #: Of a length that the application has announced itself.
        self._left: int | None = None

    async def receive(self) -> _Message:
        """The next piece of the request's body."""
        if self._body_ended:
            # That the client has left is told by a cancellation.
            await asyncio.get_running_loop().create_future()
        try:
            piece = await self._open.read()
        except errors.Refusal as refusal:
            # As an error of the application's, which it answers in its own shape.
            raise SanicException(
                refusal.message, status_code=refusal.status, quiet=True
            ) from refusal
        self._body_ended = not piece
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(self, message: _Message) -> None:
        """Answer; waits while the client is slower than the application."""
        if message["type"] == "http.response.start":
            self._begin(message["status"], message["headers"])
            return
        try:
            await self._send(message["body"], more=message["more_body"])
        except errors.ClientGone:
            # As Sanic has it itself.
            raise asyncio.CancelledError from None

    def release(self) -> None:
        """Forget the connection."""
        self._downstream = None

    @property
    def _open(self) -> ClientDownstream:
        if self._downstream is None:
            raise asyncio.CancelledError
        return self._downstream

    def _begin(self, status: int, fields: Iterable[tuple[bytes, bytes]]) -> None:
        self._status = status
        # ASGI wants names in lower case, and nothing makes an application keep to that.
        self._fields = [field for field in fields if field[0].lower() not in _FRAMING]
        lengths = [value for name, value in self._fields if name.lower() == b"content-length"]
        self._left = int(lengths[0]) if lengths else None

    async def _send(self, body: bytes, *, more: bool) -> None:
        downstream = self._open
        if self._status is not None:
            if self._left is None and not more and self._status not in (204, 304):
                self._left = len(body)
                self._fields.append((b"content-length", b"%d" % len(body)))
            downstream.start(
                ResponseHead(self._status, _reason(self._status), self._fields, self._left)
            )
            self._status = None
        if self._left is not None and downstream.head.method != "HEAD":
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                # What is too much would be read as the next response.
                raise RuntimeError("the body is not as long as its Content-Length says")
        if not more:
            if (slow := downstream.finish(body)) is not None:
                await slow
        elif not downstream.write(body):
            await downstream.drain()


def _reason(status: int) -> bytes:
    return STATUS_CODES.get(status, b"")
