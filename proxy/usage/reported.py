"""The usage fields of every dialect as upstreams send them, and their decoders, sans-io.

Dialects: OpenAI's chat, completions, embeddings and responses; Anthropic's messages. Which fields
are present tells the dialect. A new usage field begins here (`docs/architecture.md`, "Adding a
usage field or dialect").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from proxy.decoding.json_reading import decoder


class Details(msgspec.Struct):
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class Reported(msgspec.Struct):
    """The `usage` member of an answer or event."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: Details | None = None
    output_tokens_details: Details | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class Answer(msgspec.Struct):
    """A JSON answer, or the one that an event holds as `response` or `message`."""

    model: str | None = None
    usage: Reported | None = None


decode_usage: Final[Callable[[bytes], Reported | None]] = decoder(Reported | None)
decode_model: Final[Callable[[bytes], str | None]] = decoder(str | None)
decode_answer: Final[Callable[[bytes], Answer]] = decoder(Answer)
