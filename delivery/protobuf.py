"""As much of protobuf's wire format as spans need: https://protobuf.dev/programming-guides/encoding/

Sans-io, and by hand: it is sixty lines, and the libraries for it are for the few who want traces.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_VARINT: Final = 0
_EIGHT_BYTES: Final = 1
_LENGTH: Final = 2
_FOUR_BYTES: Final = 5
_64_BITS: Final = 2**64 - 1


class Malformed(Exception):
    """These bytes are no message."""


def varint(number: int) -> bytes:
    """A whole number of at most 64 bits."""
    number &= _64_BITS
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def integer(field: int, number: int) -> bytes:
    """A field that is an int64, a bool or an enum."""
    return varint(field << 3 | _VARINT) + varint(number)


def fixed(field: int, number: int) -> bytes:
    """A field that is a fixed64."""
    return varint(field << 3 | _EIGHT_BYTES) + struct.pack("<Q", number)


def double(field: int, number: float) -> bytes:
    """A field that is a double."""
    return varint(field << 3 | _EIGHT_BYTES) + struct.pack("<d", number)


def block(field: int, content: bytes) -> bytes:
    """A field that is a message, or bytes."""
    return varint(field << 3 | _LENGTH) + varint(len(content)) + content


def text(field: int, content: str) -> bytes:
    """A field that is a string."""
    return block(field, content.encode("utf-8", "replace"))


def fields_of(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field's number and value, of those that are numbers or have a length.

    Raises Malformed.
    """
    at = 0
    while at < len(message):
        key, at = _varint_at(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint_at(message, at)
            yield key >> 3, value
        elif kind == _LENGTH:
            length, at = _varint_at(message, at)
            if at + length > len(message):
                raise Malformed
            yield key >> 3, message[at : at + length]
            at += length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise Malformed


def _varint_at(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place, byte in enumerate(message[at : at + 10]):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return number & _64_BITS, at + place + 1
    raise Malformed
