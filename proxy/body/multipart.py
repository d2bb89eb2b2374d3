"""Multipart forms, read strictly and in parts, sans-io.

Only needed where a token may use some models and not others, and for the log of bodies. Form
parsers differ in what they make of odd forms, so whatever is not in the plain form that HTTP
clients write is refused (RFC 7578; boundary grammar of RFC 2046 5.1.1): a part without a plain
name, and the boundary's text anywhere but at a delimiter.
"""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from proxy.errors import InvalidRequest

#: Parts of one form, and bytes of one part's header, that are followed.
PARTS_MAX: Final = 256
HEAD_MAX_BYTES: Final = 4096

_BOUNDARY: Final = re.compile(
    rb"multipart/form-data;[ \t]*+boundary=(?:\"([A-Za-z0-9'()+_,./:=? -]{1,70})\""
    rb"|([A-Za-z0-9'+_.-]{1,70}))",
    re.IGNORECASE,
)
# A name of RFC 8187's form is a file's: .NET gives it a second time so, urllib3 alone. .NET leaves
# quotes out besides, where a name is a token (RFC 9110 5.6.2).
_TOKEN: Final = rb"[A-Za-z0-9!#$%&'*+.^_`|~-]++"
_DISPOSITION: Final = re.compile(
    rb'form-data;[ \t]*+name=(?:"([^"\\\r\n]*+)"|(' + _TOKEN + rb"))"
    rb'(;[ \t]*+filename=(?:"(?:[^"\\\r\n]|\\.)*+"|' + _TOKEN + rb"))?"
    rb"(;[ \t]*+filename\*=[A-Za-z0-9-]{1,20}'[A-Za-z0-9-]{0,20}'[A-Za-z0-9%!#$&+.^_`|~-]*+)?",
    re.IGNORECASE,
)
# Possessive, and only where a line begins.
_FIELD: Final = re.compile(rb"^([A-Za-z0-9-]++):([\t\x20-\x7e\x80-\xff]*+)\r\n", re.MULTILINE)


class Part(NamedTuple):
    """One field: `value` is its beginning, `size` all of its bytes, which begin at `start`."""

    name: bytes
    is_file: bool
    value: bytes
    size: int
    start: int = 0


class FormReader:
    """Is fed a form's body. Raises InvalidRequest as soon as there is any doubt about it.

    Of each part's value `keep` bytes are kept. `steps` counts what Python did, for tests.
    """

    def __init__(self, content_type: bytes, *, keep: int) -> None:
        declared = _BOUNDARY.fullmatch(content_type.strip())
        if declared is None:
            raise _doubt("The form's boundary is not plainly declared.")
        self.parts: list[Part] = []
        self.steps = 0
        self._keep = keep
        self._boundary: bytes = declared[1] or declared[2]
        self._state: Literal["preamble", "content", "delimiter", "head", "end"] = "preamble"
        #: What has been fed and cannot be told yet. The first delimiter needs no line before it.
        self._rest = b"\r\n"
        #: Where in the form that begins, and the value of the part that is read.
        self._at = -len(self._rest)
        self._start = 0
        self._named = (b"", False)
        self._value = b""
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        buffer = self._rest + data
        position = 0
        while True:
            self.steps += 1
            if self._state in ("preamble", "content"):
                found = self._content(buffer, position)
            elif self._state == "delimiter":
                found = self._delimiter(buffer, position)
            elif self._state == "head":
                found = self._head(buffer, position)
            else:
                found = None
            if found is None:
                break
            position = found
        self._keep_rest(buffer, position)

    def _keep_rest(self, buffer: bytes, position: int) -> None:
        if self._state in ("preamble", "content"):
            # The last bytes may begin a delimiter.
            undecided = max(position, len(buffer) - len(self._boundary) - 3)
            self._take(buffer[position:undecided])
            position = undecided
        self._rest = buffer[position:]
        self._at += position
        if self._state == "end" and not b"\r\n".startswith(self._rest):
            raise _doubt("The form goes on behind its end.")

    def _take(self, content: bytes) -> None:
        if content and self._state == "preamble":
            raise _doubt("The form is malformed.")
        self._size += len(content)
        if len(self._value) < self._keep:
            self._value += content[: self._keep - len(self._value)]

    def _content(self, buffer: bytes, position: int) -> int | None:
        at = buffer.find(self._boundary, position)
        if at == -1:
            return None
        start = at - 4
        if start < position or buffer[start:at] != b"\r\n--":
            raise _doubt("The form's boundary occurs inside a part.")
        self._take(buffer[position:start])
        if self._state == "content":
            self.parts.append(Part(*self._named, self._value, self._size, self._start))
            if len(self.parts) > PARTS_MAX:
                raise _doubt(f"The form has more than {PARTS_MAX} parts.")
        self._state = "delimiter"
        return at + len(self._boundary)

    def _delimiter(self, buffer: bytes, position: int) -> int | None:
        following = buffer[position : position + 2]
        if len(following) < 2:
            return None
        if following not in (b"\r\n", b"--") or (following == b"--" and not self.parts):
            raise _doubt("The form is malformed.")
        self._state = "head" if following == b"\r\n" else "end"
        return position + 2

    def _head(self, buffer: bytes, position: int) -> int | None:
        end = buffer.find(b"\r\n\r\n", position, position + HEAD_MAX_BYTES)
        if end == -1:
            if len(buffer) - position >= HEAD_MAX_BYTES:
                raise _doubt("A part of the form has too long a header.")
            return None
        self._named = _named(buffer[position : end + 2], self._boundary)
        self._value, self._size = b"", 0
        self._state = "content"
        self._start = self._at + end + 4
        return end + 4

    def end(self) -> list[Part]:
        """The form has been fed whole: its parts."""
        if self._state != "end":
            raise _doubt("The form is cut short.")
        return self.parts


def fields_of(content_type: bytes, body: bytes) -> list[tuple[bytes, int]] | None:
    """Name and size of every field of a small form; None where there is any doubt."""
    try:
        reader = FormReader(content_type, keep=0)
        reader.feed(body)
        return [(part.name, part.size) for part in reader.end()]
    except InvalidRequest:
        return None


def _doubt(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="model")


def _named(head: bytes, boundary: bytes) -> tuple[bytes, bool]:
    """The name that a part's header gives it, and whether it is a file."""
    fields = _FIELD.findall(head)
    if head.count(b"\r\n") != len(fields) or boundary in head:
        raise _doubt("A part of the form has a malformed header.")
    dispositions = [
        value.strip(b" \t") for name, value in fields if name.lower() == b"content-disposition"
    ]
    plain = _DISPOSITION.fullmatch(dispositions[0]) if len(dispositions) == 1 else None
    if plain is None:
        raise _doubt("A part of the form is not plainly named.")
    name: bytes = plain[1] if plain[2] is None else plain[2]
    return name, (plain[3] or plain[4]) is not None
