"""The usage fields of every dialect as upstreams send them, sans-io.

Dialects: OpenAI's chat, completions, embeddings, responses, images and transcriptions; Anthropic's
messages; what DeepSeek, Mistral, Moonshot, Perplexity and xAI name in their own way. Which fields
are present tells the dialect. A new usage field begins here (`docs/architecture.md`, "Adding a
usage field or dialect").

An object in which every field is of its type is decoded in one call. Any other is read field by
field (`odd_usage.py`), so that one odd field loses itself alone.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

#: Beyond this a number is not exact in every JSON, and no count is honest.
COUNT_MAX: Final = 2**53
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)] | None
Word: TypeAlias = Annotated[str, msgspec.Meta(max_length=32)] | None


class CacheCreation(msgspec.Struct):
    """What Anthropic wrote to its cache, by how long it stays there."""

    ephemeral_5m_input_tokens: Count = None
    ephemeral_1h_input_tokens: Count = None


class CachedDetails(msgspec.Struct):
    audio_tokens: Count = None
    image_tokens: Count = None


class PromptDetails(msgspec.Struct):
    cached_tokens: Count = None
    cache_write_tokens: Count = None
    #: LiteLLM's name for it.
    cache_creation_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None
    cached_tokens_details: CachedDetails | None = None
    cache_creation_token_details: CacheCreation | None = None


class CompletionDetails(msgspec.Struct):
    reasoning_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None


class ServerTools(msgspec.Struct):
    """Anthropic's."""

    web_search_requests: Count = None
    #: These cost nothing themselves.
    web_fetch_requests: Count = None
    code_execution_requests: Count = None


class XaiTools(msgspec.Struct):
    web_search_calls: Count = None
    x_search_calls: Count = None
    code_interpreter_calls: Count = None
    file_search_calls: Count = None
    mcp_calls: Count = None
    document_search_calls: Count = None


class Reported(msgspec.Struct):
    """The `usage` member of an answer or event."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    input_tokens: Count = None
    input_tokens_details: PromptDetails | None = None
    output_tokens: Count = None
    output_tokens_details: CompletionDetails | None = None
    cache_creation_input_tokens: Count = None
    cache_read_input_tokens: Count = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerTools | None = None
    service_tier: Word = None
    #: Realtime sessions and transcriptions.
    input_token_details: PromptDetails | None = None
    output_token_details: CompletionDetails | None = None
    #: Of a transcription that is charged by the second, and Mistral's.
    seconds: Count = None
    prompt_audio_seconds: Count = None
    #: DeepSeek's and Moonshot's.
    prompt_cache_hit_tokens: Count = None
    cached_tokens: Count = None
    #: Perplexity's.
    reasoning_tokens: Count = None
    num_search_queries: Count = None
    citation_tokens: Count = None
    #: xAI's.
    num_sources_used: Count = None
    server_side_tool_usage_details: XaiTools | None = None
    #: Anthropic's, of which the price depends.
    speed: Word = None
    inference_geo: Word = None


class OddlyReported(Reported):
    """`lost`: the fields of `accumulator.Usage` of which something was there and unreadable."""

    lost: frozenset[str] = frozenset()
