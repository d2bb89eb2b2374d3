"""The header lines of one request, read once: what the path asks of them, and those that cross.

A `Line` holds all that its bytes decide, so that a line that came before need not be read again
(`server.http.framing` remembers lines). A `Pattern` is all lines of a head that comes again with
other values at a few places (`server.http.alike`). Credentials and the like are never remembered:
only a request that is under way holds them.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from proxy.bounded_memo import PLACE_BYTES
from proxy.header_rules import CREDENTIALS, KEEPABLE, for_upstream, may_cross_upstream
from proxy.headers import RawHeaders, value_of, values_of, wire_lines

#: What the path of a request asks for.
NOTABLE: Final = CREDENTIALS | {
    b"access-control-request-method",
    b"cache-control",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"origin",
    b"pragma",
    b"x-forwarded-for",
    b"x-llm-proxy-tags",
    b"x-llm-proxy-user",
}
#: Parts of names whose values may be secrets: a memo outlives the request that brought them.
_SECRET: Final = re.compile(rb"auth|cookie|cred|key|pass|secret|session|sign|token")
#: Of names whose values are others with each request: to look for such a line costs more than to
#: read it.
_PASSING: Final = re.compile(rb"request-?id|correlation-?id|trace|^x-b3-|nonce|^date$")
#: So are those of these, which some clients send; others' stay the same for long.
_CHANGING: Final = frozenset((b"baggage", b"cf-ray", b"x-request-start"))
_CHANGING_ENDS: Final = (b"-id", b"_id")
_NAME_MAX_BYTES: Final = 64
#: What a line takes beside its own bytes: five objects, and its place in a dictionary.
_KIND_BYTES: Final = 2 * 40 + 64 + 32 + PLACE_BYTES
_LINE_BYTES: Final = 5 * 40 + 128 + PLACE_BYTES


class Line(msgspec.Struct, frozen=True, gc=False):
    """One header line. `wire` is how it crosses to the upstream, b"" where it does not.

    `role` is 0 for a line that neither frames the request nor is `NOTABLE` nor `CHANGES`; bits
    other than these and `IS_ODD` are the framing's.
    """

    name: bytes
    lowered: bytes
    value: bytes
    wire: bytes
    role: int
    size: int

    def __repr__(self) -> str:
        # The default would print the client's token into whatever log a line ends up in.
        return f"Line({self.name!r})"


IS_NOTABLE: Final = 1
#: Of a line whose value heads that are alike need not share: it decides nothing, or it is a
#: credential or the length, which are looked at for each request.
CHANGES: Final = 32
#: Of a line that changes and has no value, or other white space around it than one space before.
IS_ODD: Final = 64


class Kind(msgspec.Struct, frozen=True, gc=False):
    """What the name of a field decides."""

    lowered: bytes
    crosses: bool
    role: int
    may_be_remembered: bool
    size: int


def kind_of(name: bytes) -> Kind:
    """What a name decides that has passed the grammar."""
    lowered = name.lower()
    is_other_each_time = _SECRET.search(lowered) is not None or _PASSING.search(lowered) is not None
    role = IS_NOTABLE if lowered in NOTABLE else 0
    if lowered in CREDENTIALS or (not role and _changes(lowered, known=is_other_each_time)):
        role |= CHANGES
    return Kind(
        lowered,
        may_cross_upstream(name),
        role,
        len(name) <= _NAME_MAX_BYTES and not is_other_each_time,
        _KIND_BYTES + 2 * len(name),
    )


def _changes(lowered: bytes, *, known: bool) -> bool:
    """Whether the value of a field that is not notable is another one with each request or client,
    and decides nothing."""
    return (
        (known or lowered in _CHANGING or lowered.endswith(_CHANGING_ENDS))
        # A provider's rules or ours may read these.
        and lowered not in KEEPABLE
        and not lowered.startswith(b"x-llm-proxy-")
    )


def line_of(name: bytes, value: bytes, kind: Kind, role: int) -> Line:
    """A line that has passed the grammar."""
    wire = name + b": " + value + b"\r\n" if kind.crosses else b""
    size = _LINE_BYTES + 4 * len(name) + 3 * len(value)
    return Line(name, kind.lowered, value, wire, role, size)


class Place(msgspec.Struct, frozen=True, gc=False):
    """A line of a pattern whose value is another one in each head."""

    name: bytes
    lowered: bytes
    role: int


class Pattern(msgspec.Struct, frozen=True, gc=False):
    """The head of a request, whose lines were read one by one, without the values of its `places`.

    `texts` are what stands before each of these values and behind the last, the request line
    included. `crossing` is a format for the values: it shows what goes to the upstream, and hides
    the rest. `first` is as `HeaderLines.first`, and `notable` what is to be added to it: a name and
    the number of its value.
    """

    texts: tuple[bytes, ...]
    places: tuple[Place, ...]
    crossing: bytes
    first: dict[bytes, bytes]
    notable: tuple[tuple[bytes, int], ...]

    def first_of(self, values: tuple[bytes, ...]) -> dict[bytes, bytes]:
        """`HeaderLines.first` of a head with these values."""
        first = self.first.copy()
        for name, number in self.notable:
            first[name] = values[number]
        return first

    def fields(self, values: tuple[bytes, ...]) -> RawHeaders:
        """Name and value of each line, as they were on the wire."""
        parts = [part for pair in zip(self.texts, [*values, b""], strict=True) for part in pair]
        texts = b"".join(parts).split(b"\r\n")[1:-2]
        return [
            (name, value.strip(b" \t"))
            for name, _, value in (text.partition(b":") for text in texts)
        ]

    def line(self, name: bytes, values: tuple[bytes, ...]) -> Line | None:
        """The line of a field whose value changes."""
        for place, value in zip(self.places, values, strict=True):
            if place.lowered == name:
                return line_of(place.name, value, kind_of(place.name), place.role)
        return None


class HeaderLines(msgspec.Struct, gc=False):
    """All header lines of a request: as `lines`, where each crosses or not by its own name alone,
    or as `fields`, name and value of each as they were on the wire, or as the values of a pattern,
    each of which stood on the wire as it is.

    `has_repeated` says that one of the `NOTABLE` fields may have more than one line.
    """

    _first: dict[bytes, bytes] | None
    has_repeated: bool
    _lines: list[Line] | None
    _fields: RawHeaders | None = None
    _crossing: bytes | None = None
    _pattern: Pattern | None = None
    #: The pattern's values, where there is one.
    changing: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        # The default would print the client's token into whatever log a head ends up in.
        return f"HeaderLines({[name for name, _ in self.fields]})"

    @classmethod
    def of(cls, fields: RawHeaders) -> HeaderLines:
        """From name and value of each line, in the order in which they came."""
        first: dict[bytes, bytes] = {}
        for name, value in fields:
            if (lowered := name.lower()) in NOTABLE:
                first.setdefault(lowered, value)
        return cls(first, True, None, fields)

    @property
    def first(self) -> dict[bytes, bytes]:
        """The first value of each `NOTABLE` field that is there, by its name in lower case."""
        if self._first is None:
            # What was decided of heads that are alike mostly says all of it.
            pattern = self._pattern
            self._first = {} if pattern is None else pattern.first_of(self.changing)
        return self._first

    def let_go(self) -> None:
        """Keep no more than what `fields` are made of."""
        if self._lines is not None or self._pattern is not None:
            self._fields = None

    @property
    def fields(self) -> RawHeaders:
        """Name and value of each line, as they were on the wire."""
        if self._fields is None:
            if self._pattern is not None:
                self._fields = self._pattern.fields(self.changing)
            else:
                self._fields = [(line.name, line.value) for line in self._lines or ()]
        return self._fields

    @property
    def crossing(self) -> bytes:
        """The lines that go to the upstream, as they stand in a message's head."""
        if self._crossing is None:
            if self._pattern is not None:
                self._crossing = self._pattern.crossing % self.changing
            elif self._lines is None:
                self._crossing = wire_lines(for_upstream(self.fields))
            else:
                # A getter of C's looks each attribute up, which a step of Python's need not.
                self._crossing = b"".join([line.wire for line in self._lines])
        return self._crossing

    def line(self, name: bytes) -> Line | None:
        """The first line of a field, where the lines were read one by one; of a pattern only those
        that change."""
        if self._pattern is not None:
            return self._pattern.line(name, self.changing)
        return next((line for line in self._lines or () if line.lowered == name), None)

    def value(self, name: bytes) -> bytes | None:
        """The first value of a field; None where it is absent."""
        return self.first.get(name) if name in NOTABLE else value_of(self.fields, name)

    def values(self, name: bytes) -> list[bytes]:
        """All values of a field, in order."""
        if self.has_repeated or name not in NOTABLE:
            return values_of(self.fields, name)
        value = self.first.get(name)
        return [] if value is None else [value]
