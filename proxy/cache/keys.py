"""Under which key an answer is kept: all of a request that may change it, sans-io.

Everything that goes upstream counts, but for a short list of fields that say who asks or trace the
request. A field that nobody has heard of counts: two requests that differ in it never share an
answer. Each part stands behind its length, so that no two requests are fed alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Final, Protocol

from proxy.cache.space import CacheSpace, framed
from proxy.downstream import RequestHead
from proxy.headers import field_list
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
_LEFT_OUT_PREFIXES: Final = (b"x-b3-", b"x-llm-proxy-", b"x-stainless-")
_name_of: Final = itemgetter(0)


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

    @property
    def body(self) -> Iterable[bytes]: ...

    @property
    def size(self) -> int: ...


def key_of(space: CacheSpace, request: Sent, asked: Question | None) -> bytes:
    """32 bytes. `asked` is what was put into the body to have a stream's usage told: of two
    requests that are sent alike, one may get the event of it and the other not."""
    head = request.head
    question = b"" if asked is None else b"withheld" if asked.withholds else b"passed on"
    parts = [head.method.encode(), head.target, question, _counting(request.fields)]
    for name, fields in sorted((request.others or {}).items()):
        parts += (name.encode(), _counting(fields))
    state = space.begun()
    state.update(framed(parts))
    state.update(b"%d:" % request.size)
    for piece in request.body:
        state.update(piece)
    digest: bytes = state.digest()
    return digest


def is_left_out(name: bytes) -> bool:
    """Whether a field of this name, in lower case, changes no key."""
    return name in _LEFT_OUT or name.startswith(_LEFT_OUT_PREFIXES)


def _counting(lines: bytes) -> bytes:
    """Those of header lines that count: names in any case are the same, and the order of lines says
    something only among those of one name (RFC 9110 5.3)."""
    counting = [
        (lowered, value)
        for name, value in field_list(lines)
        if not is_left_out(lowered := name.lower())
    ]
    counting.sort(key=_name_of)
    return framed([part for field in counting for part in field])
