"""The entries of requests that a kept answer, or another's, is given to.

Most of a token's are alike but for an id, times and sizes, as other requests' are (`entries`).
"""

from __future__ import annotations

from time import perf_counter
from typing import Final, Literal, TypeAlias

from models.again import Like, Recorded
from models.entry import Entry, Outcome
from models.labels import NO_LABELS
from proxy.access.grant import Grant
from proxy.entry_again import again
from proxy.errors import MiddlewareFailed
from proxy.exchange import Exchange
from proxy.pricing.sheet import NAME_MAX
from proxy.providers.endpoints import Route

#: Forgotten all at once, with some 10 MB of entries: each answer that had another cost takes one.
_REMEMBERED_MAX: Final = 4_096
_Charge: TypeAlias = Literal["none", ""]
#: All that decides what an entry says beside `models.again.VARYING`.
_Key: TypeAlias = tuple[int, str, str, str, int, int | None, _Charge]
_MICRO: Final = 1e6
_NO_COUNTS: Final = (None, None, None, None)


class KeptEntries:
    """Those of one worker."""

    __slots__ = ("_alike",)

    def __init__(self) -> None:
        self._alike: dict[_Key, Like] = {}

    def of(self, exchange: Exchange, grant: Grant, route: Route, outcome: Outcome) -> Recorded:
        """It used nothing, and is all the same one of those that may be made."""
        if exchange.saved_nanos is None and exchange.found is not None:
            exchange.saved_nanos = exchange.found.cost_by_now
        if outcome != "complete" or exchange.refusal_code or exchange.labels is not None:
            return _in_full(exchange, grant, route, outcome)
        key: _Key = (
            grant.number, route.pattern, exchange.method, exchange.model, exchange.status,
            exchange.saved_nanos, _charge(exchange, grant),
        )  # fmt: skip
        like = self._alike.get(key)
        if like is not None:
            return again(like, exchange, _NO_COUNTS, 0)
        entry = _in_full(exchange, grant, route, outcome)
        if len(exchange.model) <= NAME_MAX and (like := Like.of(entry)) is not None:
            if len(self._alike) >= _REMEMBERED_MAX:
                self._alike.clear()
            self._alike[key] = like
        return entry


def _charge(exchange: Exchange, grant: Grant) -> _Charge:
    """Budgets pay nothing for it."""
    return "none" if grant.budgets or any(one.budgets for one in exchange.policies) else ""


def _in_full(exchange: Exchange, grant: Grant, route: Route, outcome: Outcome) -> Entry:
    if outcome != "complete" and exchange.refusal_code == MiddlewareFailed.code:
        outcome = "middleware_failed"
    now, began, first_byte = perf_counter(), exchange.began, exchange.first_byte
    labels = exchange.labels or NO_LABELS
    return Entry(
        id=exchange.id,
        at_us=int(exchange.at * _MICRO),
        project_id=grant.project_text,
        token_id=grant.token_text,
        provider=grant.record.provider,
        endpoint=route.pattern,
        method=exchange.method,
        model=exchange.model,
        status=exchange.status,
        outcome=outcome,
        usage="exact",
        prompt_tokens=None,
        completion_tokens=None,
        cached_tokens=None,
        reasoning_tokens=None,
        cost_nanos=0,
        bytes_in=exchange.bytes_in,
        bytes_out=exchange.bytes_out,
        ttfb_us=int((first_byte - began) * _MICRO) if first_byte else None,
        duration_us=int((now - began) * _MICRO),
        overhead_us=int(exchange.overhead_seconds(now) * _MICRO),
        counted=False,
        charge=_charge(exchange, grant),
        refusal_code=exchange.refusal_code,
        tags=labels.tags,
        end_user=labels.end_user,
        cache="hit",
        saved_nanos=exchange.saved_nanos,
    )
