"""An answer as bytes on the wire (RFC 9112): its framing, its head, its pieces. No I/O here."""

from __future__ import annotations

import enum
import time
import zlib
from collections.abc import Iterable, Iterator
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from fake_upstream.answer import Answer, Request
from fake_upstream.behaviour import Field

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODILESS = frozenset((204, 304))


class Framing(enum.Enum):
    NONE = enum.auto()
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    CLOSE = enum.auto()


@lru_cache
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return b"date: " + formatdate(second, usegmt=True).encode() + b"\r\nserver: fake-upstream\r\n"


def interim(status: int) -> bytes:
    """A 1xx head; 103 brings the kind of link that one is for."""
    link = b"link: </style.css>; rel=preload\r\n" if status == 103 else b""
    return _status_line(status) + link + b"\r\n"


def body_length(answer: Answer) -> int | None:
    """Octets the body will have, or None where only the end will tell."""
    return len(answer.body) if answer.events is None else answer.size


def choose(answer: Answer, request: Request) -> Framing:
    """RFC 9112 6.3, from the sending side."""
    fake = request.fake
    if answer.status in _BODILESS:
        return Framing.NONE
    if fake.close:
        return Framing.CLOSE
    if fake.chunked or fake.trailers or body_length(answer) is None:
        return Framing.CLOSE if request.old else Framing.CHUNKED
    return Framing.LENGTH


def head(answer: Answer, request: Request, framing: Framing) -> bytes:
    """Status line and all fields, up to and including the empty line."""
    fake = request.fake
    parts = [_status_line(answer.status), _date(int(time.time()))]
    parts += [b"%b: %b\r\n" % field for field in answer.headers]
    parts += [b"%b: %b\r\n" % field for field in fake.headers]
    if framing is Framing.LENGTH:
        parts.append(b"content-length: %d\r\n" % (body_length(answer) or 0))
    elif framing is Framing.CHUNKED:
        parts.append(b"transfer-encoding: chunked\r\n")
    if fake.trailers:
        parts.append(b"trailer: " + b", ".join(name for name, _ in fake.trailers) + b"\r\n")
    if framing is Framing.CLOSE or fake.final or not request.keep_alive:
        parts.append(b"connection: close\r\n")
    elif request.old:
        parts.append(b"connection: keep-alive\r\n")
    parts.append(b"\r\n")
    return b"".join(parts)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: tuple[Field, ...]) -> bytes:
    return b"0\r\n" + b"".join(b"%b: %b\r\n" % field for field in trailers) + b"\r\n"


def pieces(answer: Answer, size: int | None) -> Iterable[bytes]:
    """The body as it is to go out: event by event, in pieces of that size, or all at once."""
    if answer.events is not None:
        return answer.events
    if size is None:
        return (answer.body,) if answer.body else ()
    return (answer.body[start : start + size] for start in range(0, len(answer.body), size))


def encode(answer: Answer, encoding: str) -> Answer:
    """The answer compressed with gzip or deflate (which is zlib's format, RFC 9110 8.4.1.2)."""
    headers = (*answer.headers, (b"content-encoding", encoding.encode()))
    if answer.events is not None:
        return Answer(answer.status, headers, events=_encode_each(answer.events, encoding))
    body = b"".join(_encode_each((answer.body,), encoding))
    return Answer(answer.status, headers, body)


def _encode_each(parts: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    # Flushed per event: a compressed stream is still one that a reader can follow as it comes.
    compressor = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    for part in parts:
        yield compressor.compress(part) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush(zlib.Z_FINISH)
