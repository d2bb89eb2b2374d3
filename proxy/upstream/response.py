"""The responses on one connection, sans-io: bytes in; heads, body pieces and trailers out.

The parser is llhttp (through httptools) in its strict mode; what it leaves open is refused here. A
response that could be read in two ways is a `ProtocolViolation`, and so are bytes behind its end:
their sender cannot be trusted with where the next response begins.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import Final

import httptools

from proxy.headers import RawHeaders, values_of
from proxy.response_lines import ResponseLines, lines_of
from proxy.upstream.alike import UNLIKE, Alike, alike_of
from proxy.upstream.errors import ProtocolViolation
from proxy.upstream.heads import Arrived, UpstreamHead
from proxy.upstream.plain_head import plain_head

#: Bytes in a row that are no body: a head with its interim ones, trailers, chunk extensions.
HEAD_MAX_BYTES: Final = 256 * 1024
#: Field lines of a response: those of its interim heads, its head and its trailers.
FIELDS_MAX: Final = 1000
#: Bytes of its fields that are lists to be taken apart.
LISTS_MAX_BYTES: Final = 8 * 1024
_LISTS: Final = (b"connection", b"keep-alive")
#: A piece of the body, as it is taken, is no larger than this and one chunk.
PIECE_BYTES: Final = 256 * 1024
#: Chunks that are read at once; a chunk costs as much time however small it is.
CHUNKS_PER_TURN: Final = 512
_SLICE: Final = 4 * 1024
#: Interim responses (1xx) that may come before one final response.
INTERIM_MAX: Final = 16
_NEVER: Final = float("inf")
#: After so many heads that were unlike those before, only one in so many is compared with them.
_PATIENCE: Final = 8
# RFC 9112 4: what llhttp does not check.
_REASON: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_OWS: Final = b" \t"
_NO_PARSER: Final = httptools.HttpResponseParser(object())


class ResponseReader:
    """Reads one response after another: `begin`, `feed` until `complete`, then `reset`.

    A usual one, whose head comes at once, is read without the parser (`plain_head`).

    `heads`, `chunks` and `trailers` are there to be taken; `queued` counts the bytes in `chunks`.
    `unread` is what one turn of the event loop had no time for; the next `feed` begins with it.
    """

    __slots__ = (
        "_alike", "_begun", "_behind_chunk", "_content_length", "_fields", "_headers", "_in_body",
        "_interim", "_left", "_lists", "_overhead", "_parser", "_parser_is_spent", "_reason",
        "_unlike", "_until_close", "_was_fed", "chunks", "complete", "head_only", "heads",
        "idle_timeout", "keep_alive", "likely", "on_body", "on_chunk_complete", "on_chunk_header",
        "queued", "trailers", "unread",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parser = _NO_PARSER
        self._parser_is_spent = True
        #: Seconds the connection may idle, as far as the upstream said (`Keep-Alive: timeout=`).
        self.idle_timeout = _NEVER
        self.trailers: RawHeaders = []
        self.chunks: list[bytes] = []
        #: The parser's callback for body bytes, which takes no step of ours.
        self.on_body = self.chunks.append
        #: Something, where a chunk has ended and no size of another one has been read to its end.
        self._behind_chunk: list[None] = []
        #: Likewise, where a chunk has ended, and behind the line with its size.
        self.on_chunk_complete = partial(self._behind_chunk.append, None)
        self.on_chunk_header = self._behind_chunk.clear
        #: What the last plain heads were like, no more than two: the next one mostly is so, too.
        self._alike: list[Alike] = []
        #: The last of these. What it reads of a response that begins is for `feed`.
        self.likely = UNLIKE
        #: How many were not since.
        self._unlike = 0
        self.head_only = False
        #: Whether anything of the response has been read, and whether the parser was fed with it.
        self._begun = self._was_fed = False
        #: Bytes of a body that are still to come past the parser.
        self._left = 0
        self._headers: RawHeaders = []
        self._reason = b""
        self._interim = self._fields = self._lists = self._overhead = 0
        self._content_length: int | None = None
        self._in_body = self._until_close = False
        self.heads: list[UpstreamHead] = []
        self.queued = 0
        self.complete = self.keep_alive = False
        self.unread = b""
        self._reset_parser()

    def reset(self) -> None:
        """Forget the last response, all but its trailers."""
        if self._was_fed:
            self._reset_parser()
        self.head_only = self._begun = self._in_body = self.complete = self.keep_alive = False
        self._left = self.queued = 0
        self._content_length = None
        if self.heads:
            self.heads = []
        if self.chunks:
            self.chunks.clear()

    def _reset_parser(self) -> None:
        if self._parser_is_spent:
            self._parser = httptools.HttpResponseParser(self)
            self._parser_is_spent = False
        self._was_fed = self._until_close = False
        self._behind_chunk.clear()
        self._headers = []
        self._reason = self.unread = b""
        self._interim = self._fields = self._lists = self._overhead = 0

    def begin(self, *, head_only: bool) -> None:
        """Get ready for the response to a request; `head_only` where that is a HEAD."""
        self.head_only = head_only
        self.trailers = []

    def feed(self, data: bytes, arrived: Arrived | None = None) -> bool:
        """Read the next bytes; whether they complete the response. `arrived` is what they are the
        beginning of, where that has been told.

        Raises ProtocolViolation, after which nothing can be read.
        """
        if self._left:
            self._take_plain(data)
            return self.complete
        if not self._begun:
            self._begun = True
            if not self.head_only and self._is_plain(data, arrived):
                return self.complete
        known = len(self.chunks)
        self._was_fed = True
        if self.unread:
            data, self.unread = self.unread + data, b""
        try:
            if len(data) <= _SLICE or not self._may_be_chunked():
                self._parser.feed_data(data)
            else:
                self._feed_slices(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            raise self._violation(exc) from None
        self._count(known, len(data))
        return self.complete

    def read_on(self, data: bytes) -> bytes:
        """`feed` and `take` in one, for a piece from the midst of the body that comes alone.

        b"" where it is not that; what has come is to be taken then. Raises as `feed` does.
        """
        chunks = self.chunks
        if chunks or self.unread or self._left or len(data) > _SLICE:
            self.feed(data)
            return b""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            raise self._violation(exc) from None
        if len(chunks) == 1 and not self.complete:
            self._overhead = 0
            return chunks.pop()
        self._count(0, len(data))
        return b""

    def is_between_chunks(self, data: bytes) -> bool:
        """Whether the bytes that were read last are behind a chunk, and no part of the next."""
        # What follows a chunk and ends so is the whole line with the size of the next.
        return bool(self._behind_chunk) and data.endswith(b"\r\n")

    def _is_plain(self, data: bytes, arrived: Arrived | None) -> bool:
        """Whether the response has a plain head, which is read then, with what follows it."""
        arrived = arrived or self._told(data) or self._read_plain(data)
        if arrived is None:
            return False
        head, body = arrived.head, arrived.body
        length = head.content_length or 0
        if len(body) > length:
            return False
        self.heads.append(head)
        self._content_length = self._left = length
        self._in_body = self.keep_alive = True
        if body:
            self._take_plain(body)
        else:
            self.complete = not length
        return True

    def _told(self, data: bytes) -> Arrived | None:
        """What has arrived, where its head is like one of the last."""
        if self._unlike < _PATIENCE or not self._unlike % _PATIENCE:
            for alike in self._alike:
                if (arrived := alike.read(data)) is not None:
                    self.likely, self._unlike = alike, 0
                    return arrived
        self._unlike += 1
        if self._unlike >= _PATIENCE:
            self.likely = UNLIKE
        return None

    def _read_plain(self, data: bytes) -> Arrived | None:
        """What has arrived, where its head is a plain one that is like none of the last."""
        head = plain_head(data)
        if head is None:
            return None
        alike = alike_of(head)
        if alike is not None and alike not in self._alike:
            self._alike = [alike, *self._alike[:1]]
        said = head.status, head.reason, head.lines.headers, head.length, False, head.lines
        body = data[head.end :]
        return Arrived(UpstreamHead(*said), body, len(body) == head.length)

    def _take_plain(self, data: bytes) -> None:
        left = self._left - len(data)
        if left < 0:
            if data[left:].strip(b"\r\n"):
                raise _surplus()
            data, left = data[:left], 0
        self.chunks.append(data)
        self.queued += len(data)
        self._left = left
        self.complete = not left

    def _violation(self, exc: Exception) -> ProtocolViolation:
        self.complete = False
        cause = exc.__context__
        what = str(cause if isinstance(cause, ProtocolViolation) else exc)
        return ProtocolViolation(what or type(exc).__name__)

    def _count(self, known: int, fed: int) -> None:
        """Count what so many bytes have brought, behind the chunks that were known."""
        if len(self.chunks) != known:
            self.queued += sum(map(len, islice(self.chunks, known, None)))
            self._overhead = 0
            if self._parser_is_spent:
                # The body of an answer that has none.
                self.chunks.clear()
                self.complete = False
                raise _surplus()
        elif self.complete:
            self._overhead = 0
        else:
            self._overhead += fed
            if self._overhead > HEAD_MAX_BYTES:
                raise ProtocolViolation("The response's head or trailers are too large.")

    def _may_be_chunked(self) -> bool:
        return not self._in_body or (self._content_length is None and not self._until_close)

    def _feed_slices(self, data: bytes) -> None:
        most = len(self.chunks) + CHUNKS_PER_TURN
        for start in range(0, len(data), _SLICE):
            if len(self.chunks) > most:
                self.unread = data[start:]
                return
            self._parser.feed_data(data[start : start + _SLICE])

    def end(self) -> bool:
        """The connection was closed: whether that ends the response, as some do (RFC 9112 6.3)."""
        if self._until_close:
            self.complete = True
        return self.complete

    def close(self) -> None:
        """Drop the parser, which refers to us: a cycle would wait for the garbage collector."""
        self._parser = _NO_PARSER
        self._parser_is_spent = self._was_fed = True

    def take(self) -> bytes:
        """Body bytes that have arrived; b"" where none have."""
        chunks = self.chunks
        if self.queued > PIECE_BYTES:
            return self._take_some()
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self.queued = 0
        return data

    def _take_some(self) -> bytes:
        size = count = 0
        for chunk in self.chunks:
            size += len(chunk)
            count += 1
            if size >= PIECE_BYTES:
                break
        data = b"".join(self.chunks[:count])
        del self.chunks[:count]
        self.queued -= size
        return data

    # httptools' callbacks. What they raise becomes the context of an HttpParserCallbackError.

    def on_message_begin(self) -> None:
        if self.complete:
            raise _surplus()

    def on_status(self, status: bytes) -> None:
        self._reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.complete:
            raise _surplus()
        self._fields += 1
        if self._fields > FIELDS_MAX:
            raise ProtocolViolation("The response has too many fields.")
        if len(name) == 10 and name.lower() in _LISTS:
            self._lists += len(value)
            if self._lists > LISTS_MAX_BYTES:
                raise ProtocolViolation("The response's Connection fields are too long.")
        (self.trailers if self._in_body else self._headers).append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        version = self._parser.get_http_version()
        if status == 101 or status < 100:
            raise ProtocolViolation(f"The upstream answered {status}.")
        if version not in ("1.1", "1.0") or not _REASON.fullmatch(self._reason):
            raise ProtocolViolation("The response's status line is malformed.")
        lines = lines_of(self._headers)
        self._find_end(status, version, lines)
        head = UpstreamHead(
            status, self._reason, self._headers, self._content_length, self._until_close, lines
        )
        if status < 200:
            self._interim += 1
            if self._interim > INTERIM_MAX:
                raise ProtocolViolation("The upstream sent too many interim responses.")
        else:
            self._in_body = True
        self.heads.append(head)
        self._headers, self._reason = [], b""

    def on_message_complete(self) -> None:
        self.complete = self._in_body

    # Framing

    def _find_end(self, status: int, version: str, lines: ResponseLines) -> None:
        """Find where the body ends (RFC 9112 6.3); doubt is a violation."""
        length, coding = self._framing_fields(version, lines)
        if length is not None:
            # llhttp has checked that these are digits; the rest is against its overflow.
            if len(length) > 18:
                raise ProtocolViolation("The response's Content-Length is malformed.")
            if int(length) and (status < 200 or status == 204):
                raise ProtocolViolation("The response announces a body that it cannot have.")
        if coding and (status < 200 or status == 204):
            raise ProtocolViolation("The response announces a body that it cannot have.")
        if status < 200:
            return
        self._content_length = None if length is None else int(length)
        self.keep_alive = self._parser.should_keep_alive()
        if self.head_only or status in (204, 304):
            # llhttp does not know that this answers a HEAD, and would wait for the announced body.
            self.complete = self._parser_is_spent = True
            # A chunked body that follows all the same could go unnoticed.
            self.keep_alive = self.keep_alive and not coding
        elif length is None and not coding:
            self._until_close = True

    def _framing_fields(self, version: str, lines: ResponseLines) -> tuple[bytes | None, bool]:
        """The announced length, and whether the body is chunked."""
        first = lines.first
        length, coding = first.get(b"content-length"), first.get(b"transfer-encoding")
        if lines.has_repeated:
            if len(values_of(self._headers, b"content-length")) > 1:
                raise ProtocolViolation("The response's length is ambiguous.")
            if len(values_of(self._headers, b"transfer-encoding")) > 1:
                raise ProtocolViolation("The response's transfer coding is not chunked.")
        if b"keep-alive" in first:
            # The last one, where there are more.
            said = values_of(self._headers, b"keep-alive")[-1]
            self.idle_timeout = keep_alive_timeout(said)
        if coding is None:
            return None if length is None else length.strip(_OWS), False
        if length is not None:
            raise ProtocolViolation("The response's length is ambiguous.")
        if coding.strip(_OWS).lower() != b"chunked" or version != "1.1":
            raise ProtocolViolation("The response's transfer coding is not chunked.")
        return None, True


def _surplus() -> ProtocolViolation:
    return ProtocolViolation("The upstream sent more than its response.")


def keep_alive_timeout(value: bytes) -> float:
    """Seconds from `Keep-Alive: timeout=5, max=100`, less to be on the safe side."""
    for parameter in value.split(b","):
        name, _, seconds = parameter.strip().partition(b"=")
        if name.strip().lower() == b"timeout" and seconds.isdigit() and len(seconds) < 6:
            return max(int(seconds) - 1.0, int(seconds) / 2)
    return _NEVER
