"""The sheet: the package's own arithmetic is the oracle, for every model it knows."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider

from proxy.pricing import sheet
from proxy.pricing.prices import Call, Prices
from proxy.pricing.sheet import Terms, is_listed, listed_name
from proxy.usage.accumulator import Usage

# Early, on a working day, at a weekend, late: prices change by date, and some by the hour.
MOMENTS = [
    datetime(2025, 1, 15, 3, tzinfo=UTC),
    datetime(2026, 3, 2, 17, tzinfo=UTC),
    datetime(2026, 11, 27, 7, tzinfo=UTC),
    datetime(2027, 6, 1, 12, tzinfo=UTC),
]
USAGES = [
    Usage(prompt=1_000, completion=100, cached=0, reasoning=0),
    Usage(prompt=1_000, completion=333, cached=400, reasoning=33),
    Usage(prompt=1_000, completion=0, cached=1_000, reasoning=0),
    Usage(prompt=7, completion=0, cached=0, reasoning=0),
    # At, just over and far over where longer prompts cost more.
    Usage(prompt=200_000, completion=50, cached=10, reasoning=5),
    Usage(prompt=200_001, completion=50, cached=10, reasoning=5),
    Usage(prompt=272_001, completion=50, cached=10, reasoning=5),
    Usage(prompt=2_000_000, completion=64_000, cached=1_500_000, reasoning=60_000),
]
PARTS = [
    Usage(60_005, 500, 50_000, 0, cache_write=10_000),
    Usage(60_005, 500, 50_000, 0, cache_write=10_000, cache_write_1h=4_000),
    Usage(300_005, 500, 250_000, 0, cache_write=50_000, cache_write_1h=4_000),
    Usage(2_000, 1_500, 0, 0, audio_input=1_000, audio_output=1_200),
    Usage(2_000, 1_500, 300, 0, audio_input=1_000, audio_output=1_200, cached_audio=200),
    Usage(2_000, 5_000, 0, 0, image_input=1_500, image_output=4_800),
    Usage(2_000, 5_000, 700, 0, image_input=1_500, cached_image=600),
    Usage(10, 10, 0, 0, web_searches=3),
    Usage(0, 0, 0, 0, audio_seconds=61),
    Usage(0, 0, 0, 0, audio_seconds=4),
]


def by_the_package(provider: Provider, model: ModelInfo, usage: Usage, at: datetime) -> int:
    known = {
        "input_tokens": usage.prompt,
        "output_tokens": usage.completion,
        "cache_read_tokens": usage.cached,
        "output_reasoning_tokens": usage.reasoning,
        "cache_write_tokens": usage.cache_write,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "input_audio_tokens": usage.audio_input,
        "output_audio_tokens": usage.audio_output,
        "cache_audio_read_tokens": usage.cached_audio,
        "input_image_tokens": usage.image_input,
        "output_image_tokens": usage.image_output,
        "cache_image_read_tokens": usage.cached_image,
        "web_searches": usage.web_searches,
        "audio_seconds": usage.audio_seconds,
        "input_audio_seconds": usage.audio_seconds,
    }
    counts = genai_prices.Usage(**{name: count for name, count in known.items() if count})
    dollars = model.calc_price(counts, provider, genai_request_timestamp=at).total_price
    return int((dollars * 10**9).to_integral_value(ROUND_HALF_UP))


def every_model() -> Iterator[tuple[Provider, ModelInfo]]:
    """One model for each set of kinds of prices that a provider has, and all of the great ones."""
    seen: set[tuple[str, str]] = set()
    for provider in get_snapshot().providers:
        for model in provider.models:
            prices = model.prices if isinstance(model.prices, list) else [model]
            kinds = (provider.id, str([_kinds(price.prices) for price in prices]))
            if provider.id in ("openai", "anthropic", "google") or kinds not in seen:
                seen.add(kinds)
                yield provider, model


def _kinds(prices: object) -> list[tuple[str, str]]:
    return sorted((key, type(price).__name__) for key, price in vars(prices).items())


def ours(provider: Provider, model: ModelInfo, usage: Usage, at: datetime) -> int | None:
    """By this row of the sheet, whatever other row a name may fit first."""
    prices = sheet._prices_at(provider.id, model, at) or {}
    for start, rates in sheet._tiers(provider.id, model, prices):
        if (usage.prompt or 0) > start:
            return rates.of(usage)
    return None


def has_a_price(model: ModelInfo, usage: Usage, at: datetime) -> bool:
    """Whether the sheet prices both sides of `usage`; the package takes a missing one for free."""
    prices = model.get_prices(at)
    said = {key for key, value in vars(prices).items() if value is not None}
    if not said:
        return True
    if not said.isdisjoint(sheet._UNCOUNTED):
        return False
    return prices.input_mtok is not None and (
        prices.output_mtok is not None or usage.completion == 0
    )


@pytest.mark.parametrize("usage", USAGES)
def test_every_model_costs_what_the_package_says(usage: Usage) -> None:
    compared = 0
    for provider, model in every_model():
        for at in MOMENTS:
            cost = ours(provider, model, usage, at)
            if has_a_price(model, usage, at):
                expected = by_the_package(provider, model, usage, at)
                assert cost == expected, (provider.id, model.id, at)
                compared += 1
            else:
                assert cost is None, (provider.id, model.id, at)
    assert compared > 1_000


@pytest.mark.parametrize("usage", PARTS)
def test_parts_cost_what_the_package_says_or_have_no_price(usage: Usage) -> None:
    """The package takes a part without a price for the whole that it belongs to."""
    compared = 0
    for provider, model in every_model():
        cost = ours(provider, model, usage, MOMENTS[2])
        if cost is not None:
            expected = by_the_package(provider, model, usage, MOMENTS[2])
            assert cost == expected, (provider.id, model.id)
            compared += 1
    assert compared > 10


TIERS = [
    *(({"service_tier": name}, Terms(name)) for name in ("flex", "priority", "fast")),
    ({"processing": "batch"}, Terms("batch")),
    ({"speed": "fast"}, Terms(speed="fast")),
]


@pytest.mark.parametrize(("context", "terms"), TIERS)
def test_a_tier_costs_what_its_own_row_says(context: dict[str, str], terms: Terms) -> None:
    usage, at = Usage(1_000, 0, 400, 0), datetime(2026, 11, 28, 12, tzinfo=UTC)
    compared = 0
    for provider, model in every_model():
        found = sheet.find(provider.id, model.id)
        if found is None or found[0] is not model:
            continue
        tariff = sheet.tariff(provider.id, model.id, terms, at.timestamp())
        assert tariff is not None
        when = [variant.when for variant in model.price_variants or ()]
        if context in when:
            counts = genai_prices.Usage(input_tokens=1_000, cache_read_tokens=400)
            dollars = model.calc_price(
                counts, provider, genai_request_timestamp=at, price_context=context
            ).total_price
            if dollars:
                assert tariff.price(usage) == round(dollars * 10**9), (provider.id, model.id)
                compared += 1
        elif context != {"service_tier": "fast"} or {"service_tier": "priority"} not in when:
            assert tariff.price(usage) is None, (provider.id, model.id)
    assert compared > 4


@pytest.mark.parametrize(
    ("provider", "model", "usage", "nanos"),
    [
        # $0.15 and $0.60 per million; a dated name is the same model.
        ("openai", "gpt-4o-mini", Usage(1_000, 100, 0, 0), 210_000),
        ("openai", "gpt-4o-mini-2024-07-18", Usage(1_000, 100, 0, 0), 210_000),
        # Cached ones are part of the prompt, at $0.075.
        ("openai", "gpt-4o-mini", Usage(1_000, 0, 400, 0), 120_000),
        # Reasoning is part of the completion, at the same price.
        ("openai", "o3-mini", Usage(0, 1_000, 0, 900), 4_400_000),
        # $0.02 per million: 60 nano-dollars, which would be 0 micro-dollars.
        ("openai", "text-embedding-3-small", Usage(3, 0, 0, 0), 60),
        ("anthropic", "claude-sonnet-4-5", Usage(1_000, 100, 0, 0), 4_500_000),
        ("openai", "gpt-4o-mini", Usage(0, 0, 0, 0), 0),
    ],
)
def test_prices_by_hand(provider: str, model: str, usage: Usage, nanos: int) -> None:
    assert price(provider, model, usage) == nanos


def price(provider: str, model: str, usage: Usage) -> int | None:
    return Prices().price(Call(provider, model), usage, MOMENTS[1].timestamp())[0]


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("openai", ""),
        ("openai", "m" * 100_000),
        ("no-such-provider", "gpt-4o-mini"),
        # Only sounds like one.
        ("not-openai-at-all", "gpt-4o-mini"),
        # Charged by the second, and by the character.
        ("openai", "whisper-1"),
        ("openai", "tts-1"),
    ],
)
def test_an_unknown_price_is_not_zero(provider: str, model: str) -> None:
    assert price(provider, model, Usage(10, 10, 0, 0)) is None
    assert price(provider, model, Usage(0, 0, 0, 0)) is None


def test_a_model_without_any_price_in_its_row_is_free() -> None:
    assert price("openai", "omni-moderation-latest", Usage(5, 0, 0, 0)) == 0
    assert price("google", "gemma-3-27b-it", Usage(5, 5, 0, 0)) == 0


@pytest.mark.parametrize(
    "usage",
    [
        # More of a part than of the whole: whatever it means, we cannot price it.
        Usage(10, 10, 11, 0),
        Usage(10, 10, 0, 11),
        # No honest number.
        Usage(2**53, 2**53, 0, 0),
    ],
)
def test_usage_that_cannot_be_has_no_price(usage: Usage) -> None:
    assert price("openai", "gpt-4o", usage) is None


def test_peak_hours_are_those_of_working_days() -> None:
    """DeepSeek's page: Monday to Friday, 01:00-04:00 and 06:00-10:00 UTC; else half the price."""

    def cost(day: int, hour: int, minute: int = 0) -> int | None:
        at = datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp()
        return prices.price(Call("deepseek", "deepseek-v4-pro"), Usage(1_000, 0, 0, 0), at)[0]

    prices = Prices()
    # The 27th is a Friday, the 28th and 29th are a weekend. One memo, asked in the order of time.
    assert [cost(27, hour) for hour in (0, 1, 3, 4, 5, 6, 9, 10)] == [
        660_000, 1_320_000, 1_320_000, 660_000, 660_000, 1_320_000, 1_320_000, 660_000,
    ]  # fmt: skip
    assert cost(27, 9, 59) == 1_320_000
    assert {cost(day, hour) for day in (28, 29) for hour in (2, 8)} == {660_000}
    assert cost(30, 2) == 1_320_000


def test_a_dated_price_begins_at_its_midnight() -> None:
    prices, call = Prices(), Call("google", "gemini-4-argon")
    moments = [
        datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    ]
    costs = [prices.price(call, Usage(1_000, 0, 0, 0), at.timestamp())[0] for at in moments]
    assert costs == [2_000_000, 4_000_000]


def test_names_that_clients_make_up_are_not_remembered_without_end() -> None:
    prices = Prices()
    for number in range(sheet.REMEMBERED_MAX + 10):
        prices.price(Call("no-such-provider", f"model-{number}"), USAGES[0], 0.0)
        listed_name("no-such-provider", f"model-{number}")
    assert len(prices._tariffs) == sheet.REMEMBERED_MAX
    prices.price(Call("openai", "m" * 10_000), USAGES[0], 0.0)
    assert all(len(key[0].model) < 1_000 for key in prices._tariffs)
    assert price("openai", "gpt-4o-mini", USAGES[0]) == 210_000


def test_nothing_is_fetched() -> None:
    """In a process without sockets, since the package could update itself in a thread."""
    code = """
import socket, threading
def refuse(*_, **__): raise AssertionError("a connection")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from proxy.pricing.prices import Call, Prices
from proxy.usage.accumulator import Usage
cost = Prices().price(Call("openai", "gpt-4o-mini"), Usage(1000, 100, 0, 0), 1.8e9)
assert cost[0] == 210_000
assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_only_the_very_names_of_the_list_are_listed() -> None:
    """Of names that begin like one there is no end, and clients choose them."""
    assert is_listed("openai", "gpt-4o")
    assert listed_name("anthropic", "claude-3-5-haiku-anything") is not None
    assert not is_listed("anthropic", "claude-3-5-haiku-anything")
    assert not is_listed("openai", "")
    assert not is_listed("nobody", "gpt-4o")
    assert listed_name("openai", "m" * 10_000) is None


def test_the_source_names_the_version_of_the_package() -> None:
    assert genai_prices.__version__ in sheet.SOURCE
