"""A JSON text without its long strings, made in parts, sans-io.

What is large in a body are prompts and images; keys and ids are short. So what is left of a body of
megabytes is small, and is decoded in one call.
"""

from __future__ import annotations

import re
from typing import Final

#: A longer string, escaped as it may be, is no key and no id that is looked for.
_KEPT_BYTES: Final = 400
#: What is left, and its structural characters: decoding them takes some 15 ms.
SKELETON_MAX_BYTES: Final = 4 * 1024 * 1024
STRUCTURE_MAX: Final = 200_000
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
#: Stand for a long string: one that is no id, and an address, which a member may have instead.
_LONG: Final = b'"\\u0000"'
_ADDRESS: Final = b'"data:"'
_REST: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_QUOTE: Final = ord('"')
_ORDINARY: Final = bytes(set(range(256)) - set(b"[{,"))


class Shortened:
    """Is fed a text in parts; `text` is what is left of it."""

    __slots__ = ("_carry", "_pieces", "_size", "_skips", "_structure")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = self._structure = 0
        #: The beginning of a string whose end is still to come.
        self._carry = b""
        #: Whether that string is too long, and its rest is left out.
        self._skips = False

    @property
    def too_large(self) -> bool:
        """Whether more is left than is decoded."""
        return self._size > SKELETON_MAX_BYTES or self._structure > STRUCTURE_MAX

    def feed(self, data: bytes) -> None:
        """Take the next part."""
        data, self._carry = self._carry + data, b""
        if self._skips:
            match = _REST.match(data)
            end = 0 if match is None else match.end()
            if end == len(data):
                return
            if data[end] != _QUOTE:
                # A backslash is the last byte here.
                self._carry = data[end:]
                return
            self._skips = False
            data = data[end + 1 :]
        end = 0

        def shortened(match: re.Match[bytes]) -> bytes:
            nonlocal end
            end = match.end()
            return match[0] if end - match.start() <= _KEPT_BYTES else _instead(match[0])

        left = _STRING.sub(shortened, data)
        begun = data.find(b'"', end)
        if begun >= 0:
            left = left[: len(left) - (len(data) - begun)]
            self._begin(data[begun:])
            if self._skips:
                left += _instead(data[begun:])
        self._put(left)

    def _begin(self, string: bytes) -> None:
        """A string whose end is still to come."""
        if len(string) <= _KEPT_BYTES:
            self._carry = string
            return
        self._skips = True
        tail = string[1:]
        odd = (len(tail) - len(tail.rstrip(b"\\"))) % 2
        self._carry = b"\\" if odd else b""

    def _put(self, left: bytes) -> None:
        self._size += len(left)
        self._structure += len(left.translate(None, _ORDINARY))
        if not self.too_large:
            self._pieces.append(left)

    def text(self) -> bytes:
        """All has been fed: what is left."""
        return b"".join((*self._pieces, self._carry))


def _instead(string: bytes) -> bytes:
    """What stands for a long string, of which there may be only the beginning."""
    start = string[:_KEPT_BYTES]
    address = b"://" in start or rb":\/\/" in start or start[1:6].lower() == b"data:"
    return _ADDRESS if address else _LONG
