"""Server-sent events, sans-io: where one ends, and what its data says.

A stream can be cut at any byte. Events are handed on as the bytes they came in, so a relay
of them passes them unchanged (WHATWG HTML, 9.2.6 "Interpreting an event stream").

Nothing here takes a Python step per event or per line: a stream of blank lines has one event per
byte, and its sender must not be able to stop the event loop. Whole events stay together in a
*stretch*, and only those in which something was found are cut out of it.
"""

from __future__ import annotations

from typing import Final

#: Two line ends in a row, the last of which may be half of `\r\n`: only then is there a `\r`.
_LF_LF: Final = b"\n\n"
_WITH_CR: Final = (b"\n\r", b"\r\r")
#: The longest beginning of a blank line that can still turn out to be none: `\r\n\r`.
_UNDECIDED: Final = 3
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
#: An event of more lines is not taken apart: a list of millions of them costs too much.
LINES_MAX: Final = 10_000
_NEVER: Final = 1 << 62


class EventBuffer:
    """Keeps the unfinished event of a stream; what is finished comes out in one stretch."""

    __slots__ = ("unfinished",)

    def __init__(self) -> None:
        #: What is held of it: always the same object.
        self.unfinished = bytearray()

    def feed(self, data: bytes) -> bytes:
        """The whole events, as they came, that `data` completes. b"" where it completes none."""
        pending = self.unfinished
        if not pending:
            end = _end_of_last(data, 0, len(data))
            if end == len(data):
                return data
            pending += data[end:]
            return data[:end]
        # What has been searched is not searched again: an event may be megabytes in many pieces.
        searched = max(0, len(pending) - _UNDECIDED)
        pending += data
        end = _end_of_last(pending, searched, len(pending))
        stretch = bytes(pending[:end])
        del pending[:end]
        return stretch

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished event are held."""
        return len(self.unfinished)

    def let_go(self) -> bytes:
        """All of an unfinished event but what may begin the blank line behind it."""
        pending = self.unfinished
        let_go = bytes(pending[:-_UNDECIDED])
        del pending[:-_UNDECIDED]
        return let_go

    def rest(self) -> bytes:
        """The bytes of an unfinished event; they are handed over once."""
        rest = bytes(self.unfinished)
        self.unfinished.clear()
        return rest


class Stretch:
    """Whole events, one behind the other, and the way to the one around a place in them.

    Places are asked for in rising order, so that all of them together search each byte once.
    """

    __slots__ = ("_ends", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        pairs = (_LF_LF, *_WITH_CR) if b"\r" in data else (_LF_LF,)
        self._ends = dict.fromkeys(pairs, -1)

    def around(self, place: int, start: int) -> tuple[int, int]:
        """Where the event that holds `place` begins and ends; `start` is the last one's end."""
        begin = _end_of_last(self.data, start, place) or start
        first = _NEVER
        for pair, known in self._ends.items():
            at = known if known >= place else self.data.find(pair, place)
            self._ends[pair] = at = _NEVER if at == -1 else at
            first = min(first, at)
        return begin, len(self.data) if first == _NEVER else _end_of_blank(self.data, first)


def _end_of_last(data: bytes | bytearray, start: int, stop: int) -> int:
    r"""Where the last blank line between two places ends; 0 where there is none.

    A `\r` counts once the byte behind it shows that it is no half `\r\n`.
    """
    at = data.rfind(_LF_LF, start, stop)
    end = at + 2 if at != -1 else 0
    if data.find(b"\r", start, stop) == -1:
        return end
    stop = min(stop, len(data) - 1)
    for pair in _WITH_CR:
        at = data.rfind(pair, start, stop)
        if at != -1:
            end = max(end, _end_of_blank(data, at))
    return end


def _end_of_blank(data: bytes | bytearray, at: int) -> int:
    """Where the blank line ends whose first line end ends at `at`."""
    return at + 3 if data[at + 1 : at + 3] == b"\r\n" else at + 2


def data_of(event: bytes) -> bytes:
    """The event's data: its `data` lines, joined by LF. b"" where it has too many lines."""
    # Only the first event of a stream can begin with a mark, which belongs to no line.
    event = event.removeprefix(BYTE_ORDER_MARK)
    if b"\r" in event:
        event = event.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if event.count(b"\n") > LINES_MAX:
        return b""
    return b"\n".join(
        line[6:] if line[5:6] == b" " else line[5:]
        for line in event.split(b"\n")
        if line[:5] == b"data:" or line == b"data"
    )
