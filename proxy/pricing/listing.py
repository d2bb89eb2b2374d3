"""What a provider's models cost, for people to leaf through."""

from collections.abc import Mapping, Sequence
from time import time
from typing import Final, NamedTuple, Protocol

from proxy.pricing.prices import Call, Prices
from proxy.pricing.rates import Rates, usd
from proxy.pricing.sheet import Terms, names

_TOKENS: Final = 10**6


class ListedProvider(Protocol):
    """A provider, as the price list knows it."""

    @property
    def name(self) -> str: ...

    @property
    def listed_as(self) -> str: ...


class ListedModel(NamedTuple):
    """A model's standard price: USD for a million tokens, None where it is not known."""

    model: str
    input: float | None
    cached: float | None
    output: float | None
    rises_over: int | None
    """Prompt tokens above which it costs more, or differently."""
    source: str
    context_length: int | None
    max_output: int | None


class PriceList:
    """The models that have a price. `prices` may change underneath."""

    def __init__(self, prices: Prices, providers: Mapping[str, ListedProvider]) -> None:
        self._prices = prices
        self._providers = providers

    def models(self, provider: str) -> Sequence[str]:
        """The names that the price sheet and PRICES_FILE have for it; none of a stranger's."""
        known = self._providers.get(provider)
        if known is None:
            return ()
        said = self._prices.names(known.listed_as, known.name)
        return sorted({*names(known.listed_as), *said})

    def price(self, provider: str, model: str) -> ListedModel:
        """One of them, worked out anew: some take a few milliseconds."""
        known = self._providers[provider]
        listed_as = known.listed_as
        own = "" if listed_as == known.name else known.name
        call = Call(listed_as, model, own=own)
        tariff = self._prices.tariff(call, Terms(), time())
        tiers = sorted(tariff.tiers, key=lambda tier: tier[0])
        rates = tiers[0][1] if tiers else Rates()
        return ListedModel(
            model,
            _dollars(rates, "prompt"),
            _dollars(rates, "cached"),
            _dollars(rates, "completion"),
            tiers[1][0] if len(tiers) > 1 else None,
            tariff.source,
            *self._prices.sizes(listed_as, model, own),
        )


def _dollars(rates: Rates, field: str) -> float | None:
    rate: int | None = getattr(rates, field)
    if rate is None or field in rates.open or rates.uncounted:
        return None
    return float(usd(rate, _TOKENS))
