"""Values that some parser refuses, or reads in another way than the next, and a client for them.

They are sent as bytes, since an HTTP client would refuse to send most of them.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

#: Each is what some parser refuses, or reads in another way than the next one.
VALUES: Final = (
    b"//[",
    b"http://[",
    b"http://[::1",
    b"http://a@[x]/admin/",
    b"http://127.0.0.1:99999999/admin/",
    b"http://\xff\xfe/admin/",
    b"\xe2\x84\x80//a/b",
    b"/admin/\x80\xff",
    b"/admin/%ff%00",
    b"\xed\xa0\x80",
    b"=",
    b"%",
    b'"',
    b'"\\777"',
    b"-1",
    b"9" * 400,
    b"1e999",
    b"::1%eth0, [::1, 1.2.3.4:x, 999.1.1.1",
    b"0x7f.1",
    b"{" * 400,
    b"v1:" + b"A" * 12 + b":====",
    b"v1::\xff",
    b".",
    b"a.=\xff",
    b"; ;=;\xff=\xff;",
    b"a" * 4000,
)
HEADERS: Final = (
    "accept", "accept-encoding", "authorization", "content-type", "hx-current-url", "hx-request",
    "hx-target", "last-event-id", "origin", "referer", "sec-fetch-site", "user-agent",
    "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "if-none-match",
    "if-modified-since", "range",
)  # fmt: skip


async def status_of(url: str, head: bytes) -> int:
    """The status that `head`, without a body behind it, is answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(60):
            writer.write(head + b"connection: close\r\n\r\n")
            return int((await reader.readuntil(b"\r\n")).split()[1])
    finally:
        writer.transport.abort()


def asking(path: str, method: str = "GET", headers: Mapping[str, bytes] | None = None) -> bytes:
    """A head without its last lines."""
    lines = {"host": b"a", **(headers or {})}
    return f"{method} {path} HTTP/1.1\r\n".encode() + b"".join(
        b"%b: %b\r\n" % (name.encode(), value) for name, value in lines.items()
    )
