"""Server-sent events, sans-io: where one ends, and what its data says.

A stream can be cut at any byte. Events are handed on as the bytes they came in, so whoever relays
them passes them unchanged (WHATWG HTML, 9.2.6 "Interpreting an event stream").
"""

from __future__ import annotations

import re
from typing import Final

# Two line ends in a row. `\r` alone is one as well, but not where it is half of `\r\n`.
_BLANK_LINE: Final = re.compile(rb"(?:\r\n|\n|\r(?!\n)){2}")
_DATA: Final = re.compile(rb"^data:[ ]?(.*)$", re.MULTILINE)


class EventSplitter:
    """Cuts a byte stream into whole events, each with the blank line that ends it."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Events that `data` completes, as they came."""
        if self._pending:
            data = self._pending + data
        events = []
        start = 0
        for blank in _BLANK_LINE.finditer(data):
            events.append(data[start : blank.end()])
            start = blank.end()
        self._pending = data[start:]
        return events

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished event are held."""
        return len(self._pending)

    def rest(self) -> bytes:
        """The bytes of an unfinished event; they are handed over once."""
        rest, self._pending = self._pending, b""
        return rest


def data_of(event: bytes) -> bytes:
    """The event's data: its `data` lines, joined by LF."""
    if b"\r" in event:
        event = event.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"\n".join(_DATA.findall(event))
