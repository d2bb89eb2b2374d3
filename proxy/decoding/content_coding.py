"""Content codings, undone in a copy so that usage can be read; the client gets the original.

A decoder is fed pieces and returns what they decode to, no more than some 64 KiB at once: while it
is `behind`, feeding it b"" in a later turn of the event loop returns more. An answer that decodes
to far more than it weighs (a bomb) is not worth the time to be counted.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import IO, Final, Protocol, cast

import brotli  # type: ignore[import-untyped]  # It has no types.
import zstandard

#: A call returns no more than this, brotli's own buffer aside.
STEP_BYTES: Final = 64 * 1024
#: A codec is given so much at once, and asked so often in one call: a gzip member may be 20 bytes.
_SLICE: Final = 2048
_SLICES_PER_STEP: Final = 32
#: An answer may decode to this, and beyond it to so many times its size.
ALWAYS_BYTES: Final = 4 * 1024 * 1024
RATIO_MAX: Final = 100
#: A request's body that decodes to more is not looked into.
BODY_MAX_BYTES: Final = 64 * 1024 * 1024
#: What one slice may decode to with zstd, which cannot be stopped in the middle of one.
_BURST_BYTES: Final = ALWAYS_BYTES
#: RFC 9659: what a decoder of the web's zstd has to offer, and no more.
_ZSTD_WINDOW: Final = 8 * 1024 * 1024
_GZIP_OR_ZLIB: Final = 47
_RAW_DEFLATE: Final = -15


class CannotDecode(Exception):
    """The coding is unknown, broken, or a bomb: usage stays unknown."""


class _Codec(Protocol):
    """`decode` takes all of `data`, and returns about `limit` bytes at most.

    While it is `full`, there is more to be had for b"". It is `whole` where it may end here.
    """

    full: bool

    @property
    def whole(self) -> bool: ...

    def decode(self, data: bytes, limit: int) -> bytes: ...


class _Zlib:
    """gzip, of any number of members, and deflate, in its wrapper or (as some send it) raw."""

    __slots__ = ("_begun", "_done", "_head", "_is_deflate", "_state", "_tail", "full")

    def __init__(self, *, is_deflate: bool) -> None:
        self._is_deflate = is_deflate
        self._state: zlib._Decompress | None = None
        #: The first byte, while one is not enough to tell wrapped from raw.
        self._head = b""
        #: What was given and not looked at yet.
        self._tail = b""
        self._begun = self._done = self.full = False

    @property
    def whole(self) -> bool:
        return self._begun and self._state is None

    def decode(self, data: bytes, limit: int) -> bytes:
        data = self._head + self._tail + data
        self._head = self._tail = b""
        self.full = False
        if self._state is None:
            if self._done or not data:
                return b""
            # Another member may follow; anything else is padding.
            self._done = self._begun and (self._is_deflate or data[:1] != b"\x1f")
            if self._done:
                return b""
            if self._is_deflate and len(data) < 2:
                self._head = data
                return b""
            self._begun = True
            self._state = zlib.decompressobj(self._window_bits(data))
        decoded = self._state.decompress(data, limit)
        if self._state.eof:
            self._tail = self._state.unused_data
            self._state = None
            self.full = bool(self._tail)
        else:
            self._tail = self._state.unconsumed_tail
            # zlib may have taken everything in and still hold output.
            self.full = bool(self._tail) or len(decoded) == limit
        return decoded

    def _window_bits(self, data: bytes) -> int:
        """What to tell zlib of a stream that begins like this (RFC 1950 2.2)."""
        if not self._is_deflate or (data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0):
            return _GZIP_OR_ZLIB
        return _RAW_DEFLATE


class _Brotli:
    __slots__ = ("_state", "full")

    def __init__(self) -> None:
        self._state = brotli.Decompressor()
        self.full = False

    @property
    def whole(self) -> bool:
        return bool(self._state.is_finished())

    def decode(self, data: bytes, limit: int) -> bytes:
        if self._state.is_finished():
            self.full = False
            return b""
        decoded: bytes = self._state.process(data, output_buffer_limit=limit)
        # It may have taken everything in and still hold output, which it does not tell.
        self.full = not self._state.can_accept_more_data() or len(decoded) >= limit
        return decoded


class _Sink:
    """Where a zstd stream is written to; refuses before memory is gone."""

    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.size = 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size > _BURST_BYTES:
            raise CannotDecode(_TOO_MUCH)
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        self.size = 0
        return taken


class _Zstd:
    __slots__ = ("_at", "_decoded", "_sink", "_stream", "full")

    def __init__(self) -> None:
        self._sink = _Sink()
        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._stream = decompressor.stream_writer(cast(IO[bytes], self._sink))
        #: What the last data decoded to, and up to where that was returned.
        self._decoded = b""
        self._at = 0
        self.full = False

    @property
    def whole(self) -> bool:
        # The library does not tell, so that an end proves nothing.
        return False

    def decode(self, data: bytes, limit: int) -> bytes:
        if data:
            self._stream.write(data)
            self._decoded = self._decoded[self._at :] + self._sink.take()
            self._at = 0
        decoded = self._decoded[self._at : self._at + limit]
        self._at += limit
        self.full = self._at < len(self._decoded)
        return decoded


_TOO_MUCH: Final = "The answer decodes to more than is worth counting."


def _gzip() -> _Codec:
    return _Zlib(is_deflate=False)


def _deflate() -> _Codec:
    return _Zlib(is_deflate=True)


_CODINGS: Final[dict[bytes, Callable[[], _Codec]]] = {
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _deflate,
    b"br": _Brotli,
    b"zstd": _Zstd,
}


def is_known(coding: bytes) -> bool:
    """Whether there is a decoder for this coding, given in lower case."""
    return coding in _CODINGS


class Decoder:
    """Undoes one `Content-Encoding`. Raises CannotDecode, for good, when it cannot."""

    __slots__ = ("_at", "_codec", "_input", "_taken", "_yielded", "behind")

    def __init__(self, coding: bytes) -> None:
        opener = _CODINGS.get(coding.strip().lower())
        if opener is None:
            raise CannotDecode(f"The coding {coding!r} is not known.")
        self._codec = opener()
        self._input = b""
        self._at = 0
        self._taken = self._yielded = 0
        self.behind = False

    @property
    def whole(self) -> bool:
        """Whether all that was fed may be all there is: the coding's own end was reached."""
        return self._codec.whole

    def feed(self, data: bytes) -> bytes:
        """What these bytes decode to, or the first of it; b"" asks for the rest."""
        if data:
            self._input = self._input[self._at :] + data
            self._at = 0
            self._taken += len(data)
        try:
            decoded = self._step()
        except (zlib.error, brotli.error, zstandard.ZstdError) as exc:
            raise CannotDecode(str(exc)) from exc
        self._yielded += len(decoded)
        if self._yielded > ALWAYS_BYTES + RATIO_MAX * self._taken:
            raise CannotDecode(_TOO_MUCH)
        return decoded

    def _step(self) -> bytes:
        codec, pieces, room = self._codec, [], STEP_BYTES
        for _ in range(_SLICES_PER_STEP):
            if room <= 0:
                break
            piece = b""
            if not codec.full:
                piece = self._input[self._at : self._at + _SLICE]
                self._at += len(piece)
                if not piece:
                    break
            decoded = codec.decode(piece, room)
            room -= len(decoded)
            pieces.append(decoded)
        self.behind = codec.full or self._at < len(self._input)
        return b"".join(pieces)
