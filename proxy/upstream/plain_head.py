"""The head of a usual response, read at once, sans-io: a whitelist of what leaves nothing in doubt.

Nearly every answer is one: HTTP/1.1, a length, one field to a line. What is not described here is
llhttp's to read or to refuse, from its first byte on.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

from proxy.header_rules import PLAIN_CONNECTION
from proxy.response_lines import ResponseLines, lines_of

#: A longer head is not looked at here.
_LINES_MAX: Final = 200
_STATUS_LINE_MAX: Final = 64
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2}) ([\x21-\x7e](?: ?[\x21-\x7e])*+)")
#: A value that neither begins nor ends with white space.
VALUE: Final = rb"[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*+(?<![\t ])"
#: As it goes on to the client, byte for byte: one space stands before the value.
_FIELD: Final = re.compile(
    rb"^([!#$%&'*+\-.^_`|~0-9A-Za-z]++): (" + VALUE + rb")\r\n", re.MULTILINE
)
LENGTH_VALUE: Final = rb"[0-9]{1,18}+"
_LENGTH: Final = re.compile(LENGTH_VALUE)
#: Of these the body has no length, whatever the head says.
_WITHOUT_BODY: Final = (204, 304)


class PlainHead(msgspec.Struct, frozen=True, gc=False):
    """A response head whose body has `length` bytes; it ends at `end` of what was read. `line` is
    its first line."""

    line: bytes
    status: int
    reason: bytes
    lines: ResponseLines
    length: int
    end: int


def plain_head(data: bytes) -> PlainHead | None:
    """The head that `data` begins with, where it is a usual one and all of it is here."""
    end = data.find(b"\r\n\r\n")
    line_end = data.find(b"\r\n")
    if not 0 < line_end <= _STATUS_LINE_MAX or line_end == end:
        return None
    line = data[:line_end]
    said = _status(line)
    if said is None:
        return None
    block = data[line_end + 2 : end + 2]
    count = block.count(b"\n")
    if count > _LINES_MAX:
        return None
    # Each match is one whole line.
    fields = _FIELD.findall(block)
    if len(fields) != count:
        return None
    lines = lines_of(fields, block)
    length = lines.first.get(b"content-length")
    if length is None or not lines.is_plain or _LENGTH.fullmatch(length) is None:
        return None
    connection = lines.first.get(b"connection")
    if connection is not None and (connection not in PLAIN_CONNECTION or connection == b"close"):
        return None
    return PlainHead(line, *said, lines, int(length), end + 4)


@lru_cache(maxsize=64)
def _status(line: bytes) -> tuple[int, bytes] | None:
    match = _STATUS_LINE.fullmatch(line)
    if match is None or int(match[1]) in _WITHOUT_BODY:
        return None
    return int(match[1]), match[2]
