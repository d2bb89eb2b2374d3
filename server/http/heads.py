"""What a request's head says, once it has been read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from proxy.downstream import RequestHead
from proxy.header_lines import HeaderLines
from server.http.faults import Fields

if TYPE_CHECKING:
    from server.http.alike import Alike

HEAD_MAX_BYTES: Final = 32 * 1024
#: A `Content-Length` that everyone reads as the same number.
PLAIN_LENGTH: Final = re.compile(rb"0|[1-9][0-9]{0,17}+")


class RequestLine(msgspec.Struct, frozen=True, gc=False):
    """A request line. `path` is the target without its query.

    `authority` is what the absolute form names; `plain` is a line of HTTP/1.1 that names none.
    """

    method: str
    target: bytes
    path: bytes
    minor_version: int
    size: int
    authority: bytes | None
    plain: bool


class ParsedHead(msgspec.Struct, frozen=True, gc=False):
    """A request head. `content_length` is None when the body is chunked.

    `hops` is how many proxies like this one it has passed, as the last of them says. `likeness` and
    `credential` are as those of a `proxy.downstream.RequestHead`.
    """

    line: RequestLine
    lines: HeaderLines
    content_length: int | None
    expects_continue: bool
    keep_alive: bool
    hops: int = 0
    likeness: Alike | None = None
    credential: bytes = b""

    def __repr__(self) -> str:
        # The default would print the client's token into whatever log a head ends up in.
        return f"ParsedHead({self.method} {self.lines!r})"

    @property
    def method(self) -> str:
        """The method, in the case in which it came."""
        return self.line.method

    @property
    def target(self) -> bytes:
        """The path and query, as they came."""
        return self.line.target

    @property
    def minor_version(self) -> int:
        """1 of HTTP/1.1."""
        return self.line.minor_version

    @property
    def fields(self) -> Fields:
        """Name and value of each header line."""
        return self.lines.fields

    def request(self, client_ip: str) -> RequestHead:
        """The same for the data path."""
        line = self.line
        return RequestHead(
            line.method,
            line.target,
            _VERSIONS[line.minor_version],
            self.lines,
            self.content_length,
            client_ip,
            self.hops,
            self.likeness,
            self.credential,
        )


_VERSIONS: Final = ("1.0", "1.1")
