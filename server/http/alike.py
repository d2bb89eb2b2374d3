"""Heads that are alike: a client sends the same one again and again, with other values at a few
places, and so such a head need not be read line by line.

What is told by comparison is only what the grammar of `framing` has read before; the values that
change must match the grammar's plainest form. Whatever else comes is left to `framing`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from proxy.bounded_memo import PLACE_BYTES, BoundedMemo
from proxy.downstream import Likeness
from proxy.header_lines import CHANGES, IS_NOTABLE, Line, Pattern, Place, kind_of
from proxy.header_rules import CREDENTIALS
from server.http.heads import HEAD_MAX_BYTES, PLAIN_LENGTH, ParsedHead, RequestLine

_VALUE: Final = rb"[\x21-\x7e\x80-\xff]++(?:[\t ]++[\x21-\x7e\x80-\xff]++)*+"
#: All values that change, each behind a CR, which none of them has. None is empty, and none begins
#: or ends with white space: each stands on the wire as it is.
_VALUES: Final = re.compile(rb"(?:\r" + _VALUE + rb")*+")
#: Of a head with more of them, each line is looked at.
_PLACES_MAX: Final = 8


class Alike(Likeness, eq=False):
    """A likeness, with what it takes to read a head that has it.

    `length` and `credential` are the numbers of the values of `Content-Length` and, where no other
    field may hold a secret of ours, `Authorization`.
    """

    line: RequestLine
    length: int | None
    credential: int | None
    size: int

    def read(self, data: bytes) -> tuple[ParsedHead, int] | None:
        """The head at the front of `data` and how many bytes it takes; None where it is another."""
        pattern = self.pattern
        texts = pattern.texts
        at = 0
        values = [b""]
        for text in texts[:-1]:
            if not data.startswith(text, at):
                return None
            at += len(text)
            # Where there is none, no text is at the place that is told.
            end = data.find(b"\r", at)
            values.append(data[at:end])
            at = end
        size = at + len(texts[-1])
        if (
            not data.startswith(texts[-1], at)
            or size > HEAD_MAX_BYTES
            or _VALUES.fullmatch(b"\r".join(values)) is None
        ):
            return None
        del values[0]
        length = 0
        if self.length is not None:
            digits = values[self.length]
            if PLAIN_LENGTH.fullmatch(digits) is None:
                return None
            length = int(digits)
        return (
            ParsedHead(
                self.line,
                pattern.lines(values),
                length,
                expects_continue=False,
                keep_alive=True,
                likeness=self,
                credential=b"" if self.credential is None else values[self.credential],
            ),
            size,
        )


#: Those that came before, by their lines without the values that change.
_KNOWN: Final[BoundedMemo[Alike]] = BoundedMemo(2 * 1024 * 1024, entry_max_bytes=16 * 1024)
#: What one takes beside the bytes of its lines, which it has three times, and for each place.
_ALIKE_BYTES: Final = 2048 + PLACE_BYTES
_PLACE_BYTES: Final = 512


def forget() -> None:
    """Remember none any more."""
    _KNOWN.clear()


def likeness_of(
    line: RequestLine, text: bytes, texts: list[bytes], lines: list[Line]
) -> Alike | None:
    """The likeness of a head that nothing is rare in, once it came twice.

    `text` is its request line, with its CR; so are the `texts` of its `lines`, which are written
    over.
    """
    places = [place for place, one in enumerate(lines) if one.role & CHANGES]
    if len(places) > _PLACES_MAX or b"?" in line.target:
        return None
    for place in places:
        one = lines[place]
        if not one.value or texts[place] != b"%b: %b\r" % (one.name, one.value):
            return None
        texts[place] = one.name + b":"
    key = text + b"\n" + b"\n".join(texts)
    known = _KNOWN.young.get(key) or _KNOWN.recall(key)
    if known is None and _KNOWN.came_before(key):
        known = _alike(line, text, texts, lines, places)
        _KNOWN.keep(key, known)
    return known


def _alike(
    line: RequestLine, text: bytes, texts: list[bytes], lines: list[Line], changing: Sequence[int]
) -> Alike:
    around, crossing = [text + b"\n"], b""
    places: list[Place] = []
    passing: list[int] = []
    first: dict[bytes, bytes] = {}
    notable: dict[bytes, int] = {}
    for number, one in enumerate(lines):
        if number not in changing:
            around[-1] += texts[number] + b"\n"
            crossing += one.wire.replace(b"%", b"%%")
            if one.role & IS_NOTABLE:
                first[one.lowered] = one.value
            continue
        kind = kind_of(one.name)
        if kind.crosses:
            crossing += one.name.replace(b"%", b"%%") + b": %b\r\n"
            passing.append(len(places))
        if one.role & IS_NOTABLE:
            notable[one.lowered] = len(places)
        places.append(Place(one.name, kind, one.role))
        around[-1] += one.name + b": "
        around.append(b"\r\n")
    around[-1] += b"\r\n"
    is_only = CREDENTIALS & (first.keys() | notable.keys()) == {b"authorization"}
    return Alike(
        Pattern(
            tuple(around), tuple(places), crossing, tuple(passing), first, tuple(notable.items())
        ),
        line,
        notable.get(b"content-length"),
        notable[b"authorization"] if is_only else None,
        _ALIKE_BYTES + 3 * sum(map(len, around)) + _PLACE_BYTES * len(places),
    )
