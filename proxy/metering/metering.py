"""What a request may cost, by its body and by whoever may answer it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from proxy.body.plain_members import PlainMembers
from proxy.body.reading import NAMED_MAX, BodyReading
from proxy.metering import forms, members
from proxy.metering.asks import Asks
from proxy.metering.bound import Bound, Served, bound
from proxy.metering.plain_bound import Key, Plain, key_of, plain_of
from proxy.pricing.prices import Call, Prices
from proxy.pricing.rates import Tariff
from proxy.pricing.sheet import NAME_MAX, REMEMBERED_MAX, STANDARD, Terms
from proxy.providers.endpoints import Route

#: Of these the provider chooses, as its own console says.
_CHOSEN: Final = frozenset(("auto",))


async def asks_of(reading: BodyReading, route: Route) -> Asks:
    """What a body asks for that was taken whole, once `judge` has said which models it names."""
    reader = await reading.members()
    if reader is not None:
        asks = members.of_json(route.dialect, route.pattern, reader, reading.text)
    else:
        asks = forms.of_form(reading.parts)
    asks.size, asks.models = reading.text.size, tuple(reading.named)
    if len(asks.models) > NAMED_MAX:
        asks.unbounded = "It names too many models."
    return asks


def asks_plainly(found: PlainMembers, route: Route, body: bytes, model: str) -> Asks:
    """The same of a small body that has these members, and beyond doubt names this one model."""
    asks = members.of_json(route.dialect, route.pattern, found, body)
    asks.size, asks.models = len(body), (model,)
    return asks


class Bounds:
    """Of all requests of one worker, by `prices`."""

    __slots__ = ("_plain", "_version", "prices")

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self._version = prices.version
        self._plain: dict[Key, Plain] = {}

    def of(self, calls: tuple[Call, ...], asks: Asks, at: float) -> Bound:
        """What a request that asks so costs at most at `at`, whichever of the calls it becomes."""
        key = key_of(calls, asks)
        if key is None:
            return bound_of(self.prices, calls, asks, at)
        plain = self._plain.get(key)
        is_outdated = self._version != self.prices.version
        if plain is None or is_outdated or not plain.since <= at < plain.until:
            plain = self._remember(key, asks, at)
        return (plain and plain.bound(asks)) or bound_of(self.prices, calls, asks, at)

    def _remember(self, key: Key, asks: Asks, at: float) -> Plain | None:
        if self._version != self.prices.version or len(self._plain) >= REMEMBERED_MAX:
            self._plain.clear()
            self._version = self.prices.version
        calls = key[0]
        plain = plain_of(asks, (_served(self.prices, call, asks, at) for call in calls))
        if plain is not None and all(len(call.model) <= NAME_MAX for call in calls):
            self._plain[key] = plain
        return plain


def bound_of(prices: Prices, calls: Iterable[Call], asks: Asks, at: float) -> Bound:
    """The same, worked out for this one alone."""
    return bound(asks, (_served(prices, call, asks, at) for call in calls))


def _served(prices: Prices, call: Call, asks: Asks, at: float) -> Served:
    name = f"{call.own or call.provider}/{call.model}"
    sizes = prices.sizes(call.provider, call.model, call.own)
    return Served(name, sizes, _tariffs(prices, call, asks, at))


def _tariffs(prices: Prices, call: Call, asks: Asks, at: float) -> list[Tariff]:
    """One for each of the terms on which the answer may come."""
    named = [prices.of(call, terms, at) for terms in dict.fromkeys(_terms(asks))]
    if not asks.tiers & _CHOSEN:
        return named
    known = [terms for terms in prices.terms(call) if terms.service_tier not in _NEVER_CHOSEN]
    offered = (prices.of(call, terms, at) for terms in known[1:])
    return named + [tariff for tariff in offered if tariff.tiers]


#: For it there are endpoints of their own.
_NEVER_CHOSEN: Final = frozenset(("batch",))


def _terms(asks: Asks) -> Iterator[Terms]:
    for geo in asks.geos or ("",):
        yield Terms(geo=geo)
        for tier in asks.tiers - STANDARD - _CHOSEN:
            yield Terms(tier, geo=geo)
        for speed in asks.speeds - STANDARD:
            yield Terms(speed=speed, geo=geo)
