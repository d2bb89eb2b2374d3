"""Heads that are alike: a client sends the same one again and again, with other values at a few
places, and so such a head need not be read line by line.

What is told by comparison is only what the grammar of `framing` has read before; the values that
change must match the grammar's plainest form. Whatever else comes is left to `framing`.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.bounded_memo import PLACE_BYTES, BoundedMemo
from proxy.downstream import Likeness
from proxy.header_lines import CHANGES, IS_NOTABLE, IS_ODD, Line, Pattern, Place
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

    @property
    def has_one_credential(self) -> bool:
        """Whether no field but `Authorization` may hold a secret of ours."""
        return self.credential is not None

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
    if len(places) > _PLACES_MAX or b"?" in request.target:
        return None
    for place in places:
        line = lines[place]
        if line.role & IS_ODD:
            return None
        texts[place] = line.name + b":"
    key = text + b"\n" + b"\n".join(texts)
    known = _KNOWN.young.get(key) or _KNOWN.recall(key)
    if known is None and _KNOWN.came_before(key):
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
    passing: list[int] = []
    notable: dict[bytes, int] = {}
    before, start = text, 0
    for at in changing:
        line = lines[at]
        around.append(b"\n".join([before, *texts[start:at], line.name + b": "]))
        crossing += [one.wire for one in lines[start:at]]
        if line.wire:
            # No line has a NUL.
            crossing.append(line.name + b": \0\r\n")
            passing.append(len(places))
        if line.role & IS_NOTABLE:
            notable[line.lowered] = len(places)
        places.append(Place(line.name, line.lowered, line.role))
        before, start = b"\r", at + 1
    around.append(b"\n".join([before, *texts[start:], b"\r\n"]))
    crossing += [one.wire for one in lines[start:]]
    return Alike(
        Pattern(
            tuple(around),
            tuple(places),
            b"".join(crossing).replace(b"%", b"%%").replace(b"\0", b"%b"),
            tuple(passing),
            {name: value for name, value in first.items() if name not in notable},
            tuple(notable.items()),
        ),
        request,
        notable.get(b"content-length"),
        notable[b"authorization"] if CREDENTIALS & first.keys() == _AUTHORIZATION else None,
        _ALIKE_BYTES + 3 * sum(map(len, around)) + _PLACE_BYTES * len(places),
    )


_AUTHORIZATION: Final = frozenset((b"authorization",))
