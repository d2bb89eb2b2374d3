"""The head of a kept answer: what of the upstream's is kept, and what is said of it, sans-io.

What was said to one client, of one connection or of one moment is not kept: cookies, what is left
of the upstream's limits, when to come again. `Age` and `Cache-Status` are ours to say then
(RFC 9111 5.1, RFC 9211); neither names a key, which would tell what others have asked.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

from proxy.cache.keys import is_left_out
from proxy.header_rules import for_downstream
from proxy.headers import RawHeaders, field_list, value_of, values_of, wire_lines
from proxy.response_lines import lines_of
from proxy.upstream.heads import UpstreamHead

#: A longer head is not kept.
BLOCK_MAX_BYTES: Final = 16 * 1024
_AGE_MAX: Final = 2**31
_DIGITS_MAX: Final = 10
_NOT_KEPT: Final = frozenset(
    (
        b"age",
        b"alt-svc",
        b"cache-status",
        b"content-length",
        b"nel",
        b"report-to",
        b"reporting-endpoints",
        b"retry-after",
        b"retry-after-ms",
        b"server-timing",
        b"trailer",
        b"x-amz-retry-after",
        b"x-cache",
        b"x-cache-hits",
        b"x-should-retry",
    )
)
_NOT_KEPT_PREFIXES: Final = (b"x-llm-proxy-", b"anthropic-priority-")
_LIMITS: Final = b"ratelimit"

#: What came of a request that a kept answer could have answered. `request`: the client asked for a
#: newer one, or for none to be kept. `bypass`: it is of a kind that is never kept.
How: TypeAlias = Literal["hit", "collapsed", "miss", "request", "bypass"]
_STATUS: Final[dict[How, bytes]] = {
    "hit": b"cache-status: llm-proxy; hit\r\n",
    "collapsed": b"cache-status: llm-proxy; fwd=miss; collapsed\r\n",
    "miss": b"cache-status: llm-proxy; fwd=miss\r\n",
    "request": b"cache-status: llm-proxy; fwd=request\r\n",
    "bypass": b"cache-status: llm-proxy; fwd=bypass\r\n",
}


class KeptHead(NamedTuple):
    """`block` holds the header lines, without a length. `age` is how many seconds old the answer
    was when it came, as its upstream says."""

    reason: bytes
    block: bytes
    age: int


def kept_head(head: UpstreamHead, voids: tuple[bytes, ...] = ()) -> KeptHead | None:
    """What is kept of a head; None where its answer must not be.

    `voids` are fields, in lower case, that do not hold of the bytes that the client got.
    """
    if head.status != 200:
        return None
    crossing = for_downstream(head.headers)
    if value_of(crossing, b"content-range") is not None or not _is_keyed(crossing):
        return None
    kept = [field for field in crossing if (name := field[0].lower()) not in voids and _keeps(name)]
    block = wire_lines(kept)
    if len(block) > BLOCK_MAX_BYTES:
        return None
    return KeptHead(head.reason, block, _age(crossing))


def revived(reason: bytes, block: bytes, length: int | None) -> UpstreamHead:
    """The head of a kept answer, as if it came from its upstream. `length` None: the client is told
    of none, as of a stream."""
    if length is not None:
        block = b"content-length: %d\r\n" % length + block
    headers = field_list(block)
    return UpstreamHead(200, reason, headers, length, lines=lines_of(headers, block))


def status_lines(how: How, age: int | None = None) -> bytes:
    """What a client is told of its answer, behind whatever else its head says."""
    said = _STATUS[how]
    return said if age is None else b"age: %d\r\n%b" % (min(max(0, age), _AGE_MAX), said)


def _keeps(name: bytes) -> bool:
    return (
        name not in _NOT_KEPT
        and not name.startswith(_NOT_KEPT_PREFIXES)
        and _LIMITS not in name.replace(b"-", b"")
    )


def _is_keyed(headers: RawHeaders) -> bool:
    """Whether the key has all that the answer depends on, as far as the upstream says it."""
    named = b",".join(values_of(headers, b"vary")).lower()
    return not any(
        name == b"*" or is_left_out(name) for name in map(bytes.strip, named.split(b","))
    )


def _age(headers: RawHeaders) -> int:
    digits = value_of(headers, b"age") or b""
    if not digits.isdigit():
        return 0
    return min(int(digits), _AGE_MAX) if len(digits) <= _DIGITS_MAX else _AGE_MAX
