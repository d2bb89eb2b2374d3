"""Top-level members of a JSON object, found without decoding the rest, sans-io.

For bodies that are too large to keep, and for splicing into a body whose other bytes must stay as
they are. It finds structure and does not validate: a document that lies about its structure
yields values that do not decode.

What a piece costs does not depend on what is in it. Python takes a step for each token only at the
top level, and those are bounded; whatever is nested is skipped in windows, in which the brackets
are counted by C primitives. A window in which the nesting ends is halved until it is small.
"""

from __future__ import annotations

import re
from itertools import accumulate, islice
from typing import Final, Literal, NamedTuple

_STRUCTURE: Final = re.compile(rb'["{}\[\],:]')
#: From inside a string to its end, or as far as there are bytes.
_IN_STRING: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
#: What lies before a bracket, and the bracket.
_TO_BRACKET: Final = re.compile(
    rb'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+[{}\[\]]', re.DOTALL
)
_QUOTE: Final = ord('"')
_BRACKETS: Final = b"{}[]"
_NEITHER_BRACKET_NOR_QUOTE: Final = bytes(set(range(256)) - set(b'{}[]"'))
#: Brackets as signed bytes: what each adds to the depth.
_DEPTHS: Final = bytes.maketrans(_BRACKETS, b"\x01\xff\x01\xff")
_WHITESPACE: Final = b" \t\r\n"
_SMALLEST_WINDOW: Final = 128
_FIRST_WINDOW: Final = 256
_LARGEST_WINDOW: Final = 32 * 1024
#: What we look for is small; a longer value is not it.
VALUE_MAX_BYTES: Final = 64 * 1024
MEMBERS_MAX: Final = 256
#: Tokens at the top level. A member has seven; text that has more is no JSON.
_TOKENS_MAX: Final = 8 * MEMBERS_MAX


class Member(NamedTuple):
    """One top-level member: its raw key (escapes as written) and where its value lies."""

    key: bytes
    start: int
    end: int


class TopLevelScanner:
    """Scans an object that comes in pieces; memory stays bounded.

    `found` holds raw values of the wanted keys, the last one of a repeated key, as JSON decoders
    do; `members` the top-level members in order. A document of more than `MEMBERS_MAX` members is
    not followed to its end: `overflowed` says so, and nothing more is found in it. `steps` counts
    the steps that Python took, for tests. With `one`, nothing behind the object's end is looked at;
    `ended` is the offset of that end then, -1 before.
    """

    __slots__ = (
        "_collected", "_collecting", "_depth", "_escaped", "_in_string", "_key", "_offset",
        "_one", "_open", "_tokens", "_value_start", "_wanted", "_window", "ended", "found",
        "members", "overflowed", "steps",
    )  # fmt: skip

    def __init__(self, wanted: tuple[bytes, ...] = (), *, one: bool = False) -> None:
        self.ended = -1
        self._one = one
        self.found: dict[bytes, bytes] = {}
        self.members: list[Member] = []
        self.overflowed = False
        self.steps = 0
        self._wanted = wanted
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._collecting: Literal["key", "value"] | None = None
        self._collected = bytearray()
        self._key: bytes | None = None
        self._offset = 0
        self._value_start = 0
        self._open = False
        self._tokens = 0
        self._window = _FIRST_WINDOW

    @property
    def complete(self) -> bool:
        """Whether the object was followed to its end."""
        return not self.overflowed and self._depth == 0 and self._tokens > 0

    @property
    def offset(self) -> int:
        """How many bytes have been fed."""
        return self._offset

    @property
    def open_member(self) -> tuple[bytes, int] | None:
        """The key of the top-level member whose value has begun, and where that did."""
        if not self._open or self._key is None or self.overflowed:
            return None
        return self._key, self._value_start

    def feed(self, data: bytes) -> None:
        """Take the next piece of the document."""
        position = mark = 0
        size = len(data)
        while position < size and not self.overflowed and self.ended < 0:
            self.steps += 1
            if self._in_string:
                position = self._through_string(data, position, mark)
            elif self._depth > 1:
                position = self._through_nested(data, position)
            else:
                match = _STRUCTURE.search(data, position)
                if match is None:
                    break
                position = match.end()
                if self._enter(match.group(), data, mark, match.start()):
                    mark = position
        if self._collecting is not None:
            self._collect(data[mark:])
        self._offset += size

    def _through_string(self, data: bytes, position: int, mark: int) -> int:
        """Behind the string's closing quote, or at the end of `data`."""
        if self._escaped:
            self._escaped = False
            position += 1
        match = _IN_STRING.match(data, position)
        end = match.end() if match is not None else position
        if end == len(data):
            return end
        if data[end] != _QUOTE:
            # A backslash is the last byte here.
            self._escaped = True
            return end + 1
        self._in_string = False
        if self._collecting == "key" and self._depth == 1:
            self._key = self._take(data[mark:end])
        return end + 1

    def _through_nested(self, data: bytes, position: int) -> int:
        """Skip a window of what is nested, or find the bracket that ends it."""
        window = data[position : position + self._window]
        bare = window.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = bare.translate(None, _NEITHER_BRACKET_NOR_QUOTE).split(b'"')
        brackets = b"".join(parts[0::2])
        level = 1 - self._depth
        depths: list[int] = []
        if brackets.count(b"}") + brackets.count(b"]") >= -level:
            depths = list(accumulate(memoryview(brackets.translate(_DEPTHS)).cast("b")))
            if level in depths:
                if len(window) > _SMALLEST_WINDOW:
                    self._window = max(_SMALLEST_WINDOW, len(window) // 2)
                    return position
                self._window = _FIRST_WINDOW
                return self._leave_nested(data, position, depths.index(level))
            self._depth += depths[-1]
        else:
            self._depth += 2 * (brackets.count(b"{") + brackets.count(b"[")) - len(brackets)
        self._in_string = len(parts) % 2 == 0
        self._escaped = self._in_string and bare.endswith(b"\\")
        self._window = min(2 * self._window, _LARGEST_WINDOW)
        return position + len(window)

    def _leave_nested(self, data: bytes, position: int, nth: int) -> int:
        """Behind the `nth` bracket from `position`, which closes the value at the top level."""
        brackets = _TO_BRACKET.finditer(data, position, position + _SMALLEST_WINDOW)
        for match in islice(brackets, nth, nth + 1):
            self._depth = 1
            return match.end()
        # Only where backslashes stand outside of strings, which is no JSON.
        self._give_up()
        return position + _SMALLEST_WINDOW

    def _enter(self, character: bytes, data: bytes, mark: int, at: int) -> bool:
        """Note a structural character; whether something to be collected begins behind it."""
        self._tokens += 1
        if self._tokens > _TOKENS_MAX:
            self._give_up()
        elif character == b'"':
            self._in_string = True
            return self._depth == 1 and self._key is None and self._begin("key")
        elif character in b"{[":
            self._depth += 1
        elif character == b":":
            return self._depth == 1 and self._begin_value(at + 1)
        else:
            if self._depth == 1:
                self._end_value(data[mark:at], at)
            if character in b"}]":
                self._depth -= 1
                if self._one and not self._depth:
                    self.ended = self._offset + at + 1
        return False

    def _give_up(self) -> None:
        self.overflowed = True
        self.found.clear()
        self._collected.clear()
        self._collecting = None

    def _begin(self, what: Literal["key", "value"]) -> bool:
        if self._collecting is not None:
            return False
        self._collecting = what
        return True

    def _begin_value(self, at: int) -> bool:
        self._value_start = self._offset + at
        self._open = True
        return self._key in self._wanted and self._begin("value")

    def _end_value(self, tail: bytes, at: int) -> None:
        if self._key is None:
            return
        if len(self.members) == MEMBERS_MAX:
            self._give_up()
            return
        self.members.append(Member(self._key, self._value_start, self._offset + at))
        if self._collecting == "value":
            self.found[self._key] = self._take(tail).strip(_WHITESPACE)
        else:
            # Repeated, and what was found is not the last one: it was too long.
            self.found.pop(self._key, None)
        self._key = None
        self._open = False

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
