"""Whether a text that is too large to be decoded at once is JSON, sans-io.

Strings are checked and emptied piece by piece. What is left, the skeleton, is small even where
the text holds images, and is decoded in one call.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

import msgspec

from proxy.decoding.json_reading import Unreadable, decoder

#: The longest skeleton that is decoded: the dearest one there is takes 8 ms.
SKELETON_MAX_BYTES: Final = 1024 * 1024

_CONTENT: Final = rb'[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+'
_REST_OF_STRING: Final = re.compile(_CONTENT)
#: A string, or the last one of a piece as far as it goes.
_STRING: Final = re.compile(rb'"' + _CONTENT + rb'(?:"|\Z)')
_ESCAPE_BYTES: Final = 6
#: Half a character is no JSON for a strict reader.
_decode: Final = decoder(msgspec.Raw, repair=False)


class JsonCheck:
    """Is fed a text in pieces; `ends_well` says whether it was one JSON document, strictly.

    A skeleton longer than its bound is not decoded: the answer is then no.
    """

    __slots__ = ("_carry", "_in_string", "_pieces", "_size", "_utf8", "_wrong")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._in_string = False
        #: The beginning of an escape whose end is still to come.
        self._carry = b""
        self._wrong = False
        self._utf8 = codecs.getincrementaldecoder("utf-8")()

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        if self._wrong:
            return
        try:
            self._utf8.decode(data)
        except UnicodeDecodeError:
            self._wrong = True
            return
        piece = self._carry + data
        complete = len(piece) - _begun_escape(piece)
        self._carry = piece[complete:]
        self._take(piece[:complete])

    def _take(self, piece: bytes) -> None:
        position = 0
        if self._in_string:
            match = _REST_OF_STRING.match(piece)
            position = match.end() if match is not None else 0
            if position == len(piece):
                return
            if piece[position] != _QUOTE:
                self._wrong = True
                return
            self._in_string = False
            position += 1
        rest = piece[position:]
        bare = rest.replace(b"\\\\", b"").replace(b'\\"', b"")
        self._in_string = bare.count(b'"') % 2 == 1
        emptied, strings = _STRING.subn(b'""', rest)
        self._size += len(emptied)
        self._pieces.append(emptied)
        # A quote that belongs to none of them opens a string that is no string of JSON.
        self._wrong = emptied.count(b'"') != 2 * strings or self._size > SKELETON_MAX_BYTES

    def ends_well(self) -> bool:
        """The text has been fed whole: whether it was JSON."""
        if self._wrong or self._in_string or self._carry:
            return False
        try:
            self._utf8.decode(b"", final=True)
            _decode(b"".join(self._pieces))
        except (Unreadable, UnicodeDecodeError):
            return False
        return True


_QUOTE: Final = ord('"')


def _begun_escape(piece: bytes) -> int:
    """Bytes at the end of `piece` that begin an escape and do not end it."""
    at = piece.rfind(b"\\", -(_ESCAPE_BYTES - 1))
    if at == -1:
        return 0
    begun = len(piece) - at
    before = piece[: at + 1]
    if (len(before) - len(before.rstrip(b"\\"))) % 2 == 0:
        return 0
    needed = _ESCAPE_BYTES if piece[at + 1 : at + 2] == b"u" else 2
    return begun if begun < needed else 0
