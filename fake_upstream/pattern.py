"""Bodies of any size that need no memory: byte i is i mod 256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

PIECE = 65536
_PATTERN = bytes(range(256)) * (2 * PIECE // 256)


def pieces(size: int, piece: int = PIECE) -> Iterator[bytes]:
    """The body of that many bytes, in pieces of at most `piece` (itself at most 64 KiB)."""
    sent = 0
    while sent < size:
        start = sent % 256
        length = min(piece, PIECE, size - sent)
        yield _PATTERN[start : start + length]
        sent += length


def generated(size: int) -> bytes:
    """The whole of what `x-fake: bytes=size` answers."""
    return b"".join(pieces(size))


def generated_sha256(size: int) -> str:
    """Its SHA-256 in hex, without holding it."""
    digest = hashlib.sha256()
    for piece in pieces(size):
        digest.update(piece)
    return digest.hexdigest()
