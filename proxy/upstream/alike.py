"""Response heads that are alike, sans-io: an upstream sends the same one again and again, with
other values at a few places, and so such a head need not be read line by line.

Which places these are is learned: a line whose value was another one once is one of them, and a
line that may hold a secret always is, since what is known outlives the response. What is told by
comparison is only what `plain_head` has read before, and the values that change must match its
grammar. Whatever else comes is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from operator import itemgetter
from struct import Struct
from typing import Final

import msgspec

from proxy.bounded_memo import PLACE_BYTES, BoundedMemo, Learning
from proxy.header_lines import kind_of
from proxy.header_rules import may_cross_downstream
from proxy.headers import RawHeaders, wire_lines
from proxy.response_lines import LENGTH, Pattern
from proxy.upstream.heads import Arrived, UpstreamHead
from proxy.upstream.plain_head import LENGTH_VALUE, VALUE, PlainHead

#: Each line is looked at of a head that has more values that change, more lines or more bytes.
_PLACES_MAX: Final = 16
_LINES_MAX: Final = 64
_BYTES_MAX: Final = 4096
#: To learn what heads have in common costs more than to read one that is like no other: heads that
#: earned it are as many as these, so that a flood of new ones costs little more than it did.
_learning: Final = Learning(costs=8)
#: Parts of names whose values are addresses: a signed one lets in whoever has it, such as those to
#: which Google has files uploaded.
_ADDRESS: Final = re.compile(rb"location|link|ur[il]")


class _Layout(msgspec.Struct, frozen=True, gc=False):
    """Where the texts of a pattern and its values stand in heads whose values are of one length
    each; `end` is the head's."""

    texts: Callable[[bytes], tuple[bytes, ...]]
    values: Callable[[bytes], tuple[bytes, ...]]
    end: int


class Alike(msgspec.Struct, eq=False):
    """Heads of the same first line, the same names in the same order, and the same values of all
    `NOTABLE` fields but the length. `pattern` is None where too much of them changes."""

    pattern: Pattern | None
    size: int
    #: Of the last head, and where its values ended.
    _layout: _Layout | None = None
    _stops: list[int] = []

    def read(self, data: bytes) -> Arrived | None:
        """What has arrived of a response whose head `data` begins with; None where that is another
        head, or not all of it is here."""
        pattern, layout = self.pattern, self._layout
        if pattern is None:
            return None
        if layout is not None and len(data) >= layout.end and layout.texts(data) == pattern.texts:
            values, end = layout.values(data), layout.end
        elif (found := self._walk(pattern, data)) is not None:
            values, end = found
        else:
            return None
        if pattern.matches(b"\r".join(values)) is None:
            return None
        if pattern.crossing is None:
            block = data[pattern.start : end - 2]
        else:
            block = pattern.crossing % pattern.passing(values)
        length, body = int(values[pattern.length]), data[end:]
        head = UpstreamHead(
            pattern.status, pattern.reason, None, length, False, None, pattern, block, values
        )
        return Arrived(head, body, len(body) == length)

    def _walk(self, pattern: Pattern, data: bytes) -> tuple[tuple[bytes, ...], int] | None:
        """The values of such a head, and its end, from one text to the next."""
        starts, stops = [], []
        at = 0
        *texts, last = pattern.texts
        for text in texts:
            start = at + len(text)
            if data[at:start] != text:
                return None
            starts.append(start)
            # Where there is none, no text is at the place that is told.
            at = data.find(b"\r", start)
            stops.append(at)
        end = at + len(last)
        if data[at:end] != last:
            return None
        if stops == self._stops:
            self._layout = _layout_of(starts, stops, end)
        self._stops = stops
        return tuple([data[place] for place in map(slice, starts, stops)]), end

    def learn(self, headers: RawHeaders) -> bool:
        """Take what is another value in this head of theirs for one that changes; whether there is
        any."""
        if (pattern := self.pattern) is None:
            return False
        fields = tuple(
            (name, value if kept == value else None)
            for (name, kept), (_, value) in zip(pattern.fields, headers, strict=True)
        )
        if fields == pattern.fields:
            return False
        self.pattern, self._layout, self._stops = _pattern(pattern, fields), None, []
        return True


def _layout_of(starts: list[int], stops: list[int], end: int) -> _Layout:
    """The layout of heads whose values begin and stop there."""
    texts = values = ""
    begun = 0
    for start, stop in zip(starts, stops, strict=True):
        texts += f"{start - begun}s{stop - start}x"
        values += f"{start - begun}x{stop - start}s"
        begun = stop
    texts += f"{end - begun}s"
    return _Layout(Struct(texts).unpack_from, Struct(values).unpack_from, end)


@cache
def _values(count: int, length: int) -> Callable[[bytes], object]:
    """So many values, of which this one is a length, a CR between each two, which none has."""
    each = [LENGTH_VALUE if number == length else VALUE for number in range(count)]
    return re.compile(rb"\r".join(each)).fullmatch


#: What no head is like.
UNLIKE: Final = Alike(None, 0)


#: Those that came before, by what they have in common.
_KNOWN: Final[BoundedMemo[Alike]] = BoundedMemo(2 * 1024 * 1024, entry_max_bytes=64 * 1024)
#: What one takes beside the bytes of its lines, which it has three times, and for each line.
_ALIKE_BYTES: Final = 1536 + PLACE_BYTES
_LINE_BYTES: Final = 320


def forget() -> None:
    """Remember none any more."""
    _KNOWN.clear()
    _learning.forget()


def alike_of(head: PlainHead) -> Alike | None:
    """Those that a plain head is one of, once it came twice."""
    may_learn = _learning.earn()
    headers, first = head.lines.headers, head.lines.first
    if not may_learn or len(headers) > _LINES_MAX or head.end - len(head.line) > _BYTES_MAX:
        return None
    names = b"\n".join([name for name, _ in headers])
    notable = b"\n".join([value for name, value in first.items() if name != LENGTH])
    key = b"%b\n%b\n\n%b" % (head.line, names, notable)
    known = _KNOWN.young.get(key) or _KNOWN.recall(key)
    if known is not None and not known.learn(headers):
        return known
    _learning.spend()
    if known is None and _KNOWN.came_before(key):
        known = _alike(head)
        _KNOWN.keep(key, known)
    return known


def _alike(head: PlainHead) -> Alike:
    line, lines = head.line, head.lines
    fields = tuple([(name, value if _is_kept(name) else None) for name, value in lines.headers])
    first = {name: value for name, value in lines.first.items() if name != LENGTH}
    begun = Pattern(
        head.status,
        head.reason,
        texts=(line + b"\r\n",),
        fields=fields,
        length=0,
        matches=_values(1, 0),
        start=len(line) + 2,
        crossing=None,
        passing=itemgetter(0),
        first=first,
        tells_limits=lines.tells_limits,
        documents={},
    )
    size = len(line) + len(wire_lines(lines.headers))
    return Alike(_pattern(begun, fields), _ALIKE_BYTES + 3 * size + _LINE_BYTES * len(fields))


def _is_kept(name: bytes) -> bool:
    """Whether the value of such a line may be kept beyond its response, where it is no length."""
    kind = kind_of(name)
    is_address = _ADDRESS.search(kind.lowered) is not None
    return kind.may_be_remembered and kind.lowered != LENGTH and not is_address


def _pattern(like: Pattern, fields: tuple[tuple[bytes, bytes | None], ...]) -> Pattern | None:
    """As `like`, of these lines, of which others change."""
    around, crossing = [like.texts[0][: like.start]], b""
    passing: list[int] = []
    length = places = 0
    for name, value in fields:
        crosses = may_cross_downstream(name)
        around[-1] += name + b": "
        if value is None:
            if name.lower() == LENGTH:
                length = places
            if crosses:
                crossing += _escaped(name) + b": %b\r\n"
                passing.append(places)
            places += 1
            around.append(b"\r\n")
        else:
            around[-1] += value + b"\r\n"
            if crosses:
                crossing += _escaped(name + b": " + value) + b"\r\n"
    if places > _PLACES_MAX:
        return None
    crosses_whole = all(may_cross_downstream(name) for name, _ in fields)
    return msgspec.structs.replace(
        like,
        texts=(*around[:-1], around[-1] + b"\r\n"),
        fields=fields,
        length=length,
        matches=_values(places, length),
        crossing=None if crosses_whole else crossing,
        passing=itemgetter(*passing),
    )


def _escaped(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")
