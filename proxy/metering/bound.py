"""Tokens and nano-dollars that a request costs at most. Pure arithmetic, in integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from proxy.metering.asks import COUNT_MAX, Asks
from proxy.pricing.rates import NANOS_MAX, SCALE, Rates, Tariff
from proxy.pricing.sheet import STANDARD
from proxy.pricing.sizes import Sizes


class Bound(NamedTuple):
    """At most so many; None where nothing bounds them, and why then."""

    tokens: int | None
    nanos: int | None
    why_tokens: str = ""
    why_nanos: str = ""


#: Of what uses nothing.
NOTHING: Final = Bound(0, 0)


class Served(NamedTuple):
    """A model that may answer: its name in the price sheet and PRICES_FILE, and what is known of
    it. There is a tariff for each of the terms on which it may answer."""

    name: str
    sizes: Sizes
    tariffs: Sequence[Tariff]


def bound(asks: Asks, served: Iterable[Served]) -> Bound:
    """What a request that asks so costs at most, whichever of these models answers."""
    if asks.unbounded:
        return Bound(None, None, asks.unbounded, asks.unbounded)
    tokens = nanos = 0
    why_nanos = asks.unpriced
    for one in served:
        try:
            prompt, answers = _tokens(asks, one)
        except _Unknown as unknown:
            return Bound(None, None, unknown.why, unknown.why)
        tokens = max(tokens, prompt + answers)
        try:
            nanos = max(nanos, _nanos(asks, prompt, answers, one))
        except _Unknown as unknown:
            why_nanos = why_nanos or unknown.why
    tokens = min(tokens, COUNT_MAX)
    return Bound(tokens, None if why_nanos else min(nanos, NANOS_MAX), "", why_nanos)


class _Unknown(Exception):
    """Something is not known that has to be."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _missing(one: Served, what: str) -> _Unknown:
    name = one.name.replace("\\", "").replace('"', "")[:200]
    return _Unknown(f'In PRICES_FILE, [prices."{name}"] with {what} would say it.')


def _tokens(asks: Asks, one: Served) -> tuple[int, int]:
    """Of the prompt and of all answers."""
    context, most = one.sizes
    if asks.grows:
        if context is None:
            raise _missing(one, "context_length")
        prompt = context * asks.prompts
    else:
        prompt = asks.size + asks.overhead
        # Each of many texts that become vectors may have a context of its own.
        if context is not None and asks.answers:
            prompt = min(prompt, context * asks.prompts)
    if not asks.answers:
        return prompt, 0
    each = asks.max_output
    if not each or asks.is_open:
        if most is None:
            raise _missing(one, "max_output")
        each = most
    each = min(number for number in (each, most, context) if number is not None)
    answers = each * asks.choices * asks.prompts
    return prompt, answers + (asks.size if asks.predicted else 0)


def _nanos(asks: Asks, prompt: int, answers: int, one: Served) -> int:
    most = 0
    for tariff in one.tariffs:
        if not tariff.tiers:
            raise _missing(one, _on_terms(asks) or "input and output")
        for start, rates in tariff.tiers:
            if prompt > start or start < 0:
                most = max(most, _at(asks, prompt, answers, rates, one))
    return -(-most // SCALE)


def _on_terms(asks: Asks) -> str:
    """Which terms a price is missing for, as far as the request names any."""
    terms = sorted((asks.tiers | asks.speeds) - STANDARD)
    return " and ".join(f"service_tiers.{name}" for name in terms)[:100]


def _at(asks: Asks, prompt: int, answers: int, rates: Rates, one: Served) -> int:
    """The same at some rates, scaled."""
    if rates.uncounted or (rates.video_apart and "video" in asks.media):
        raise _Unknown("The model is charged by units that are in no answer's usage.")
    if rates.prompt is None and rates.completion is None:
        if not rates.request or rates.audio_second is not None:
            raise _missing(one, "input and output")
        return rates.request
    total = rates.request
    if asks.searches:
        if rates.web_search is None or "web_searches" in rates.open:
            raise _missing(one, "web_search")
        total += asks.searches * rates.web_search
    if prompt:
        total += prompt * _dearest(_inputs(asks, rates), rates, one)
    if answers:
        total += answers * _dearest(_outputs(asks, rates), rates, one)
    return total


def _inputs(asks: Asks, rates: Rates) -> dict[str, int | None]:
    """The rates that a token of the prompt may have."""
    named = {"input": rates.prompt}
    if asks.caches and (rates.cache_write is not None or asks.must_price_cache):
        named["cache_write"] = rates.cache_write
    if asks.caches_for_an_hour and rates.cache_write_1h is not None:
        named["cache_write_1h"] = rates.cache_write_1h
    if "image" in asks.media:
        named["image_input"] = rates.image_input
    if "audio" in asks.media:
        named["audio_input"] = rates.audio_input
    return named


def _outputs(asks: Asks, rates: Rates) -> dict[str, int | None]:
    named = {"output": rates.completion}
    if rates.image_output is not None:
        # Models that draw do so unasked.
        named["image_output"] = rates.image_output
    if asks.speaks:
        named["audio_output"] = rates.audio_output
    return named


def _dearest(named: dict[str, int | None], rates: Rates, one: Served) -> int:
    missing = [name for name, rate in named.items() if rate is None or name in rates.open]
    if missing:
        raise _missing(one, " and ".join(missing))
    return max(rate for rate in named.values() if rate is not None)
