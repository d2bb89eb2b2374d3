"""Context lengths and maximum outputs: whose word counts, and of which models there are any."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.pricing import price_file, sheet, sizes
from proxy.pricing.prices import Prices
from proxy.pricing.sizes import Sizes


@pytest.mark.parametrize(
    ("provider", "model", "most"),
    [
        ("openai", "gpt-4o", 16_384),
        ("openai", "gpt-4o-2024-08-06", 16_384),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", 16_384),
        ("azure", "gpt-4.1-mini", 32_768),
        ("openrouter", "openai/gpt-5-mini", 128_000),
        ("anthropic", "claude-sonnet-4-5-20250929", 64_000),
        ("aws", "us.anthropic.claude-haiku-4-5-20251001-v1:0", 64_000),
        ("google", "claude-opus-4-1@20250805", 32_000),
        ("google", "gemini-2.5-pro", 65_536),
        ("openrouter", "anthropic/claude-sonnet-4.5", 64_000),
        ("google", "claude-3-5-sonnet-v2@20241022", 8_192),
        ("mistral", "mistral-large-latest", 262_144),
        ("deepseek", "deepseek-chat", 8_192),
        ("x-ai", "grok-4.7", 524_288),
        ("groq", "openai/gpt-oss-120b", 65_536),
        # Open weights: what one host allows is no bound of another.
        ("together", "openai/gpt-oss-120b", None),
        # A name that only begins like another is another model's.
        ("openai", "gpt-4oo", None),
        ("anthropic", "claude-sonnet-4-9", None),
        ("openai", "unheard-of", None),
    ],
)
def test_the_table_knows_models_by_whatever_they_are_called(
    provider: str, model: str, most: int | None
) -> None:
    assert sizes.of(provider, model).max_output == most


def test_no_row_is_shorter_than_the_price_sheet_says() -> None:
    """Else one of the two is wrong, and a hold may be too small."""
    providers = {"": ("openai", "anthropic", "google", "x-ai")}
    wrong = []
    for source in sizes.SOURCES:
        assert source.page.startswith("https://")
        for row in source.rows:
            for model in row.models:
                for provider in providers.get(row.provider, (row.provider,)):
                    known = sheet.context_length(provider, model) or 0
                    if known > row.context_length:
                        wrong.append((provider, model, known))
    assert wrong == []


def test_every_current_model_that_the_sheet_prices_has_a_maximum() -> None:
    """Of the makers whose models are asked for most; a new model is added here first."""
    missing = [
        model
        for provider in ("anthropic", "openai")
        for model in sorted(sheet.names(provider))
        if model.startswith(("claude-opus-5", "claude-sonnet-", "claude-haiku-", "gpt-6", "gpt-5."))
        and not model.endswith(("cyber", "rosalind", "-image-2"))
        and sizes.of(provider, model).max_output is None
    ]
    assert missing == ["gpt-5.3"]


def test_prices_file_counts_before_the_sheet_and_the_table(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        '[prices."openai/gpt-4o"]\nmax_output = 5\n'
        '[prices."mine/a"]\ncontext_length = 7\n'
        '[prices."mine/b"]\nsame_as = "openai/gpt-4o"\n'
    )
    prices = Prices(price_file.read(path))
    assert prices.sizes("openai", "gpt-4o") == Sizes(128_000, 5)
    assert prices.sizes("openai", "gpt-4o-mini") == Sizes(128_000, 16_384)
    assert prices.sizes("other", "a", "mine") == Sizes(7, None)
    assert prices.sizes("mine", "b") == Sizes(128_000, 16_384)
    assert Prices().sizes("openai", "gpt-5.4") == Sizes(1_050_000, 128_000)
