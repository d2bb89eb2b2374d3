"""How many proxies like this one a request has passed: a proxy whose upstream is itself would send
a request to itself until it is full."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from proxy.providers.provider import BUILT_IN
from proxy.upstream.target import Origin, address_of

MOST_HOPS: Final = 3
# No proxy of this kind stands at a provider's own address, which need not learn of one either.
_PROVIDERS_OWN: Final = frozenset(
    address_of(provider.base_url).origin for provider in BUILT_IN.values()
)


@lru_cache(maxsize=1024)
def line(hops: int, origin: Origin) -> bytes:
    """The field line for an upstream, or nothing. `hops` is what the client's request says."""
    if origin in _PROVIDERS_OWN:
        return b""
    return b"x-llm-proxy-hops: %d\r\n" % (hops + 1)
