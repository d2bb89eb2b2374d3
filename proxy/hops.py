"""How many proxies like this one a request has passed: a proxy whose upstream is itself would send
a request to itself until it is full."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from proxy.providers.catalog import BUILT_IN
from proxy.upstream.target import Origin, address_of

MOST_HOPS: Final = 3
# No proxy of this kind stands at a provider's own address, which need not learn of one either.
_PROVIDERS_OWN: Final = frozenset(
    address_of(provider.own_base_url).origin
    for provider in BUILT_IN.values()
    if provider.own_base_url is not None
)


_NUMBER: Final = re.compile(rb"[ \t]*+[0-9]{1,9}[ \t]*+")


def passed(value: bytes | None) -> int:
    """What a request's field says: the number that a proxy like this one has set, since a client's
    own text counts for nothing."""
    if value is None:
        return 0
    return max(int(part) if _NUMBER.fullmatch(part) else 0 for part in value.split(b","))


@lru_cache(maxsize=1024)
def line(hops: int, origin: Origin) -> bytes:
    """The field line for an upstream, or nothing. `hops` is what the client's request says."""
    if origin in _PROVIDERS_OWN:
        return b""
    return b"x-llm-proxy-hops: %d\r\n" % (hops + 1)
