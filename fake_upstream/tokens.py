"""Tokens are words here, so that a test can work out the usage of its request beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fake_upstream.behaviour import PLAIN, Behaviour, parse

SENTENCE = (
    "Hello from the fake upstream that is bundled with LLM Proxy: no model was asked, "
    "nothing was charged, and your request arrived just as you sent it."
)
_WORDS = tuple(SENTENCE.split(" "))
_REASONING_MODELS = ("o1", "o3", "o4", "gpt-5")
_REASONING_TOKENS = 8
_LIMIT_KEYS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


@dataclass(frozen=True, slots=True)
class Usage:
    """As OpenAI counts: prompt tokens include cached ones, completion tokens include reasoning."""

    prompt: int
    completion: int = 0
    cached: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion


def count_tokens(value: Any) -> int:
    """Words in a string, entries in a list of token numbers, the sum over what nests them."""
    if isinstance(value, str):
        return len(value.split())
    if isinstance(value, list):
        return sum(1 if isinstance(item, int) else count_tokens(item) for item in value)
    if isinstance(value, dict):
        return count_tokens(value.get("content")) + count_tokens(value.get("text"))
    return 0


def reply_words(payload: dict[str, Any], fake: Behaviour = PLAIN) -> tuple[tuple[str, ...], bool]:
    """The words to answer with, and whether the request's token limit cut them short."""
    words = _WORDS
    if fake.events is not None:
        words = (_WORDS * (fake.events // len(_WORDS) + 1))[: fake.events]
    for key in _LIMIT_KEYS:
        limit = payload.get(key)
        if isinstance(limit, int) and 0 < limit < len(words):
            return words[:limit], True
    return words, False


def deltas(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words as a stream of deltas: each but the first brings its own space."""
    return words[:1] + tuple(" " + word for word in words[1:])


def usage_of(payload: dict[str, Any], prompt: Any, words: int, fake: Behaviour) -> Usage:
    """Usage of an answer of so many words. Half the prompt is cached; reasoning is 8 tokens."""
    if fake.usage is not None:
        return Usage(*fake.usage)
    prompt_tokens = count_tokens(prompt)
    reasoning = _REASONING_TOKENS if str(payload.get("model")).startswith(_REASONING_MODELS) else 0
    return Usage(prompt_tokens, words + reasoning, prompt_tokens // 2, reasoning)


def prompt_of(path: str, payload: dict[str, Any]) -> Any:
    """The part of a request that counts as its prompt."""
    if path.endswith("/chat/completions"):
        return payload.get("messages")
    if path.endswith("/messages"):
        return [payload.get("system"), payload.get("messages")]
    if path.endswith("/responses"):
        return [payload.get("instructions"), payload.get("input")]
    return payload.get("prompt", payload.get("input"))


def choices_of(payload: dict[str, Any]) -> int:
    number = payload.get("n")
    return number if isinstance(number, int) and 0 < number <= 128 else 1


def expected_text(payload: dict[str, Any], fake: str = "") -> str:
    """The text that a chat, completion, response or message answers."""
    return " ".join(reply_words(payload, parse(fake))[0])


def expected_usage(path: str, payload: dict[str, Any], fake: str = "") -> Usage:
    """What the answer to this request will report. Embeddings have a prompt and nothing else."""
    behaviour = parse(fake)
    prompt = prompt_of(path, payload)
    if path.endswith("/embeddings"):
        return Usage(behaviour.usage[0] if behaviour.usage else count_tokens(prompt))
    words = len(reply_words(payload, behaviour)[0]) * choices_of(payload)
    return usage_of(payload, prompt, words, behaviour)
