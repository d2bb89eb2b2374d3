"""Server-sent events, sans-io: where one ends, and what its data says.

A stream can be cut at any byte. Events are handed on as the bytes they came in, so whoever relays
them passes them unchanged (WHATWG HTML, 9.2.6 "Interpreting an event stream").
"""

from __future__ import annotations

import re
from typing import Final

# Two line ends in a row. A `\r` counts once the byte behind it shows that it is no half `\r\n`.
_BLANK_LINE: Final = re.compile(rb"(?:\r\n|\n|\r(?=[^\n]))(?:\r\n|\n|\r(?=[^\n]))")
#: The longest beginning of a blank line that can still turn out to be none: `\r\n\r`.
_UNDECIDED: Final = 3
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_DATA: Final = re.compile(rb"^data(?::[ ]?(.*+))?$", re.MULTILINE)


class EventSplitter:
    """Cuts a byte stream into whole events, each with the blank line that ends it."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Events that `data` completes, as they came."""
        pending = self._pending
        if not pending and 0 <= data.find(b"\n\n") == len(data) - 2 and b"\r" not in data:
            # One whole event in one piece, which is how they mostly come.
            return [data]
        # What has been searched is not searched again: an event may be megabytes in many pieces.
        searched = max(0, len(pending) - _UNDECIDED)
        pending += data
        events = []
        start = 0
        for blank in _BLANK_LINE.finditer(pending, searched):
            events.append(bytes(pending[start : blank.end()]))
            start = blank.end()
        del pending[:start]
        return events

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished event are held."""
        return len(self._pending)

    def rest(self) -> bytes:
        """The bytes of an unfinished event; they are handed over once."""
        rest = bytes(self._pending)
        self._pending.clear()
        return rest


def data_of(event: bytes) -> bytes:
    """The event's data: its `data` lines, joined by LF."""
    # Only the first event of a stream can begin with a mark, which belongs to no line.
    event = event.removeprefix(_BYTE_ORDER_MARK)
    if b"\r" in event:
        event = event.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"\n".join(_DATA.findall(event))
