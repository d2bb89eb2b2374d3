"""The entry of a request that is like an earlier one but for an id, times and numbers."""

from __future__ import annotations

from time import perf_counter
from typing import Final

from models.again import Again, Like
from proxy.exchange import Exchange, whole
from proxy.usage.accumulator import Used

_MICRO: Final = 1e6


def again(like: Like, exchange: Exchange, used: Used | tuple[None, ...], nanos: int) -> Again:
    """That of `exchange`, which used what the first four of `used` say."""
    now, began, first_byte = perf_counter(), exchange.began, exchange.first_byte
    overhead = exchange.overhead
    if overhead is None:
        overhead = exchange.overhead_seconds(now)
    return Again(
        like,
        (
            exchange.id,
            whole(exchange.at * _MICRO),
            used[0],
            used[1],
            used[2],
            used[3],
            nanos,
            exchange.bytes_in,
            exchange.bytes_out,
            whole((first_byte - began) * _MICRO) if first_byte else None,
            whole((now - began) * _MICRO),
            whole(overhead * _MICRO),
        ),
    )
