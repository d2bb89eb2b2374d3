"""One request on a client's connection and its one response: the `Downstream` of both planes.

Responses are written byte for byte: order, case and duplicates of their fields are the caller's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from proxy import errors
from proxy.chunks import chunk
from proxy.downstream import RequestHead, ResponseHead
from proxy.driving import Driven
from proxy.headers import RawHeaders, wire_lines
from proxy.settable import settable
from server.http.body import ARRIVED_MAX_BYTES, RequestBody
from server.http.faults import FramingError
from server.http.framing import parse_head

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from server.http.connection import ClientConnection


# How a response's body is sent: with a length or up to the connection's end, in chunks, or not.
_AS_IT_IS: Final = 0
_CHUNKED: Final = 1
_NO_BODY: Final = 2
_WITHOUT_BODY: Final = (204, 304)


@settable
class ClientDownstream(Driven, eq=False):
    """`abort` is safe at any time, also after the end. `read` raises what `RequestBody` does.

    `keep_alive` says whether another request may follow on this connection. It is itself what
    drives its request, of which each has one.
    """

    _connection: ClientConnection
    head: RequestHead
    keep_alive: bool = True
    #: A short body that has come with the head; then there is no `_body`.
    _arrived: bytes = b""
    _body: RequestBody | None = None
    #: The response's, once it has begun, and in pieces as it stands on the wire until it is sent.
    _answer: ResponseHead | None = None
    _head: tuple[bytes, ...] = ()
    _framing: int = _AS_IT_IS
    #: Whether nothing may follow: the response has ended, or was broken off.
    complete: bool = False

    def __repr__(self) -> str:
        # The default would print the body.
        return f"ClientDownstream({self.head!r})"

    @classmethod
    def of(
        cls,
        connection: ClientConnection,
        head: RequestHead,
        *,
        keep_alive: bool = True,
        expects_continue: bool = False,
    ) -> ClientDownstream:
        """That of a request whose head was taken from what the connection has received."""
        context = connection.context
        made = cls(connection, head, keep_alive and not context.draining)
        length, received = head.content_length, connection.received
        max_bytes = context.settings.upload_max_bytes
        if (
            length is not None
            and length <= min(ARRIVED_MAX_BYTES, max_bytes, len(received))
            and not expects_continue
        ):
            made._arrived = bytes(received[:length])
            del received[:length]
        else:
            made._body = RequestBody(
                connection, length, awaits_continue=expects_continue, max_bytes=max_bytes
            )
        return made

    def ended(self, error: BaseException | None) -> None:
        """Have the connection go on."""
        body = self._body
        # One that has arrived is no longer among what the connection has received.
        unread = body is not None and not body.ended
        self._connection.request_ended(self, error, unread)

    def _begun_body(self) -> RequestBody | None:
        """The body, where there is one, as it is read piece by piece."""
        if self._arrived:
            connection = self._connection
            self._body = RequestBody(
                connection,
                len(self._arrived),
                awaits_continue=False,
                max_bytes=connection.context.settings.upload_max_bytes,
            )
            connection.received[:0] = self._arrived
            self._arrived = b""
        return self._body

    # The request

    @property
    def started(self) -> bool:
        """Whether response bytes have gone out."""
        return self._answer is not None and not self._head

    @property
    def succeeded(self) -> bool:
        """Whether the response is no refusal."""
        return self._answer is not None and self._answer.status < 400

    @property
    def peer(self) -> tuple[str, int] | None:
        """The client's address and port."""
        return self._connection.address

    @property
    def trailers(self) -> RawHeaders:
        """The request's trailer fields, once `read` has returned b""."""
        return [] if self._body is None else self._body.trailers

    def take_arrived(self) -> bytes | None:
        """The whole body, where it is short and has come with the head; else it is to be read."""
        if body := self._arrived:
            self._arrived = b""
            return body
        return None if self._body is None else self._body.take_arrived()

    async def read(self) -> bytes:
        """The next piece of the body, b"" at its end."""
        body = self._begun_body()
        return b"" if body is None else await body.read()

    def bound_body(self, max_bytes: int) -> None:
        """Read no more of the body than this."""
        if (body := self._begun_body()) is not None:
            body.max_bytes = max_bytes

    def keep_pace(self, *, wanted: bool) -> None:
        """Hold the client to BODY_LEAST_RATE, or no longer."""
        if (body := self._begun_body()) is not None:
            body.keep_pace(wanted=wanted)

    def drop_body(self) -> None:
        """Read no more of the body; the connection stays of use where all of it has arrived."""
        # One that came whole with its head is not put back to be dropped.
        self._arrived = b""
        if self._body is not None and not self._body.ended:
            self._body.drop_arrived()

    # The response

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        """Pass on an interim (1xx) response; HTTP/1.0 has none."""
        if self.head.version == "1.1":
            lines = status_line(status, reason) + wire_lines(headers)
            self._connection.write(lines + b"\r\n")

    def start(self, head: ResponseHead) -> None:
        """Begin the response; its head goes out with the first body bytes, or by `flush`."""
        status, length = head.status, head.content_length
        self._answer = head
        lines = head.lines if isinstance(head.lines, bytes) else wire_lines(head.lines)
        first = _OK if status == 200 and head.reason == b"OK" else status_line(status, head.reason)
        # A refusal takes the place of an answer of which nothing was sent yet.
        framing = _AS_IT_IS
        if status in _WITHOUT_BODY or self.head.method == "HEAD":
            framing = _NO_BODY
        elif length is None:
            if self.head.version == "1.1":
                framing = _CHUNKED
                lines += b"transfer-encoding: chunked\r\n"
            else:
                self.keep_alive = False
        self._framing = framing
        if self._arrived or self._body is not None:
            self._leave_body(announced=length is not None or framing == _NO_BODY, status=status)
        if not self.keep_alive:
            lines += b"connection: close\r\n"
        elif self.head.version == "1.0":
            lines += b"connection: keep-alive\r\n"
        self._head = first, lines, b"\r\n"

    def _leave_body(self, *, announced: bool, status: int) -> None:
        """See whether more of the request's body may be read before the response is complete."""
        body = self._begun_body()
        if body is None or body.ended:
            return
        if body.awaits_continue or announced or status >= 400:
            # The rest of this request will not be read before the response is complete, and a
            # body that was held back for a 100 is not asked for any more.
            body.awaits_continue = False
            self.keep_alive = False

    def flush(self) -> None:
        """Send the head now, because the body keeps us waiting."""
        if self._head:
            self._send(b"")

    def write(self, data: bytes) -> bool:
        """Send body bytes; whether the client keeps up, else `drain` before the next."""
        if self._framing == _NO_BODY:
            data = b""
        elif self._framing and data:
            data = chunk(data)
        connection = self._connection
        transport = connection.transport
        if self._head or transport is None or transport.is_closing():
            self._send(data)
        elif data:
            transport.write(data)
        return connection.can_write is None

    def outlet(self) -> ClientConnection | None:
        """The connection, where chunks go out on it as they are."""
        return self._connection if self._framing == _CHUNKED and not self._head else None

    async def drain(self) -> None:
        """Wait while the client is slower than we are."""
        if self._connection.can_write is not None:
            await self._connection.drain()

    def finish(
        self, data: bytes = b"", trailers: RawHeaders | None = None
    ) -> Awaitable[None] | None:
        """Send the last body bytes and whatever marks the end."""
        if self._framing:
            data = self._last(data, trailers)
        connection = self._connection
        transport = connection.transport
        if transport is None or transport.is_closing():
            raise errors.NotWritten
        if self._head:
            # Mostly all of a response.
            data = b"".join((*self._head, data))
            self._head = ()
        if data:
            transport.write(data)
        self.complete = True
        return None if connection.can_write is None else connection.drain()

    def _last(self, data: bytes, trailers: RawHeaders | None) -> bytes:
        if self._framing == _NO_BODY:
            # A refusal of a HEAD request, say: its body would be read as the next response.
            return b""
        end = b"".join(b"%b: %b\r\n" % field for field in trailers or ())
        if data:
            return b"%b0\r\n%b\r\n" % (chunk(data), end)
        return b"0\r\n%b\r\n" % end

    def abort(self) -> None:
        """Break the connection so that the client sees a failure, not an end."""
        self.complete = True
        self.keep_alive = False
        if self._breaks_by_reset:
            self._connection.reset()
        else:
            # Cut before its last chunk; what has been sent still arrives.
            self._connection.abort()

    @property
    def _breaks_by_reset(self) -> bool:
        """Whether an orderly close would pass for the end: some clients (boto3) take one for the
        end of an answer that is shorter than its length."""
        answer = self._answer
        if answer is None:
            return False
        if answer.content_length is None:
            return self._framing == _AS_IT_IS
        return answer.content_length > 0

    def _send(self, data: bytes) -> None:
        transport = self._connection.transport
        if transport is None or transport.is_closing():
            raise errors.NotWritten
        if self._head:
            data = b"".join((*self._head, data))
            self._head = ()
        if data:
            transport.write(data)


def read_head(message: bytes, client_ip: str) -> RequestHead:
    """A head that another server has received, as strictly as one of ours.

    Raises errors.InvalidRequest.
    """
    try:
        found = parse_head(message)
    except FramingError as error:
        raise errors.InvalidRequest(str(error)) from error
    if found is None:
        raise errors.InvalidRequest("The request head is not complete.")
    return found[0].request(client_ip)


def status_line(status: int, reason: bytes) -> bytes:
    """The first line of a response."""
    if status == 200 and reason == b"OK":
        return _OK
    if len(reason) > _REASON_BYTES:
        return _status_line(status, reason)
    return _remembered_status_line(status, reason)


def _status_line(status: int, reason: bytes) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, reason)


_OK: Final = _status_line(200, b"OK")
_remembered_status_line: Final = lru_cache(256)(_status_line)
_REASON_BYTES: Final = 64
