"""Under which key an answer is kept: all of a request that may change it, sans-io.

Everything that goes upstream counts, but for a short list of fields that say who asks or trace the
request. A field that nobody has heard of counts: two requests that differ in it never share an
answer. Each part stands behind its length, so that no two requests are fed alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from operator import attrgetter
from typing import Final, Protocol

import msgspec

from proxy.bounded_memo import PLACE_BYTES, BoundedMemo
from proxy.cache.space import CacheSpace, framed
from proxy.downstream import Likeness, RequestHead
from proxy.header_lines import kind_of
from proxy.questions import Question

#: Who asks, how the request is traced, and what we obey ourselves. `Content-Length` says again what
#: the body says.
_LEFT_OUT: Final = frozenset(
    (
        b"b3",
        b"baggage",
        b"cache-control",
        b"content-length",
        b"correlation-id",
        b"idempotency-key",
        b"pragma",
        b"request-id",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"x-amzn-trace-id",
        b"x-client-request-id",
        b"x-cloud-trace-context",
        b"x-correlation-id",
        b"x-request-id",
    )
)
#: Those of them that are mostly others with each request: no memo is asked for them.
_NEW_EACH_TIME: Final = _LEFT_OUT - {
    b"baggage",
    b"cache-control",
    b"content-length",
    b"pragma",
    b"user-agent",
}
_LEFT_OUT_PREFIXES: Final = (b"x-b3-", b"x-llm-proxy-", b"x-stainless-")


class _Line(msgspec.Struct, frozen=True, gc=False):
    """A header line, as far as keys go: its name, and what it puts into them; b"" for nothing."""

    name: bytes
    text: bytes
    size: int
    may_be_remembered: bool


class _Block(msgspec.Struct, frozen=True, gc=False):
    """What all header lines of a request put into its key."""

    text: bytes
    size: int


#: Clients send the same lines again and again. None that may hold a secret is remembered.
_LINES: Final[BoundedMemo[_Line]] = BoundedMemo(256 * 1024, entry_max_bytes=1024)
_LINE_BYTES: Final = 3 * 40 + 64 + PLACE_BYTES
#: The same of whole heads, where none of their lines may hold a secret.
_BLOCKS: Final[BoundedMemo[_Block]] = BoundedMemo(256 * 1024, entry_max_bytes=4096)
_BLOCK_BYTES: Final = 3 * 40 + PLACE_BYTES
#: The same of heads that are alike, where none of their lines counts whose value changes; b"" where
#: one does. Such heads have at most 16 KiB each, and hold no secret.
_ALIKE: Final[dict[Likeness, bytes]] = {}
_ALIKE_MAX: Final = 128
_name_of: Final = attrgetter("name")
_QUESTIONS: Final = {None: b"none", True: b"withheld", False: b"passed-on"}


class Sent(Protocol):
    """A request as it is to be sent upstream, its body whole."""

    @property
    def head(self) -> RequestHead: ...

    @property
    def fields(self) -> bytes:
        """The header lines for accounts of the project's provider."""
        ...

    @property
    def others(self) -> Mapping[str, bytes] | None:
        """Those for accounts of other providers, by their names."""
        ...


def key_of(space: CacheSpace, request: Sent, asked: Question | None, body: bytes) -> bytes:
    """32 bytes. `body` is the `digest_of` the request's.

    `asked` is what was put into the body to have a stream's usage told: of two requests that are
    sent alike, one may get the event of it and the other not.
    """
    head, others = request.head, request.others
    target, fields = head.target, _counting_of(head, request.fields)
    said = b"%b%b%b %b %d %d:%b%d:%b" % (
        space.start,
        body,
        head.method.encode(),
        _QUESTIONS[None if asked is None else asked.withholds],
        len(others) if others else 0,
        len(target),
        target,
        len(fields),
        fields,
    )
    for name, lines in sorted(others.items()) if others else ():
        said += framed((name.encode(), _counting(lines)))
    return sha256(said).digest()


def digest_of(body: Iterable[bytes]) -> bytes:
    """What stands for a body in a key, whatever pieces it came in."""
    state = sha256()
    for piece in body:
        state.update(piece)
    return state.digest()


def is_left_out(name: bytes) -> bool:
    """Whether a field of this name, in lower case, changes no key."""
    return name in _LEFT_OUT or name.startswith(_LEFT_OUT_PREFIXES)


def counts_alike(head: RequestHead) -> bool:
    """Whether the lines of all heads that are alike to this one, whose key was made, put the same
    into a key."""
    return head.likeness is not None and bool(_ALIKE.get(head.likeness))


def _counting_of(head: RequestHead, lines: bytes) -> bytes:
    """The same as `_counting`, looked up where heads are alike and their lines go as they came."""
    likeness = head.likeness
    if likeness is None or lines is not head.lines.crossing:
        return _counting(lines)
    known = _ALIKE.get(likeness)
    if known:
        return known
    said = _counting(lines)
    if known is None:
        if len(_ALIKE) >= _ALIKE_MAX:
            _ALIKE.clear()
        _ALIKE[likeness] = b"" if _changes(likeness) else said
    return said


def _changes(likeness: Likeness) -> bool:
    """Whether a line counts whose value may be another one in each of the heads."""
    return any(
        kind_of(place.name).crosses and not is_left_out(place.lowered)
        for place in likeness.pattern.places
    )


def _counting(lines: bytes) -> bytes:
    """Those of header lines that count: names in any case are the same, and the order of lines says
    something only among those of one name (RFC 9110 5.3)."""
    remembered = _BLOCKS.young.get(lines) or _BLOCKS.recall(lines)
    if remembered is not None:
        return remembered.text
    known = _LINES.young
    counting = []
    may_be_remembered = True
    for text in lines.split(b"\r\n"):
        line = known.get(text)
        if line is None:
            if text.partition(b":")[0].lower() in _NEW_EACH_TIME:
                may_be_remembered = False
                continue
            line = _read(text)
        may_be_remembered &= line.may_be_remembered
        if line.text:
            counting.append(line)
    counting.sort(key=_name_of)
    said = b"".join([line.text for line in counting])
    if may_be_remembered:
        _BLOCKS.offer(lines, _Block(said, _BLOCK_BYTES + len(lines) + len(said)))
    return said


def _read(text: bytes) -> _Line:
    remembered = _LINES.recall(text)
    if remembered is not None:
        return remembered
    name, _, value = text.partition(b":")
    lowered = name.lower()
    counts = bool(name) and not is_left_out(lowered)
    said = framed((lowered, value.strip(b" \t"))) if counts else b""
    may_be_remembered = kind_of(name).may_be_remembered
    line = _Line(lowered, said, _LINE_BYTES + 4 * len(text), may_be_remembered)
    if may_be_remembered:
        _LINES.offer(text, line)
    return line
