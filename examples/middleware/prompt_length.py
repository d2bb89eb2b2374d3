"""Refuses prompts that are too long, before they take anything of a limit or cost anything."""

import json
from collections.abc import Iterator
from typing import Any

from config import Settings
from proxy.middleware import View

MOST_CHARACTERS = 20_000
#: With pictures. To read more would hold up all other requests for too long.
MOST_BYTES = 4 * 1024 * 1024
#: Where OpenAI's, Anthropic's and Gemini's bodies have text.
PROMPTS = ("messages", "input", "prompt", "instructions", "system", "contents")
TEXTS = ("content", "text", "parts", "output")


class PromptLength:
    """Counts characters of text; pictures and files do not count."""

    keeps_body = True

    async def request(self, view: View) -> None:
        if not view.body or "json" not in view.headers.get("content-type", "json").lower():
            return
        # Each character takes a byte at least, so that most bodies need not be read.
        if len(view.body) <= MOST_CHARACTERS:
            return
        if len(view.body) > MOST_BYTES:
            view.refuse(413, "prompt_too_large", f"A prompt has at most {MOST_BYTES} bytes.")
        try:
            said = json.loads(view.body)
            if not isinstance(said, dict):
                return
            length = sum(len(text) for name in PROMPTS for text in texts(said.get(name)))
        except (ValueError, RecursionError):
            view.refuse(400, "unreadable_prompt", "The body is no JSON, or nested too deeply.")
        if length > MOST_CHARACTERS:
            view.refuse(
                400,
                "prompt_too_long",
                f"The prompt has {length} characters; at most {MOST_CHARACTERS} are allowed.",
            )


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for name in TEXTS:
            yield from texts(value.get(name))


def middleware(_: Settings) -> PromptLength:
    return PromptLength()
