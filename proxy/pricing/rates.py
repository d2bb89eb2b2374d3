"""What one of each counted thing costs, and what a usage comes to. Pure arithmetic, in integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeAlias

from proxy.usage.accumulator import Usage, Used

#: Beyond this no number is honest, and 64 bits are near.
NANOS_MAX: Final = 10**15

# Rates are kept as whole billionths of a nano-dollar: what a sheet with thirds in it (0.08333…)
# loses by that does not show in a bill of a billion tokens.
SCALE: Final = 10**9
_HALF: Final = SCALE // 2
_NANOS: Final = 10**9

#: So many fields of a usage are numbers that have a price.
_NUMBERS: Final = Usage._fields.index("service_tier")

#: What is no tool, and in no number: whether it has a price of its own the model's rates say.
VIDEO: Final = frozenset(("video",))

#: Of prompt, completion, cached, reasoning, and of what was written to a cache, for an hour too;
#: and how many of their unit a nano-dollar is, which is 1 where each is of whole ones.
OrdinaryRates: TypeAlias = tuple[int, int, int, int, int | None, int | None, int]
Money: TypeAlias = Decimal | Fraction | int


def scaled(dollars: Money, per: int = 1) -> int:
    """The rate of one, where `per` of them cost so many dollars."""
    return round(Fraction(dollars) * _NANOS * SCALE / per)


def usd(rate: int, per: int) -> Fraction:
    """What `per` of them cost, in dollars: the other way of `scaled`."""
    return Fraction(rate * per, _NANOS * SCALE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Scaled nano-dollars for one of each; None where no price is known.

    Tokens have a rate for each way in which they can be part of prompt and completion. `needs`
    names parts without which a usage cannot be right: a picture that was drawn has image tokens.
    """

    prompt: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    audio_input: int | None = None
    audio_cached: int | None = None
    image_input: int | None = None
    image_cached: int | None = None
    completion: int | None = None
    reasoning: int | None = None
    audio_output: int | None = None
    image_output: int | None = None
    request: int = 0
    web_search: int | None = None
    audio_second: int | None = None
    #: The least that is billed of any audio.
    audio_seconds_min: int = 0
    needs: frozenset[str] = frozenset()
    #: Parts of a usage that cost something, of which no price is known for sure.
    open: frozenset[str] = frozenset()
    #: Units are priced that no usage counts: characters, pages.
    uncounted: bool = False
    #: Moving pictures have a price of their own.
    video_apart: bool = False

    def ordinary(self) -> OrdinaryRates | None:
        """The rates of an answer that counts what nearly all do, where those suffice."""
        first = self.prompt, self.completion, self.cached, self.reasoning
        prompt, completion, cached, reasoning = first
        if self.uncounted or self.needs or self.request:
            return None
        if "cached" in self.open or "cache_write" in self.open:
            return None
        if prompt is None or completion is None or cached is None or reasoning is None:
            return None
        written, written_1h = self.cache_write, self.cache_write_1h
        if any((rate or 0) % SCALE for rate in (*first, written, written_1h)):
            return prompt, completion, cached, reasoning, written, written_1h, SCALE
        # Small numbers, which are multiplied and divided in a fraction of the time.
        whole = prompt // SCALE, completion // SCALE, cached // SCALE, reasoning // SCALE
        return *whole, _whole(written), _whole(written_1h), 1

    def times(self, factor: Fraction) -> Rates:
        """The same where every token costs `factor` as much; searches and seconds do not."""
        rates = {name: getattr(self, name) for name in _TOKENS}
        return self.tokens(
            {name: round(rate * factor) for name, rate in rates.items() if rate is not None}
        )

    def tokens(self, rates: Mapping[str, int | None]) -> Rates:
        """The same with other rates of tokens, by the names of the fields here."""
        changes: dict[str, Any] = dict(rates)
        return replace(self, **changes)

    def of(self, usage: Usage) -> int | None:
        """Nano-dollars, or None where a part that counts has no price or could not be read."""
        if self.uncounted or (usage.lost and self._misses(usage.lost)):
            return None
        if usage.tools and (usage.tools != VIDEO or self.video_apart):
            return None
        if any(not getattr(usage, name) for name in self.needs):
            return None
        if any(getattr(usage, name) for name in self.open) or not self._is_charged_by(usage):
            return None
        total = self.request
        for count, rate in self._parts(usage):
            if count < 0 or (count and rate is None):
                return None
            total += count * (rate or 0)
        return nanos(total)

    def _parts(self, usage: Usage) -> Iterator[tuple[int, int | None]]:
        """Every count with its rate; a negative count says that the usage cannot be."""
        prompt, completion = usage.prompt or 0, usage.completion or 0
        cached, reasoning = usage.cached or 0, usage.reasoning or 0
        written, written_1h = usage.cache_write or 0, usage.cache_write_1h or 0
        cached_audio, cached_image = usage.cached_audio or 0, usage.cached_image or 0
        audio = (usage.audio_input or 0) - cached_audio
        image = (usage.image_input or 0) - cached_image
        yield prompt - cached - written - audio - image, self.prompt
        yield cached - cached_audio - cached_image, self._cached_text(usage)
        yield cached_audio, self.audio_cached
        yield cached_image, self.image_cached
        yield written - written_1h, self.cache_write
        yield written_1h, self.cache_write_1h
        yield audio, self.audio_input
        yield image, self.image_input
        spoken, drawn = usage.audio_output or 0, usage.image_output or 0
        yield completion - reasoning - spoken - drawn, self.completion
        yield reasoning, self.reasoning
        yield spoken, self.audio_output
        yield drawn, self.image_output
        yield usage.web_searches or 0, self.web_search
        seconds = usage.audio_seconds or 0
        yield max(seconds, self.audio_seconds_min) if seconds else 0, self.audio_second

    def _cached_text(self, usage: Usage) -> int | None:
        """The rate of cached tokens that are neither audio nor image, where that is known."""
        for count, cached, rate, cached_rate in (
            (usage.audio_input, usage.cached_audio, self.audio_input, self.audio_cached),
            (usage.image_input, usage.cached_image, self.image_input, self.image_cached),
        ):
            if count and cached is None and (rate, cached_rate) != (self.prompt, self.cached):
                return None
        return self.cached

    def _is_charged_by(self, usage: Usage) -> bool:
        """Whether usage says something of what this model is charged by."""
        tokens = self.prompt is not None or self.completion is not None or bool(self.request)
        return tokens or (self.audio_second is not None and bool(usage.audio_seconds))

    def _misses(self, lost: frozenset[str]) -> bool:
        """Whether something that was lost would change the price."""
        for name in lost:
            whole = _WHOLE.get(name)
            if whole is None:
                return self != FREE
            rate = getattr(self, _RATE.get(name, name))
            if name in self.open or (rate is None and name == "web_searches"):
                return True
            if rate is not None and rate != (getattr(self, whole) if whole else 0):
                return True
        return False


def _whole(rate: int | None) -> int | None:
    return None if rate is None else rate // SCALE


_TOKENS: Final = (
    "prompt", "cached", "cache_write", "cache_write_1h", "audio_input", "audio_cached",
    "image_input", "image_cached", "completion", "reasoning", "audio_output", "image_output",
)  # fmt: skip
#: What each part is a part of: where it was lost and costs as much as the whole, nothing is missed.
_WHOLE: Final = {
    "prompt": "",
    "completion": "",
    "cached": "prompt",
    "reasoning": "completion",
    "cache_write": "prompt",
    "cache_write_1h": "cache_write",
    "audio_input": "prompt",
    "audio_output": "completion",
    "image_input": "prompt",
    "image_output": "completion",
    "cached_audio": "cached",
    "cached_image": "cached",
    "web_searches": "",
    "audio_seconds": "",
}
#: The rates that are called differently.
_RATE: Final = {
    "cached_audio": "audio_cached",
    "cached_image": "image_cached",
    "web_searches": "web_search",
    "audio_seconds": "audio_second",
}


def nanos(total: int) -> int | None:
    """Whole nano-dollars of a scaled sum; None where no bill is like that."""
    whole = (total + _HALF) // SCALE
    return whole if whole <= NANOS_MAX else None


#: The rates for prompts longer than so many tokens, the longest first. All tokens are charged
#: at the one rate that applies.
Tiers: TypeAlias = tuple[tuple[int, Rates], ...]

FREE: Final = Rates().tokens(dict.fromkeys(_TOKENS, 0))


class Tariff:
    """What one model costs from and until some moment (Unix seconds), by the prompt's length.

    Without tiers, it is known that there is no price.
    """

    __slots__ = ("_ordinary", "since", "source", "tiers", "until")

    def __init__(self, tiers: Tiers, source: str, *, since: float, until: float) -> None:
        self.tiers = tiers
        self.source = source
        self.since = since
        self.until = until
        self._ordinary = tiers[0][1].ordinary() if len(tiers) == 1 else None

    def ordinary(self, usage: Usage) -> OrdinaryRates | None:
        """The rates of a usage that counts what nearly all do, where those do: they do for each
        whose prompt is known and that differs from this one in its first six counts alone."""
        rates = self._ordinary
        if (
            rates is None
            or usage.prompt is None
            or any(usage[6:_NUMBERS])
            or usage.lost
            or usage.tools
        ):
            return None
        return rates

    def price(self, usage: Usage) -> int | None:
        """What `usage` costs, in nano-dollars."""
        rates = self.ordinary(usage)
        if rates is not None:
            return ordinary_nanos(usage, rates)
        if usage.prompt is None and (usage.completion or len(self.tiers) > 1):
            # Its length was not told.
            usage = usage._replace(lost=usage.lost | {"prompt"})
        for start, dearer in self.tiers:
            if (usage.prompt or 0) > start:
                return dearer.of(usage)
        return None


def ordinary_nanos(usage: Used, rates: OrdinaryRates) -> int | None:
    """What a usage costs that has these rates (`Tariff.ordinary`); None where it cannot be."""
    prompt, completion, cached, reasoning, written, written_1h = usage[:6]
    fresh, plain = prompt or 0, completion or 0
    total = 0
    if cached:
        fresh -= cached
        total = cached * rates[2]
    if reasoning:
        plain -= reasoning
        total += reasoning * rates[3]
    if written or written_1h:
        longer = written_1h or 0
        shorter = (written or 0) - longer
        fresh -= written or 0
        if shorter < 0 or (shorter and rates[4] is None) or (longer and rates[5] is None):
            return None
        total += shorter * (rates[4] or 0) + longer * (rates[5] or 0)
    if fresh < 0 or plain < 0:
        return None
    total += fresh * rates[0] + plain * rates[1]
    if (scale := rates[6]) != 1:
        total = (total + scale // 2) // scale
    return total if total <= NANOS_MAX else None
