"""The data path's `Downstream` over one Sanic request.

Writes the response to the connection byte for byte: Sanic's own response would reorder headers,
fold duplicates, rename the reason and add fields of its own.
"""

from __future__ import annotations

from typing import Final, cast

from sanic import Request
from sanic.exceptions import PayloadTooLarge
from sanic.http import Stage

from proxy import errors
from proxy.downstream import RequestHead, ResponseHead
from proxy.headers import RawHeaders
from server.http.connection import BodyStalled, Closed, MalformedBody, StrictHttp

_WRITTEN: Final = Closed()


def of_request(request: Request) -> SanicDownstream:
    """For a request that came through Sanic's router."""
    request.responded = True
    return SanicDownstream(cast(StrictHttp, request.stream))


class SanicDownstream:
    """One request and its one response. `abort` is safe at any time, also after the end.

    A body is read up to `upload_max_bytes`; the data plane bounds those it keeps.
    """

    __slots__ = (
        "_breaks_by_reset", "_chunked", "_head", "_http", "_protocol", "_sent", "_without_body",
        "head",
    )  # fmt: skip

    def __init__(self, http: StrictHttp) -> None:
        parsed = http.parsed
        if parsed is None:
            raise RuntimeError("the request is over")
        self._http = http
        self._protocol = http.protocol
        self._head = b""
        self._sent = False
        self._chunked = self._breaks_by_reset = self._without_body = False
        # Sanic lifts its own bound for handlers that stream.
        http.request_max_size = http.protocol.context.settings.upload_max_bytes
        self.head = RequestHead(
            parsed.method,
            parsed.target,
            f"1.{parsed.minor_version}",
            parsed.fields,
            parsed.content_length,
            http.protocol.conn_info.client_ip if http.protocol.conn_info else "",
            parsed.hops,
        )
        # Sanic asks afterwards what was answered; everything goes past it.
        http.response = _WRITTEN

    @property
    def started(self) -> bool:
        """Whether response bytes have gone out."""
        return self._sent

    @property
    def trailers(self) -> RawHeaders:
        """The request's trailer fields, once `read` has returned b""."""
        return self._http.trailers

    async def read(self) -> bytes:
        """The next piece of the body, b"" at its end."""
        try:
            return await self._http.read() or b""
        except MalformedBody as exc:
            raise errors.InvalidRequest(str(exc)) from exc
        except BodyStalled as exc:
            raise errors.RequestTimeout(str(exc)) from exc
        except PayloadTooLarge as exc:
            raise errors.RequestTooLarge("The request body is too large.") from exc

    def keep_pace(self, *, wanted: bool) -> None:
        """Hold the client to BODY_LEAST_RATE, or no longer."""
        self._http.keep_pace(wanted=wanted)

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        """Pass on an interim (1xx) response; HTTP/1.0 has none."""
        if self.head.version == "1.1":
            self._protocol.write(_format_head(status, reason, headers) + b"\r\n")

    def start(self, head: ResponseHead) -> None:
        """Begin the response; its head goes out with the first body bytes, or by `flush`."""
        http = self._http
        if head.status < 400:
            http.known = True
        lines = _format_head(head.status, head.reason, head.headers)
        self._without_body = http.head_only or head.status in (204, 304)
        if head.content_length is None and not self._without_body:
            if self.head.version == "1.1":
                self._chunked = True
                lines += b"transfer-encoding: chunked\r\n"
            else:
                self._breaks_by_reset = True
                http.keep_alive = False
        elif head.content_length:
            # Some clients (boto3) take an orderly close for the end of such an answer.
            self._breaks_by_reset = True
        announced = head.content_length is not None or self._without_body
        if http.expecting_continue or (http.request_body and (announced or head.status >= 400)):
            # The rest of this request will not be read before the response is complete, and a
            # body that was held back for a 100 is not asked for any more.
            http.expecting_continue = False
            http.keep_alive = False
        if not http.keep_alive:
            lines += b"connection: close\r\n"
        elif self.head.version == "1.0":
            lines += b"connection: keep-alive\r\n"
        self._head = lines + b"\r\n"

    def flush(self) -> None:
        """Send the head now, because the body keeps us waiting."""
        if self._head:
            self._send(b"")

    def write(self, data: bytes) -> bool:
        """Send body bytes; whether the client keeps up, else `drain` before the next."""
        if self._without_body:
            data = b""
        elif self._chunked and data:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._send(data)
        return self._protocol._can_write.is_set()

    async def drain(self) -> None:
        """Wait while the client is slower than we are."""
        if not self._protocol._can_write.is_set():
            await self._protocol._can_write.wait()

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        """Send the last body bytes and whatever marks the end."""
        if self._without_body:
            # A refusal of a HEAD request, say: its body would be read as the next response.
            data = b""
        elif self._chunked:
            end = b"".join(b"%b: %b\r\n" % field for field in trailers or ())
            if data:
                data = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(data), data, end)
            else:
                data = b"0\r\n%b\r\n" % end
        self._send(data)
        self._http.stage = Stage.IDLE
        await self.drain()

    def abort(self) -> None:
        """Break the connection so that the client sees a failure, not an end."""
        self._http.keep_alive = False
        self._http.stage = Stage.FAILED
        if self._breaks_by_reset:
            self._protocol.reset()
        else:
            # Cut before its last chunk; what has been sent still arrives.
            self._protocol.abort()

    def _send(self, data: bytes) -> None:
        transport = self._protocol.transport
        if transport is None or transport.is_closing():
            raise errors.ClientGone
        http = self._http
        if self._head:
            data = self._head + data
            self._head = b""
        if data:
            self._sent = True
            http.stage = Stage.RESPONSE
            transport.write(data)


def _format_head(status: int, reason: bytes, headers: RawHeaders) -> bytes:
    lines = [b"HTTP/1.1 %d %b\r\n" % (status, reason)]
    lines += [b"%b: %b\r\n" % field for field in headers]
    return b"".join(lines)
