"""Where the sheet is wrong or silent, and how many times its price a place costs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from proxy.pricing import overlay, sheet
from proxy.pricing.prices import Call, Prices
from proxy.usage.accumulator import Usage

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
USED = Usage(1_000, 100, 0, 0)


def cost(provider: str, model: str, usage: Usage = USED, place: str = "") -> int | None:
    return Prices().price(Call(provider, model, place=place), usage, NOON)[0]


@pytest.mark.parametrize("row", overlay.ROWS, ids=lambda row: row.models[0])
def test_every_row_has_its_day_and_source_and_changes_something(row: overlay.Row) -> None:
    assert row.checked <= date(2026, 12, 31)
    assert len(row.source) > 20
    assert row.is_open or row.open or row.needs or row.prices


@pytest.mark.parametrize("row", overlay.ROWS, ids=lambda row: row.models[0])
def test_a_row_goes_once_the_sheet_has_caught_up(row: overlay.Row) -> None:
    """A model that the sheet lacks gets a price here; with a row of the sheet's, this one goes."""
    if row.prices is not None:
        for known in row.models:
            provider, _, model = known.partition("/")
            assert sheet.find(provider, model.rstrip("*")) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o-search-preview"),
        # The sheet takes it for gpt-4o-mini.
        ("openai", "gpt-4o-mini-search-preview-2025-03-11"),
        ("openai", "gpt-5-search-api"),
        ("mistral", "mistral-large-latest"),
        ("mistral", "mistral-medium"),
        ("mistral", "magistral-small-latest"),
        ("mistral", "magistral-medium-latest"),
        ("deepseek", "deepseek-chat"),
        ("deepseek", "deepseek-reasoner"),
        ("x-ai", "grok-code-fast-1"),
        ("perplexity", "sonar-pro"),
        ("openai", "ft:gpt-4.1-2025-04-14:acme::1"),
        ("openai", "ft:o4-mini-2025-04-16:acme::1"),
        ("aws", "eu.amazon.nova-pro-v1:0"),
        ("aws", "us-gov.amazon.nova-lite-v1:0"),
    ],
)
def test_what_no_source_is_sure_of_has_no_price(provider: str, model: str) -> None:
    assert cost(provider, model) is None


@pytest.mark.parametrize(
    ("provider", "model", "nanos"),
    [
        ("mistral", "mistral-large-2512", 650_000),
        ("aws", "us.amazon.nova-pro-v1:0", 1_120_000),
        # LiteLLM and model-prices agree.
        ("anthropic", "claude-mythos-5-1", 15_000_000),
        ("openai", "ft:gpt-4o-2024-08-06:acme::1", 5_250_000),
    ],
)
def test_what_stands_beside_it_has_one(provider: str, model: str, nanos: int) -> None:
    assert cost(provider, model) == nanos


@pytest.mark.parametrize(
    ("provider", "model", "parts", "priced"),
    [
        ("openai", "gpt-4o-audio-preview", {}, True),
        ("openai", "gpt-4o-audio-preview", {"audio_input": 10}, False),
        ("openai", "gpt-4o-audio-preview", {"audio_output": 10}, False),
        ("openai", "gpt-audio", {"audio_output": 10}, True),
        # A model that takes audio at the price of text.
        ("google", "gemini-3.5-flash", {"audio_input": 10}, True),
        ("openai", "ft:gpt-4o-2024-08-06:acme::1", {"cached": 10}, False),
        ("openai", "gpt-4o-transcribe", {}, False),
        ("openai", "gpt-4o-transcribe", {"audio_input": 10}, True),
        ("openai", "gpt-image-1.5", {}, False),
        ("openai", "gpt-image-1.5", {"image_output": 90}, True),
        ("openai", "gpt-4o-mini", {"web_searches": 1}, False),
        ("openai", "gpt-4.1", {"web_searches": 1}, False),
        ("openai", "gpt-4.1-mini", {"web_searches": 1}, False),
        ("openai", "gpt-5", {"web_searches": 1}, True),
        ("openai", "gpt-6-sol", {"web_searches": 1}, True),
        ("google", "gemini-2.5-flash", {"web_searches": 1}, False),
        ("x-ai", "grok-4.3", {"web_searches": 1}, False),
        ("anthropic", "claude-mythos-5-1", {"cached": 500}, True),
        ("anthropic", "claude-mythos-5-1", {"cache_write": 500}, False),
        # Neither counted nor priced.
        ("openai", "gpt-5", {"tools": frozenset(("code_interpreter",))}, False),
    ],
)
def test_parts_without_a_price_leave_none(
    provider: str, model: str, parts: dict[str, Any], *, priced: bool
) -> None:
    assert (cost(provider, model, USED._replace(**parts)) is not None) is priced


def test_an_audio_model_without_audio_costs_what_its_text_does() -> None:
    assert cost("openai", "gpt-4o-audio-preview") == 3_500_000


@pytest.mark.parametrize(
    ("model", "terms", "nanos"),
    [
        # $5 and $25.
        ("claude-opus-4-8", {}, 7_500_000),
        ("claude-opus-4-8", {"speed": "standard"}, 7_500_000),
        ("claude-opus-4-8", {"speed": "fast"}, 15_000_000),
        ("claude-opus-4-8", {"inference_geo": "us"}, 8_250_000),
        ("claude-opus-4-8", {"inference_geo": "global"}, 7_500_000),
        ("claude-opus-4-8", {"inference_geo": "not_available"}, 7_500_000),
        ("claude-opus-4-8", {"speed": "fast", "inference_geo": "us"}, 16_500_000),
        ("claude-opus-4-8", {"service_tier": "batch"}, 3_750_000),
        # Without a row: capacity that was bought, a place nobody has heard of, both at once.
        ("claude-opus-4-8", {"service_tier": "priority"}, None),
        ("claude-opus-4-8", {"inference_geo": "mars"}, None),
        ("claude-opus-4-8", {"service_tier": "batch", "speed": "fast"}, None),
        ("claude-sonnet-5", {"speed": "fast"}, None),
        # $2 and $10; a search costs the same everywhere.
        ("claude-sonnet-5", {"inference_geo": "us", "web_searches": 1}, 13_300_000),
    ],
)
def test_what_anthropic_says_of_an_answer_is_in_its_price(
    model: str, terms: dict[str, Any], nanos: int | None
) -> None:
    assert cost("anthropic", model, USED._replace(**terms)) == nanos


@pytest.mark.parametrize(
    ("model", "place", "nanos"),
    [
        ("gpt-5.4", "", 4_000_000),
        ("gpt-5.4", "eu", 4_400_000),
        ("gpt-5.4-2026-03-05", "us", 4_400_000),
        ("gpt-5.4", "jp", None),
        ("gpt-6-sol", "eu", 3_300_000),
        # Before these, a region cost nothing.
        ("gpt-5.2", "eu", 3_150_000),
        ("gpt-4o", "jp", 3_500_000),
    ],
)
def test_openai_s_processing_in_a_region_costs_a_tenth_more(
    model: str, place: str, nanos: int | None
) -> None:
    assert cost("openai", model, place=place) == nanos


@pytest.mark.parametrize(
    ("model", "place", "nanos"),
    [
        ("claude-sonnet-4-5@20250929", "global", 4_500_000),
        ("claude-sonnet-4-5@20250929", "us-east5", 4_950_000),
        ("claude-opus-4@20250514", "us-east5", None),
        ("gemini-2.5-flash", "europe-west1", 550_000),
    ],
)
def test_claude_on_vertex_costs_a_tenth_more_outside_of_global(
    model: str, place: str, nanos: int | None
) -> None:
    assert cost("google", model, place=place) == nanos


@pytest.mark.parametrize(
    ("provider", "host", "path", "place"),
    [
        ("openai", "api.openai.com", b"/v1/responses", ""),
        ("openai", "eu.api.openai.com", b"/v1/responses", "eu"),
        ("openai", "proxy.example.com", b"/v1/responses", ""),
        ("openai", "eu.api.openai.com.example.com", b"/v1/responses", ""),
        ("google", "x", b"/v1/projects/p/locations/us-east5/publishers/a/models/m", "us-east5"),
        ("google", "x", b"/v1beta/models/m:generateContent", ""),
        ("anthropic", "eu.api.openai.com", b"/locations/x/", ""),
        ("aws", "bedrock-runtime.eu-west-1.amazonaws.com", b"/model/m/converse", "eu-west-1"),
        ("aws", "bedrock-runtime-fips.us-gov-west-1.amazonaws.com", b"/", "us-gov-west-1"),
        ("aws", "vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com", b"/", "eu-west-1"),
        ("aws", "127.0.0.1", b"/", ""),
    ],
)
def test_where_an_upstream_is(provider: str, host: str, path: bytes, place: str) -> None:
    assert overlay.place(provider, host, path) == place
