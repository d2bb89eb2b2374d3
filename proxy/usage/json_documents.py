"""JSON documents that come one behind the other, read at any size while they pass, sans-io.

What holds them may be nothing at all (a plain answer), an array (Gemini's streams), or lines
(Ollama's): between two objects white space, commas and the array's brackets are skipped. An object
up to `KEPT_BYTES` is handed on whole; of a larger one the few members that are wanted, and those of
each object in the one list of it that is wanted, so that what is kept is bounded.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Protocol

from proxy.decoding.json_scanner import TopLevelScanner
from proxy.turns import PART_BYTES, TURN_WEIGHT, weight

#: An object up to this size is decoded in one call, which takes a millisecond at most.
KEPT_BYTES: Final = 256 * 1024
#: Of bytes in which more objects begin than this, fewer are looked into at a time: an object may be
#: two bytes long, and each has its cost.
_BEGIN_MAX: Final = 64
_CROWDED_BYTES: Final = 512
#: What an object costs beside its bytes, in those of plain text.
_DOCUMENT_WEIGHT: Final = 8 * 1024
#: Stands for a value that is there and too long to be kept.
_SOMETHING: Final = b"[0]"
_BETWEEN: Final = re.compile(rb"[ \t\r\n,\[\]\xef\xbb\xbf]*+")


class Shape(NamedTuple):
    """What is kept of a large object: members, and those of the objects in its list `listed`."""

    top: tuple[bytes, ...]
    listed: bytes = b""
    inner: tuple[bytes, ...] = ()


class Documents(Protocol):
    """Is told of each object as it ends."""

    shape: Shape

    def document(self, text: bytes) -> None:
        """An object, or what was kept of a large one."""
        ...

    def listed(self, text: bytes) -> None:
        """What was kept of an object in the list of a large one that has not ended yet."""
        ...


class JsonDocuments:
    """Is fed bytes, and tells `told` of the objects in them. It works in turns: see `behind`.

    `readable` is False once something else than objects came, or one of too many members: nothing
    more is found then.
    """

    __slots__ = ("_depth", "_object", "_told", "_unread", "begun", "readable")

    def __init__(self, told: Documents) -> None:
        self._told = told
        self._object: _Object | None = None
        self._unread = b""
        #: How many arrays around the objects are open.
        self._depth = 0
        #: Whether any object has begun.
        self.begun = False
        self.readable = True

    @property
    def behind(self) -> bool:
        """Whether more has been fed than one turn of the event loop had time for."""
        return bool(self._unread)

    @property
    def complete(self) -> bool:
        """Whether all that was opened has been closed again."""
        return self.readable and not (self._unread or self._depth or self._object)

    def feed(self, data: bytes) -> None:
        """Take the next bytes, and look into what this turn has time for."""
        if self.readable:
            self._unread += data
            self.catch_up()

    def catch_up(self) -> None:
        """Look into more of what has been fed."""
        at, heavy = 0, 0
        while self._unread and heavy < TURN_WEIGHT:
            part = self._unread[at : at + PART_BYTES]
            if part.count(b"{") > _BEGIN_MAX:
                part = part[:_CROWDED_BYTES]
            if not part:
                break
            taken, documents, again = self._take(part)
            heavy += weight(part) + _DOCUMENT_WEIGHT * documents
            at += taken
            if again:
                self._unread, at = again + self._unread[at:], 0
            if not self.readable:
                at = len(self._unread)
        self._unread = self._unread[at:]

    def _take(self, part: bytes) -> tuple[int, int, bytes]:
        """Look into a part: how many bytes were taken, how many objects ended, and what of them is
        to be looked into again."""
        at = documents = 0
        while at < len(part):
            if self._object is None:
                at = self._between(part, at)
                if at == len(part) or not self.readable:
                    break
                self._object = _Object(self._told, kept=True)
                self.begun = True
            taken, inside = self._object.feed(part[at:])
            at += taken
            documents += inside
            if self._object.overflowed:
                self.readable, self._object = False, None
            elif self._object.ended:
                ended, self._object = self._object, None
                documents += 1
                self._told.document(ended.text())
            elif self._object.size > KEPT_BYTES:
                # Once more from its beginning, in parts, and without keeping it.
                again = self._object.let_go()
                self._object = _Object(self._told, kept=False)
                return at, documents, again
        return at, documents, b""

    def _between(self, part: bytes, at: int) -> int:
        """Where the next object begins, or the end of the part."""
        match = _BETWEEN.match(part, at)
        end = at if match is None else match.end()
        self._depth = max(0, self._depth + part.count(b"[", at, end) - part.count(b"]", at, end))
        if end < len(part) and part[end : end + 1] != b"{":
            self.readable = False
        return end


class _Object:
    """One object that has not ended."""

    __slots__ = ("_inner", "_kept", "_list_at", "_scanner", "_told", "size")

    def __init__(self, told: Documents, *, kept: bool) -> None:
        self._told = told
        self._kept: list[bytes] | None = [] if kept else None
        shape = told.shape
        self._scanner = TopLevelScanner(() if kept else shape.top, one=True)
        self._inner = None if kept or not shape.listed else _Listed(told)
        #: Whether the list has begun, which is followed to its end and once only.
        self._list_at = -1
        self.size = 0

    @property
    def ended(self) -> bool:
        return self._scanner.ended >= 0

    @property
    def overflowed(self) -> bool:
        return self._scanner.overflowed

    def feed(self, data: bytes) -> tuple[int, int]:
        """How many of the bytes were its own, and how many objects of its list ended in them."""
        before = self._scanner.offset
        self._scanner.feed(data)
        taken = len(data) if not self.ended else self._scanner.ended - before
        if self._kept is not None:
            self._kept.append(data[:taken])
            self.size += taken
            return taken, 0
        return taken, self._follow_list(data[:taken], before)

    def _follow_list(self, data: bytes, before: int) -> int:
        """Look into what of the list lies in `data`, which begins at the offset `before`."""
        if self._inner is None:
            return 0
        stop = None
        if self._list_at < 0:
            opened = self._scanner.open_member
            if opened is not None and opened[0] == self._told.shape.listed:
                self._list_at = opened[1]
        for member in self._scanner.members:
            if member.key == self._told.shape.listed:
                self._list_at, stop = member.start, max(0, member.end - before)
                break
        if self._list_at < 0:
            return 0
        begin = max(0, self._list_at - before)
        return self._inner.feed(data[begin:stop]) if begin < len(data) else 0

    def let_go(self) -> bytes:
        """What was kept of it."""
        return b"".join(self._kept or ())

    def text(self) -> bytes:
        """The object, or what was kept of it, as JSON."""
        if self._kept is not None:
            return b"".join(self._kept)
        return condensed(self._scanner, self._told.shape.top)


class _Listed:
    """The objects in one list of a large object."""

    __slots__ = ("_object", "_told")

    def __init__(self, told: Documents) -> None:
        self._told = told
        self._object: TopLevelScanner | None = None

    def feed(self, data: bytes) -> int:
        """How many objects ended in the bytes."""
        at = documents = 0
        while at < len(data):
            if self._object is None:
                at = data.find(b"{", at)
                if at == -1:
                    break
                self._object = TopLevelScanner(self._told.shape.inner, one=True)
            before = self._object.offset
            self._object.feed(data[at:])
            if self._object.ended < 0:
                break
            at += self._object.ended - before
            ended, self._object = self._object, None
            documents += 1
            self._told.listed(condensed(ended, self._told.shape.inner))
        return documents


def condensed(scanner: TopLevelScanner, wanted: tuple[bytes, ...]) -> bytes:
    """What a scanner found of an object, as JSON; `[0]` stands for a member that was too long."""
    members = dict(scanner.found)
    for member in scanner.members:
        if member.key in wanted:
            members.setdefault(member.key, _SOMETHING)
    return b"{%b}" % b",".join(b'"%b":%b' % found for found in members.items())
