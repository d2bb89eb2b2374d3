"""Which model an example names: one that token and project may use, and that is likely there.

The lists below are for providers that have the same models for everybody; what a server of one's
own or a cloud's deployment is called, only allow lists, keys and past requests say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from models.patterns import patterns

Api: TypeAlias = Literal["chat", "responses", "messages", "gemini", "converse", "embeddings"]

#: Stands in an example where no model is known.
UNKNOWN: Final = "MODEL"
#: First those that cost little; each is in the price list under this name (a test holds that).
TYPICAL: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": (
        "gpt-4o-mini", "gpt-5-mini", "gpt-5", "gpt-4.1-mini", "gpt-4o", "gpt-4.1",
        "text-embedding-3-small", "text-embedding-3-large",
    ),
    "anthropic": (
        "claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-5",
        "claude-haiku-4-5", "claude-opus-5",
    ),
    "bedrock": ("amazon.nova-lite-v1:0", "openai.gpt-oss-20b-1:0"),
    "bedrock-mantle": ("openai.gpt-oss-20b-1:0",),
    "deepseek": ("deepseek-chat", "deepseek-reasoner"),
    "fireworks": ("accounts/fireworks/models/gpt-oss-20b",),
    "gemini": ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001"),
    "gemini-openai": ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-embedding-001"),
    "groq": ("openai/gpt-oss-20b", "llama-3.3-70b-versatile"),
    "mistral": ("mistral-small-latest", "mistral-medium-latest", "mistral-embed"),
    "moonshot": ("kimi-k2.6", "kimi-k3"),
    "openrouter": ("openai/gpt-4o-mini", "anthropic/claude-sonnet-5.5"),
    "perplexity": ("sonar", "sonar-pro"),
    "together": ("openai/gpt-oss-120b", "zai-org/GLM-5.2"),
    "vertex": ("gemini-2.5-flash", "gemini-2.5-pro"),
    "xai": ("grok-4.3", "grok-3-mini"),
    "zai": ("glm-4.6", "glm-4.5"),
}  # fmt: skip
#: What makes no text, by its name.
_OTHER_MEDIA: Final = re.compile(
    r"embed|whisper|tts|speech|dall-e|image|sora|veo|audio|transcri|realtime|moderation|rerank|ocr",
    re.IGNORECASE,
)
#: Where Anthropic's API has Anthropic's models alone, and OpenAI's API has the others.
_APART: Final = ("azure-openai", "bedrock-mantle")


class Sources(NamedTuple):
    """Where names of models come from, and what limits them."""

    provider: str
    allowed: Sequence[list[str] | None]
    """The allow lists of the token and its project."""
    aliases: Sequence[str] = ()
    """Names that the project's keys translate."""
    used: Sequence[str] = ()
    """What past requests have named with success, the newest first."""
    own_address: bool = False
    """Whether the project has an address of its own, where the provider's models need not be."""


def model_for(api: Api, sources: Sources) -> str:
    """One that may be asked for; `UNKNOWN` where none is known."""
    limits = patterns(*sources.allowed)
    for name in _candidates(sources):
        if _suits(name, api, sources.provider) and all(one.allows(name) for one in limits):
            return name
    return UNKNOWN


def is_typical(provider: str, model: str) -> bool:
    """Whether clients know this model of the provider by its name."""
    return model in TYPICAL.get(provider, ())


def _candidates(sources: Sources) -> Iterable[str]:
    named = (name for allowed in sources.allowed for name in allowed or () if "*" not in name)
    typical = TYPICAL.get(sources.provider, ())
    likely = (sources.used, typical) if sources.own_address else (typical, sources.used)
    yield from named
    yield from sources.aliases
    for names in likely:
        yield from names


def _suits(name: str, api: Api, provider: str) -> bool:
    if api == "embeddings":
        return "embed" in name.casefold()
    if provider in _APART and (api == "messages") is not ("claude" in name.casefold()):
        return False
    return _OTHER_MEDIA.search(name) is None
