"""Frames of `application/vnd.amazon.eventstream`, found while they pass, sans-io.

A frame is its length, the length of its headers and a CRC-32 of both; the headers; the payload; and
a CRC-32 of all before it (AWS, "Event stream encoding"). Numbers are big-endian.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

#: What AWS allows, and its SDKs check.
HEADERS_MAX_BYTES: Final = 128 * 1024
PAYLOAD_MAX_BYTES: Final = 24 * 1024 * 1024
#: A longer payload is checked and not kept: what is looked for in it is small.
KEPT_BYTES: Final = 256 * 1024
#: Headers of one frame that are read. Bedrock's have three.
_HEADERS_MAX: Final = 32
_PRELUDE: Final = Struct(">III")
_CRC: Final = Struct(">I")
_LENGTH: Final = Struct(">H")
_CRC_BYTES: Final = 4
_LEAST_BYTES: Final = _PRELUDE.size + _CRC_BYTES
#: Bytes of a value by its type; those of a byte array and of a text stand before it.
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_COUNTED: Final = (6, 7)
_TEXT: Final = 7


class Frame(NamedTuple):
    """One frame: its headers that are texts, and its payload; None where that is too long."""

    headers: Mapping[bytes, bytes]
    payload: bytes | None


class FrameScanner:
    """Finds the frames in bytes that come in pieces; memory stays bounded.

    `broken` says that a length or a checksum is wrong, or a frame longer than any may be: nothing
    more is found then.
    """

    __slots__ = ("_body", "_checksum", "_headers", "_kept", "_left", "_prelude", "_tail", "broken")

    def __init__(self) -> None:
        self.broken = False
        self._prelude = bytearray()
        self._tail = bytearray()
        self._kept = bytearray()
        self._checksum = 0
        #: Bytes of the headers, of both headers and payload, and of what is still to come of them.
        self._headers = self._body = self._left = 0

    @property
    def between(self) -> bool:
        """Whether the last frame has ended and no other has begun."""
        return not self._prelude and not self.broken

    def take(self, data: bytes, at: int) -> tuple[int, Frame | None]:
        """Go on from the place `at`: where the next frame ends, and that frame; or the end of
        `data`, and None."""
        if len(self._prelude) < _PRELUDE.size:
            at = self._fill(self._prelude, _PRELUDE.size, data, at)
            if len(self._prelude) < _PRELUDE.size or not self._begin():
                return len(data) if self.broken else at, None
        if self._left:
            piece = data[at : at + self._left]
            self._checksum = crc32(piece, self._checksum)
            self._keep(piece)
            self._left -= len(piece)
            at += len(piece)
            if self._left:
                return at, None
        at = self._fill(self._tail, _CRC_BYTES, data, at)
        if len(self._tail) < _CRC_BYTES:
            return at, None
        if _CRC.unpack(self._tail)[0] != self._checksum:
            self.broken = True
            self._kept.clear()
            return len(data), None
        return at, self._ended()

    def _fill(self, into: bytearray, size: int, data: bytes, at: int) -> int:
        piece = data[at : at + size - len(into)]
        into += piece
        return at + len(piece)

    def _begin(self) -> bool:
        """The prelude is here: whether it is right."""
        total, headers, checksum = _PRELUDE.unpack(self._prelude)
        body = total - _LEAST_BYTES
        if (
            crc32(self._prelude[:8]) != checksum
            or not 0 <= headers <= min(body, HEADERS_MAX_BYTES)
            or body - headers > PAYLOAD_MAX_BYTES
        ):
            self.broken = True
            return False
        self._headers, self._body, self._left = headers, body, body
        self._checksum = crc32(self._prelude)
        return True

    def _keep(self, piece: bytes) -> None:
        most = self._body
        if self._body - self._headers > KEPT_BYTES:
            most = self._headers
        self._kept += piece[: max(0, most - len(self._kept))]

    def _ended(self) -> Frame:
        kept = bytes(self._kept)
        payload = None
        if len(kept) == self._body:
            payload = kept[self._headers :]
        headers = _texts(kept[: self._headers])
        self._prelude.clear()
        self._tail.clear()
        self._kept.clear()
        return Frame(headers, payload)


def _texts(headers: bytes) -> dict[bytes, bytes]:
    """The headers that are texts, by their names; those of an odd form end the list."""
    found: dict[bytes, bytes] = {}
    at = 0
    for _ in range(_HEADERS_MAX):
        if at >= len(headers):
            break
        end = at + 1 + headers[at]
        name, kind = headers[at + 1 : end], headers[end : end + 1]
        at = end + 1
        if not kind:
            break
        size = _SIZES.get(kind[0])
        if size is None:
            if kind[0] not in _COUNTED or at + _LENGTH.size > len(headers):
                break
            size = _LENGTH.unpack_from(headers, at)[0]
            at += _LENGTH.size
        if kind[0] == _TEXT:
            found[name] = headers[at : at + size]
        at += size
    return found
