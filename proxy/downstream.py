"""The client's side of one request, as the data path sees it.

`Downstream` is the seam: the path reads a head and body chunks from it and starts, writes and
finishes (or aborts) one response, and never learns which server carries it.
`server/http/downstream.py` is the implementation over Sanic; a leaner one can stand beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

import msgspec

from proxy.header_lines import HeaderLines, Pattern
from proxy.headers import RawHeaders, wire_lines


class Likeness(msgspec.Struct, eq=False):
    """What heads have in common that differ in nothing that decides anything: whatever was decided
    of one of them by what stands in its head holds for the others.

    They have the same request line, of HTTP/1.1, with no query nor a token of ours, and the same
    header lines in the same order, byte for byte, but for the values of

    - `Content-Length`, which is well-formed;
    - fields in which a client presents its token (`header_rules.CREDENTIALS`);
    - fields that decide nothing: they are not `NOTABLE`, do not frame the request, and cross or not
      by their names alone (request ids, traces and the like).

    Compared by identity. It holds no secret. There may be two for the same heads, where one was
    forgotten meanwhile.
    """

    pattern: Pattern


class RequestHead(msgspec.Struct, frozen=True, gc=False):
    """A request as the front door accepted it; framing has been checked by then (RFC 9112).

    `content_length` is None for a chunked body and 0 where there is none. `hops` is how many
    proxies like this one it has passed. `likeness` is None where the head is unusual or new;
    `credential` is the value of `Authorization` of a head with a likeness, where no other field may
    hold a secret of ours. A head that was told by its likeness has the `values` that were not, and
    its lines are put together once they are asked for.
    """

    method: str
    target: bytes
    version: str
    _lines: HeaderLines | None
    content_length: int | None
    client_ip: str
    hops: int = 0
    likeness: Likeness | None = None
    credential: bytes = b""
    values: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        # The default would print the client's token into whatever log a head ends up in.
        return f"RequestHead({self.method} {self.lines!r})"

    @property
    def lines(self) -> HeaderLines:
        """Its header lines."""
        lines = self._lines
        if lines is None:
            pattern = None if self.likeness is None else self.likeness.pattern
            lines = HeaderLines(None, False, None, None, None, pattern, self.values)
            msgspec.structs.force_setattr(self, "_lines", lines)
        return lines

    def with_lines(self, lines: HeaderLines, content_length: int | None) -> RequestHead:
        """The same with other lines."""
        return msgspec.structs.replace(self, _lines=lines, content_length=content_length, values=())

    @property
    def headers(self) -> RawHeaders:
        """Name and value of each header line, as they were on the wire."""
        return self.lines.fields

    def let_go(self) -> None:
        """Keep no header line twice."""
        if self._lines is not None:
            self._lines.let_go()

    @property
    def has_body(self) -> bool:
        """Whether any body bytes were announced."""
        return self.content_length != 0


class ResponseHead(msgspec.Struct, frozen=True, gc=False):
    """The head for the client.

    `lines` are the header lines, as a list or as they stand in a message's head; they are had in
    either form as `headers` and `block`.

    `content_length` None means that the length is not known beforehand: the server frames the
    body itself (chunked, or closed at the end for HTTP/1.0). `lines` hold no framing fields
    other than a `Content-Length` that agrees with it.
    """

    status: int
    reason: bytes
    lines: RawHeaders | bytes
    content_length: int | None

    @property
    def headers(self) -> RawHeaders:
        """Name and value of each line."""
        if not isinstance(self.lines, bytes):
            return self.lines
        fields = (line.partition(b": ") for line in self.lines.split(b"\r\n")[:-1])
        return [(name, value) for name, _, value in fields]

    @property
    def block(self) -> bytes:
        """The lines, each with its line end."""
        return self.lines if isinstance(self.lines, bytes) else wire_lines(self.lines)


class Outlet(Protocol):
    """A client's connection, as far as bytes go out on it as they are."""

    #: None once the client has left.
    transport: asyncio.Transport | None
    #: Pending while the client is slower than we are.
    can_write: asyncio.Future[None] | None


class Downstream(Protocol):
    """One request and its one response."""

    head: RequestHead

    @property
    def trailers(self) -> RawHeaders:
        """Fields behind a chunked body, once `read` has returned b""."""
        ...

    def take_arrived(self) -> bytes | None:
        """The whole body, where it is short and has come with the head; else it is to be read."""
        ...

    async def read(self) -> bytes:
        """The next piece of the body, b"" at its end.

        The first call answers an `Expect: 100-continue`. Raises `errors.InvalidRequest` for bad
        chunk framing, `errors.RequestTooLarge`, `errors.RequestTimeout`.
        """
        ...

    def keep_pace(self, *, wanted: bool) -> None:
        """Hold the client to the least rate of a body that is kept, or no longer."""
        ...

    def drop_body(self) -> None:
        """Read no more of the body. The connection may serve another request where all of it has
        arrived, and is closed behind the response where it has not."""
        ...

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        """Pass on an interim (1xx) response; dropped where the client speaks HTTP/1.0."""
        ...

    def start(self, head: ResponseHead) -> None:
        """Begin the response. The head goes out with the first body bytes, or by `flush`."""
        ...

    def flush(self) -> None:
        """Send the head now, because the body keeps us waiting."""
        ...

    def write(self, data: bytes) -> bool:
        """Send body bytes; whether the client keeps up, else `drain` before the next.

        Raises `errors.ClientGone` once the connection is closed.
        """
        ...

    def outlet(self) -> Outlet | None:
        """Where chunks of the response's body go out as they stand on the wire; None where they do
        not: it is sent otherwise, its head is still to go out, or somebody looks at it here."""
        ...

    async def drain(self) -> None:
        """Wait while the client is slower than we are."""
        ...

    def finish(
        self, data: bytes = b"", trailers: RawHeaders | None = None
    ) -> Awaitable[None] | None:
        """Send the last body bytes and whatever marks the end. Nothing may follow.

        Returns what is to be awaited then, where anything is: a client that is slower than we are.
        """
        ...

    def abort(self) -> None:
        """Break the connection so that the client sees a failure, not an end."""
        ...

    @property
    def started(self) -> bool:
        """Whether response bytes have gone out, so that a refusal can no longer be sent."""
        ...
