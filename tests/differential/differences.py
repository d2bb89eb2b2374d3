"""The one table of what may differ between a request to the upstream and one through the proxy.

It is the public contract's list, and nothing else: a line that is missing here, a name in another
case, another order, fails the comparison.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fake_upstream import Recorded
from tests.differential.wire import Fields, Seen

# RFC 9110 7.6.1. `Connection` names more of them in the message itself.
HOP_BY_HOP: Final = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te"
    b" transfer-encoding upgrade http2-settings".split()
)


@dataclass(frozen=True, slots=True)
class Direction:
    """What may happen to field lines on their way."""

    dropped: frozenset[bytes]
    dropped_prefixes: tuple[bytes, ...]
    added: frozenset[bytes]
    swapped: frozenset[bytes]
    """Fields that are there on both sides, with another value and in another place."""


#: Client to upstream.
REQUEST: Final = Direction(
    dropped=HOP_BY_HOP
    | frozenset(b"cookie expect forwarded via x-real-ip true-client-ip x-request-start".split()),
    dropped_prefixes=(b"x-forwarded-", b"cf-", b"x-llm-proxy-"),
    added=frozenset((b"x-llm-proxy-hops",)),
    swapped=frozenset((b"host", b"authorization")),
)
#: Upstream to client.
RESPONSE: Final = Direction(
    dropped=HOP_BY_HOP | frozenset((b"set-cookie",)),
    dropped_prefixes=(),
    added=frozenset((b"x-llm-proxy-request-id", b"server-timing")),
    swapped=frozenset(),
)
#: What two answers of the fake upstream never share, a clock and a counter: their places count.
VARIES: Final = frozenset((b"date", b"x-request-id"))

_REQUEST_ID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIMING: Final = re.compile(rb"upstream;dur=\d+\.\d, proxy;dur=\d+\.\d")


def expected(fields: Fields, direction: Direction) -> Fields:
    """What is left of these lines on the other side: same names, values, order, duplicates."""
    named = {
        option.strip().lower()
        for name, value in fields
        if name.lower() == b"connection"
        for option in value.split(b",")
    }
    gone = direction.dropped | direction.swapped | named
    return [
        (name, value)
        for name, value in fields
        if name.lower() not in gone and not name.lower().startswith(direction.dropped_prefixes)
    ]


def passed(fields: Fields, direction: Direction) -> Fields:
    """These lines as they arrived, without what the proxy adds or swaps in, or a hop needs.

    What it adds comes last: an upstream may well have sent the same field itself.
    """
    ours = direction.swapped | {b"connection", b"transfer-encoding"}
    arrived = [(name, value) for name, value in fields if name.lower() not in ours]
    for added in direction.added:
        last = max(at for at, (name, _) in enumerate(arrived) if name.lower() == added)
        del arrived[last]
    return arrived


def compare_requests(direct: Recorded, proxied: Recorded, host: bytes, key: bytes) -> None:
    """What the upstream got straight from the client, and from the proxy."""
    assert proxied.method == direct.method
    assert proxied.target == direct.target
    assert passed(list(proxied.headers), REQUEST) == expected(list(direct.headers), REQUEST)
    assert proxied.header_list("host") == [host]
    assert proxied.header_list("authorization") == [b"Bearer " + key]
    assert proxied.header_list("transfer-encoding") == direct.header_list("transfer-encoding")
    assert proxied.header_list("connection") == []
    assert (proxied.body_length, proxied.sha256) == (direct.body_length, direct.sha256)
    assert list(proxied.trailers) == expected(list(direct.trailers), REQUEST)
    assert proxied.complete == direct.complete


def compare_responses(direct: Seen, proxied: Seen) -> None:
    """What the client got straight from the upstream, and from the proxy."""
    assert proxied.status_and_reason == direct.status_and_reason
    assert _steady(passed(proxied.headers, RESPONSE)) == _steady(expected(direct.headers, RESPONSE))
    assert len(proxied.body) == len(direct.body)
    assert proxied.body == direct.body
    assert proxied.trailers == expected(direct.trailers, RESPONSE)
    assert proxied.interim == [
        (line, expected(fields, RESPONSE))
        for line, fields in direct.interim
        if not line.startswith(b"HTTP/1.1 100 ")
    ]
    assert proxied.whole == direct.whole
    (request_id,) = proxied.values(b"x-llm-proxy-request-id")
    (timing,) = proxied.values(b"server-timing")[-1:]
    assert _REQUEST_ID.fullmatch(request_id)
    assert _TIMING.fullmatch(timing)


def _steady(fields: Fields) -> Fields:
    return [(name, b"" if name.lower() in VARIES else value) for name, value in fields]
