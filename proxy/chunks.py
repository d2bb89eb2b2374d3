"""Chunks of a body (RFC 9112 7.1), as we write them: their size in the shortest form."""

from __future__ import annotations


def chunk(data: bytes) -> bytes:
    """Bytes of a body, of which there are some."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def size_line(length: int) -> bytes | None:
    """How the chunk begins that has this length on the wire; None where none has."""
    for digits in range(1, 8):
        size = length - digits - 4
        if size > 0 and len(line := b"%x\r\n" % size) == digits + 2:
            return line
    return None
