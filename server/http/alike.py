"""Heads that are alike: a client sends the same one again and again, with other values at a few
places, and so such a head need not be read line by line.

What is told by comparison is only what the grammar of `framing` has read before; the values that
change must match the grammar's plainest form. Whatever else comes is left to `framing`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from proxy.access.credentials import may_hold_token
from proxy.bounded_memo import PLACE_BYTES, BoundedMemo, Learning
from proxy.downstream import Likeness, RequestHead
from proxy.header_lines import CHANGES, IS_NOTABLE, IS_ODD, Line, Pattern, Place
from proxy.header_rules import CREDENTIALS
from server.http.heads import HEAD_MAX_BYTES, PLAIN_LENGTH, RequestLine

#: Turns whatever octet no value has into another one, and a tab, which is rare. A value that stays
#: the same, also without white space around it, stands on the wire as it is.
_OTHERS_CHANGED: Final = bytes(at if at >= 0x20 and at != 0x7F else 0x20 for at in range(256))
#: Lengths as they stand on the wire. Mostly one is that of what came behind its head: to see that
#: takes a tenth of reading it.
_LENGTHS: Final = tuple([b"%d" % length for length in range(4096)])
_LENGTHS_END: Final = len(_LENGTHS)
#: Of a head with more of them, each line is looked at.
_PLACES_MAX: Final = 8

_stripped: Final = bytes.strip
_Cut: TypeAlias = Callable[[bytes], tuple[bytes, ...]]


class Alike(Likeness, eq=False):
    """A likeness, with what it takes to read a head that has it.

    `length` and `credential` are the numbers of the values of `Content-Length` and, where no other
    field may hold a secret of ours, `Authorization`. `texts` and `values` cut a head of `end` bytes
    into what stands around the values and these, where they are as long as those of two heads that
    came one after the other: mostly they are.
    """

    line: RequestLine
    length: int | None
    credential: int | None
    size: int
    texts: _Cut = struct.Struct("").unpack_from
    values: _Cut = struct.Struct("").unpack_from
    end: int = 0
    #: How long the values of the last head were that was not cut so.
    _sizes: tuple[int, ...] = ()

    def read(self, data: bytes, client_ip: str) -> tuple[RequestHead, bytes] | None:
        """The head at the front of `data` and what comes behind it; None where it is another."""
        try:
            is_cut = self.texts(data) == self.pattern.texts
        except struct.error:
            # It is shorter.
            is_cut = False
        if is_cut:
            values, end = self.values(data), self.end
        elif (walked := self._walk(data)) is not None:
            values, end = walked
        else:
            return None
        joined = b" ".join(values)
        if joined.translate(_OTHERS_CHANGED) != joined or (
            # None can begin or end by a space where no two are side by side.
            # In a third of the time that `find` takes.
            (joined.partition(b"  ")[1] or joined.strip() != joined)
            and tuple(map(_stripped, values)) != values
        ):
            return None
        line, length, credential = self.line, self.length, self.credential
        rest = data[end:]
        size = 0
        if length is not None:
            size = len(rest)
            if size >= _LENGTHS_END or _LENGTHS[size] != values[length]:
                if PLAIN_LENGTH.fullmatch(values[length]) is None:
                    return None
                size = int(values[length])
        head = RequestHead(
            line.method,
            line.target,
            "1.1",
            None,
            size,
            client_ip,
            0,
            self,
            b"" if credential is None else values[credential],
            values,
        )
        return head, rest

    def _walk(self, data: bytes) -> tuple[tuple[bytes, ...], int] | None:
        """The values of such a head, and its end, from one text to the next."""
        *before, last = self.pattern.texts
        values: list[bytes] = []
        at = 0
        for text in before:
            start = at + len(text)
            # A value is never empty.
            if data[at:start] != text or (at := data.find(b"\r", start)) <= start:
                return None
            values.append(data[start:at])
        end = at + len(last)
        if data[at:end] != last or end > HEAD_MAX_BYTES:
            return None
        sizes = tuple(map(len, values))
        if sizes == self._sizes:
            self.texts, self.values = _cut(tuple(map(len, self.pattern.texts)), sizes)
            self.end = end
        self._sizes = sizes
        return tuple(values), end


@lru_cache(256)
def _cut(texts: tuple[int, ...], values: tuple[int, ...]) -> tuple[_Cut, _Cut]:
    """What cuts heads into texts and the values between them that are so long."""
    around = between = ""
    for text, value in zip(texts, values, strict=False):
        around += f"{text}s{value}x"
        between += f"{text}x{value}s"
    around += f"{texts[-1]}s"
    return struct.Struct(around).unpack_from, struct.Struct(between).unpack_from


#: Those that came before, by their lines without the values that change.
_KNOWN: Final[BoundedMemo[Alike]] = BoundedMemo(2 * 1024 * 1024, entry_max_bytes=16 * 1024)
#: Heads are shorter. A connection keeps the likeness of its last head, whatever that is.
_KEY_MAX_BYTES: Final = 4 * 1024
#: What one takes beside the bytes of its lines, which it has three times, and for each place.
_ALIKE_BYTES: Final = 2048 + PLACE_BYTES
_PLACE_BYTES: Final = 512
#: To learn one takes as long as to read two heads: those that earned it are as many as these, so
#: that a flood of heads which all come twice costs little more than to read them.
_learning: Final = Learning(costs=16)


def forget() -> None:
    """Remember none any more."""
    _KNOWN.clear()
    _learning.forget()


def likeness_of(
    request: RequestLine,
    read: tuple[bytes, list[bytes]],
    lines: list[Line],
    first: dict[bytes, bytes],
) -> Alike | None:
    """The likeness of a head that nothing is rare in, once such a one came before.

    `read` are the texts that were read as `request` and as `lines`; they are written over. `first`
    has the values of notable lines.
    """
    text, texts = read
    places = [place for place, line in enumerate(lines) if line.role & CHANGES]
    if len(places) > _PLACES_MAX or b"?" in request.target or may_hold_token(request.target):
        return None
    for place in places:
        line = lines[place]
        if line.role & IS_ODD:
            return None
        texts[place] = line.name + b":"
    key = text + b"\n" + b"\n".join(texts)
    if len(key) > _KEY_MAX_BYTES:
        return None
    may_learn = _learning.earn()
    known = _KNOWN.young.get(key) or _KNOWN.recall(key)
    if known is None and may_learn and _KNOWN.came_before(key):
        _learning.spend()
        known = _alike(request, read, lines, places, first)
        _KNOWN.keep(key, known)
    return known


def _alike(
    request: RequestLine,
    read: tuple[bytes, list[bytes]],
    lines: list[Line],
    changing: list[int],
    first: dict[bytes, bytes],
) -> Alike:
    text, texts = read
    around: list[bytes] = []
    crossing: list[bytes] = []
    places: list[Place] = []
    notable: dict[bytes, int] = {}
    before, start = text, 0
    for at in changing:
        line = lines[at]
        around.append(b"\n".join([before, *texts[start:at], line.name + b": "]))
        crossing += [one.wire for one in lines[start:at]]
        # No line has one of these octets.
        crossing.append(line.name + b": \0\r\n" if line.wire else b"\1")
        if line.role & IS_NOTABLE:
            notable[line.lowered] = len(places)
        places.append(Place(line.name, line.lowered, line.role))
        before, start = b"\r", at + 1
    around.append(b"\n".join([before, *texts[start:], b"\r\n"]))
    crossing += [one.wire for one in lines[start:]]
    length = notable.get(b"content-length")
    return Alike(
        Pattern(
            tuple(around),
            tuple(places),
            b"".join(crossing).replace(b"%", b"%%").replace(b"\0", b"%b").replace(b"\1", b"%.0b"),
            {name: value for name, value in first.items() if name not in notable},
            tuple(notable.items()),
        ),
        request,
        length,
        notable[b"authorization"] if CREDENTIALS & first.keys() == _AUTHORIZATION else None,
        _ALIKE_BYTES + 3 * sum(map(len, around)) + _PLACE_BYTES * len(places),
    )


_AUTHORIZATION: Final = frozenset((b"authorization",))
