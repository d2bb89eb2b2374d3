"""Where a piece of an answer ends that is looked into by itself.

An answer can be cut at any byte. What is fed is kept until the piece that it belongs to is whole;
`pending` is how many bytes that are.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Final, Protocol

from proxy.headers import is_json_type

#: Two line ends, of which none is half of a `\r\n` (WHATWG HTML, 9.2.6).
_BLANK_LINE: Final = re.compile(rb"(?>\r\n|\r|\n)(?>\r\n|\r|\n)")
#: Of a blank line, all but its last byte may have been searched already: `\r\n\r`.
_SEARCHED_AGAIN: Final = 3
#: Comments and blank lines alone, which are no event: no client is told of them.
_NO_EVENT: Final = re.compile(rb"(?::[^\r\n]*+|[\r\n]++)*+")
_LINES: Final = frozenset(
    (
        b"application/x-ndjson",
        b"application/ndjson",
        b"application/jsonl",
        b"application/x-jsonl",
        b"application/jsonlines",
        b"application/x-jsonlines",
        b"application/json-lines",
        b"application/stream+json",
        b"application/json-seq",
    )
)
#: Consumed bytes are dropped from the front of what is kept in steps of this size.
_DROPPED_AT: Final = 64 * 1024
#: Larger pieces are put together in a thread.
_JOINED_BYTES: Final = 1024 * 1024


class Pieces(Protocol):
    """Of one answer."""

    @property
    def pending(self) -> int:
        """Bytes that are kept."""
        ...

    def feed(self, data: bytes) -> None:
        """The next bytes of the answer."""
        ...

    def next(self) -> bytes | None:
        """The next whole piece; None where there is none yet."""
        ...

    def rest(self) -> list[bytes]:
        """The answer has ended: what is left, which no end marks."""
        ...

    def says_something(self, piece: bytes) -> bool:
        """Whether it is one that clients are told of."""
        ...


class _Buffered:
    """What is kept, searched for an end that a subclass knows."""

    __slots__ = ("_at", "_kept", "_searched")

    def __init__(self) -> None:
        self._kept = bytearray()
        #: Up to where it was handed out, and up to where it was searched.
        self._at = self._searched = 0

    @property
    def pending(self) -> int:
        return len(self._kept) - self._at

    def feed(self, data: bytes) -> None:
        self._kept += data

    def next(self) -> bytes | None:
        end = self._end_of_next()
        if end is None:
            self._drop()
            return None
        piece = bytes(self._kept[self._at : end])
        self._at = self._searched = end
        if self._at >= _DROPPED_AT or self._at == len(self._kept):
            self._drop()
        return piece

    def rest(self) -> list[bytes]:
        rest = bytes(self._kept[self._at :])
        self._kept.clear()
        self._at = self._searched = 0
        return [rest] if rest else []

    def _drop(self) -> None:
        del self._kept[: self._at]
        self._searched -= self._at
        self._at = 0

    def _end_of_next(self) -> int | None:
        raise NotImplementedError


class Events(_Buffered):
    """Server-sent events, each with the blank line that ends it."""

    __slots__ = ()

    def _end_of_next(self) -> int | None:
        kept = self._kept
        found = _BLANK_LINE.search(kept, max(self._at, self._searched - _SEARCHED_AGAIN))
        if found is None or (found.end() == len(kept) and kept.endswith(b"\r")):
            # The byte behind a `\r` shows whether it is half of a line end.
            self._searched = len(kept)
            return None
        return found.end()

    def says_something(self, piece: bytes) -> bool:
        """Whether it is more than comments."""
        return _NO_EVENT.fullmatch(piece) is None


class Lines(_Buffered):
    """JSON documents, one in a line, each with its line end."""

    __slots__ = ()

    def _end_of_next(self) -> int | None:
        end = self._kept.find(b"\n", max(self._at, self._searched))
        if end < 0:
            self._searched = len(self._kept)
            return None
        return end + 1

    def says_something(self, piece: bytes) -> bool:
        """Whether it is no blank line."""
        return bool(piece.strip())


class Whole:
    """An answer that is one piece. Its parts are put together by whoever takes the `rest`."""

    __slots__ = ("_parts", "pending")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.pending = 0

    def feed(self, data: bytes) -> None:
        if data:
            self._parts.append(data)
            self.pending += len(data)

    def next(self) -> bytes | None:
        return None

    def rest(self) -> list[bytes]:
        parts, self._parts, self.pending = self._parts, [], 0
        return parts

    def says_something(self, piece: bytes) -> bool:
        """Whether there is anything."""
        return bool(piece)


def pieces_of(declared: bytes) -> Events | Lines | Whole | None:
    """How an answer of a media type is looked into; None: not at all."""
    if declared == b"text/event-stream":
        return Events()
    if declared in _LINES:
        return Lines()
    return Whole() if is_json_type(declared) else None


def in_parts(data: bytes, size: int) -> Iterator[bytes]:
    """All of it, in parts of at most `size` bytes."""
    if len(data) <= size:
        yield data
        return
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def joined(pieces: tuple[bytes, ...]) -> bytes:
    """All of them in one."""
    if len(pieces) == 1:
        return pieces[0]
    if sum(map(len, pieces)) <= _JOINED_BYTES:
        return b"".join(pieces)
    # To copy tens of megabytes would stop the loop; for bytes, `join` lets others run meanwhile.
    return await asyncio.to_thread(b"".join, pieces)
