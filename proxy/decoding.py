"""Content codings, undone in a copy so that usage can be read; the client gets the original.

A decoder is fed pieces and returns what they decode to. What it yields is bounded: an answer that
decodes to far more than it weighs is not worth memory to be counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final, Protocol

import brotli
import zstandard

#: Per piece of input (at most some 256 KiB) no more than this is decoded.
PIECE_MAX_BYTES: Final = 16 * 1024 * 1024


class CannotDecode(Exception):
    """The coding is unknown, broken, or a bomb: usage stays unknown."""


class _Decompressor(Protocol):
    def __call__(self, data: bytes) -> bytes: ...


def _gzip() -> _Decompressor:
    state = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, told by the header.
    return lambda data: _bounded(state.decompress(data, PIECE_MAX_BYTES), state.unconsumed_tail)


def _brotli() -> _Decompressor:
    state = brotli.Decompressor()

    def decode(data: bytes) -> bytes:
        decoded = state.process(data, output_buffer_limit=PIECE_MAX_BYTES)
        return _bounded(decoded, b"" if state.can_accept_more_data() else b"more")

    return decode


def _zstd() -> _Decompressor:
    # The window bounds memory; RFC 9659 allows 8 MB for the web.
    state = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompressobj()
    return lambda data: _bounded(state.decompress(data), b"")


def _bounded(decoded: bytes, left: bytes) -> bytes:
    if left or len(decoded) > PIECE_MAX_BYTES:
        raise CannotDecode("The answer decodes to more than is worth counting.")
    return decoded


_CODINGS: Final[dict[bytes, Callable[[], _Decompressor]]] = {
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _gzip,
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
        except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as exc:
            raise CannotDecode(str(exc)) from exc
