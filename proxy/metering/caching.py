"""Whether a prompt is written to a cache, which costs more than a prompt that is not."""

from __future__ import annotations

import re
from typing import Final

from proxy.body.kept_body import KeptBody
from proxy.metering.asks import Asks

#: A longer body is not looked through.
_BODY_MAX_BYTES: Final = 1536 * 1024
#: Dialects that say which parts of a prompt are to be kept in a cache; elsewhere any may be.
_SAYS_CACHE: Final = ("messages", "converse", "invoke")
_CACHED: Final = (b"cache_control", b"cachecontrol", b"cachepoint", b"cache_point")
#: A letter of such a word may be written so.
_HIDING: Final = re.compile(rb"\\u00[2-7]")


def read(asks: Asks, body: KeptBody | bytes, dialect: str) -> None:
    """Whether a part of this body's prompt may be written to a cache."""
    says = dialect in _SAYS_CACHE
    named = hidden = hour = True
    size = len(body) if isinstance(body, bytes) else body.size
    if size <= _BODY_MAX_BYTES:
        lowered = (body if isinstance(body, bytes) else body.range(0, size)).lower()
        # `in` would ask first whether the bytes are a number, and take longer than the search.
        hidden = lowered.find(b"\\u00") >= 0 and _HIDING.search(lowered) is not None
        hour = lowered.find(b'"1h"') >= 0
        if says or hour:
            named = any(word in lowered for word in _CACHED)
    asks.caches = named or hidden or not says
    asks.caches_for_an_hour = (named and hour) or hidden
    asks.must_price_cache = named and says
