"""What a provider's models cost, as people leaf through it."""

from pathlib import Path

from proxy.pricing import price_file, sheet
from proxy.pricing.listing import PriceList
from proxy.pricing.prices import Prices
from proxy.providers.catalog import BUILT_IN


def _list(text: str = "") -> PriceList:
    file = price_file.parsed(text, Path("prices.toml"))
    return PriceList(Prices(file), BUILT_IN)


def test_models_are_those_of_the_sheet_in_order() -> None:
    models = _list().models("openai")
    assert "gpt-4o" in models
    assert list(models) == sorted(sheet.names("openai"))
    # By the name that the sheet has for it.
    assert _list().models("gemini") == sorted(sheet.names("google"))
    assert _list().models("vllm") == []
    assert _list().models("stranger") == ()


def test_a_price_is_by_the_million_with_the_models_sizes() -> None:
    listed = _list().price("openai", "gpt-4o")
    assert (listed.input, listed.cached, listed.output) == (2.5, 1.25, 10.0)
    assert (listed.context_length, listed.source) == (128_000, sheet.SOURCE)
    assert listed.max_output is not None


def test_what_prices_files_name_is_listed_and_counts_before_the_sheet() -> None:
    prices = _list(
        '[prices]\n"vllm/qwen3" = { input = 0.2, output = 0.8, context_length = 32768 }\n'
        '"vllm/llama*" = { input = 1, output = 1 }\n'
        '"vllm/llama?" = { input = 1, output = 1 }\n'
        '"openai/gpt-4o" = { input = 7, output = 9 }\n'
    )
    assert prices.models("vllm") == ["qwen3"]
    own = prices.price("vllm", "qwen3")
    assert (own.input, own.output, own.context_length) == (0.2, 0.8, 32_768)
    assert own.source == price_file.SOURCE
    assert prices.price("openai", "gpt-4o").input == 7


def test_a_price_that_rises_with_the_prompt_says_from_where() -> None:
    prices = _list()
    assert prices.price("gemini", "gemini-2.5-pro").rises_over == 200_000
    assert prices.price("openai", "gpt-4o").rises_over is None


def test_what_has_no_price_says_so() -> None:
    listed = _list().price("openai", "a-model-that-nobody-knows")
    assert (listed.input, listed.cached, listed.output) == (None, None, None)
