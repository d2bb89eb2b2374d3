"""An event too large to be kept and decoded, scanned while it passes for the same few members.

Images come in such events, and the answer that ends a stream of OpenAI's responses repeats all that
was in it, with its usage behind. What is kept of one is bounded, however long it is.
"""

from __future__ import annotations

from typing import Final

from proxy.decoding.json_scanner import TopLevelScanner
from proxy.turns import PART_BYTES, TURN_WEIGHT, weight
from proxy.usage.json_usage import SCANNED
from proxy.usage.sse import BYTE_ORDER_MARK

_TOP: Final = (b"model", b"usage", b"choices", b"type", b"error", b"service_tier")
_ANSWERS: Final = (b"response", b"message")
#: Stands for a value that is there and too long to be one that we look for.
_SOMETHING: Final = b"[0]"
#: Lines of one such event that are followed; servers write its data in one.
_LINES_MAX: Final = 64
_DATA: Final = b"data:"


class LargeEvent:
    """Is fed the bytes of one event, and works in turns: see `behind`."""

    __slots__ = (
        "_answer", "_at_line", "_carry", "_in_data", "_inner", "_lines", "_top", "_unread",
    )  # fmt: skip

    def __init__(self) -> None:
        self._top = TopLevelScanner(_TOP)
        self._inner = TopLevelScanner(SCANNED)
        #: The answer in it, once its value has begun.
        self._answer = b""
        self._unread = b""
        self._lines = 0
        self._at_line = True
        self._in_data = False
        #: The beginning of a line that is too short to be told.
        self._carry = b""

    @property
    def behind(self) -> bool:
        """Whether more has been fed than one turn had time for."""
        return bool(self._unread)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the event, and look into what this turn has time for."""
        self._unread += data
        self.catch_up()

    def catch_up(self) -> None:
        """Look into more of what has been fed."""
        unread, done, heavy = self._unread, 0, 0
        while done < len(unread) and heavy < TURN_WEIGHT:
            part = unread[done : done + PART_BYTES]
            heavy += weight(part)
            self._take(part)
            done += len(part)
        self._unread = unread[done:]

    def _take(self, part: bytes) -> None:
        """Look into the data lines of a part."""
        position = 0
        part, self._carry = self._carry + part, b""
        if not self._lines and self._at_line:
            # Only the first event of a stream can begin with it.
            part = part.removeprefix(BYTE_ORDER_MARK)
        while position < len(part) and self._lines < _LINES_MAX:
            if self._at_line:
                start = part[position : position + len(_DATA) + 1]
                if len(start) <= len(_DATA) and b"\n" not in start:
                    self._carry = part[position:]
                    return
                self._at_line, self._in_data = False, start.startswith(_DATA)
                position += len(_DATA) if self._in_data else 0
            end = part.find(b"\n", position)
            stop = len(part) if end == -1 else end
            if self._in_data:
                self._scan(part[position:stop])
            position = stop
            if end != -1:
                position += 1
                self._lines += 1
                self._at_line = True

    def _scan(self, text: bytes) -> None:
        top, inner, before = self._top, self._inner, self._top.offset
        top.feed(text)
        if self._answer:
            # The answer goes on, perhaps to its end.
            inner.feed(text[: self._end_of_answer(before)])
            return
        begun = [(member.key, member.start) for member in top.members]
        if (opened := top.open_member) is not None:
            begun.append(opened)
        for key, start in begun:
            if key in _ANSWERS:
                self._answer = key
                inner.feed(text[max(0, start - before) : self._end_of_answer(before)])
                return

    def _end_of_answer(self, before: int) -> int | None:
        """Where in the text behind `before` the answer ends; None where it does not."""
        for member in reversed(self._top.members):
            if member.key == self._answer:
                return max(0, member.end - before)
        return None

    def members(self) -> dict[str, bytes]:
        """The event has been fed whole: its members that usage is read from, as JSON."""
        while self._unread:
            self.catch_up()
        members = {key.decode(): value for key, value in self._top.found.items()}
        if any(member.key == b"choices" for member in self._top.members):
            members.setdefault("choices", _SOMETHING)
        if self._answer and self._inner.complete and self._inner.found:
            listed = b",".join(b'"%b":%b' % found for found in self._inner.found.items())
            members[self._answer.decode()] = b"{%b}" % listed
        return members
