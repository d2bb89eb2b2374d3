"""The header lines of one response, read once: what the path asks of them, and those that cross."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from proxy.bounded_memo import PLACE_BYTES, BoundedMemo
from proxy.header_rules import PLAIN_CONNECTION, for_downstream, may_cross_downstream
from proxy.headers import RawHeaders, value_of, values_of, wire_lines

#: What the path of a response asks for, and what frames it.
NOTABLE: Final = frozenset(
    (
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"keep-alive",
        b"transfer-encoding",
        b"x-ratelimit-limit-requests",
    )
)

LENGTH: Final = b"content-length"
#: What frames a response beside its length, or tells how long its connection lasts.
_FRAMING: Final = frozenset((b"transfer-encoding", b"keep-alive", b"proxy-connection", b"upgrade"))


class ResponseLines(msgspec.Struct, frozen=True, gc=False):
    """What the header lines of a response say.

    `first` has the first value of each `NOTABLE` field that is there, by its name in lower case;
    `has_repeated` says that one of them has more than one line. `block` is what goes to the client,
    as it stands in a message's head.
    """

    headers: RawHeaders
    first: dict[bytes, bytes]
    has_repeated: bool
    block: bytes
    tells_limits: bool
    """Whether the client learns of the upstream's own rate limit."""
    is_plain: bool = False
    """Whether no field frames the response but one `Content-Length`, and maybe `Connection`."""

    @property
    def content_coding(self) -> bytes:
        """The codings of the body, in lower case, comma-separated; b"" where there are none."""
        if b"content-encoding" not in self.first:
            return b""
        return b",".join(values_of(self.headers, b"content-encoding")).lower()


class Pattern(msgspec.Struct, frozen=True, gc=False):
    """The head of a plain response without the values of some lines, which change.

    `texts` are what stands before each of these values, the first line included, and behind the
    last. `fields` are its lines, with None for a value that changes; `length` is the number of that
    of `Content-Length`. `match` matches a head whose values are of any length, where all else of it
    is as long as here, and whose groups are the texts and values by turns. `crossing` is what goes
    to the client, with b"" in place of each value, which are those that are `passing`; None where
    all of it does, from `start` on. `first` is as `ResponseLines.first`, without the length.
    `documents` are the dialects of which an answer with such a head was read as a JSON document
    (`usage.meter`), which the others are, too, and what reads those at once
    (`usage.usual.Reading`).
    """

    status: int
    reason: bytes
    texts: tuple[bytes, ...]
    fields: tuple[tuple[bytes, bytes | None], ...]
    length: int
    match: Callable[[bytes], re.Match[bytes] | None]
    start: int
    crossing: tuple[bytes, ...] | None
    passing: Callable[[Sequence[bytes]], tuple[bytes, ...]]
    first: dict[bytes, bytes]
    tells_limits: bool
    documents: dict[str, Any]

    def lines(self, values: Sequence[bytes], block: bytes) -> ResponseLines:
        """Those of a head with these values, which go to the client as `block`."""
        new = iter(values)
        headers = [(name, next(new) if kept is None else kept) for name, kept in self.fields]
        first = self.first | {LENGTH: values[self.length]}
        return ResponseLines(headers, first, False, block, self.tells_limits, True)


class _Shape(msgspec.Struct, frozen=True, gc=False):
    """What the names of all lines decide. `notable` has the place of the first line of each
    notable field, `crossing` the places of the lines that cross; None where all of them do."""

    notable: tuple[tuple[bytes, int], ...]
    has_repeated: bool
    crossing: tuple[int, ...] | None
    is_plain: bool
    size: int


#: An upstream sends the same names in the same order again and again, with values that change.
_SHAPES: Final[BoundedMemo[_Shape]] = BoundedMemo(256 * 1024, entry_max_bytes=8 * 1024)
_SHAPE_BYTES: Final = 2 * 64 + 64 + 32 + len(NOTABLE) * 64 + PLACE_BYTES


def forget() -> None:
    """Remember no response any more."""
    _SHAPES.clear()


def lines_of(headers: RawHeaders, block: bytes | None = None) -> ResponseLines:
    """Read the header lines of a response; `block` is how they stand in a message's head."""
    names = b"\n".join([name for name, _ in headers])
    shape = _SHAPES.young.get(names) or _shape_of(names, headers)
    first: dict[bytes, bytes] = {}
    for name, place in shape.notable:
        first[name] = headers[place][1]
    connection = first.get(b"connection")
    if connection is None or (connection in PLAIN_CONNECTION and not shape.has_repeated):
        tells_limits = b"x-ratelimit-limit-requests" in first
        if shape.crossing is not None:
            block = wire_lines([headers[place] for place in shape.crossing])
        elif block is None:
            block = wire_lines(headers)
    else:
        # It may name others.
        passed = for_downstream(headers)
        block = wire_lines(passed)
        tells_limits = value_of(passed, b"x-ratelimit-limit-requests") is not None
    return ResponseLines(headers, first, shape.has_repeated, block, tells_limits, shape.is_plain)


def _shape_of(names: bytes, headers: RawHeaders) -> _Shape:
    known = _SHAPES.recall(names)
    if known is not None:
        return known
    first: dict[bytes, int] = {}
    has_repeated = is_odd = False
    crossing: list[int] = []
    for place, (name, _) in enumerate(headers):
        lowered = name.lower()
        if lowered in NOTABLE:
            has_repeated = has_repeated or lowered in first
            first.setdefault(lowered, place)
        is_odd = is_odd or lowered in _FRAMING
        if may_cross_downstream(lowered):
            crossing.append(place)
    shape = _Shape(
        tuple(first.items()),
        has_repeated,
        None if len(crossing) == len(headers) else tuple(crossing),
        not is_odd and not has_repeated,
        _SHAPE_BYTES + len(names) + 40 * len(headers),
    )
    _SHAPES.offer(names, shape)
    return shape
