"""Prices: the package's own arithmetic is the oracle, for every model it knows."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider

from proxy.usage import pricing
from proxy.usage.accumulator import Usage
from proxy.usage.pricing import is_listed, listed_name, price

# Early, at a round hour, late: prices change by date, and some by the time of day.
MOMENTS = [
    datetime(2025, 1, 15, 3, tzinfo=UTC),
    datetime(2026, 3, 1, 17, tzinfo=UTC),
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
    Usage(prompt=2_000_000, completion=64_000, cached=1_500_000, reasoning=60_000),
]


def by_the_package(provider: Provider, model: ModelInfo, usage: Usage, at: datetime) -> int:
    counts = genai_prices.Usage(
        input_tokens=usage.prompt,
        output_tokens=usage.completion,
        cache_read_tokens=usage.cached,
        output_reasoning_tokens=usage.reasoning,
    )
    dollars = model.calc_price(counts, provider, genai_request_timestamp=at).total_price
    return int((dollars * 10**9).to_integral_value(ROUND_HALF_UP))


def every_model() -> Iterator[tuple[Provider, ModelInfo]]:
    for provider in get_snapshot().providers:
        for model in provider.models:
            yield provider, model


def has_a_price(model: ModelInfo, usage: Usage, at: datetime) -> bool:
    """Whether the list prices both sides of `usage`; the package takes a missing one for free."""
    prices = model.get_prices(at)
    return prices.input_mtok is not None and (
        prices.output_mtok is not None or usage.completion == 0
    )


@pytest.mark.parametrize("usage", USAGES)
def test_every_model_costs_what_the_package_says(usage: Usage) -> None:
    compared = 0
    for provider, model in every_model():
        tariff = pricing._Tariff(model)
        for at in MOMENTS:
            ours = tariff.price(usage, at)
            if has_a_price(model, usage, at):
                expected = by_the_package(provider, model, usage, at)
                assert ours == expected, (provider.id, model.id, at)
                compared += 1
            else:
                assert ours is None, (provider.id, model.id, at)
    assert compared > 1_000


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
    assert price(provider, model, usage, MOMENTS[1]) == nanos


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("openai", ""),
        ("openai", "m" * 100_000),
        ("no-such-provider", "gpt-4o-mini"),
        # Only sounds like one.
        ("not-openai-at-all", "gpt-4o-mini"),
        # Charged by the second.
        ("openai", "whisper-1"),
    ],
)
def test_an_unknown_price_is_not_zero(provider: str, model: str) -> None:
    assert price(provider, model, Usage(10, 10, 0, 0)) is None
    assert price(provider, model, Usage(0, 0, 0, 0)) is None


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


def test_names_that_clients_make_up_are_not_remembered_without_end() -> None:
    for number in range(pricing._REMEMBERED_MAX + 10):
        price("no-such-provider", f"model-{number}", USAGES[0])
    assert len(pricing._tariffs) == pricing._REMEMBERED_MAX
    assert price("openai", "gpt-4o-mini", USAGES[0]) == 210_000


def test_nothing_is_fetched() -> None:
    """In a process without sockets, since the package could update itself in a thread."""
    code = """
import socket, threading
def refuse(*_, **__): raise AssertionError("a connection")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from proxy.usage.pricing import price
from proxy.usage.accumulator import Usage
assert price("openai", "gpt-4o-mini", Usage(1000, 100, 0, 0)) == 210_000
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
