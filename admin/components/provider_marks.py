"""How providers are told apart at a glance: what people call them, and initials on a colour.

The marks are our own; nobody's trademark is drawn.
"""

import re
from typing import Final, NamedTuple
from zlib import crc32

_TITLES: Final = {
    "anthropic": "Anthropic",
    "azure-openai": "Azure OpenAI",
    "bedrock": "Amazon Bedrock",
    "bedrock-mantle": "Bedrock Mantle",
    "deepseek": "DeepSeek",
    "fireworks": "Fireworks AI",
    "gemini": "Google Gemini",
    "gemini-openai": "Gemini, as OpenAI",
    "groq": "Groq",
    "llama-cpp": "llama.cpp",
    "lm-studio": "LM Studio",
    "mistral": "Mistral AI",
    "moonshot": "Moonshot AI",
    "ollama": "Ollama",
    "openai": "OpenAI",
    "openrouter": "OpenRouter",
    "perplexity": "Perplexity",
    "together": "Together AI",
    "vertex": "Google Vertex AI",
    "vllm": "vLLM",
    "xai": "xAI",
    "zai": "Z.ai",
}
#: How many colours `providers.css` has for marks.
TONES: Final = 8
_OWN_ADDRESS: Final = "at an address of your own"


class Marked(NamedTuple):
    """A provider as pages show it."""

    name: str
    title: str
    initials: str
    tone: int
    where: str
    """Its host, or that each project names one."""


def marked(name: str, base_url: str | None) -> Marked:
    """`name` with its mark, the same on every page and machine."""
    title = _TITLES.get(name, name)
    words = re.split(r"[ .,_-]++", title.strip(" .,_-")) if title.strip(" .,_-") else ["-"]
    letters = words[0][:2] if len(words) == 1 else words[0][0] + words[1][0]
    host = (base_url or "").partition("://")[2].partition("/")[0]
    return Marked(
        name,
        title,
        letters[0].upper() + letters[1:],
        crc32(name.encode()) % TONES,
        host if host and "{" not in host else _OWN_ADDRESS,
    )
