"""A request's body while it is kept: in pieces that are never joined, sans-io.

A copy of tens of megabytes stops the loop for tens of milliseconds. So a body stays in the pieces
in which it came, a splice cuts them where it has to, and only small ranges are copied out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, NamedTuple

#: Smaller pieces are put together up to this size: a client may send a byte at a time.
_PUT_TOGETHER_BYTES: Final = 64 * 1024


class Splice(NamedTuple):
    """`text` in the place of the bytes from `start` to `end`."""

    start: int
    end: int
    text: bytes


class KeptBody:
    """Bytes as they came; `size` is how many."""

    __slots__ = ("_offsets", "_open", "_pieces", "size")

    def __init__(self, *pieces: bytes) -> None:
        self.size = 0
        self._pieces: list[bytes] = []
        #: Where each piece begins.
        self._offsets: list[int] = []
        #: The beginning of the next piece, of pieces that were too small for one.
        self._open = bytearray()
        for piece in pieces:
            self.append(piece)

    def append(self, piece: bytes) -> None:
        """Keep the next bytes."""
        if self._open or (self._pieces and len(piece) < _PUT_TOGETHER_BYTES):
            self._open += piece
            self.size += len(piece)
            if len(self._open) >= _PUT_TOGETHER_BYTES:
                self._close()
        else:
            self._offsets.append(self.size)
            self._pieces.append(piece)
            self.size += len(piece)

    def _close(self) -> None:
        if self._open:
            self._offsets.append(self.size - len(self._open))
            self._pieces.append(bytes(self._open))
            self._open.clear()

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """All of it, in order."""
        self._close()
        return tuple(self._pieces)

    def joined(self) -> bytes:
        """All of it in one, for a body that is known to be small."""
        pieces = self.pieces
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def range(self, start: int, end: int) -> bytes:
        """A copy of the bytes from `start` to `end`."""
        return b"".join(self._cut(start, end))

    def parts(self, size: int, start: int = 0) -> Iterator[bytes]:
        """What lies behind `start`, in parts of at most `size` bytes."""
        for piece in self._cut(start, self.size):
            if len(piece) <= size:
                yield piece
            else:
                for at in range(0, len(piece), size):
                    yield piece[at : at + size]

    def spliced(self, splices: Iterable[Splice]) -> tuple[bytes, ...]:
        """The pieces with every splice made; splices do not overlap."""
        made: list[bytes] = []
        position = 0
        for start, end, text in sorted(splices):
            made += chain(self._cut(position, start), (text,))
            position = end
        made += self._cut(position, self.size)
        return tuple(made) if self.size > _PUT_TOGETHER_BYTES else (b"".join(made),)

    def _cut(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to `end`, piece by piece."""
        if start >= end:
            return
        first = max(0, bisect_right(self._offsets, start) - 1)
        for offset, piece in zip(self._offsets[first:], self._pieces[first:], strict=True):
            if offset >= end:
                return
            # Where it begins behind the last closed piece, that one was looked up.
            if start < offset + len(piece):
                yield piece[max(0, start - offset) : end - offset]
        offset = self.size - len(self._open)
        if self._open and offset < end:
            yield bytes(self._open[max(0, start - offset) : end - offset])
