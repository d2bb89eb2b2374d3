"""Response heads that are alike, sans-io: an upstream sends the same one again and again, with
other values at a few places, and so such a head need not be read line by line.

Which places these are is learned: a line whose value was another one once is one of them, and a
line that may hold a secret always is, since what is known outlives the response. What is told by
comparison is only what `plain_head` has read before, and the values that change must match its
grammar. Whatever else comes is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter
from struct import Struct
from typing import Final

import msgspec

from proxy.bounded_memo import PLACE_BYTES, BoundedMemo, Learning
from proxy.header_lines import kind_of
from proxy.header_rules import may_cross_downstream
from proxy.headers import RawHeaders, wire_lines
from proxy.response_lines import LENGTH, Pattern
from proxy.settable import settable
from proxy.upstream.heads import Arrived, UpstreamHead
from proxy.upstream.plain_head import LENGTH_VALUE, VALUE, PlainHead

#: Each line is looked at of a head that has more values that change, more lines or more bytes.
_PLACES_MAX: Final = 16
_LINES_MAX: Final = 64
_BYTES_MAX: Final = 4096
#: To learn what heads have in common costs more than to read one that is like no other: heads that
#: earned it are as many as these, so that a flood of new ones costs little more than it did.
_learning: Final = Learning(costs=32)
#: Parts of names whose values are addresses: a signed one lets in whoever has it, such as those to
#: which Google has files uploaded.
_ADDRESS: Final = re.compile(rb"location|link|ur[il](?!ty)")
#: Of names that say how many tokens a model may still read or write, which are no secrets. It is
#: bounded: a name can be a thousand times what one begins with, and must not be searched as often.
_COUNTED: Final = re.compile(rb"(ratelimit-(?:(?!tokens\b)[a-z]++-){0,4})tokens\b")


class _Layout(msgspec.Struct, frozen=True, gc=False):
    """Where all stands in heads whose values are of one length each: the texts of their pattern,
    the values, and the runs of lines that go to the client; `end` is the head's.

    `shape` is of values that match the grammar, and so do all others of the same shape.
    """

    texts: Callable[[bytes], tuple[bytes, ...]]
    values: Callable[[bytes], tuple[bytes, ...]]
    runs: Callable[[bytes], tuple[bytes, ...]]
    shape: bytes
    end: int


#: Makes the shape of values: where in them white space is, and that all else of them may be there.
_SHAPE: Final = bytes(
    [
        byte if byte in b"\t " else ord("a") if re.fullmatch(VALUE, bytes((byte,))) else 0
        for byte in range(256)
    ]
)
#: So many heads of one length follow one another before they are given a layout, which costs as
#: much as to read some without one.
_STEADY: Final = 8
#: So many others take it from them: to compare one with it in vain costs something, too.
_OTHERS_MAX: Final = 64
#: It takes half as long as `int`, which copies the digits, and refuses a zero before others.
_length: Final = msgspec.json.Decoder(int).decode
_ZERO: Final = ord("0")


@settable
class Alike(msgspec.Struct, eq=False, gc=False):
    """Heads of the same first line, the same names in the same order, and the same values of all
    `NOTABLE` fields but the length. `pattern` is None where too much of them changes."""

    pattern: Pattern | None
    size: int
    _layout: _Layout | None = None
    #: How many were read without the layout, since there is one; and without one, how long the
    #: last one was, and how many in a row were as long.
    _others: int = 0
    _end: int = 0
    _steady: int = 0

    def read(self, data: bytes) -> Arrived | None:
        """What has arrived of a response whose head `data` begins with; None where that is another
        head, or not all of it is here."""
        pattern, layout = self.pattern, self._layout
        if pattern is None:
            return None
        if (
            layout is not None
            and len(data) >= layout.end
            and layout.texts(data) == pattern.texts
            and b"".join(values := layout.values(data)).translate(_SHAPE) == layout.shape
            and (digits := values[pattern.length]).isdigit()
            and digits[0] != _ZERO
        ):
            runs, end, length = layout.runs(data), layout.end, _length(digits)
            block = runs[0] if len(runs) == 1 else b"".join(runs)
        elif (found := self._read(pattern, data)) is not None:
            values, block, end = found
            length = int(values[pattern.length])
        else:
            return None
        body = data[end:]
        head = UpstreamHead(
            pattern.status, pattern.reason, None, length, False, None, pattern, block, values
        )
        return Arrived(head, body, len(body) == length)

    def _read(self, pattern: Pattern, data: bytes) -> tuple[tuple[bytes, ...], bytes, int] | None:
        """The values of such a head, whatever their lengths, what goes to the client, and where the
        head ends."""
        match = pattern.match(data)
        if match is None:
            return None
        pieces, end = match.groups(), match.end()
        if pieces[::2] != pattern.texts:
            return None
        values = pieces[1::2]
        if pattern.crossing is None:
            block = data[pattern.start : end - 2]
        else:
            parts = [*pattern.crossing]
            parts[1::2] = pattern.passing(values)
            block = b"".join(parts)
        self._note(pattern, values, end)
        return values, block, end

    def _note(self, pattern: Pattern, values: tuple[bytes, ...], end: int) -> None:
        """A head with these values was read without the layout."""
        if end != self._end:
            self._end, self._steady = end, 1
        else:
            self._steady += 1
            if self._steady == _STEADY:
                self._layout, self._others = _layout_of(pattern, values, end), 0
        if self._layout is not None:
            self._others += 1
            if self._others == _OTHERS_MAX:
                self._layout = None

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
        self.pattern, self._layout, self._steady = _pattern(pattern, fields), None, 0
        return True


def _layout_of(pattern: Pattern, values: tuple[bytes, ...], end: int) -> _Layout:
    """The layout of heads whose values are as long as these."""
    lengths = [*map(len, values)]
    texts = "".join(
        f"{len(text)}s{length}x" for text, length in zip(pattern.texts, [*lengths, 0], strict=True)
    )
    places = "".join(
        f"{len(text)}x{length}s" for text, length in zip(pattern.texts, lengths, strict=False)
    )
    new = iter(lengths)
    lines = [
        (may_cross_downstream(name), len(name) + 4 + (next(new) if kept is None else len(kept)))
        for name, kept in pattern.fields
    ]
    runs = f"{pattern.start}x"
    for crosses, run in groupby(lines, itemgetter(0)):
        runs += f"{sum(size for _, size in run)}{'s' if crosses else 'x'}"
    return _Layout(
        Struct(texts).unpack_from,
        Struct(places).unpack_from,
        Struct(runs).unpack_from,
        b"".join(values).translate(_SHAPE),
        end,
    )


#: What no head is like.
UNLIKE: Final = Alike(None, 0)


#: Those that came before, by what they have in common.
_KNOWN: Final[BoundedMemo[Alike]] = BoundedMemo(2 * 1024 * 1024, entry_max_bytes=64 * 1024)
#: What one takes beside the bytes of its lines, which it has three times, for each line, and for
#: each value that changes.
_ALIKE_BYTES: Final = 2560 + PLACE_BYTES
_LINE_BYTES: Final = 320
_VALUE_BYTES: Final = 640


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
        match=re.compile(b"").match,
        start=len(line) + 2,
        crossing=None,
        passing=tuple,
        first=first,
        tells_limits=lines.tells_limits,
        documents={},
    )
    size = 3 * (len(line) + len(wire_lines(lines.headers))) + _LINE_BYTES * len(fields)
    size += _VALUE_BYTES * min(len(fields), _PLACES_MAX)
    return Alike(_pattern(begun, fields), _ALIKE_BYTES + size)


def _is_kept(name: bytes) -> bool:
    """Whether the value of such a line may be kept beyond its response, where it is no length."""
    lowered = name.lower()
    may_be_remembered = kind_of(_COUNTED.sub(rb"\1", lowered)).may_be_remembered
    return may_be_remembered and lowered != LENGTH and _ADDRESS.search(lowered) is None


def _pattern(like: Pattern, fields: tuple[tuple[bytes, bytes | None], ...]) -> Pattern | None:
    """As `like`, of these lines, of which others change."""
    around, crossing = [like.texts[0][: like.start]], [b""]
    passing: list[int] = []
    length = places = 0
    for name, value in fields:
        crosses = may_cross_downstream(name)
        around[-1] += name + b": "
        if crosses:
            crossing[-1] += name + b": "
        if value is None:
            if name.lower() == LENGTH:
                length = places
            if crosses:
                passing.append(places)
                crossing += [b"", b"\r\n"]
            places += 1
            around.append(b"\r\n")
        else:
            around[-1] += value + b"\r\n"
            if crosses:
                crossing[-1] += value + b"\r\n"
    if places > _PLACES_MAX:
        return None
    texts = (*around[:-1], around[-1] + b"\r\n")
    crosses_whole = all(may_cross_downstream(name) for name, _ in fields)
    return msgspec.structs.replace(
        like,
        texts=texts,
        fields=fields,
        length=length,
        match=_match(texts, like.start, length),
        crossing=None if crosses_whole else tuple(crossing),
        passing=_passing(passing, places),
    )


def _match(
    texts: tuple[bytes, ...], start: int, length: int
) -> Callable[[bytes], re.Match[bytes] | None]:
    """The match of a pattern. The first line is in it, and of all else how long it is: to compare
    the texts afterwards costs less than to have them compared byte by byte here."""
    form = b"(%b" % re.escape(texts[0][:start])
    for place, text in enumerate(texts):
        form += b".{%d}+)" % (len(text) - (0 if place else start))
        if place < len(texts) - 1:
            form += b"(%b)(" % (LENGTH_VALUE if place == length else VALUE)
    return re.compile(form, re.DOTALL).match


def _passing(places: list[int], count: int) -> Callable[[Sequence[bytes]], tuple[bytes, ...]]:
    """What takes the values at these places from so many."""
    if len(places) == count:
        return tuple
    if len(places) == 1:
        # A getter of one place returns it alone.
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places)
