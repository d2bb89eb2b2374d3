"""What an answer cost, in integer nano-dollars, by the price list of the `genai-prices` package.

The list is the one installed; nothing is fetched, so a new model has no price until the package
is updated. Nano-dollars, since a cheap embedding rounds to 0 micro-dollars. An unknown price is
None, which is not the same as free.

What usage cannot say is not in the price: prompts written to Anthropic's cache cost like others
(the provider takes 1.25 or 2 times as much), audio and image tokens like text where a model takes
both, and service tiers, batches and tools like none.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices

from proxy.usage.accumulator import Usage

#: Clients choose the names, so they are not remembered without end.
_REMEMBERED_MAX: Final = 2_048
_MODEL_NAME_MAX: Final = 200
#: Beyond this no number is honest, and 64 bits are near.
_NANOS_MAX: Final = 10**15

# Prices per token are kept as whole billionths of a nano-dollar: what a list with thirds in it
# (0.08333…) loses by that does not show in a bill of a billion tokens.
_SCALE: Final = 10**9
_NANOS_PER_TOKEN: Final = 1_000 * _SCALE
_NANOS_PER_REQUEST: Final = 1_000_000 * _SCALE


class _Rates(NamedTuple):
    """Scaled nano-dollars for one token, None where the list has no price."""

    prompt: int | None
    cached: int
    completion: int | None
    reasoning: int
    request: int

    def of(self, usage: Usage) -> int | None:
        if self.prompt is None and self.completion is None and not self.request:
            # Charged by the second, the page or the picture, which are not counted here.
            return None
        prompt, completion, cached, reasoning = usage[:4]
        if prompt is None or completion is None or cached is None or reasoning is None:
            return None
        fresh = prompt - cached
        plain = completion - reasoning
        if fresh < 0 or (self.prompt is None and prompt):
            return None
        if plain < 0 or (self.completion is None and completion):
            return None
        scaled = (
            self.request
            + fresh * (self.prompt or 0)
            + cached * self.cached
            + plain * (self.completion or 0)
            + reasoning * self.reasoning
        )
        nanos = (scaled + _SCALE // 2) // _SCALE
        return nanos if nanos <= _NANOS_MAX else None


#: The rates for prompts longer than so many tokens, the longest first. All tokens are charged
#: at the one rate that applies.
_Tiers = tuple[tuple[int, _Rates], ...]


class _Tariff:
    """One model's prices, of which time decides between several."""

    __slots__ = ("_dated", "_standing", "name")

    def __init__(self, model: ModelInfo) -> None:
        self.name = model.id
        self._standing: _Tiers | None = None
        self._dated: list[tuple[ConditionalPrice, _Tiers]] = []
        if isinstance(model.prices, ModelPrice):
            self._standing = _tiers(model.prices)
        else:
            self._dated = [(price, _tiers(price.prices)) for price in model.prices]

    def price(self, usage: Usage, at: datetime | None) -> int | None:
        tiers = self._standing or self._tiers_at(at or datetime.now(UTC))
        for start, rates in tiers:
            if (usage.prompt or 0) > start:
                return rates.of(usage)
        return None

    def _tiers_at(self, at: datetime) -> _Tiers:
        # As ModelInfo.get_prices: the last that is active, and the first where none is.
        for price, tiers in reversed(self._dated):
            if price.constraint is None or price.constraint.active(at):
                return tiers
        return self._dated[0][1] if self._dated else ()


def _tiers(price: ModelPrice) -> _Tiers:
    # The negative start holds for every prompt, the empty one included.
    starts = {-1}
    for value in _values(price):
        if isinstance(value, TieredPrices):
            starts.update(tier.start for tier in value.tiers)
    return tuple((start, _rates(price, start)) for start in sorted(starts, reverse=True))


def _values(price: ModelPrice) -> Iterable[object]:
    return (price.input_mtok, price.cache_read_mtok, price.output_mtok, price.output_reasoning_mtok)


def _rates(price: ModelPrice, start: int) -> _Rates:
    prompt = _at(price.input_mtok, start)
    cached = _at(price.cache_read_mtok, start)
    completion = _at(price.output_mtok, start)
    reasoning = _at(price.output_reasoning_mtok, start)
    request = price.requests_kcount
    return _Rates(
        prompt=prompt,
        cached=(prompt or 0) if cached is None else cached,
        completion=completion,
        reasoning=(completion or 0) if reasoning is None else reasoning,
        request=round(request * _NANOS_PER_REQUEST) if isinstance(request, Decimal) else 0,
    )


def _at(price: Decimal | TieredPrices | None, start: int) -> int | None:
    """The price of a prompt that is longer than `start`, as scaled nano-dollars per token."""
    if price is None:
        return None
    if isinstance(price, TieredPrices):
        due = [tier.price for tier in price.tiers if tier.start <= start]
        return round((due[-1] if due else price.base) * _NANOS_PER_TOKEN)
    return round(price * _NANOS_PER_TOKEN)


_tariffs: dict[tuple[str, str], _Tariff | None] = {}


def price(provider: str, model: str, usage: Usage, at: datetime | None = None) -> int | None:
    """What `usage` costs at `at` (now), in nano-dollars; None where no price is known.

    `provider` is one of ours and is looked up by the id that genai-prices has for it, exactly:
    a provider that only sounds like OpenAI does not charge OpenAI's prices.
    """
    tariff = _tariff(provider, model)
    return None if tariff is None else tariff.price(usage, at)


def listed_name(provider: str, model: str) -> str | None:
    """The name that the price list has for `model`, of which there are few.

    Many names may stand for one model: the list has `claude-3-5-haiku` and whatever begins so.
    """
    tariff = _tariff(provider, model)
    return None if tariff is None else tariff.name


def is_listed(provider: str, model: str) -> bool:
    """Whether the price list has this very name: of names that begin like one there is no end."""
    return model in _listed(provider)


def _listed(provider: str) -> frozenset[str]:
    names = _names.get(provider)
    if names is None:
        names = _names[provider] = frozenset(
            model.id
            for candidate in get_snapshot().providers
            if candidate.id == provider
            for model in candidate.models
        )
    return names


#: By provider, of which there are as many as the operator configured.
_names: dict[str, frozenset[str]] = {}


def _tariff(provider: str, model: str) -> _Tariff | None:
    try:
        return _tariffs[provider, model]
    except KeyError:
        return _remember(provider, model)


def _remember(provider: str, model: str) -> _Tariff | None:
    if len(model) > _MODEL_NAME_MAX:
        return None
    if len(_tariffs) >= _REMEMBERED_MAX:
        del _tariffs[next(iter(_tariffs))]
    tariff = _tariffs[provider, model] = _look_up(provider, model)
    return tariff


def _look_up(provider: str, model: str) -> _Tariff | None:
    # Not through the package's own look-up, which remembers every name it was ever asked for.
    providers = get_snapshot().providers
    for candidate in providers:
        if candidate.id == provider:
            info = candidate.find_model(model, all_providers=providers)
            return None if info is None else _Tariff(info)
    return None
