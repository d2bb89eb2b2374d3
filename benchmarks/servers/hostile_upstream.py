"""An upstream that answers as badly as the request's `x-attack` says: `PORT`.

What it sends is made once, so that it costs the machine as little as can be.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import sys
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final, cast

import uvloop
import zstandard

_MIB: Final = 1024 * 1024
_ATTACK: Final = re.compile(rb"\r\nx-attack: *([a-z-]+)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_EVENTS: Final = b"Content-Type: text/event-stream\r\n"
_JSON: Final = b"Content-Type: application/json\r\n"


def _head(*lines: bytes, length: int | None = None) -> bytes:
    framing = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    return b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + framing + b"\r\n\r\n"


def _whole(body: bytes, *lines: bytes) -> bytes:
    return _head(*lines, length=len(body)) + body


def _filled(unit: bytes, size: int = 4 * _MIB) -> bytes:
    return unit * (size // len(unit))


def _coded(coding: bytes, body: bytes, kind: bytes = _EVENTS) -> bytes:
    return _whole(body, kind, b"Content-Encoding: %b\r\n" % coding)


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, 6)


_USAGE_EVENT: Final = b'data: {"usage":{}}\n\n'
ANSWERS: Final[dict[str, Callable[[], bytes]]] = {
    "blank-lines": lambda: _whole(_filled(b"\n"), _EVENTS),
    "tiny-events": lambda: _whole(_filled(b"data:\n\n"), _EVENTS),
    "usage-events": lambda: _whole(_filled(_USAGE_EVENT, _MIB), _EVENTS),
    "endless-event": lambda: _whole(b"data: " + _filled(b"x", 16 * _MIB), _EVENTS),
    "large-event": lambda: _whole(
        b'data: {"usage":{},"choices":[%b""]}\n\n' % _filled(b'"",', 3 * _MIB), _EVENTS
    ),
    "gzip-blank-lines": lambda: _coded(b"gzip", _gzip(_filled(b"\n", 16 * _MIB))),
    "gzip-usage-events": lambda: _coded(b"gzip", _gzip(_filled(_USAGE_EVENT, 4 * _MIB))),
    "gzip-members": lambda: _coded(b"gzip", gzip.compress(b"") * 50_000),
    "deflate-json": lambda: _coded(b"deflate", zlib.compress(b'{"x":"' + bytes(64 * _MIB)), _JSON),
    "zstd-frames": lambda: _coded(b"zstd", zstandard.compress(b"") * 100_000),
    "json-quotes": lambda: _whole(b'{"x":[' + _filled(b'"",') + b'""]}', _JSON),
    "json-escapes": lambda: _whole(b'{"x":"' + _filled(b"\\n") + b'"}', _JSON),
    "tiny-chunks": lambda: _head(_EVENTS) + b"1\r\n\n\r\n" * 300_000 + b"0\r\n\r\n",
    "many-fields": lambda: b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 60_000 + b"\r\n",
    "large-body": lambda: _whole(bytes(64 * _MIB), b"Content-Type: audio/mpeg\r\n"),
}


@cache
def _answer(name: str) -> bytes:
    return ANSWERS[name]()


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = b""
        self._to_drop = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not registered as asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        dropped = min(self._to_drop, len(data))
        self._to_drop -= dropped
        self._received += data[dropped:]
        while (end := self._received.find(b"\r\n\r\n")) != -1:
            head, self._received = self._received[: end + 4], self._received[end + 4 :]
            length, attack = _LENGTH.search(head), _ATTACK.search(head)
            size = 0 if length is None else int(length[1])
            self._to_drop = max(0, size - len(self._received))
            self._received = self._received[size:]
            name = "" if attack is None else attack[1].decode()
            answer = _answer(name) if name in ANSWERS else _whole(b"{}", _JSON)
            self._transport.write(answer)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    # What is measured shares the machine with what attacks it.
    os.nice(10)
    uvloop.run(_serve(int(sys.argv[1])))
