"""Whose price counts, and by which of two names."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from proxy.pricing import price_file, sheet
from proxy.pricing.prices import Call, Prices
from proxy.pricing.sheet import Terms
from proxy.usage.accumulator import Usage

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
USED = Usage(1_000, 500, 0, 0)


@pytest.mark.parametrize(
    ("asked", "answered", "nanos"),
    [
        ("gpt-4o", "", 7_500_000),
        ("gpt-4o", "gpt-4o", 7_500_000),
        # The model of that date costs more.
        ("gpt-4o", "gpt-4o-2024-05-13", 12_500_000),
        # Another one answered (a fallback).
        ("gpt-4o", "gpt-4o-mini-2024-07-18", 450_000),
        # A date that the sheet has not heard of.
        ("gpt-4o", "gpt-4o-2031-01-01", 7_500_000),
        # What a server calls its model; what was asked for is no model of the sheet.
        ("my-deployment", "gpt-4o-2024-08-06", 7_500_000),
        # Somebody else answered, and nobody knows who that is.
        ("gpt-4o", "somebody-else", None),
        ("gpt-4o", "gpt-4o-maxi", None),
        ("gpt-4o", "acme/gpt-4o@20310101", 7_500_000),
        ("gpt-4o", "gpt-4o-0101-v1:0", 7_500_000),
        ("gpt-4o", "gpt-4o:latest", 7_500_000),
        ("gpt-4o-2031-01-01", "gpt-4o", 7_500_000),
        # As Bedrock names them; a version is no region.
        ("gpt-4.1", "1", None),
    ],
)
def test_the_price_goes_by_the_model_that_answered(
    asked: str, answered: str, nanos: int | None
) -> None:
    assert Prices().price(Call("openai", asked, answered), USED, NOON)[0] == nanos


@pytest.mark.parametrize(
    ("provider", "model", "tier", "nanos"),
    [
        ("openai", "gpt-4o", "priority", 12_750_000),
        ("openai", "gpt-4o", "Priority", 12_750_000),
        ("openai", "gpt-4o", "fast", 12_750_000),
        # Without a row of its own.
        ("google", "gemini-3.8-flash-tts", "fast", 9_000_000),
        ("openai", "gpt-4o", "default", 7_500_000),
        ("openai", "gpt-4o", "DEFAULT", 7_500_000),
        ("openai", "gpt-5", "flex", 3_125_000),
        ("openai", "gpt-5", None, 6_250_000),
        ("groq", "openai/gpt-oss-120b", "on_demand", 450_000),
        # Tiers without a row of their own.
        ("openai", "gpt-4o", "flex", None),
        ("openai", "gpt-4o", "scale", None),
        ("openai", "gpt-5", "ultrafast", None),
        ("google", "gemini-2.5-flash", "priority", None),
        # The row is OpenAI's, whose tiers are not Azure's.
        ("azure", "gpt-5", "priority", None),
    ],
)
def test_a_service_tier_costs_what_its_row_says_or_nobody_knows(
    provider: str, model: str, tier: str | None, nanos: int | None
) -> None:
    usage = USED._replace(service_tier=tier)
    assert Prices().price(Call(provider, model), usage, NOON)[0] == nanos


def test_a_tier_has_no_price_before_the_day_of_its_row() -> None:
    usage = USED._replace(service_tier="priority")
    before = datetime(2026, 10, 11, 23, 59, 59, tzinfo=UTC).timestamp()
    assert Prices().price(Call("openai", "gpt-4o"), usage, before)[0] is None
    assert Prices().price(Call("openai", "gpt-4o"), usage, before + 1)[0] is not None


@pytest.mark.parametrize(
    ("lost", "model", "priced"),
    [
        ("prompt", "gpt-4o", False),
        ("completion", "gpt-4o", False),
        # Half the price.
        ("cached", "gpt-4o", False),
        # At the price of any other token of the completion.
        ("reasoning", "gpt-5", True),
        # The model has no price for it, since it has none of it.
        ("audio_input", "gpt-4o", True),
        ("audio_input", "gpt-realtime", False),
        ("web_searches", "gpt-5", False),
        ("web_searches", "gpt-3.5-turbo", False),
        ("audio_seconds", "gpt-4o", True),
        ("service_tier", "gpt-4o", False),
        ("prompt", "omni-moderation-latest", True),
    ],
)
def test_a_field_that_was_lost_leaves_no_price_where_it_has_one(
    lost: str, model: str, *, priced: bool
) -> None:
    without: dict[str, Any] = {lost: None, "lost": frozenset((lost,))}
    usage = USED._replace(**without)
    assert (Prices().price(Call("openai", model), usage, NOON)[0] is not None) is priced


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        # More of a part than of the whole.
        ("anthropic", "claude-sonnet-5", Usage(10, 10, 0, 0, cache_write=11)),
        ("anthropic", "claude-sonnet-5", Usage(10, 10, 0, 0, cache_write=5, cache_write_1h=6)),
        ("openai", "gpt-realtime", Usage(10, 10, 0, 0, audio_output=11)),
        # How long the prompt was decides what everything costs.
        ("openai", "gpt-5.4", Usage(None, 0, 0, 0)),
    ],
)
def test_a_usage_that_does_not_add_up_has_no_price(provider: str, model: str, usage: Usage) -> None:
    assert Prices().price(Call(provider, model), usage, NOON) == (None, "")


def test_a_price_names_its_source_and_no_price_none() -> None:
    assert Prices().price(Call("openai", "gpt-4o"), USED, NOON) == (7_500_000, sheet.SOURCE)
    assert Prices().price(Call("openai", "nobody"), USED, NOON) == (None, "")


def test_what_a_model_costs_is_worked_out_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    prices, worked_out, find = Prices(), list[str](), sheet.find

    def looked_up(provider: str, model: str) -> Any:
        worked_out.append(model)
        return find(provider, model)

    monkeypatch.setattr(sheet, "find", looked_up)
    for at in (NOON, NOON + 1, NOON + 43_199, NOON + 43_200, NOON + 43_201):
        prices.price(Call("openai", "gpt-4o"), USED, at)
    assert len(worked_out) == 2


@pytest.mark.parametrize(
    "name", ["anthropic/claude-sonnet-5", "openai/gpt-4o", "openai/gpt-5.6-cyber"]
)
def test_the_short_way_of_most_answers_comes_to_the_same(name: str) -> None:
    provider, _, model = name.partition("/")
    tariff = Prices().tariff(Call(provider, model), Terms(), NOON)
    ((_, rates),) = tariff.tiers
    counts = (None, 0, 3, 7)
    for cached, reasoning, written, written_1h in product(counts, repeat=4):
        usage = Usage(10, 8, cached, reasoning, written, written_1h)
        assert tariff.price(usage) == rates.of(usage), usage


def test_a_provider_is_priced_by_its_name_in_the_list_and_by_either_in_the_file(
    tmp_path: Path,
) -> None:
    call = Call("openai", "gpt-4o", own="mine")
    assert Prices().price(call, USED, NOON) == (7_500_000, sheet.SOURCE)
    for name, nanos in (("openai", 2_000_000), ("mine", 1_000_000)):
        file = tmp_path / "prices.toml"
        with file.open("a") as lines:
            lines.write(f'[prices."{name}/gpt-4o"]\ninput = {nanos / 10**6}\noutput = 0\n')
        found = Prices(price_file.read(file)).price(call, USED, NOON)
        assert found == (nanos, price_file.SOURCE)
