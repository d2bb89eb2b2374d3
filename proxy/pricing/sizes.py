"""How long a prompt and an answer of a model may be, where the price sheet does not say it.

Rows are compared on the day that `COMPARED` names: LiteLLM 1.110.2's list, and the providers' pages
of models, which each row's source names. A model's name is looked up without its maker and region,
so that a row is for whoever serves the model; where open weights are served by many, what one of
them allows is no bound of another, and the row names its provider. Where sources differ, the larger
number counts: what is held for a request may be too much, never too little.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from proxy.pricing.names import bare, is_edition

COMPARED: Final = date(2026, 11, 29)
_REMEMBERED_MAX: Final = 2_048


class Sizes(NamedTuple):
    """In tokens; None where it is not known."""

    context_length: int | None = None
    max_output: int | None = None


class Row(NamedTuple):
    """Models of one size. `provider` is "" where the row is for whoever serves them."""

    provider: str
    models: tuple[str, ...]
    context_length: int
    max_output: int


class Source(NamedTuple):
    """Rows, and where they were looked up beside LiteLLM's list."""

    page: str
    rows: tuple[Row, ...]


SOURCES: Final = (
    Source(
        "https://developers.openai.com/api/docs/models",
        (
            Row("", ("gpt-4o", "gpt-4o-mini", "chatgpt-4o", "gpt-4o-search-preview",
                     "gpt-4o-mini-search-preview", "gpt-4o-audio-preview",
                     "gpt-4o-mini-audio-preview", "gpt-audio", "gpt-audio-1.5",
                     "gpt-audio-mini"), 128_000, 16_384),
            Row("", ("gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"), 1_047_576, 32_768),
            Row("", ("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5-codex", "gpt-5.1",
                     "gpt-5.1-codex", "gpt-5.1-codex-mini", "gpt-5.1-codex-max", "gpt-5.2",
                     "gpt-5.2-codex", "gpt-5.2-pro", "gpt-5.3-codex", "gpt-5.4-mini",
                     "gpt-5.4-nano"), 400_000, 128_000),
            Row("", ("gpt-5-pro",), 400_000, 272_000),
            Row("", ("gpt-5-chat", "gpt-5.1-chat", "gpt-5.2-chat", "gpt-5.3-chat"),
                400_000, 16_384),
            Row("", ("gpt-5.4", "gpt-5.4-pro", "gpt-5.5", "gpt-5.5-pro", "gpt-5.6",
                     "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-6-astra", "gpt-6-sol",
                     "gpt-6-luna", "gpt-6.1-sol", "gpt-6.1-terra"), 1_050_000, 128_000),
            Row("", ("o1", "o1-pro", "o3", "o3-mini", "o3-pro", "o3-deep-research", "o4-mini",
                     "o4-mini-deep-research"), 200_000, 100_000),
            Row("", ("gpt-4-turbo", "gpt-4-turbo-preview", "gpt-4-1106-preview",
                     "gpt-4-0125-preview"), 128_000, 4_096),
            # What is stated as the maximum of its output is its context.
            Row("", ("gpt-4",), 8_192, 8_192),
            Row("", ("gpt-3.5-turbo", "gpt-3.5-turbo-16k", "davinci-002", "babbage-002"),
                16_385, 4_096),
            Row("", ("gpt-3.5-turbo-instruct",), 16_385, 4_097),
            Row("", ("gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize"),
                16_000, 2_000),
            Row("openai", ("text-embedding-3-large", "text-embedding-3-small",
                           "text-embedding-ada-002"), 8_192, 1),
        ),
    ),
    Source(
        "https://platform.claude.com/docs/en/about-claude/models/overview",
        (
            Row("", ("claude-opus-5", "claude-opus-5-5", "claude-sonnet-5", "claude-sonnet-5-5",
                     "claude-haiku-5-5", "claude-fable-5", "claude-fable-5-1", "claude-fable-5-2",
                     "claude-mythos-5", "claude-mythos-5-1", "claude-mythos-5-2",
                     "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8",
                     "claude-sonnet-4-6"), 1_000_000, 128_000),
            # A million in its beta.
            Row("", ("claude-sonnet-4-5", "claude-sonnet-4", "claude-sonnet-4-0",
                     "claude-4-sonnet"), 1_000_000, 64_000),
            Row("", ("claude-opus-4-5", "claude-haiku-4-5"), 200_000, 64_000),
            Row("", ("claude-opus-4", "claude-opus-4-0", "claude-opus-4-1", "claude-4-opus"),
                200_000, 32_000),
            # Twice as much in its beta.
            Row("", ("claude-3-7-sonnet",), 200_000, 128_000),
            Row("", ("claude-3-5-sonnet", "claude-3-5-sonnet-v2", "claude-3-5-haiku"),
                200_000, 8_192),
            Row("", ("claude-3-opus", "claude-3-sonnet", "claude-3-haiku"), 200_000, 4_096),
        ),
    ),
    Source(
        "https://ai.google.dev/gemini-api/docs/models",
        (
            Row("", ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite",
                     "gemini-3-pro-preview", "gemini-3-flash-preview", "gemini-3.1-pro-preview",
                     "gemini-3.1-flash-lite", "gemini-3.1-flash-lite-preview",
                     "gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.6-flash",
                     "gemini-3.7-flash", "gemini-3.8-flash", "gemini-flash",
                     "gemini-flash-lite", "gemini-pro"), 1_048_576, 65_536),
            Row("", ("gemini-4-argon", "gemini-4-hydrogen"), 1_048_576, 1_048_576),
            Row("", ("gemini-2.0-flash", "gemini-2.0-flash-lite"), 1_048_576, 8_192),
            Row("", ("gemini-2.5-flash-image",), 1_048_576, 32_768),
            Row("", ("gemini-3-pro-image", "gemini-3-pro-image-preview",
                     "gemini-nano-banana-2.1"), 1_048_576, 32_768),
            Row("", ("gemini-3.1-flash-image", "gemini-3.1-flash-image-preview"),
                1_048_576, 65_536),
            Row("", ("gemini-2.5-flash-preview-tts", "gemini-2.5-pro-preview-tts",
                     "gemini-2.5-flash-tts", "gemini-2.5-pro-tts", "gemini-3.1-flash-tts-preview",
                     "gemini-3.8-flash-tts", "gemini-3.8-flash-lite-tts"), 8_192, 16_384),
            Row("google", ("gemma-4-26b-a4b-it", "gemma-4-31b-it"), 262_144, 32_768),
            Row("google", ("gemini-embedding-001",), 2_048, 1),
            Row("google", ("gemini-embedding-2",), 8_192, 1),
        ),
    ),
    Source(
        "https://docs.mistral.ai/getting-started/models/models_overview/",
        (
            Row("mistral", ("mistral-large", "mistral-large-3", "mistral-large-2512",
                            "mistral-medium", "mistral-medium-3", "mistral-medium-3-5",
                            "mistral-medium-2604", "mistral-small", "mistral-small-2603",
                            "magistral-medium", "magistral-small", "ministral-14b",
                            "ministral-14b-2512", "ministral-8b", "ministral-8b-2512",
                            "devstral-2512"), 262_144, 262_144),
            Row("mistral", ("mistral-large-4", "mistral-large-4-0"), 1_048_576, 1_048_576),
            Row("mistral", ("ministral-3b", "ministral-3b-2512"), 131_072, 131_072),
            Row("mistral", ("codestral", "codestral-2508", "devstral-small"), 256_000, 256_000),
            Row("mistral", ("pixtral-large", "pixtral-12b", "open-mistral-nemo", "mistral-nemo"),
                128_000, 128_000),
            Row("mistral", ("mistral-embed", "codestral-embed"), 8_192, 1),
        ),
    ),
    Source(
        "https://api-docs.deepseek.com/quick_start/pricing",
        (
            Row("deepseek", ("deepseek-chat",), 131_072, 8_192),
            Row("deepseek", ("deepseek-reasoner",), 131_072, 65_536),
            Row("deepseek", ("deepseek-flash", "deepseek-v4-flash", "deepseek-v4-pro"),
                1_000_000, 393_216),
        ),
    ),
    Source(
        "https://docs.x.ai/docs/models",
        (
            Row("", ("grok-3", "grok-3-fast", "grok-3-mini", "grok-3-mini-fast"),
                131_072, 131_072),
            Row("", ("grok-4", "grok-code-fast-1", "grok-build-0.1"), 256_000, 256_000),
            Row("", ("grok-4-fast-reasoning", "grok-4-fast-non-reasoning",
                     "grok-4-1-fast-reasoning", "grok-4-1-fast-non-reasoning", "grok-4.20",
                     "grok-4.20-reasoning", "grok-4.20-non-reasoning"), 2_000_000, 2_000_000),
            Row("", ("grok-4.3",), 1_000_000, 1_000_000),
            Row("", ("grok-4.5", "grok-4.6", "grok-4.7"), 524_288, 524_288),
        ),
    ),
    Source(
        "https://console.groq.com/docs/models",
        (
            Row("groq", ("gpt-oss-120b", "gpt-oss-20b", "gpt-oss-safeguard-20b"),
                131_072, 65_536),
            Row("groq", ("llama-3.3-70b-versatile",), 131_072, 32_768),
            Row("groq", ("llama-3.1-8b-instant",), 131_072, 131_072),
            Row("groq", ("llama-4-scout-17b-16e-instruct", "llama-4-maverick-17b-128e-instruct"),
                131_072, 8_192),
            Row("groq", ("qwen3-32b",), 131_072, 40_960),
            Row("groq", ("qwen3.8-27b",), 131_072, 16_384),
        ),
    ),
    Source(
        "https://platform.moonshot.ai/docs/pricing/chat",
        (
            Row("moonshotai", ("kimi-k2.5", "kimi-k2.6", "kimi-k2.7-code"), 262_144, 262_144),
            Row("moonshotai", ("kimi-k3", "kimi-k3.1-pro"), 1_048_576, 1_048_576),
        ),
    ),
    Source(
        "https://docs.z.ai/guides/overview/pricing",
        (
            Row("zai", ("glm-5.2", "glm-5.3", "glm-5.3-flash"), 1_048_576, 131_072),
            Row("zai", ("glm-5", "glm-5.1", "glm-4.7", "glm-4.6"), 204_800, 131_072),
            Row("zai", ("glm-4.5", "glm-4.5-air", "glm-4.5-x", "glm-4.5-airx", "glm-4.5v"),
                131_072, 98_304),
        ),
    ),
    Source(
        "https://docs.perplexity.ai/getting-started/models",
        (
            Row("perplexity", ("sonar", "sonar-reasoning", "sonar-reasoning-pro"),
                128_000, 128_000),
            Row("perplexity", ("sonar-pro",), 200_000, 8_192),
        ),
    ),
)  # fmt: skip

_FINE_TUNED: Final = "ft:"


@lru_cache(maxsize=_REMEMBERED_MAX)
def of(provider: str, model: str) -> Sizes:
    """What the table has of a model, which has the longest name in it that fits."""
    name = model.lower()
    if name.startswith(_FINE_TUNED):
        # `ft:gpt-4o-mini-2024-07-18:org::id`
        name = name.removeprefix(_FINE_TUNED).partition(":")[0]
    name = bare(name)
    if name.startswith("claude-"):
        # OpenRouter writes versions with a dot.
        name = name.replace(".", "-")
    fits = [
        (len(known), row)
        for source in SOURCES
        for row in source.rows
        for known in row.models
        if row.provider in ("", provider) and is_edition(name, known)
    ]
    if not fits:
        return Sizes()
    _, row = max(fits, key=lambda one: one[0])
    return Sizes(row.context_length, row.max_output)
