"""The head of an upstream's response, as the data path gets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from proxy.headers import RawHeaders
from proxy.response_lines import Pattern, ResponseLines, lines_of
from proxy.settable import settable


class UpstreamHead(msgspec.Struct, gc=False):
    """A response head. `content_length` is None for a body whose length is not announced.

    `until_close`: the body ends where the connection does, so that a cut does not show. `pattern`
    is of a head that was told by its likeness to others; `block` is what goes to the client of it.
    """

    status: int
    reason: bytes
    _headers: RawHeaders | None
    content_length: int | None
    until_close: bool = False
    lines: ResponseLines | None = None
    pattern: Pattern | None = None
    block: bytes = b""
    _values: Sequence[bytes] | None = None

    def __repr__(self) -> str:
        # The default would print cookies, and signed addresses.
        return f"UpstreamHead({self.status})"

    @property
    def headers(self) -> RawHeaders:
        """Name and value of each line."""
        return self.read().headers if self._headers is None else self._headers

    def read(self) -> ResponseLines:
        """What the header lines say."""
        if self.lines is None:
            if self.pattern is not None and self._values is not None:
                self.lines = self.pattern.lines(self._values, self.block)
            else:
                self.lines = lines_of(self._headers or [])
        return self.lines


@settable
class Arrived(msgspec.Struct, gc=False):
    """What came at once of a response with a plain head. It is `complete` where that is all of it,
    and says of itself then what a `response.ResponseReader` says of one that it has read."""

    head: UpstreamHead
    body: bytes
    complete: bool

    keep_alive: ClassVar[bool] = True
    unread: ClassVar[bytes] = b""

    def __repr__(self) -> str:
        # The default would print the body.
        return f"Arrived({self.head!r})"

    @property
    def chunks(self) -> tuple[bytes, ...]:
        """What of the body is there to be taken."""
        return (self.body,) if self.body else ()

    @property
    def queued(self) -> int:
        """How many bytes these are."""
        return len(self.body)

    @property
    def trailers(self) -> RawHeaders:
        """None: the body has a length."""
        return []

    def take(self) -> bytes:
        """All of the body, once."""
        body, self.body = self.body, b""
        return body

    def end(self) -> bool:
        """The connection was closed: whether that ends the response."""
        return self.complete
