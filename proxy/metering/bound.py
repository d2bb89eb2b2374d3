"""Tokens and nano-dollars that a request costs at most. Pure arithmetic, in integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias, TypeGuard

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


#: Tokens, or why nothing is known of them.
_Count: TypeAlias = int | str


def bound(asks: Asks, served: Iterable[Served]) -> Bound:
    """What a request that asks so costs at most, whichever of these models answers."""
    tokens = nanos = 0
    why_tokens, why_nanos = "", asks.unpriced
    for one in served:
        prompt, answers = _prompt(asks, one), _answers(asks, one)
        why_tokens = why_tokens or next((why for why in (prompt, answers) if _is_why(why)), "")
        tokens = max(tokens, sum(count for count in (prompt, answers) if isinstance(count, int)))
        try:
            nanos = max(nanos, _nanos(asks, prompt, answers, one))
        except _Unknown as unknown:
            why_nanos = why_nanos or unknown.why
    return Bound(
        None if why_tokens else min(tokens, COUNT_MAX),
        None if why_nanos else min(nanos, NANOS_MAX),
        why_tokens,
        why_nanos,
    )


def _is_why(count: _Count) -> TypeGuard[str]:
    return isinstance(count, str)


class _Unknown(Exception):
    """Something is not known that has to be."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _missing(one: Served, what: str) -> str:
    name = one.name.replace("\\", "").replace('"', "")[:200]
    return f'In PRICES_FILE, [prices."{name}"] with {what} would say it.'


def _prompt(asks: Asks, one: Served) -> _Count:
    if asks.unbounded:
        return asks.unbounded
    context = one.sizes.context_length
    if asks.grows:
        return _missing(one, "context_length") if context is None else context * asks.prompts
    prompt = asks.size + asks.overhead
    # Each of many texts that become vectors may have a context of its own.
    if context is None or not asks.answers:
        return prompt
    return min(prompt, context * asks.prompts)


def _answers(asks: Asks, one: Served) -> _Count:
    """Of all answers together."""
    if not asks.answers:
        return 0
    if asks.unbounded:
        return asks.unbounded
    context, most = one.sizes
    each = asks.max_output
    if not each or asks.is_open:
        if most is None:
            return _missing(one, "max_output")
        each = most
    each = min(number for number in (each, most, context) if number is not None)
    answers = each * asks.choices * asks.prompts
    return answers + (asks.size if asks.predicted else 0)


def _nanos(asks: Asks, prompt: _Count, answers: _Count, one: Served) -> int:
    most = 0
    for tariff in one.tariffs:
        if not tariff.tiers:
            raise _Unknown(_missing(one, _on_terms(asks) or "input and output"))
        for start, rates in tariff.tiers:
            if isinstance(prompt, str) or prompt > start or start < 0:
                most = max(most, _at(asks, prompt, answers, rates, one))
    return -(-most // SCALE)


def _on_terms(asks: Asks) -> str:
    """Which terms a price is missing for, as far as the request names any."""
    terms = sorted((asks.tiers | asks.speeds) - STANDARD)
    return " and ".join(f"service_tiers.{name}" for name in terms)[:100]


def _at(asks: Asks, prompt: _Count, answers: _Count, rates: Rates, one: Served) -> int:
    """The same at some rates, scaled."""
    if rates.uncounted or (rates.video_apart and "video" in asks.media):
        raise _Unknown("The model is charged by units that are in no answer's usage.")
    if rates.prompt is None and rates.completion is None:
        if rates.audio_second is not None:
            raise _Unknown("The model is charged by the minute, and how many they are is not told.")
        if not rates.request:
            raise _Unknown(_missing(one, "input and output"))
        return rates.request
    total = rates.request
    if asks.searches:
        if rates.web_search is None or "web_searches" in rates.open:
            raise _Unknown(_missing(one, "web_search"))
        total += asks.searches * rates.web_search
    total += _times(prompt, _inputs(asks, rates), rates, one)
    return total + _times(answers, _outputs(asks, rates), rates, one)


def _times(count: _Count, named: dict[str, int | None], rates: Rates, one: Served) -> int:
    """What so many tokens cost at the dearest of some rates."""
    if count == 0:
        return 0
    missing = [name for name, rate in named.items() if rate is None or name in rates.open]
    if missing:
        raise _Unknown(_missing(one, " and ".join(missing)))
    rate = max(rate for rate in named.values() if rate is not None)
    if isinstance(count, int):
        return count * rate
    if rate:
        raise _Unknown(count)
    # However many there are, they are free.
    return 0


def of_text(asks: Asks, rates: Rates) -> tuple[int, int, int] | None:
    """What a request costs that asks for nothing but text, and each token of its prompt and of its
    answers, scaled; None where that takes a closer look."""
    inputs, outputs = _inputs(asks, rates), _outputs(asks, rates) if asks.answers else {"": 0}
    known = [rate for rate in (*inputs.values(), *outputs.values()) if rate is not None]
    named = inputs.keys() | outputs.keys()
    if rates.uncounted or named & rates.open or len(known) < len(inputs) + len(outputs):
        return None
    return rates.request, max(known[: len(inputs)]), max(known[len(inputs) :])


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
