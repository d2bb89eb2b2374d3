"""Top-level members of a JSON object, found without decoding the rest, sans-io.

For bodies that are too large to keep, and for splicing into a body whose other bytes must stay as
they are. It finds structure and does not validate: a document that lies about its structure
yields values that do not decode.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

_STRUCTURE: Final = re.compile(rb'["{}\[\],:]')
# Deeper down neither commas nor colons matter, and an array of numbers is mostly commas.
_NESTED: Final = re.compile(rb'["{}\[\]]')
_STRING: Final = re.compile(rb'["\\]')
_WHITESPACE: Final = b" \t\r\n"
#: What we look for is small; a longer value is not it.
VALUE_MAX_BYTES: Final = 64 * 1024
MEMBERS_MAX: Final = 1000


class Member(NamedTuple):
    """One top-level member: its raw key (escapes as written) and where its value lies."""

    key: bytes
    start: int
    end: int


class TopLevelScanner:
    """Scans an object that comes in pieces; memory stays bounded.

    `found` holds raw values of the wanted keys, the last one of a repeated key, as JSON decoders
    do; `members` the top-level members in order, the first `MEMBERS_MAX` of them.
    """

    __slots__ = (
        "_collected", "_collecting", "_depth", "_escaped", "_in_string", "_key", "_offset",
        "_value_start", "_wanted", "found", "members",
    )  # fmt: skip

    def __init__(self, wanted: tuple[bytes, ...] = ()) -> None:
        self.found: dict[bytes, bytes] = {}
        self.members: list[Member] = []
        self._wanted = wanted
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._collecting: Literal["key", "value"] | None = None
        self._collected = bytearray()
        self._key: bytes | None = None
        self._offset = 0
        self._value_start = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece of the document."""
        position = mark = 0
        while position < len(data):
            if self._escaped:
                self._escaped = False
                position += 1
                continue
            match = self._expression().search(data, position)
            if match is None:
                break
            position = match.end()
            if self._in_string:
                self._leave_string(match, data, mark)
            elif self._enter(match.group(), data, mark, match.start()):
                mark = position
        if self._collecting is not None:
            self._collect(data[mark:])
        self._offset += len(data)

    def _expression(self) -> re.Pattern[bytes]:
        if self._in_string:
            return _STRING
        return _STRUCTURE if self._depth <= 1 else _NESTED

    def _leave_string(self, match: re.Match[bytes], data: bytes, mark: int) -> None:
        if match.group() == b"\\":
            self._escaped = True
            return
        self._in_string = False
        if self._collecting == "key":
            self._key = self._take(data[mark : match.start()])

    def _enter(self, character: bytes, data: bytes, mark: int, at: int) -> bool:
        """Note a structural character; whether something to be collected begins behind it."""
        if character == b'"':
            self._in_string = True
            return self._depth == 1 and self._key is None and self._begin("key")
        if character in b"{[":
            self._depth += 1
        elif character == b":":
            return self._depth == 1 and self._begin_value(at + 1)
        elif self._depth == 1:
            self._end_value(data[mark:at], at)
        if character in b"}]":
            self._depth -= 1
        return False

    def _begin(self, what: Literal["key", "value"]) -> bool:
        if self._collecting is not None:
            return False
        self._collecting = what
        return True

    def _begin_value(self, at: int) -> bool:
        self._value_start = self._offset + at
        return self._key in self._wanted and self._begin("value")

    def _end_value(self, tail: bytes, at: int) -> None:
        if self._key is None:
            return
        if len(self.members) < MEMBERS_MAX:
            self.members.append(Member(self._key, self._value_start, self._offset + at))
        if self._collecting == "value":
            self.found[self._key] = self._take(tail).strip(_WHITESPACE)
        else:
            # Repeated, and what was found is not the last one: it was too long.
            self.found.pop(self._key, None)
        self._key = None

    def _take(self, tail: bytes) -> bytes:
        taken = bytes(self._collected) + tail
        self._collected.clear()
        self._collecting = None
        return taken

    def _collect(self, piece: bytes) -> None:
        self._collected += piece
        if len(self._collected) > VALUE_MAX_BYTES:
            if self._collecting == "key":
                # None of the wanted ones, but a key: the string behind it is a value.
                self._key = b""
            self._collected.clear()
            self._collecting = None
