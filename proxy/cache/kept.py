"""One answer that is kept, as it is in memory, and how an event stream falls into its events."""

from __future__ import annotations

import re
from math import inf
from typing import Final

import msgspec

#: Bytes of a body that are read and handed on at a time.
BLOCK_BYTES: Final = 64 * 1024
#: The largest answer that is kept.
ANSWER_MAX_BYTES: Final = 8 * 1024 * 1024
#: Seconds by which a clock may be set back without that an answer's age is unknown.
_CLOCK_STEP: Final = 60.0


class About(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of an answer with its head. `block` are the lines that its client got, as they
    stand in a message's head; `length` is what they announce of the body."""

    reason: bytes
    block: bytes
    length: int | None
    is_events: bool
    """Whether it is an event stream, of which each event is handed on by itself."""
    is_json: bool
    """Whether it is a document, which is of no use before its end."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """An answer as a whole; `born` is Unix seconds, `cost_nanos` what the answer had cost."""

    about: About
    blocks: tuple[bytes, ...]
    size: int
    born: float
    cost_nanos: int | None

    def age(self, now: float) -> float:
        """Seconds since it was given; endless where a clock that was set back does not tell."""
        age = now - self.born
        return max(0.0, age) if age > -_CLOCK_STEP else inf


encode_about: Final = msgspec.msgpack.Encoder().encode
decode_about: Final = msgspec.msgpack.Decoder(About).decode

#: The ends of events: a blank line, in each of the forms of a line's end.
_BLANK_LINE: Final = re.compile(rb"\n\n|\n\r\n|\r\r")


def events_of(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole events at the beginning of a part of a stream, and what is left behind them."""
    events: list[bytes] = []
    start = 0
    for blank_line in _BLANK_LINE.finditer(data):
        end = blank_line.end()
        events.append(data[start:end])
        start = end
    return events, data[start:]
