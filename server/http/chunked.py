"""Chunked bodies of requests (RFC 9112 7.1), sans-io and as strict as `framing`."""

from __future__ import annotations

import re
from typing import Final

from server.http.faults import Fields, FramingError
from server.http.framing import TOKEN, has_bare_lf, parse_fields

CHUNK_LINE_MAX_BYTES: Final = 1024
TRAILERS_MAX_BYTES: Final = 16 * 1024

_QUOTED: Final = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
_CHUNK_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,15}+)"
    rb"(?:[ \t]*+;[ \t]*+%(token)b(?:[ \t]*+=[ \t]*+(?:%(token)b|%(quoted)b))?+)*+\r\n"
    % {b"token": TOKEN, b"quoted": _QUOTED}
)


class ChunkedBody:
    """Takes a chunked body apart (RFC 9112 7.1), cut at any byte.

    `trailers` are there once `ended` is true.
    """

    __slots__ = ("_left", "_state", "ended", "trailers")

    def __init__(self) -> None:
        self._state = "size"
        self._left = 0
        self.ended = False
        self.trailers: Fields = []

    def take(self, buffer: bytearray) -> bytes:
        """Remove and return the next piece of data; b"" when more input is needed or at the end."""
        while not self.ended:
            if self._state == "size":
                if not self._read_size(buffer):
                    return b""
            elif self._state == "data":
                piece = bytes(buffer[: self._left])
                if piece:
                    del buffer[: len(piece)]
                    self._left -= len(piece)
                    if not self._left:
                        self._state = "terminator"
                return piece
            elif self._state == "terminator":
                if not self._read_terminator(buffer):
                    return b""
            elif not self._read_trailers(buffer):
                return b""
        return b""

    def _read_size(self, buffer: bytearray) -> bool:
        end = buffer.find(b"\n", 0, CHUNK_LINE_MAX_BYTES)
        if end == -1:
            if len(buffer) >= CHUNK_LINE_MAX_BYTES:
                raise FramingError("A chunk's size line is too long.")
            return False
        line = _CHUNK_LINE.fullmatch(buffer, 0, end + 1)
        if line is None:
            raise FramingError("A chunk's size is malformed.")
        self._left = int(line[1], 16)
        del buffer[: end + 1]
        self._state = "data" if self._left else "trailers"
        return True

    def _read_terminator(self, buffer: bytearray) -> bool:
        if not b"\r\n".startswith(bytes(buffer[:2])):
            raise FramingError("A chunk's data is not followed by CRLF.")
        if len(buffer) < 2:
            return False
        del buffer[:2]
        self._state = "size"
        return True

    def _read_trailers(self, buffer: bytearray) -> bool:
        if buffer.startswith(b"\r\n"):
            del buffer[:2]
        else:
            end = buffer.find(b"\r\n\r\n", 0, TRAILERS_MAX_BYTES)
            if end == -1:
                if len(buffer) >= TRAILERS_MAX_BYTES or has_bare_lf(buffer):
                    raise FramingError("The trailers are malformed or too long.")
                return False
            self.trailers = parse_fields(bytes(buffer[: end + 2]))
            del buffer[: end + 4]
        self.ended = True
        return True
