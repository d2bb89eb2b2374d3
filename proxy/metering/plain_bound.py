"""The bound of requests that ask for nothing but text: a few products, of rates that are known.

Nearly all requests are so. What they may cost depends on their sizes alone once the rates are
chosen, which are the same for all that go to the same models on the same terms.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from proxy.metering.asks import COUNT_MAX, Asks
from proxy.metering.bound import Bound, Served, of_text
from proxy.pricing.prices import Call
from proxy.pricing.rates import NANOS_MAX, SCALE

#: From so many tokens of a prompt on: what a request costs, a token of it, and one of an answer.
_Tier: TypeAlias = tuple[int, int, int, int]


class Plain(NamedTuple):
    """What is known of all models that may answer, between two moments (Unix seconds)."""

    since: float
    until: float
    served: tuple[tuple[int | None, int | None, tuple[_Tier, ...]], ...]
    """Of each: its context, its longest answer, and its prices."""

    def bound(self, asks: Asks) -> Bound | None:
        """What a plain request costs at most; None where it says too little for that."""
        tokens = nanos = 0
        size, prompts, stated = asks.size + asks.overhead, asks.prompts, asks.max_output
        if asks.is_open:
            stated = 0
        for context, most, tiers in self.served:
            prompt, answers = size, 0
            if asks.answers:
                if context is not None and prompt > context * prompts:
                    prompt = context * prompts
                each = stated or most
                if each is None:
                    return None
                if most is not None and most < each:
                    each = most
                if context is not None and context < each:
                    each = context
                answers = each * asks.choices * prompts
                if asks.predicted:
                    answers += asks.size
            tokens = max(tokens, prompt + answers)
            for start, fixed, of_prompt, of_answer in tiers:
                if prompt > start or start < 0:
                    cost = fixed + prompt * of_prompt + answers * of_answer
                    nanos = max(nanos, -(-cost // SCALE))
        return Bound(min(tokens, COUNT_MAX), min(nanos, NANOS_MAX))


def plain_of(asks: Asks, served: Iterable[Served]) -> Plain | None:
    """What is known for all plain requests that ask as this one does; None where too little is."""
    since, until = 0.0, float("inf")
    known = []
    for one in served:
        tiers: list[_Tier] = []
        for tariff in one.tariffs:
            rates = [of_text(asks, rates) for _, rates in tariff.tiers]
            if not rates:
                return None
            since, until = max(since, tariff.since), min(until, tariff.until)
            for (start, _), found in zip(tariff.tiers, rates, strict=True):
                if found is None:
                    return None
                tiers.append((start, *found))
        known.append((one.sizes.context_length, one.sizes.max_output, tuple(tiers)))
    return Plain(since, until, tuple(known))


#: The calls that a request may become, and what its rates depend on beside.
Key: TypeAlias = tuple[tuple[Call, ...], bool, bool, bool, bool]


def key_of(calls: tuple[Call, ...], asks: Asks) -> Key | None:
    """By what the rates of a plain request are known; None where it is not plain."""
    if (
        asks.unbounded
        or asks.unpriced
        or asks.grows
        or asks.media
        or asks.searches
        or asks.speaks
        or asks.tiers
        or asks.speeds
        or asks.geos
    ):
        return None
    return calls, asks.caches, asks.caches_for_an_hour, asks.must_price_cache, asks.answers
