"""Content codings, undone in a copy so that usage can be read; the client gets the original.

A decoder is fed pieces and returns what they decode to. What it yields is bounded: an answer that
decodes to far more than it weighs is not worth memory to be counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import IO, Final, Protocol, cast

import brotli  # type: ignore[import-untyped]  # It has no types.
import zstandard

#: Per piece of input (at most some 256 KiB) no more than this is decoded.
PIECE_MAX_BYTES: Final = 16 * 1024 * 1024
#: RFC 9659: what a decoder of the web's zstd has to offer, and no more.
_ZSTD_WINDOW: Final = 8 * 1024 * 1024
_GZIP_OR_ZLIB: Final = 47
_RAW_DEFLATE: Final = -15


class CannotDecode(Exception):
    """The coding is unknown, broken, or a bomb: usage stays unknown."""


class _Decompressor(Protocol):
    def __call__(self, data: bytes) -> bytes: ...


class _Zlib:
    """gzip, of any number of members, and deflate, in its wrapper or (as some send it) raw."""

    __slots__ = ("_begun", "_done", "_head", "_is_deflate", "_state")

    def __init__(self, *, is_deflate: bool) -> None:
        self._is_deflate = is_deflate
        self._state: zlib._Decompress | None = None
        #: The first byte, while one is not enough to tell wrapped from raw.
        self._head = b""
        self._begun = self._done = False

    def __call__(self, data: bytes) -> bytes:
        if self._done:
            return b""
        data = self._head + data
        self._head = b""
        decoded = b""
        while data:
            if self._state is None:
                # Another member may follow; anything else is padding.
                self._done = self._begun and (self._is_deflate or data[:1] != b"\x1f")
                if self._done:
                    break
                if self._is_deflate and len(data) < 2:
                    self._head = data
                    break
                self._begun = True
                self._state = zlib.decompressobj(self._window_bits(data))
            decoded += self._state.decompress(data, PIECE_MAX_BYTES + 1 - len(decoded))
            _check(decoded, unfinished=bool(self._state.unconsumed_tail))
            data = self._state.unused_data
            if self._state.eof:
                self._state = None
        return decoded

    def _window_bits(self, data: bytes) -> int:
        """What to tell zlib of a stream that begins like this (RFC 1950 2.2)."""
        if not self._is_deflate or (data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0):
            return _GZIP_OR_ZLIB
        return _RAW_DEFLATE


def _brotli() -> _Decompressor:
    state = brotli.Decompressor()

    def decode(data: bytes) -> bytes:
        if state.is_finished():
            return b""
        decoded: bytes = state.process(data, output_buffer_limit=PIECE_MAX_BYTES)
        return _check(decoded, unfinished=not state.can_accept_more_data())

    return decode


class _Bounded:
    """Where a zstd stream is written to; refuses before memory is gone."""

    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size > PIECE_MAX_BYTES:
            raise CannotDecode(_TOO_MUCH)
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        self.size = 0
        return taken


def _zstd() -> _Decompressor:
    sink = _Bounded()
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    stream = decompressor.stream_writer(cast(IO[bytes], sink))

    def decode(data: bytes) -> bytes:
        stream.write(data)
        return sink.take()

    return decode


_TOO_MUCH: Final = "The answer decodes to more than is worth counting."


def _check(decoded: bytes, *, unfinished: bool) -> bytes:
    if unfinished or len(decoded) > PIECE_MAX_BYTES:
        raise CannotDecode(_TOO_MUCH)
    return decoded


def _gzip() -> _Decompressor:
    return _Zlib(is_deflate=False)


def _deflate() -> _Decompressor:
    return _Zlib(is_deflate=True)


_CODINGS: Final[dict[bytes, Callable[[], _Decompressor]]] = {
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _deflate,
    b"br": _brotli,
    b"zstd": _zstd,
}


class Decoder:
    """Undoes one `Content-Encoding`. Raises CannotDecode, for good, when it cannot."""

    __slots__ = ("_decompress",)

    def __init__(self, coding: bytes) -> None:
        opener = _CODINGS.get(coding.strip().lower())
        if opener is None:
            raise CannotDecode(f"The coding {coding!r} is not known.")
        self._decompress = opener()

    def feed(self, data: bytes) -> bytes:
        """What these bytes decode to."""
        try:
            return self._decompress(data)
        except (zlib.error, brotli.error, zstandard.ZstdError) as exc:
            raise CannotDecode(str(exc)) from exc
